/* test_arrays.c: models of the library: as arrays, solved from those alone by CBC, decoded by order and by name, which
 * must say what nm_solve says; what plain rows cannot say; as files. */
#include "library.h"

static const double half[2] = {0.25, 0.75};

/* a model as rows again, for the tree */
static nm_model *rows_of(nm_job *job, const nm_mip *m)
{
    nm_model *k = nm_model_new(job, "again");
    for (size_t j = 0; j < nm_mip_columns(m); j++) {
        nm_model_col(job, k, nm_mip_column_names(m)[j], nm_mip_column_lo(m)[j],
                     nm_mip_column_hi(m)[j], nm_mip_integer(m)[j]);
        k->cols[j].obj = nm_mip_column_cost(m)[j];
    }
    for (size_t r = 0; r < nm_mip_rows(m); r++) {
        const size_t at = nm_mip_start(m)[r];
        nm_model_row(job, k, nm_mip_row_names(m)[r], nm_mip_row_lo(m)[r], nm_mip_row_hi(m)[r],
                     nm_mip_start(m)[r + 1] - at, nm_mip_index(m) + at, nm_mip_value(m) + at);
    }
    return k;
}

typedef struct {
    const nm_mip *m;
    nm_sol *sol;
} solving;

static void solve_rows(nm_job *job, void *arg)
{
    solving *s = arg;
    s->sol = nm_cbc_solve(job, rows_of(job, s->m), (nm_cbc){0});
}

static const nm_solution *answer_of(nm_job *job, const nm_mip *m, bool by_name)
{
    solving s = {.m = m};
    nm_solution *a;
    CHECK(nm_run(job, solve_rows, &s) == NM_OK, "%s", nm_job_message(job));
    static const char *const words[] = {"optimal", "feasible", "infeasible", "unbounded", "none"};
    CHECK(nm_solution_new(job, m, words[s.sol->status], &a) == NM_OK);
    const size_t n = nm_mip_columns(m);
    double *x = NM_RAW(job, double, n);
    const char **name = NM_ARRAY(job, const char *, n);
    for (size_t k = 0; k < s.sol->n; k++) { /* by name: from the last to the first */
        x[by_name ? n - 1 - k : k] = s.sol->vals[k].x;
        name[n - 1 - k] = nm_mip_column_names(m)[k];
    }
    if (s.sol->has_values)
        CHECK(nm_solution_values(a, n, by_name ? name : NULL, x) == NM_OK, "%s",
              nm_job_message(job));
    CHECK(nm_solution_claims(a, "cbc", s.sol->objective, s.sol->bound) == NM_OK);
    return a;
}

/* models of a question, solved by CBC from their arrays and decoded, say what nm_solve says */
static void one_compiled(nm_job *job, const nm_net *net, const nm_query *q, int want, double value)
{
    const nm_mips *mips;
    const nm_result *r, *one;
    CHECK(nm_compile(job, net, q, OPTIONS(job, "encoding", "bigm"), &mips) == NM_OK, "%s",
          nm_job_message(job));
    const size_t n = nm_mips_count(mips);
    const nm_solution *s[16];
    bool violated = false;
    CHECK(n > 0 && n <= 16);
    for (size_t i = 0; i < n; i++) {
        const nm_mip *m = nm_mips_get(mips, i);
        const unsigned char *on;
        const size_t *start;
        const uint32_t *j, *k;
        const int64_t *row, *in;
        const double *c;
        CHECK(!nm_mip_when(m, &on) && !nm_mip_sos1(m, &start, &j) &&
              !nm_mip_products(m, &row, &j, &k, &c));
        CHECK(nm_mip_inputs(m, &in) == nm_net_inputs(net) && !nm_mip_relaxation(m));
        s[i] = answer_of(job, m, i % 2 == 0);
        CHECK(nm_mip_decode(job, m, s[i], &one) == NM_OK, "%s", nm_job_message(job));
        violated |= nm_result_status(one) == NM_VIOLATED;
        CHECK(nm_result_solver(one) && !nm_result_certified(one));
    }
    CHECK(nm_mips_decode(job, mips, s, &r) == NM_OK, "%s", nm_job_message(job));
    CHECK(nm_result_status(r) == want && violated == (want == NM_VIOLATED), "%d: %s",
          nm_result_status(r), nm_result_text(r));
    if (isfinite(value))
        CHECK(fabs(nm_result_value(r) - value) < 1e-5, "%g %g", nm_result_value(r), value);
    s[0] = NULL;
    CHECK(nm_mips_decode(job, mips, s, &r) == NM_OK);
    CHECK(nm_result_status(r) != NM_OK && (n > 1 || nm_result_status(r) == NM_UNKNOWN));
}

static void test_models(nm_job *job)
{
    const nm_net *net = load(job, "models/digits-mlp.onnx");
    const nm_options *o = OPTIONS(job, "image", "models/digits-test-images.idx3.gz:3", "labels",
                                  "models/digits-test-labels.idx1.gz:3", "perturb", "linf:0.06",
                                  "target", "0,2,8");
    const nm_query *q;
    const nm_result *r;
    CHECK(nm_query_make(job, net, o, &q) == NM_OK, "%s", nm_job_message(job));
    CHECK(nm_solve(job, net, q, NULL, &r) == NM_OK && nm_result_status(r) != NM_UNKNOWN);
    const nm_mips *mips;
    CHECK(nm_compile(job, net, q, NULL, &mips) == NM_OK);
    const nm_net *tiny = load(job, "models/tiny-xor.onnx");
    const nm_query *t = ask(job, tiny, (double[]){0.4, 0.3}, OPTIONS(job, "perturb", "linf:0.25"));
    CHECK(nm_solve(job, tiny, t, NULL, &r) == NM_OK);
    one_compiled(job, tiny, t, nm_result_status(r), NAN);
    t = ask(job, tiny, (double[]){0.4, 0.3}, OPTIONS(job, "perturb", "linf:0.13"));
    CHECK(nm_solve(job, tiny, t, NULL, &r) == NM_OK && nm_result_status(r) == NM_OK);
    t = ask(job, tiny, (double[]){0.4, 0.3},
            OPTIONS(job, "perturb", "linf:0.25", "objective", "worst"));
    CHECK(nm_solve(job, tiny, t, NULL, &r) == NM_OK);
    one_compiled(job, tiny, t, nm_result_status(r), nm_result_value(r));

    nm_solution *s;
    CHECK(nm_compile(job, tiny, t, NULL, &mips) == NM_OK && nm_mips_count(mips) == 1);
    const nm_mip *m = nm_mips_get(mips, 0);
    CHECK(nm_solution_new(job, m, "done", &s) == NM_EUSE && !s && says(job, "status done"));
    CHECK(nm_solution_new(job, m, "optimal", &s) == NM_OK);
    CHECK(nm_solution_values(s, 1, NULL, half) == NM_EUSE && says(job, "1 values; the model has"));
    CHECK(nm_solution_values(s, 1, (const char *const[]){"nobody"}, half) == NM_OK);
    CHECK(nm_mip_decode(job, m, s, &r) == NM_EAUDIT && says(job, "\"nobody\" is not in the map"),
          "%s", nm_job_message(job));
    CHECK(nm_compile(job, tiny, t, OPTIONS(job, "mps", "fixed"), &mips) == NM_EUSE &&
          says(job, "mps: not an option"));
}

/* what a rows-only solver would misread is there to be seen */
static void test_beyond_rows(nm_job *job)
{
    const nm_net *net = load(job, "models/tiny-xor.onnx");
    const nm_query *q = ask(job, net, (double[]){0.4, 0.3}, OPTIONS(job, "perturb", "linf:0.25"));
    const nm_mips *mips;
    const unsigned char *on;
    const size_t *start;
    const uint32_t *i, *j;
    const int64_t *row;
    const double *c;
    CHECK(nm_compile(job, net, q, OPTIONS(job, "encoding", "indicator"), &mips) == NM_OK &&
          nm_mips_count(mips) == 1);
    const nm_mip *m = nm_mips_get(mips, 0);
    const int32_t *when = nm_mip_when(m, &on);
    size_t n = 0;
    for (size_t r = 0; when && r < nm_mip_rows(m); r++)
        n += when[r] >= 0 && nm_mip_integer(m)[when[r]];
    CHECK(n > 0 && on);
    CHECK(nm_compile(job, net, q, OPTIONS(job, "encoding", "sos1"), &mips) == NM_OK &&
          nm_mips_count(mips) == 1);
    n = nm_mip_sos1(nm_mips_get(mips, 0), &start, &i);
    CHECK(n > 0 && start[n] >= 2 * n && i[0] < nm_mip_columns(nm_mips_get(mips, 0)));
    q = ask(job, net, (double[]){0.4, 0.3},
            OPTIONS(job, "perturb", "free", "objective", "closest:l2"));
    CHECK(nm_compile(job, net, q, NULL, &mips) == NM_OK && nm_mips_count(mips) == 1, "%s",
          nm_job_message(job));
    n = nm_mip_products(nm_mips_get(mips, 0), &row, &i, &j, &c);
    CHECK(n > 0 && row[0] == -1 && c[0] != 0);
}

static void test_files(nm_job *job)
{
    const nm_net *net = load(job, "models/tiny-xor.onnx");
    const nm_query *q = ask(job, net, (double[]){0.4, 0.3}, OPTIONS(job, "perturb", "linf:0.25"));
    const nm_result *r;
    const char *dir = nm_temp_new(job), *out = nm_fmt(job, "%s/x.mps", dir),
               *sol = nm_fmt(job, "%s/x.sol", dir), *map = nm_fmt(job, "%s/x.map.json", dir);
    CHECK(nm_compile_files(job, net, q, OPTIONS(job, "dialect", "cbc"), out, &r) == NM_OK, "%s",
          nm_job_message(job));
    CHECK(nm_result_files(r) == 2 && !strcmp(nm_result_file(r, 0), out) && !strcmp(nm_result_file(r, 1), map));
    const nm_query *held = ask(job, net, (double[]){0.4, 0.3}, OPTIONS(job, "perturb", "linf:0.01"));
    CHECK(nm_compile_files(job, net, held, NULL, out, &r) == NM_OK && nm_result_files(r) == 0);
    CHECK(!nm_file_exists(out) && !nm_file_exists(map)); /* of the earlier question, which is not this one's */
    CHECK(nm_compile_files(job, net, q, OPTIONS(job, "split", "1"), out, &r) == NM_OK && nm_result_files(r) >= 3 &&
              nm_result_files(r) % 2 == 1,
          "%zu", nm_result_files(r));
    for (size_t i = 0; i < nm_result_files(r); i++)
        CHECK(nm_file_exists(nm_result_file(r, i)), "%s", nm_result_file(r, i));
    CHECK(strstr(nm_result_file(r, nm_result_files(r) - 1), "x.manifest.json"));
    CHECK(nm_compile_files(job, net, q, OPTIONS(job, "dialect", "cbc"), out, &r) == NM_OK);
    CHECK(nm_result_target_status(r, 0) == NM_UNKNOWN && !nm_result_by(r));
    CHECK(nm_compile_files(job, net, q, NULL, "x.txt", &r) == NM_EUSE && !r);
    nm_file_write(job, sol, "Infeasible - objective value 0.00000000\n", 40);
    CHECK(nm_decode_files(job, net, map, 1, &sol, NULL, NULL, &r) == NM_EAUDIT ||
          nm_result_status(r) == NM_UNKNOWN ||
          nm_result_status(r) == NM_OK); /* CBC's word, or a replayed corner that contradicts it */
    CHECK(nm_decode_files(job, load(job, "models/tiny-abs.onnx"), map, 1, &sol, NULL, NULL, &r) ==
              NM_EAUDIT &&
          says(job, "is not the network"));
    const void *png;
    size_t n;
    CHECK(nm_query_picture(job, q, half, &png, &n) == NM_EUNSUP && !png && says(job, "not a picture"));
    const nm_net *digits = load(job, "models/digits-mlp.onnx");
    double image[784] = {0.5};
    q = ask(job, digits, image, OPTIONS(job, "perturb", "linf:0.1", "label", "4"));
    const char *text;
    CHECK(nm_query_json(job, q, &text) == NM_OK && strstr(text, "\"label\":4"));
    CHECK(nm_solve(job, digits, q, OPTIONS(job, "output", dir), &r) == NM_OK &&
          nm_result_files(r) >= 1);
    nm_options *o = OPTIONS(job, "perturb", "linf:0.1");
    CHECK(nm_options_image(o, image, 2, (int64_t[]){28, 28}) == NM_OK &&
          nm_query_make(job, digits, o, &q) == NM_OK);
    CHECK(nm_query_picture(job, q, image, &png, &n) == NM_OK && n > 8 && !memcmp(png, "\x89PNG", 4),
          "%s", nm_job_message(job));
}

/* the map of an embedding judges solutions, too: a good one, one that is off, and one without a point */
static void embedded_answers(nm_job *job, const nm_net *net, const nm_mip *m, const solving *k, const char *dir)
{
    const nm_result *r;
    const char *map = nm_fmt(job, "%s/out.map.json", dir), *file = nm_fmt(job, "%s/out.sol", dir);
    for (int off = 0; off < 2; off++) {
        nm_buf b = {.job = job};
        nm_put(&b, "=obj= -0.5\n");
        for (size_t j = 0; j < k->sol->n; j++)
            nm_put(&b, "%s %.17g\n", nm_mip_column_names(m)[j], k->sol->vals[j].x + (j == 0 ? 0.1 * off : 0));
        nm_file_write(job, file, b.s, b.n);
        const int code = nm_decode_files(job, off ? NULL : net, map, 1, (const char *const[]){file}, NULL, NULL, &r);
        if (off)
            CHECK(code == NM_EAUDIT && !r && says(job, "column y is off"), "%s", nm_job_message(job));
        else
            CHECK(code == NM_OK && nm_result_status(r) == NM_OK && fabs(nm_result_point(r)[0] - 1) < 1e-6 &&
                      strstr(nm_result_json(r), "embedding") && strstr(nm_result_text(r), "differ by") &&
                      isnan(nm_result_margin(r)) && !nm_result_witness(r),
                  "%s", nm_job_message(job));
    }
    nm_file_write(job, file, "Infeasible - objective value 0.00000000\n", 40);
    CHECK(nm_decode_files(job, net, map, 1, (const char *const[]){file}, NULL, NULL, &r) == NM_OK &&
              nm_result_status(r) == NM_UNKNOWN && !nm_result_point(r),
          "%s", nm_job_message(job));
    CHECK(nm_decode_files(job, net, map, 2, (const char *const[]){file, file}, NULL, NULL, &r) == NM_EUSE && !r &&
          says(job, "one solution was expected"));
    const nm_net *other = load(job, "models/tiny-xor.onnx");
    CHECK(nm_decode_files(job, other, map, 1, (const char *const[]){file}, NULL, NULL, &r) == NM_EAUDIT &&
          says(job, "is not the network"));
}

/* tiny-abs, y = |x - w|, in a model of x in [-1, 2] and w in [0, 1] that minimises y - x / 2: -1/2 at x = w = 1 */
static void test_embedded(nm_job *job)
{
    const char *dir = nm_temp_new(job), *mine = nm_fmt(job, "%s/mine.lp", dir),
               *out = nm_fmt(job, "%s/out.mps", dir);
    static const char lp[] = "Minimize\n obj: y - 0.5 x\n"
                             "Subject To\n r: x + y + w <= 9\n"
                             "Bounds\n -1 <= x <= 2\n 0 <= w <= 1\n -9 <= y <= 9\n"
                             "End\n";
    nm_file_write(job, mine, lp, sizeof lp - 1);
    const nm_net *net = load(job, "models/tiny-abs.onnx");
    const nm_mip *m;
    nm_solution *s;
    CHECK(nm_embed_files(job, net, OPTIONS(job, "inputs", "x,w", "outputs", "y"), out, &m) ==
                  NM_EUSE &&
              !m && says(job, "into: nm_embed_files expects it"),
          "%s", nm_job_message(job));
    CHECK(nm_embed_files(job, net, OPTIONS(job, "into", mine, "inputs", "x,w", "outputs", "z"), out,
                         &m) == NM_EUSE &&
              says(job, "has no column z"),
          "%s", nm_job_message(job));
    CHECK(nm_embed_files(job, net, OPTIONS(job, "into", mine, "inputs", "x,w", "outputs", "y"), out,
                         &m) == NM_OK,
          "%s", nm_job_message(job));
    CHECK(nm_mip_columns(m) > 3 && nm_mip_rows(m) > 1 && !nm_mip_relaxation(m));
    const char *const *name = nm_mip_column_names(m);
    CHECK(!strcmp(name[0], "y") && !strcmp(name[1], "x") && !strcmp(name[2], "w") &&
              !strncmp(name[3], "nn_", 3),
          "%s %s %s", name[0], name[1], name[2]);
    solving k = {.m = m};
    CHECK(nm_run(job, solve_rows, &k) == NM_OK && k.sol->status == NM_SOL_OPTIMAL &&
              fabs(k.sol->objective + 0.5) < 1e-6,
          "%d %.17g %s", k.sol ? (int)k.sol->status : -1, k.sol ? k.sol->objective : NAN,
          nm_job_message(job));
    CHECK(nm_solution_new(job, m, "optimal", &s) == NM_EUSE && !s && says(job, "no question"), "%s",
          nm_job_message(job));
    embedded_answers(job, net, m, &k, dir);
}

int main(void)
{
    void (*const tests[])(nm_job *) = {test_models, test_files, test_beyond_rows, test_embedded};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        nm_job *job = nm_job_new();
        tests[i](job);
        nm_job_free(job);
    }
    return t_done("test_arrays");
}
