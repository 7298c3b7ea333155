/* test_json_out.c: the writer of JSON: layouts as they are written by hand here, texts and numbers that read back
 * equal, what is left out; and the words of verdicts. */
#include "test.h"

static void same(nm_job *job, const nm_buf *b, const char *want)
{
    CHECK(b->n == strlen(want) && !memcmp(b->s, want, b->n), "wrote %s, wanted %s", b->s, want);
    nm_json_parse(job, (nm_file){"written", (const unsigned char *)b->s, b->n});
}

static void layouts(nm_job *job, void *arg)
{
    (void)arg;
    nm_buf b = {.job = job};
    nm_jo j = nm_jo_answer(&b);
    nm_jo_object(&j, "empty");
    nm_jo_end(&j);
    nm_jo_list(&j, "list");
    nm_jo_int(&j, NULL, -3);
    nm_jo_object(&j, NULL);
    nm_jo_bool(&j, "yes", true);
    nm_jo_end(&j);
    nm_jo_end(&j);
    nm_jo_line(&j);
    nm_jo_list(&j, "lines");
    for (int i = 0; i < 2; i++) {
        nm_jo_line(&j);
        nm_jo_list(&j, NULL);
        nm_jo_tight(&j);
        nm_jo_int(&j, NULL, i);
        nm_jo_object(&j, NULL);
        nm_jo_null(&j, "a");
        nm_jo_raw(&j, "b", "[1]");
        nm_jo_end(&j);
        nm_jo_end(&j);
    }
    nm_jo_end(&j);
    nm_jo_str(&j, "after", "x");
    nm_jo_done(&j);
    same(job, &b,
         "{\"version\": 1, \"empty\": {}, \"list\": [-3, {\"yes\": true}],\n \"lines\": [\n  "
         "[0,{\"a\":null,\"b\":[1]}],\n"
         "  [1,{\"a\":null,\"b\":[1]}]], \"after\": \"x\"}\n");
}

static void left_out(nm_job *job, void *arg)
{
    (void)arg;
    nm_buf b = {.job = job};
    nm_jo j = nm_jo_new(&b);
    nm_jo_object(&j, NULL);
    nm_jo_num_if(&j, "nan", NAN);
    nm_jo_str_if(&j, "none", NULL);
    nm_jo_num_if(&j, "inf", -INFINITY);
    nm_jo_str(&j, "null", NULL);
    nm_jo_num_if(&j, "x", 0.1);
    nm_jo_fixed(&j, "s", 2. / 3, 6);
    nm_jo_nums(&j, "n", (const double[]){-0., 1e300, 5e-324}, 3);
    nm_jo_nums(&j, "no", NULL, 0);
    nm_jo_end(&j);
    same(job, &b,
         "{\"null\": null, \"x\": 0.1, \"s\": 0.666667, \"n\": [0, 1e+300, 5e-324], \"no\": []}");
}

/* random texts, also as keys, and random numbers come back as they were */
static void back(nm_job *job, void *arg)
{
    (void)arg;
    for (int round = 0; round < 500; round++) {
        const nm_mark mark = nm_mark_get(job);
        char text[40];
        const size_t n = (size_t)(t_random() % 40);
        for (size_t i = 0; i < n; i++) text[i] = (char)(1 + t_random() % 127);
        text[n] = 0;
        const double x = ldexp(t_uniform(-1, 1), (int)(t_random() % 600) - 300);
        nm_buf b = {.job = job};
        nm_jo j = nm_jo_new(&b);
        nm_jo_object(&j, NULL);
        nm_jo_str(&j, text, text);
        nm_jo_num(&j, "a longer key than any text: forty characters", x);
        nm_jo_done(&j);
        const nm_json *r = nm_json_parse(job,
                                         (nm_file){"written", (const unsigned char *)b.s, b.n});
        CHECK(!strcmp(nm_json_str(job, nm_json_get(job, r, text, "text"), "text"), text));
        CHECK(nm_json_num(job,
                          nm_json_get(job, r, "a longer key than any text: forty characters", "x"),
                          "x") == x);
        nm_close(job, r);
        nm_mark_release(job, mark);
    }
}

static void verdicts(nm_job *job, void *arg)
{
    (void)job;
    (void)arg;
    static const int all[] = {NM_OK, NM_VIOLATED, NM_UNKNOWN};
    for (size_t k = 0; k < 3; k++) CHECK(nm_status_of(nm_status_word(all[k])) == all[k]);
    CHECK(!strcmp(nm_status_word(NM_OK), "holds") &&
          !strcmp(nm_status_word(NM_VIOLATED), "violated"));
    CHECK(nm_status_of("Holds") == -1 && nm_status_of("") == -1 && nm_status_of("holdsx") == -1);
}

int main(void)
{
    t_job(0, layouts, NULL);
    t_job(0, left_out, NULL);
    t_job(0, back, NULL);
    t_job(0, verdicts, NULL);
    return t_done("test_json_out");
}
