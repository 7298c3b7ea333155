/* test_library.c: the functions of netmip.h that ask and answer, each against what the command, or arithmetic by hand,
 * says: options refused by name, networks from files and bytes, questions from arrays, every objective, bounds,
 * interrupts, and what may go before what. Models stand in test_arrays.c. */
#include "library.h"

#include <poll.h>
#include <pthread.h>

static const double half[2] = {0.25, 0.75};

static void test_options(nm_job *job)
{
    nm_options *o;
    const nm_net *net = load(job, "models/tiny-xor.onnx");
    const nm_query *q;
    const nm_result *r;
    CHECK(nm_options_new(job, &o) == NM_OK);
    CHECK(nm_options_set(o, "time-limmit", "3") == NM_EUSE &&
              says(job, "time-limmit: no such option"),
          "%s", nm_job_message(job));
    CHECK(nm_options_set(o, "time-limit", NULL) == NM_EUSE && says(job, "S was expected"));
    CHECK(nm_options_set(o, "no-attack", "yes") == NM_EUSE && says(job, "takes no value"));
    CHECK(nm_options_set(o, "time_limit", "x") ==
          NM_OK); /* both spellings of the name; values are read when used */
    q = ask(job, net, half, OPTIONS(job, "perturb", "linf:0.1"));
    CHECK(nm_solve(job, net, q, o, &r) == NM_EUSE &&
              says(job, "--time-limit x: a number of 0 or more"),
          "%s", nm_job_message(job));
    CHECK(r == NULL);
    CHECK(nm_solve(job, net, q, OPTIONS(job, "perturb", "free"), &r) == NM_EUSE &&
              says(job, "perturb: not an option of nm_solve"),
          "%s", nm_job_message(job));
    CHECK(nm_query_make(job, net, OPTIONS(job, "perturb", "free", "seed", "1"), &q) == NM_EUSE &&
          says(job, "seed: not an option of nm_query_make") && !q);
    CHECK(nm_query_make(job, net, OPTIONS(job, "perturb", "free"), &q) == NM_EUSE &&
          says(job, "--image was expected"));
    o = OPTIONS(job, "perturb", "free");
    CHECK(nm_options_image(o, half, 0, NULL) == NM_EUSE &&
          nm_options_image(o, half, 1, (int64_t[]){0}) == NM_EUSE);
    CHECK(nm_options_image(o, half, 1, (int64_t[]){1}) == NM_OK);
    CHECK(nm_query_make(job, net, o, &q) == NM_EUSE &&
          says(job, "an image of 1 elements; the network has 2 inputs"));
    CHECK(nm_options_image(o, (double[]){0.5, NAN}, 1, (int64_t[]){2}) == NM_OK);
    CHECK(nm_query_make(job, net, o, &q) == NM_EUSE &&
          says(job, "element 1 of the image is not finite"));
    const nm_net *none;
    CHECK(nm_net_load(job, "models/tiny-xor.onnx", o, &none) == NM_EUSE && !none);
    CHECK(strcmp(nm_version(), NM_VERSION) == 0);
}

/* every option is read by some function, or is the command's alone */
static void test_rows(nm_job *job)
{
    static const nm_opt alone[] = {NM_O_solvers, NM_O_encodings, NM_O_repeat,  NM_O_shift,
                                   NM_O_only,    NM_O_check,     NM_O_log,     NM_O_images,
                                   NM_O_range,   NM_O_dir,       NM_O_workers, NM_O_rerun,
                                   NM_O_dump,    NM_O_unit,      NM_O_row,     NM_O_ops,
                                   NM_O_sets,    NM_O_json,      NM_O_quiet,   NM_O_save_witness,
                                   NM_O_known_bounds, NM_O_man,     NM_O_schema,    NM_O_completion,
                                   /* of batch, bench and compare, for jobs of a cluster, samples and tables */
                                   NM_O_join,    NM_O_status,    NM_O_slurm,   NM_O_jobs_file,
                                   NM_O_chunk,   NM_O_array_limit, NM_O_sbatch,
                                   NM_O_sample,  NM_O_confidence, NM_O_format,
                                   NM_O_instances, NM_O_root,    NM_O_expected, NM_O_runs,     NM_O_proof,
                                   NM_O_benchexec, NM_O_proofs,  NM_O_batch,    NM_O_exact,
                                   /* of verify and supports */
                                   NM_O_network, NM_O_query,     NM_O_timeout, NM_O_onnx_opset_versions,
                                   NM_O_onnx_element_types, NM_O_onnx_operators, NM_O_vnnlib_versions,
                                   NM_O_hidden_node_theories, NM_O_multiple_input_output_theories,
                                   NM_O_multiple_network_theories, NM_O_multiple_node_comparison_theories,
                                   NM_O_arithmetic_complexity_theories, NM_O_optimised_disjunctive_reasoning,
                                   NM_O_serialise_assignments, NM_O_unsat_proofs};
    for (int k = 0; k < NM_N_OPTS; k++) {
        bool read = false, own = false;
        for (int f = 0; f < NM_N_FACES; f++) read |= nm_face_reads((nm_face)f, (nm_opt)k);
        for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) own |= (int)alone[i] == k;
        CHECK(read != own, "--%s: library_flags.c, or the list here", nm_cli_name(job, (nm_opt)k));
    }
}

static void test_networks(nm_job *job)
{
    static const char *const files[] = {"models/tiny-xor.onnx", "models/tiny-xor.json",
                                        "models/tiny-xor.nnet"};
    for (size_t i = 0; i < 3; i++) {
        const nm_net *net = load(job, files[i]), *again;
        double y[2], z[2], err[2], f64[2], f32[2];
        int64_t size[8];
        CHECK(nm_net_inputs(net) == 2 && nm_net_outputs(net) == 2 && nm_net_file_outputs(net) == 2);
        CHECK(nm_net_input_sizes(net, size) >= 1);
        CHECK(nm_net_run(job, net, half, y, err) == NM_OK &&
              nm_net_file_run(job, net, half, f64, f32) == NM_OK);
        CHECK(y[0] == f64[0] && y[1] == f64[1] && fabs(f32[0] - y[0]) < 1e-5 && err[0] >= 0 &&
              err[0] < 1e-12);
        const nm_file f = nm_file_read(job, files[i]);
        CHECK(nm_net_parse(job, files[i], f.data, f.n, NULL, &again) == NM_OK, "%s",
              nm_job_message(job));
        CHECK(nm_net_run(job, again, half, z, NULL) == NM_OK && z[0] == y[0] && z[1] == y[1]);
        CHECK(nm_net_parse(job, "cut", f.data, f.n / 2, NULL, &again) == NM_EINPUT && !again &&
              says(job, "cut"));
        CHECK(nm_net_run(job, net, (double[]){0, INFINITY}, y, NULL) == NM_EUSE);
    }
    const nm_net *none, *both, *a = load(job, files[0]);
    CHECK(nm_net_load(job, "models/none.onnx", NULL, &none) == NM_EIO && !none &&
          says(job, "models/none.onnx"));
    CHECK(nm_net_pair(job, a, a, &both) == NM_OK && nm_net_outputs(both) == 4);
    CHECK(nm_net_load(job, files[0], OPTIONS(job, "against", files[1]), &both) == NM_OK &&
          nm_net_outputs(both) == 4);
    const nm_net
        *shifted; /* pixels 0.5 and 1.5 are what the network without a front reads as half */
    double y[2], z[2];
    CHECK(nm_net_load(job, files[0], OPTIONS(job, "mean", "0", "std", "2"), &shifted) == NM_OK,
          "%s", nm_job_message(job));
    CHECK(nm_net_run(job, shifted, (double[]){0.5, 1.5}, z, NULL) == NM_OK &&
          nm_net_run(job, a, half, y, NULL) == NM_OK);
    CHECK(y[0] == z[0] && y[1] == z[1]);
}

/* tiny-xor: Y_0 - Y_1 = 0.75 - 2 |x0 - x1| + 0.25 max(0, x0 + x1 - 1), the margin of label 0 */
static void test_objectives(nm_job *job)
{
    const nm_net *net = load(job, "models/tiny-xor.onnx");
    const nm_result *r;
    const nm_query *q = ask(job, net, half, OPTIONS(job, "perturb", "linf:0.1"));
    CHECK(nm_solve(job, net, q, NULL, &r) == NM_OK && nm_result_status(r) == NM_VIOLATED, "%s",
          nm_job_message(job));
    const double *w = nm_result_witness(r);
    CHECK(w && w == nm_result_point(r) && nm_result_margin(r) <= 0 &&
          nm_result_linf(r) <= 0.1 + 1e-12);
    CHECK(nm_result_targets(r) == 1 && nm_result_target_status(r, 0) == NM_VIOLATED);
    CHECK(nm_result_target_label(r, 0) == 1 - nm_result_label(r) &&
          nm_result_label(r) == nm_result_predicted(r));
    CHECK(strstr(nm_result_json(r), "\"verdict\": \"violated\"") &&
          strstr(nm_result_text(r), "violated"));
    CHECK(isnan(nm_result_value(r)) && isnan(nm_result_least(r)) && nm_result_seconds(r) >= 0);
    CHECK(nm_result_by(r) != NULL && nm_result_why(r) == NULL && nm_result_l2(r) > 0 &&
          nm_result_l0(r) >= 1);
    double y[2];
    CHECK(nm_net_run(job, net, w, y, NULL) == NM_OK);
    const size_t label = (size_t)nm_result_label(r);
    CHECK(fabs(y[label] - y[1 - label] - nm_result_margin(r)) <= 1e-12, "%g", nm_result_margin(r));

    q = ask(job, net, (double[]){0.4, 0.3}, OPTIONS(job, "perturb", "linf:0.1374"));
    CHECK(nm_solve(job, net, q, NULL, &r) == NM_OK && nm_result_status(r) == NM_OK &&
          nm_result_certified(r));
    CHECK(!nm_result_witness(r) && nm_result_target_bound(r, 0) > 0 && nm_result_target_by(r, 0));
    q = ask(job, net, (double[]){0.4, 0.3}, OPTIONS(job, "perturb", "linf:0.1376"));
    CHECK(nm_solve(job, net, q, NULL, &r) == NM_OK && nm_result_status(r) == NM_VIOLATED);

    q = ask(job, net, (double[]){0.4, 0.3},
            OPTIONS(job, "perturb", "linf:0.1", "objective", "worst"));
    CHECK(nm_solve(job, net, q, NULL, &r) == NM_OK && nm_result_certified(r) &&
          nm_result_status(r) == NM_OK);
    CHECK(fabs(nm_result_value(r) - 0.15) < 1e-9 && nm_result_bound(r) <= 0.15 &&
          nm_result_bound(r) > 0.15 - 1e-6);
    q = ask(job, net, (double[]){0.4, 0.3},
            OPTIONS(job, "perturb", "free", "objective", "closest:linf"));
    CHECK(nm_solve(job, net, q, NULL, &r) == NM_OK && nm_result_status(r) == NM_VIOLATED &&
          nm_result_certified(r));
    CHECK(nm_result_bound(r) <= 0.1375 && nm_result_value(r) >= 0.1375 &&
          nm_result_value(r) < nm_result_bound(r) + 1e-6 &&
          fabs(nm_result_linf(r) - nm_result_value(r)) < 1e-12);
    q = ask(job, net, half, OPTIONS(job, "perturb", "linf:0.1", "objective", "range:Y_1-Y_0"));
    CHECK(nm_solve(job, net, q, NULL, &r) == NM_OK && nm_result_status(r) == NM_OK);
    CHECK(nm_result_least_bound(r) <= -0.15 && fabs(nm_result_least(r) + 0.15) < 1e-9 &&
          nm_result_most_bound(r) >= 0.65 && fabs(nm_result_most(r) - 0.65) < 1e-9);
    CHECK(nm_net_run(job, net, nm_result_most_point(r), y, NULL) == NM_OK &&
          fabs(y[1] - y[0] - nm_result_most(r)) < 1e-12);
    CHECK(nm_solve(job, net, q, OPTIONS(job, "no-solve", "", "time-limit", "5"), &r) == NM_OK);
}

static void test_units(nm_job *job)
{
    const nm_net *net = load(job, "models/digits-mlp.onnx");
    double x[784] = {0}, y[10];
    for (size_t i = 0; i < 784; i++) x[i] = (double)(i % 7) / 7;
    const nm_query *q = ask(job, net, x, OPTIONS(job, "perturb", "linf:0.02"));
    const nm_units *u, *loose;
    CHECK(nm_bound_units(job, net, q, NULL, &u) == NM_OK, "%s", nm_job_message(job));
    CHECK(nm_bound_units(job, net, q, OPTIONS(job, "bounds", "interval"), &loose) == NM_OK);
    CHECK(nm_units_cases(u) == 1 && nm_units_blocks(u, 0) > 3);
    CHECK(strcmp(nm_units_kind(u, 0, 0), "input") == 0 && nm_units_count(u, 0, 0) == 784);
    CHECK(nm_units_lo(u, 0, 0)[6] <= x[6] - 0.02 + 1e-12 && !nm_units_phase(u, 0, 0) &&
          nm_units_source(u, 0, 0) == -1);
    CHECK(nm_net_run(job, net, x, y, NULL) == NM_OK);
    double wide = 0, tight = 0;
    for (size_t k = 0; k < 10; k++) {
        const double lo = nm_units_output_lo(u, 0)[k], hi = nm_units_output_hi(u, 0)[k];
        CHECK(lo <= y[k] && y[k] <= hi && isfinite(lo) && isfinite(hi), "%g %g %g", lo, y[k], hi);
        tight += hi - lo;
        wide += nm_units_output_hi(loose, 0)[k] - nm_units_output_lo(loose, 0)[k];
    }
    CHECK(tight < 0.9 * wide, "CROWN %g, intervals %g", tight, wide);
    for (size_t b = 0; b < nm_units_blocks(u, 0); b++) {
        const unsigned char *phase = nm_units_phase(u, 0, b);
        CHECK((phase != NULL) == (strcmp(nm_units_kind(u, 0, b), "relu") == 0));
        const size_t src = phase ? (size_t)nm_units_source(u, 0, b) : b;
        for (size_t i = 0; phase && i < nm_units_count(u, 0, b); i++) {
            const double lo = nm_units_lo(u, 0, src)[i], hi = nm_units_hi(u, 0, src)[i];
            CHECK(phase[i] == (hi <= 0 ? 0 : lo >= 0 ? 1 : 2));
        }
    }
    CHECK(nm_bound_units(job, net, q, OPTIONS(job, "seed", "3"), &u) == NM_EUSE && !u);
}

/* parsed JSON goes when a call ends: what was made of it must not */
static void test_json(nm_job *job)
{
    const nm_net *net = load(job, "models/tiny-max.json"),
                 *digits = load(job, "models/digits-mlp.onnx");
    const nm_query *q;
    const nm_result *r;
    CHECK(nm_query_load(job, digits, "models/digits-query.json", NULL, &q) == NM_OK, "%s",
          nm_job_message(job));
    CHECK(nm_solve(job, digits, q, OPTIONS(job, "no-solve", "", "no-branch", NULL), &r) == NM_OK);
    CHECK(nm_result_targets(r) > 0 && *nm_result_target_name(r, 0));
    double x[64] = {0};
    q = ask(job, net, x, OPTIONS(job, "perturb", "linf:0.1", "objective", "range:Y_0"));
    const nm_units *u;
    CHECK(nm_bound_units(job, net, q, NULL, &u) == NM_OK);
    for (size_t b = 0; b < nm_units_blocks(u, 0); b++) CHECK(strlen(nm_units_name(u, 0, b)) < 1000);
    CHECK(nm_query_load(job, load(job, "models/tiny-xor.onnx"), "models/tiny-xor.vnnlib",
                        OPTIONS(job, "objective", "worst"), &q) == NM_OK,
          "%s", nm_job_message(job));
}

static void tell(void *arg, const char *text)
{
    (void)text;
    ++*(int *)arg;
}

static void *stop_soon(void *flag)
{
    poll(NULL, 0, 300);
    *(volatile sig_atomic_t *)flag = 1;
    return NULL;
}

static void test_interrupt(nm_job *job)
{
    static volatile sig_atomic_t stop;
    int notes = 0;
    const nm_net *net = load(job, "models/digits-conv.onnx");
    double x[784] = {0};
    const nm_query *q;
    nm_job_on_note(job, tell, &notes);
    q = ask(job, net, x, OPTIONS(job, "perturb", "linf:0.1"));
    CHECK(notes > 0); /* that the label is the network's own */
    nm_job_stop_flag(job, &stop);
    stop = 1;
    const nm_result *r;
    CHECK(nm_solve(job, net, q, OPTIONS(job, "no-evaluate", ""), &r) == NM_OK &&
          nm_result_status(r) == NM_UNKNOWN);
    CHECK(r && nm_result_why(r) && strcmp(nm_result_why(r), "interrupted") == 0);
    stop = 0;
    pthread_t other;
    const double start = nm_wall();
    CHECK(nm_query_make(
              job, load(job, "models/digits-conv.onnx"),
              OPTIONS(job, "image", "models/digits-test-images.idx3.gz:0", "perturb", "linf:0.3"),
              &q) == NM_OK);
    CHECK(pthread_create(&other, NULL, stop_soon, (void *)&stop) == 0);
    const nm_units *u; /* workers that bound some thousand units by linear programs: minutes */
    CHECK(nm_bound_units(job, net, q, OPTIONS(job, "bounds", "lp", "threads", "2"), &u) == NM_OK);
    CHECK(nm_wall() - start < 60, "%g s", nm_wall() - start);
    pthread_join(other, NULL);
    nm_job_stop_flag(job, NULL);
    nm_job_limit(job, 1 << 20);
    CHECK(nm_solve(job, net, q, NULL, &r) == NM_EIO && says(job, "out of memory"), "%s",
          nm_job_message(job));
}

/* a network and a question of one job, used with another that goes first; and options that go before the question */
static void test_lifetimes(nm_job *job)
{
    nm_job *owner = nm_job_new(), *asker = nm_job_new();
    const nm_net *net = load(owner, "models/tiny-xor.onnx");
    nm_options *o = OPTIONS(asker, "perturb", "linf:0.1", "objective", "range:Y_0");
    const nm_query *q;
    const nm_result *r;
    CHECK(nm_options_image(o, half, 1, (int64_t[]){2}) == NM_OK &&
          nm_query_make(job, net, o, &q) == NM_OK);
    nm_job_free(asker);
    asker = nm_job_new();
    CHECK(nm_solve(asker, net, q, NULL, &r) == NM_OK && nm_result_status(r) == NM_OK);
    nm_job_free(asker);
    CHECK(nm_solve(job, net, q, NULL, &r) == NM_OK);
    nm_job_free(owner);
    CHECK(isfinite(nm_result_most(r)) && strlen(nm_result_text(r)) > 0);
}

int main(void)
{
    void (*const tests[])(nm_job *) = {test_options, test_rows, test_networks,  test_objectives,
                                       test_units,   test_json, test_interrupt, test_lifetimes};
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
        nm_job *job = nm_job_new();
        tests[i](job);
        nm_job_free(job);
    }
    return t_done("test_library");
}
