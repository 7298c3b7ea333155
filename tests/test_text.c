/* The printer and the parser of numbers: every double reads back equal; tokens are taken whole or not at all. */
#include "test.h"

static void roundtrip(nm_job *job, void *arg)
{
    (void)job;
    (void)arg;
    for (int i = 0; i < 200000; i++) {
        const uint64_t bits = t_random();
        double x, y;
        char s[32];
        memcpy(&x, &bits, 8);
        if (i % 4 == 0) x = (double)(float)t_uniform(-10, 10);
        if (i % 4 == 1) x = (double)(int64_t)(bits >> 20);
        if (!isfinite(x)) continue;
        const int n = nm_num_print(s, x);
        if (n > 0 && n < 26 && nm_num_parse(s, s + n, &y) && y == x) continue;
        CHECK(false, "%s", s);
        return;
    }
    CHECK(true);
}

static void tokens(nm_job *job, void *arg)
{
    (void)job;
    (void)arg;
    static const char *const good[] = {"0",  "-1",  "+2",   "1.5",      ".5",
                                       "5.", "1e3", "1E-3", "-1.25e+2", "007"};
    static const char *const bad[] = {"",    "-",   ".",   "e5", "1e", "1e+",   "1.2.3", "0x10",
                                      "inf", "nan", "1,5", " 1", "1 ", "1e400", "--1",   "1d5"};
    double x;
    int64_t k;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        CHECK(nm_num_parse(good[i], good[i] + strlen(good[i]), &x), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!nm_num_parse(bad[i], bad[i] + strlen(bad[i]), &x), "%s", bad[i]);
    CHECK(nm_int_parse("-12", (const char *)"-12" + 3, &k) && k == -12);
    char s[32];
    CHECK(nm_num_print(s, -0.0) == 1 && s[0] == '0');
    CHECK(nm_num_print(s, 100000) == 6 && !strcmp(s, "100000"));
    CHECK(nm_num_print(s, 0.1) == 3 && !strcmp(s, "0.1"));
}

static void hashes(nm_job *job, void *arg)
{
    (void)job;
    (void)arg;
    char hex[65];
    nm_sha256("abc", 3, hex);
    CHECK(!strcmp(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
}

int main(void)
{
    t_job(0, roundtrip, NULL);
    t_job(0, tokens, NULL);
    t_job(0, hashes, NULL);
    return t_done("test_text");
}
