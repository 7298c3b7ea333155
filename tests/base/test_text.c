/* The printer and the parser of numbers: every double reads back equal; tokens are taken whole or not at all. */
#include "test.h"

#include <stdlib.h>

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

/* the text is that of the shortest of %.15g, %.16g, %.17g that reads back equal */
static bool is_shortest(double x)
{
    char want[40], s[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(want, sizeof want, "%.*g", digits, x);
        if (strtod(want, NULL) == x) break;
    }
    nm_num_print(s, x);
    if (strcmp(s, want) == 0) return true;
    printf("%s is printed as %s\n", want, s);
    return false;
}

static void shortest(nm_job *job, void *arg)
{
    (void)job;
    (void)arg;
    bool ok = true;
    for (int i = 0; ok && i < 300000; i++) {
        double x = ldexp(t_uniform(-1, 1), (int)t_below(110) - 60);
        if (i % 5 == 0) x = (double)(float)x;
        if (i % 5 == 1) x = (double)(int64_t)(t_uniform(-1e9, 1e9)) / 1e4; /* few digits */
        if (i % 5 == 2) x = nextafter(ldexp(1, (int)t_below(80) - 40), i & 1 ? 0 : 1e9);
        if (x != floor(x)) ok = is_shortest(x);
    }
    CHECK(ok);
    static const double hard[] = {0.1,
                                  0.3,
                                  1e-4,
                                  1e-5,
                                  9.5e-5,
                                  0.99999999999999989,
                                  5e-9,
                                  123456.789,
                                  1e13 + 0.5,
                                  9.9999999999999995e-5,
                                  99999999999999.98,
                                  1.0000000000000002,
                                  0.00012345678901234567};
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++)
        CHECK(is_shortest(hard[i]) && is_shortest(-hard[i]));
}

static void tokens(nm_job *job, void *arg)
{
    (void)job;
    (void)arg;
    static const char *const good[] = {"0",  "-1",  "+2",   "1.5",      ".5",
                                       "5.", "1e3", "1E-3", "-1.25e+2", "007"};
    static const char *const bad[] = {"",     "-",    ".",        "e5",  "1e",   "1e+", "1.2.3",
                                      "0x10", "inf",  "nan",      "1,5", " 1",   "1 ",  "1e400",
                                      "--1",  "1d5",  "+-1",      "-+1", "++1",  "+",   "-inf",
                                      "+inf", "-nan", "infinity", "1e-", "0x1p3"};
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

/* what is read has the bits that the C library gives, for few digits and many, and at both ends of the range */
static void closest(nm_job *job, void *arg)
{
    (void)job;
    (void)arg;
    bool ok = true;
    for (int i = 0; ok && i < 300000; i++) {
        char s[80];
        const uint64_t bits = t_random();
        double x, y, want;
        memcpy(&x, &bits, 8);
        if (!isfinite(x)) continue;
        const int digits = 1 + (int)t_below(40);
        const unsigned long long more = t_random();
        const int e = (int)t_below(670) - 350,
                  n = i % 2 ? snprintf(s, sizeof s, "%.*e", digits, x)
                            : snprintf(s, sizeof s, "%s%llu.%llue%d", i % 4 ? "+" : "-",
                                       (unsigned long long)(bits >> 20), more, e);
        want = strtod(s, NULL);
        const bool is_read = nm_num_parse(s, s + n, &y);
        ok = is_read ? memcmp(&y, &want, 8) == 0 : isinf(want);
        if (!ok) printf("%s is read as %a; %a was expected\n", s, is_read ? y : NAN, want);
    }
    CHECK(ok);
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
    t_job(0, shortest, NULL);
    t_job(0, tokens, NULL);
    t_job(0, closest, NULL);
    t_job(0, hashes, NULL);
    return t_done("test_text");
}
