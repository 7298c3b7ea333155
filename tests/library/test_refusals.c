/* test_refusals.c: every function of netmip.h with arguments that it cannot use: NULL for each one that must be there,
 * indices out of range, a question of another network, a solution of another model. What must come out is an error
 * code and a message that names the argument, or what the header says stands for nothing; never a crash. */
#include "library.h"

static const double half[2] = {0.25, 0.75}, near[2] = {0.4, 0.3};

typedef struct { /* objects that are good, to be left out one at a time */
    nm_job *job;
    const nm_net *net;
    const nm_query *q;
    const nm_mips *mips;
    const nm_mip *m;
    nm_solution *s;
    nm_options *o;
} good;

static good goods(nm_job *job)
{
    good g = {.job = job, .net = load(job, "models/tiny-xor.onnx")};
    g.q = ask(job, g.net, near, OPTIONS(job, "perturb", "linf:0.25"));
    CHECK(nm_compile(job, g.net, g.q, NULL, &g.mips) == NM_OK && nm_mips_count(g.mips) == 1);
    g.m = nm_mips_get(g.mips, 0);
    CHECK(nm_solution_new(job, g.m, "none", &g.s) == NM_OK && nm_options_new(job, &g.o) == NM_OK);
    return g;
}

/* the call fails, its message is "FUNCTION: NAME is NULL", and what it makes is NULL */
#define LACKS(job, name, made, call)                                                               \
    do {                                                                                           \
        CHECK((call) == NM_EUSE && says(job, name " is NULL"), "%s: %s", #call,                    \
              nm_job_message(job));                                                                \
        CHECK(!(made), "%s", #call);                                                               \
    } while (0)

static void test_missing_networks(nm_job *job)
{
    const good g = goods(job);
    const nm_net *net = g.net, *a = g.net;
    nm_options *o = g.o;
    const char *text = "";
    double y[2];
    LACKS(job, "nm_options_new: o", 0, nm_options_new(job, NULL));
    LACKS(job, "nm_options_set: name", 0, nm_options_set(o, NULL, "1"));
    LACKS(job, "nm_options_image: x", 0, nm_options_image(o, NULL, 1, (int64_t[]){2}));
    LACKS(job, "nm_options_image: size", 0, nm_options_image(o, half, 1, NULL));
    LACKS(job, "nm_options_list: function", text, nm_options_list(job, NULL, &text));
    LACKS(job, "nm_options_list: text", 0, nm_options_list(job, "nm_solve", NULL));
    LACKS(job, "nm_net_load: path", net, nm_net_load(job, NULL, NULL, &net));
    LACKS(job, "nm_net_load: net", 0, nm_net_load(job, "models/tiny-xor.onnx", NULL, NULL));
    LACKS(job, "nm_net_parse: name", net, nm_net_parse(job, NULL, "x", 1, NULL, &net));
    LACKS(job, "nm_net_parse: bytes", net, nm_net_parse(job, "x", NULL, 1, NULL, &net));
    LACKS(job, "nm_net_pair: a", net, nm_net_pair(job, NULL, a, &net));
    LACKS(job, "nm_net_pair: b", net, nm_net_pair(job, a, NULL, &net));
    LACKS(job, "nm_net_save: net", 0, nm_net_save(job, NULL, "x.json"));
    LACKS(job, "nm_net_save: path", 0, nm_net_save(job, a, NULL));
    LACKS(job, "nm_net_run: net", 0, nm_net_run(job, NULL, half, y, NULL));
    LACKS(job, "nm_net_run: x", 0, nm_net_run(job, a, NULL, y, NULL));
    LACKS(job, "nm_net_run: y", 0, nm_net_run(job, a, half, NULL, NULL));
    LACKS(job, "nm_net_file_run: net", 0, nm_net_file_run(job, NULL, half, y, NULL));
    LACKS(job, "nm_net_file_run: x", 0, nm_net_file_run(job, a, NULL, y, NULL));
    CHECK(nm_net_file_run(job, a, half, NULL, NULL) == NM_OK);
    CHECK(nm_net_inputs(NULL) == 0 && nm_net_outputs(NULL) == 0 && nm_net_file_outputs(NULL) == 0 &&
          nm_net_input_sizes(NULL, (int64_t[8]){0}) == 0 && nm_net_input_sizes(a, NULL) == 0);
}

static void test_missing_questions(nm_job *job)
{
    const good g = goods(job);
    const nm_query *q = g.q;
    const nm_result *r = NULL;
    const nm_units *u = NULL;
    const char *text = "";
    const void *png = "";
    size_t n = 1;
    LACKS(job, "nm_query_make: net", q, nm_query_make(job, NULL, g.o, &q));
    LACKS(job, "nm_query_make: query", 0, nm_query_make(job, g.net, g.o, NULL));
    LACKS(job, "nm_query_load: net", q, nm_query_load(job, NULL, "x", NULL, &q));
    LACKS(job, "nm_query_load: path", q, nm_query_load(job, g.net, NULL, NULL, &q));
    LACKS(job, "nm_query_json: query", text, nm_query_json(job, NULL, &text));
    LACKS(job, "nm_query_json: text", 0, nm_query_json(job, g.q, NULL));
    LACKS(job, "nm_query_picture: query", png, nm_query_picture(job, NULL, half, &png, &n));
    LACKS(job, "nm_query_picture: x", n, nm_query_picture(job, g.q, NULL, &png, &n));
    LACKS(job, "nm_query_picture: png", 0, nm_query_picture(job, g.q, half, NULL, &n));
    LACKS(job, "nm_query_picture: n", 0, nm_query_picture(job, g.q, half, &png, NULL));
    LACKS(job, "nm_solve: net", r, nm_solve(job, NULL, g.q, NULL, &r));
    LACKS(job, "nm_solve: query", r, nm_solve(job, g.net, NULL, NULL, &r));
    LACKS(job, "nm_solve: r", 0, nm_solve(job, g.net, g.q, NULL, NULL));
    LACKS(job, "nm_bound_units: net", u, nm_bound_units(job, NULL, g.q, NULL, &u));
    LACKS(job, "nm_bound_units: query", u, nm_bound_units(job, g.net, NULL, NULL, &u));
    LACKS(job, "nm_bound_units: u", 0, nm_bound_units(job, g.net, g.q, NULL, NULL));
}

static void test_missing_models(nm_job *job)
{
    const good g = goods(job);
    const nm_mips *mips = g.mips;
    const nm_mip *m = g.m;
    const nm_result *r = NULL;
    const char *file = "none.sol";
    nm_solution *s = g.s;
    LACKS(job, "nm_compile: net", mips, nm_compile(job, NULL, g.q, NULL, &mips));
    LACKS(job, "nm_compile: query", mips, nm_compile(job, g.net, NULL, NULL, &mips));
    LACKS(job, "nm_compile_files: out", r, nm_compile_files(job, g.net, g.q, NULL, NULL, &r));
    LACKS(job, "nm_compile_files: net", r, nm_compile_files(job, NULL, g.q, NULL, "x.mps", &r));
    LACKS(job, "nm_embed_files: net", m, nm_embed_files(job, NULL, g.o, "x.mps", &m));
    LACKS(job, "nm_embed_files: out", m, nm_embed_files(job, g.net, g.o, NULL, &m));
    LACKS(job, "nm_solution_new: m", s, nm_solution_new(job, NULL, "none", &s));
    LACKS(job, "nm_solution_new: status", s, nm_solution_new(job, g.m, NULL, &s));
    LACKS(job, "nm_solution_load: m", s, nm_solution_load(job, NULL, "x", NULL, &s));
    LACKS(job, "nm_solution_load: path", s, nm_solution_load(job, g.m, NULL, NULL, &s));
    LACKS(job, "nm_solution_values: x", 0, nm_solution_values(g.s, 2, NULL, NULL));
    CHECK(nm_solution_values(g.s, 1, (const char *const[]){NULL}, half) == NM_EUSE &&
          says(job, "name 0 is NULL"));
    LACKS(job, "nm_mip_decode: m", r, nm_mip_decode(job, NULL, g.s, &r));
    LACKS(job, "nm_mip_decode: s", r, nm_mip_decode(job, g.m, NULL, &r));
    LACKS(job, "nm_mips_decode: mips", r,
          nm_mips_decode(job, NULL, (const nm_solution *const[]){g.s}, &r));
    LACKS(job, "nm_mips_decode: s", r, nm_mips_decode(job, g.mips, NULL, &r));
    LACKS(job, "nm_decode_files: map", r,
          nm_decode_files(job, NULL, NULL, 1, &file, NULL, NULL, &r));
    file = NULL;
    CHECK(nm_decode_files(job, NULL, "x.map.json", 1, &file, NULL, NULL, &r) == NM_EUSE &&
              says(job, "solution 0 is NULL") && !r,
          "%s", nm_job_message(job));
    CHECK(nm_decode_files(job, NULL, "x.map.json", 1, NULL, NULL, NULL, &r) == NM_EUSE);
    const nm_mips *other = NULL;
    nm_solution *theirs = NULL;
    CHECK(nm_compile(job, g.net, g.q, NULL, &other) == NM_OK &&
          nm_solution_new(job, nm_mips_get(other, 0), "none", &theirs) == NM_OK);
    CHECK(nm_mip_decode(job, g.m, theirs, &r) == NM_EUSE &&
          says(job, "a solution of the model of") && !r);
    CHECK(nm_mips_decode(job, g.mips, (const nm_solution *const[]){theirs}, &r) == NM_EUSE && !r);
    CHECK(nm_mips_decode(job, g.mips, (const nm_solution *const[]){NULL}, &r) == NM_OK && r);
}

/* without a job there is no place for a message: the code alone */
static void test_no_job(nm_job *job)
{
    const good g = goods(job);
    nm_options *o;
    const nm_net *net = g.net;
    nm_job_free(NULL);
    nm_job_limit(NULL, 1);
    nm_job_stop_flag(NULL, NULL);
    nm_job_on_note(NULL, NULL, NULL);
    CHECK(strstr(nm_job_message(NULL), "NULL"));
    CHECK(nm_options_new(NULL, &o) == NM_EUSE && !o);
    CHECK(nm_net_load(NULL, "models/tiny-xor.onnx", NULL, &net) == NM_EUSE && !net);
    CHECK(nm_options_set(NULL, "label", "1") == NM_EUSE);
    CHECK(nm_options_image(NULL, half, 1, (int64_t[]){2}) == NM_EUSE);
    CHECK(nm_solution_values(NULL, 0, NULL, half) == NM_EUSE);
    CHECK(nm_solution_claims(NULL, NULL, 0, 0) == NM_EUSE);
}

static void test_no_result(nm_job *job)
{
    const good g = goods(job);
    const nm_result *r;
    const double *at = half;
    CHECK(nm_solve(job, g.net, g.q, NULL, &r) == NM_OK);
    for (int is = 0; is < 2; is++, r = NULL) { /* a result, whose targets end, and none */
        const size_t n = nm_result_targets(r) + (size_t)is, f = nm_result_files(r);
        CHECK(!nm_result_target_name(r, n) && nm_result_target_label(r, n) == -1 &&
              !nm_result_target_by(r, n));
        CHECK(nm_result_target_status(r, n) == NM_EUSE && isnan(nm_result_target_bound(r, n)));
        CHECK(!nm_result_file(r, f) && !nm_result_file(r, SIZE_MAX));
    }
    CHECK(nm_result_status(r) == NM_EUSE && !nm_result_by(r) && !nm_result_why(r) &&
          !nm_result_certified(r));
    CHECK(!nm_result_solver(r) && nm_result_label(r) == -1 && nm_result_predicted(r) == -1);
    CHECK(nm_result_inputs(r) == 0);
    CHECK(!nm_result_point(r) && !nm_result_witness(r) && !nm_result_least_point(r) &&
          !nm_result_most_point(r));
    CHECK(nm_result_generators(r, &at) == 0 && !at && nm_result_generators(r, NULL) == 0);
    double (*const number[])(const nm_result *) = {
        nm_result_seconds, nm_result_margin,      nm_result_margin_error, nm_result_margin32,
        nm_result_linf,    nm_result_l1,          nm_result_l2,           nm_result_l0,
        nm_result_value,   nm_result_bound,       nm_result_strict,       nm_result_claim,
        nm_result_least,   nm_result_least_bound, nm_result_most,         nm_result_most_bound};
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        CHECK(isnan(number[i](r)), "%zu", i);
    CHECK(!*nm_result_json(r) && !*nm_result_text(r));
}

static void test_no_units(nm_job *job)
{
    const good g = goods(job);
    const nm_units *some;
    CHECK(nm_bound_units(job, g.net, g.q, NULL, &some) == NM_OK);
    const struct {
        const nm_units *u;
        size_t icase, block;
    } at[] = {{NULL, 0, 0},
              {some, 1, 0},
              {some, 0, nm_units_blocks(some, 0)},
              {some, SIZE_MAX, 0},
              {some, 0, SIZE_MAX}};
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        const nm_units *u = at[i].u;
        const size_t c = at[i].icase, b = at[i].block;
        CHECK(!nm_units_kind(u, c, b) && !*nm_units_name(u, c, b) && nm_units_count(u, c, b) == 0);
        CHECK(!nm_units_lo(u, c, b) && !nm_units_hi(u, c, b) && !nm_units_phase(u, c, b));
        CHECK(nm_units_source(u, c, b) == -1);
        if (c)
            CHECK(!nm_units_output_lo(u, c) && !nm_units_output_hi(u, c) && !nm_units_blocks(u, c));
    }
    CHECK(nm_units_cases(NULL) == 0 && nm_units_blocks(NULL, 0) == 0 &&
          !nm_units_output_lo(NULL, 0));
}

static void test_no_models(nm_job *job)
{
    const good g = goods(job);
    const unsigned char *on = (const void *)"";
    const size_t *start = (const void *)"";
    const uint32_t *i, *j;
    const int64_t *row = (const void *)"";
    const double *c;
    CHECK(!nm_mips_get(g.mips, 1) && !nm_mips_get(g.mips, SIZE_MAX) && !nm_mips_get(NULL, 0));
    CHECK(nm_mips_count(NULL) == 0 && !nm_mips_result(NULL) && !*nm_mip_target(NULL));
    CHECK(!nm_mip_relaxation(NULL) && !nm_mip_columns(NULL) && !nm_mip_rows(NULL));
    CHECK(!nm_mip_column_names(NULL) && !nm_mip_row_names(NULL) && !nm_mip_column_lo(NULL));
    CHECK(!nm_mip_column_hi(NULL) && !nm_mip_column_cost(NULL) && !nm_mip_integer(NULL));
    CHECK(!nm_mip_row_lo(NULL) && !nm_mip_row_hi(NULL) && !nm_mip_start(NULL) &&
          !nm_mip_index(NULL));
    CHECK(!nm_mip_value(NULL) && !nm_mip_when(NULL, &on) && !on && isnan(nm_mip_measure(NULL, 1)));
    CHECK(nm_mip_sos1(NULL, &start, &i) == 0 && !start &&
          nm_mip_products(NULL, &row, &i, &j, &c) == 0 && !row);
    CHECK(nm_mip_inputs(NULL, &row) == 0 && !row);
    (void)nm_mip_when(g.m, NULL);
    CHECK(nm_mip_sos1(g.m, NULL, NULL) == 0 && nm_mip_products(g.m, NULL, NULL, NULL, NULL) == 0);
    CHECK(nm_mip_inputs(g.m, NULL) == 2);
}

/* a question belongs to the network for which it was made, not to all that are as large */
static void test_other_networks(nm_job *job)
{
    const good g = goods(job);
    const nm_net *same = load(job, "models/tiny-xor.onnx"),
                 *large = load(job, "models/digits-mlp.onnx");
    const nm_net *pixels, *other;
    const nm_result *r;
    const nm_units *u;
    const nm_mips *mips;
    static const char text[] =
        "{\"netmip\": \"network\", \"version\": 1, \"input\": {\"name\": \"x\", \"shape\": [2]}, "
        "\"layers\": [{\"op\": \"dense\", \"weight\": [[1, 0], [0, 1]], \"bias\": [0, 1]}]}";
    CHECK(nm_net_parse(job, "two.json", text, sizeof text - 1, NULL, &other) == NM_OK, "%s",
          nm_job_message(job));
    CHECK(nm_net_load(job, "models/tiny-xor.onnx", OPTIONS(job, "std", "2"), &pixels) == NM_OK);
    CHECK(nm_solve(job, same, g.q, NULL, &r) == NM_OK &&
          nm_result_status(r) == NM_VIOLATED); /* the same file again */
    const struct {
        const nm_net *net;
        const char *says;
    } no[] = {{other, "a question about network models/tiny-xor.onnx"},
              {other, "and network two.json"},
              {pixels, "one made for this network was expected"},
              {large, "a question about 2 inputs and 2 outputs, and a network of 784 and 10"}};
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        const nm_net *net = no[i].net;
        CHECK(nm_solve(job, net, g.q, NULL, &r) == NM_EUSE && !r && says(job, no[i].says), "%s",
              nm_job_message(job));
        CHECK(nm_bound_units(job, net, g.q, NULL, &u) == NM_EUSE && !u && says(job, no[i].says));
        CHECK(nm_compile(job, net, g.q, NULL, &mips) == NM_EUSE && !mips && says(job, no[i].says));
        CHECK(nm_compile_files(job, net, g.q, NULL, "none.mps", &r) == NM_EUSE && !r &&
              says(job, no[i].says));
    }
    const nm_query *q;
    CHECK(nm_query_load(job, g.net, "models/tiny-xor.vnnlib", NULL, &q) == NM_OK);
    CHECK(nm_solve(job, other, q, NULL, &r) == NM_EUSE && says(job, "two.json"));
}

static void test_list(nm_job *job)
{
    const char *text = "";
    CHECK(nm_options_list(job, "nm_solve", &text) == NM_OK && strstr(text, "time-limit S\n") &&
              strstr(text, "\nno-attack\n") && !strstr(text, "perturb"),
          "%s", text);
    CHECK(nm_options_list(job, "nm_query_make", &text) == NM_OK && strstr(text, "perturb SET") &&
          strstr(text, "image FILE"));
    CHECK(nm_options_list(job, "nm_run", &text) == NM_EUSE && !text &&
          says(job, "nm_run: not a function that reads"));
}

int main(void)
{
    void (*const tests[])(nm_job *) = {
        test_missing_networks, test_missing_questions, test_missing_models,
        test_no_job,           test_no_result,         test_no_units,
        test_no_models,        test_other_networks,    test_list};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        nm_job *job = nm_job_new();
        tests[i](job);
        nm_job_free(job);
    }
    return t_done("test_refusals");
}
