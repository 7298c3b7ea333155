/* main.c: the program: one verb a run. It alone owns stdout and stderr: stdout is the answer, stderr is messages. */
#define _GNU_SOURCE
#include "all.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

static volatile sig_atomic_t stop;

/* The first signal asks for an end; another one, half a second later or more, ends at once. Tools that signal a whole
 * group, and a campaign that tells its workers, deliver the first one twice. */
static void on_signal(int sig)
{
    static struct timespec first;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const double since = (double)(now.tv_sec - first.tv_sec) +
                         1e-9 * (double)(now.tv_nsec - first.tv_nsec);
    if (stop && since > 0.5) _Exit(128 + sig);
    if (!stop) first = now;
    stop = 1;
}

typedef struct {
    int argc, code;
    char **argv;
    nm_buf out;
} run_t;

static void say(void *quiet, const char *text)
{
    if (!*(bool *)quiet) fprintf(stderr, "netmip: %s\n", text);
}

static const char *options_text(nm_job *job, const nm_cli *c)
{
    nm_buf b = {.job = job};
    for (int i = 1; i < c->argc; i++) nm_put(&b, i > 1 ? " %s" : "%s", c->argv[i]);
    return b.s;
}

static nm_by level_of(nm_job *job, const nm_cli *c)
{
    const char *say = nm_cli_pick(job, c, NM_O_bounds, "alpha|interval|crown|lp|mip");
    for (int k = NM_BY_INTERVAL; k <= NM_BY_MIP; k++)
        if (strcmp(say, nm_by_name((nm_by)k)) == 0) return (nm_by)k;
    return NM_BY_ALPHA;
}

static size_t whole(nm_job *job, const nm_cli *c, nm_opt o, double dflt, int lo, int hi)
{
    const double n = nm_cli_num(job, c, o, dflt);
    if (n < lo || n > hi || n != floor(n))
        nm_throw(job, NM_EUSE, "--%s %s: a whole number from %d to %d was expected",
                 nm_cli_name(job, o), nm_cli_get(c, o), lo, hi);
    return (size_t)n;
}

static void make_folder(nm_job *job, const char *dir)
{
    if (mkdir(dir, 0777) && errno != EEXIST)
        nm_throw(job, NM_EIO, "%s: cannot make the folder: %s", dir, strerror(errno));
}

static const nm_runner *runner_of(nm_job *job, const char *name)
{
    if (!name || strcmp(name, "embedded") == 0) return NULL;
    nm_runner *r = NM_NEW(job, nm_runner);
    *r = nm_runner_find(job, name);
    return r;
}

static void set_runners(nm_job *job, const nm_cli *c, nm_solve_opts *o)
{
    o->solver = runner_of(job, nm_cli_get(c, NM_O_solver));
    o->confirm = runner_of(job, nm_cli_get(c, NM_O_confirm));
    if (nm_cli_has(c, NM_O_solver_command)) {
        nm_runner *r = NM_NEW(job, nm_runner);
        if (o->solver)
            nm_throw(job, NM_EUSE, "--solver and --solver-command: one of them was expected");
        *r = nm_runner_command(job, nm_cli_get(c, NM_O_solver_command));
        o->solver = r;
    }
    o->memory = whole(job, c, NM_O_memory, 0, 0, 1 << 24);
    if (!o->solver && !o->confirm) return;
    o->keep = nm_cli_get(c, NM_O_keep);
    if (o->keep)
        make_folder(job, o->keep);
    else
        o->keep = nm_temp_new(job);
}

static nm_solve_opts solve_opts(nm_job *job, const nm_cli *c, bool compile)
{
    nm_solve_opts o = {.level = level_of(job, c),
                       .threads = whole(job, c, NM_O_threads, 1, 1, 64),
                       .depth = whole(job, c, NM_O_split, 0, 0, 20),
                       .version = NM_VERSION,
                       .options = options_text(job, c)};
    if (!compile) set_runners(job, c, &o);
    size_t arg;
    o.encoding = nm_cli_get(c, NM_O_encoding);
    if (o.encoding) nm_encoding_find(job, o.encoding, &arg);
    o.two_sided = strcmp(nm_cli_pick(job, c, NM_O_one_sided, "on|off"), "off") == 0;
    o.fold = strcmp(nm_cli_pick(job, c, NM_O_fold, "on|off"), "on") == 0;
    o.evaluate = !compile && !nm_cli_has(c, NM_O_no_evaluate);
    o.attack = !compile && !nm_cli_has(c, NM_O_no_attack);
    o.split = !compile && !nm_cli_has(c, NM_O_no_split);
    o.branch = !compile && !nm_cli_has(c, NM_O_no_branch);
    o.solve = !compile && !nm_cli_has(c, NM_O_no_solve);
    o.always_write = nm_cli_has(c, NM_O_always_write);
    o.time_limit = nm_cli_num(job, c, NM_O_time_limit, 0);
    const char *seed = nm_cli_has(c, NM_O_seed) ? nm_cli_get(c, NM_O_seed) : "1";
    int64_t number;
    if (!nm_int_parse(seed, seed + strlen(seed), &number) || number < 0)
        nm_throw(job, NM_EUSE, "--seed %s: an integer of 0 or more was expected", seed);
    o.seed = (uint64_t)number;
    o.out = compile ? nm_cli_get(c, NM_O_output) : NULL;
    return o;
}

static void need_files(nm_job *job, const nm_cli *c, int lo, int hi, const char *what)
{
    if (c->n_files < lo || c->n_files > hi)
        nm_throw(job, NM_EUSE, "netmip %s: %s was expected", c->verb, what);
}

static bool dump(nm_job *job, const nm_cli *c, nm_buf *out, const nm_net *net, const nm_query *q)
{
    const char *stage = nm_cli_get(c, NM_O_dump);
    if (!stage) return false;
    if (strcmp(stage, "net") == 0)
        nm_net_print(out, net);
    else if (strcmp(stage, "program") == 0)
        nm_program_print(out, nm_lower(job, net));
    else if (strcmp(stage, "query") == 0 && q)
        nm_query_print(out, q);
    else if (strcmp(stage, "bounds") == 0 || strcmp(stage, "model") == 0)
        return false; /* printed by the verb itself */
    else
        nm_throw(job, NM_EUSE, "--dump %s: net, program, query, bounds or model was expected",
                 stage);
    return true;
}

static void put_layers(nm_buf *out, const nm_bounds *b, size_t icase)
{
    const nm_program *p = b->p;
    for (size_t r = 0; r < p->n_blocks; r++) {
        if (p->blocks[r].kind != NM_RELU) continue;
        size_t n[3];
        double width = 0;
        nm_bounds_count(b, (int)r, n);
        const nm_block *pre = &p->blocks[p->blocks[r].src];
        for (size_t u = 0; u < pre->n; u++) width += b->hi[pre->first + u] - b->lo[pre->first + u];
        nm_put(out,
               "case %zu relu block %zu: %zu units, %zu inactive, %zu active, %zu unstable, "
               "mean width %.6g\n",
               icase, r, p->blocks[r].n, n[NM_INACTIVE], n[NM_ACTIVE], n[NM_UNSTABLE],
               width / (double)pre->n);
    }
}

/* bounds of every unit over one case, the rows of all its clauses last */
static nm_bounds *bound_case(nm_job *job, const nm_cli *c, const nm_program *p, const nm_case *k)
{
    size_t n = 0;
    for (size_t t = 0; t < k->n_clauses; t++) n += k->clauses[t].n_rows;
    const nm_row **rows = NM_RAW(job, const nm_row *, n + 1);
    n = 0;
    for (size_t t = 0; t < k->n_clauses; t++)
        for (size_t r = 0; r < k->clauses[t].n_rows; r++) rows[n++] = &k->clauses[t].rows[r];
    const nm_program *with = nm_program_with_rows(job, p, n, rows);
    nm_bounds *b = nm_bounds_new(job, with, k->lo, k->hi);
    const int last = (int)with->n_blocks - 1;
    const bool all = nm_cli_has(c, NM_O_all_rows);
    const nm_by level = level_of(job, c);
    if (level == NM_BY_INTERVAL)
        nm_interval(job, b, 1, last + 1);
    else
        nm_crown(job, b, (nm_crown_opts){.all_rows = all, .query_block = last});
    double *enough = NM_RAW(job, double, n + 1);
    for (size_t r = 0; r < n; r++) enough[r] = INFINITY;
    if (level >= NM_BY_LP)
        nm_lp_tighten(job, b,
                      (nm_lp_opts){level == NM_BY_MIP ? NM_MIP_NODES : 1,
                                   whole(job, c, NM_O_threads, 1, 1, 64), enough, false});
    return b;
}

static int verb_bounds(nm_job *job, const nm_cli *c, nm_buf *out)
{
    need_files(job, c, 1, 2, "a network, and a question");
    const nm_net *net = nm_net_read(job, c->file[0]);
    const nm_query *q = nm_cli_question(job, c, net);
    if (dump(job, c, out, net, q)) return NM_OK;
    nm_tail_check(job, net, q);
    const nm_program *p = nm_lower(job, net);
    nm_buf all = {.job = job};
    for (size_t i = 0; i < q->n_cases; i++) {
        if (q->cases[i].empty) continue;
        const nm_bounds *b = bound_case(job, c, p, &q->cases[i]);
        nm_put(&all, "# case %zu\n", i);
        nm_bounds_print(&all, b);
        put_layers(out, b, i);
    }
    if (nm_cli_has(c, NM_O_dump))
        *out = all;
    else if (nm_cli_has(c, NM_O_output))
        nm_file_write(job, nm_cli_get(c, NM_O_output), all.s, all.n);
    return NM_OK;
}

static int verb_solve(nm_job *job, const nm_cli *c, nm_buf *out, bool compile)
{
    need_files(job, c, 1, 2, "a network, and a question");
    const double start = nm_cpu();
    const nm_net *net = nm_net_read(job, c->file[0]);
    nm_solve_opts o = solve_opts(job, c, compile);
    const nm_query *q = nm_cli_question(job, c, net);
    if (dump(job, c, out, net, q)) return NM_OK;
    if (nm_cli_has(c, NM_O_dump)) { /* of the stages left: models, made without attack and solver */
        if (*nm_cli_get(c, NM_O_dump) != 'm') return verb_bounds(job, c, out);
        o.evaluate = o.attack = o.split = o.branch = o.solve = false;
        o.print = out;
        nm_solve_query(job, net, q, &o);
        return NM_OK;
    }
    if (compile && !o.out)
        nm_throw(job, NM_EUSE, "netmip compile: -o OUT.mps[.gz] or OUT.lp[.gz] was expected");
    const char *dir = compile ? NULL : nm_cli_get(c, NM_O_output);
    if (dir) make_folder(job, dir);
    const double read = nm_cpu() - start;
    nm_verdict *v = nm_solve_query(job, net, q, &o);
    v->cpu_read = read;
    const nm_files f = nm_report_files(job, dir, q, v->witness);
    (nm_cli_has(c, NM_O_json) ? nm_report_json : nm_report_text)(out, q, v, &f, compile);
    if (!compile) return v->status;
    size_t open = 0;
    for (size_t i = 0; i < v->n_targets; i++) open += v->targets[i].file != NULL;
    if (!open)
        nm_note(job,
                "bounds close every target: no model is written (--always-write writes it still)");
    return stop ? NM_UNKNOWN : NM_OK;
}

static int verb_decode(nm_job *job, const nm_cli *c, nm_buf *out)
{
    need_files(job, c, 2, c->argc, "a map and a solution file");
    const nm_query *q;
    const nm_verdict *v = nm_decode(job, c->file[0], (size_t)c->n_files - 1, c->file + 1,
                                    nm_cli_get(c, NM_O_log), &q);
    const char *dir = nm_cli_get(c, NM_O_output);
    if (dir && v->witness) make_folder(job, dir);
    const nm_files f = nm_report_files(job, dir, q, v->witness);
    (nm_cli_has(c, NM_O_json) ? nm_report_json : nm_report_text)(out, q, v, &f, false);
    return v->status;
}

static void put_list(nm_buf *b, const double *y, size_t n)
{
    nm_put(b, "[");
    for (size_t i = 0; i < n; i++) {
        nm_put(b, i ? ", " : "");
        nm_put_num(b, y[i]);
    }
    nm_put(b, "]");
}

static int verb_eval(nm_job *job, const nm_cli *c, nm_buf *out)
{
    need_files(job, c, 1, 1, "a network");
    const nm_net *net = nm_net_read(job, c->file[0]);
    if (dump(job, c, out, net, NULL)) return NM_OK;
    if (!nm_cli_has(c, NM_O_image))
        nm_throw(job, NM_EUSE, "netmip eval: --image FILE was expected");
    const double *x = nm_image_read(job, net, nm_cli_get(c, NM_O_image)).x;
    nm_net_range(job, net, x);
    const double *score = nm_net_eval(job, net, x, false, NULL);
    size_t best = 0, n;
    for (size_t i = 0; i < net->n_out; i++)
        if (score[i] > score[best]) best = i;
    const double *y = nm_net_outputs_eval(job, net, x, false, &n),
                 *y32 = nm_net_outputs_eval(job, net, x, true, &n);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(y[i]) || !isfinite(y32[i]))
            nm_throw(job, NM_EINPUT, "%s: output %zu is not finite in float%d", c->file[0], i,
                     isfinite(y[i]) ? 32 : 64);
    if (nm_cli_has(c, NM_O_json)) {
        nm_put(out, "{\"predicted\": %zu, \"outputs\": {\"float64\": ", best);
        put_list(out, y, n);
        nm_put(out, ", \"float32\": ");
        put_list(out, y32, n);
        nm_put(out, "}}\n");
        return NM_OK;
    }
    nm_put(out, "predicted %zu\n", best);
    for (size_t i = 0; i < n; i++) {
        nm_put(out, "output %zu: ", i);
        nm_put_num(out, y[i]);
        nm_put(out, " (float32: ");
        nm_put_num(out, y32[i]);
        nm_put(out, ")\n");
    }
    return NM_OK;
}

static bool is_arrays(const char *path)
{
    return nm_has_suffix(path, ".mat") || nm_has_suffix(path, ".npz");
}

static int verb_inspect(nm_job *job, const nm_cli *c, nm_buf *out)
{
    if (nm_cli_has(c, NM_O_ops)) {
        need_files(job, c, 0, 0, "no file with --ops");
        nm_op_table(out);
        return NM_OK;
    }
    need_files(job, c, 1, 1, "a network, a file of arrays, a .vnnlib, map or solution file");
    const char *path = c->file[0];
    const bool json = nm_cli_has(c, NM_O_json);
    if (nm_has_suffix(path, ".vnnlib") || nm_has_suffix(path, ".vnnlib.gz")) {
        const nm_query *q = nm_read_vnnlib(job, NULL, path);
        (json ? nm_query_write : nm_query_print)(out, q);
        if (json) nm_put(out, "\n");
        return NM_OK;
    }
    if (nm_has_suffix(path, ".map.json")) {
        if (json) nm_throw(job, NM_EUSE, "--json: %s is JSON already", path);
        const nm_map *m = nm_map_read(job, path);
        nm_put(out, "map of %s\nnetwork %s\ntarget %s, objective %s, columns %zu\n",
               m->model_path ? m->model_path : "-", m->net_path, m->target, m->objective,
               m->n_cols);
        nm_query_print(out, m->question);
        return NM_OK;
    }
    if (nm_sol_is(nm_file_read(job, path))) {
        nm_sol *sol = nm_sol_read(job, path);
        if (nm_cli_has(c, NM_O_log))
            nm_sol_log(job, nm_file_read(job, nm_cli_get(c, NM_O_log)), sol);
        nm_sol_print(out, sol);
        return NM_OK;
    }
    if (is_arrays(path))
        nm_inspect_arrays(job, out, nm_arrays_open(job, path), json);
    else
        nm_inspect_net(job, out, nm_net_read(job, path), json);
    return NM_OK;
}

static int verb_convert(nm_job *job, const nm_cli *c)
{
    need_files(job, c, 1, 1, "a network");
    const char *path = nm_cli_get(c, NM_O_output);
    if (!path) nm_throw(job, NM_EUSE, "netmip convert: -o OUT.json or OUT.onnx was expected");
    nm_net_write(job, nm_net_read(job, c->file[0]), path);
    return NM_OK;
}

static void read_range(nm_job *job, const char *s, int64_t count, nm_campaign *b)
{
    b->from = 0;
    b->to = count;
    const char *colon = s ? strchr(s, ':') : NULL;
    if (s && (!colon || !nm_int_parse(s, colon, &b->from) ||
              !nm_int_parse(colon + 1, s + strlen(s), &b->to) || b->from < 0 || b->from > b->to))
        nm_throw(job, NM_EUSE, "--range %s: A:B was expected", s);
    if (b->to > count)
        nm_throw(job, NM_EUSE, "--range %s: the file holds %lld images", s, (long long)count);
}

/* what makes two campaigns the same question: the options that change answers */
static const char *batch_question(nm_job *job, const nm_cli *c)
{
    static const nm_opt parts[] = {NM_O_perturb,  NM_O_domain,    NM_O_margin,      NM_O_objective,
                                   NM_O_guard,    NM_O_bounds,    NM_O_fold,        NM_O_seed,
                                   NM_O_encoding, NM_O_one_sided, NM_O_no_evaluate, NM_O_no_attack,
                                   NM_O_no_split, NM_O_no_branch, NM_O_no_solve};
    nm_buf b = {.job = job};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!nm_cli_has(c, parts[i])) continue;
        nm_put(&b, b.n ? " --%s" : "--%s", nm_cli_name(job, parts[i]));
        if (*nm_cli_get(c, parts[i])) nm_put(&b, " %s", nm_cli_get(c, parts[i]));
    }
    return b.s ? b.s : "";
}

/* a domain that leaves the range which the network states is told of once */
static void check_range(nm_job *job, const nm_campaign *b)
{
    const size_t n = b->net->n_in;
    if (b->around.own_range) return;
    double *lo = NM_RAW(job, double, n), *hi = NM_RAW(job, double, n);
    for (size_t i = 0; i < n; i++) lo[i] = b->around.lo, hi[i] = b->around.hi;
    nm_case box = {.lo = lo, .hi = hi};
    nm_query_range(job, b->net, &(nm_query){.n_in = n, .n_cases = 1, .cases = &box});
}

static int verb_batch(nm_job *job, const nm_cli *c, nm_buf *out)
{
    need_files(job, c, 1, 1, "a network");
    if (!nm_cli_has(c, NM_O_images) || !nm_cli_has(c, NM_O_dir))
        nm_throw(job, NM_EUSE, "netmip batch: --images FILE and --dir DIR were expected");
    const nm_ask ask = {.perturb = nm_cli_get(c, NM_O_perturb),
                        .domain = nm_cli_get(c, NM_O_domain),
                        .margin = nm_cli_get(c, NM_O_margin),
                        .objective = nm_cli_get(c, NM_O_objective),
                        .guard = nm_cli_get(c, NM_O_guard)};
    nm_campaign b = {.net = nm_net_read(job, c->file[0]),
                     .around = nm_around_ask(job, &ask),
                     .solve = solve_opts(job, c, false)};
    check_range(job, &b);
    b.images = nm_dataset_open(job, nm_cli_get(c, NM_O_images));
    b.has_labels = nm_cli_has(c, NM_O_labels);
    if (b.has_labels) b.labels = nm_dataset_open(job, nm_cli_get(c, NM_O_labels));
    read_range(job, nm_cli_get(c, NM_O_range), b.images.count, &b);
    b.dir = nm_cli_get(c, NM_O_dir);
    b.rerun = nm_cli_pick(job, c, NM_O_rerun, "never|always|unknown|violated");
    b.workers = (int)nm_cli_num(job, c, NM_O_workers, 1);
    if (b.workers < 1) nm_throw(job, NM_EUSE, "--workers: 1 or more was expected");
    b.memory = nm_cli_num(job, c, NM_O_memory, 0) * 1048576;
    b.save_witness = nm_cli_has(c, NM_O_save_witness);
    b.question = batch_question(job, c);
    const bool whole = nm_campaign_run(job, &b);
    const nm_file f = nm_file_read(job, nm_fmt(job, "%s/summary.json", b.dir));
    nm_put_bytes(out, f.data, f.n);
    return whole ? NM_OK : NM_UNKNOWN;
}

static void run(nm_job *job, void *arg)
{
    run_t *r = arg;
    static bool quiet;
    nm_job_on_note(job, say, &quiet);
    r->out = (nm_buf){.job = job};
    const char *verb = r->argc > 1 ? r->argv[1] : "--help";
    if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0 || strcmp(verb, "help") == 0) {
        nm_cli_help(&r->out);
        r->code = r->argc > 1 ? NM_OK : NM_EUSE;
        return;
    }
    if (strcmp(verb, "--version") == 0) {
        nm_put(&r->out, "netmip %s\n", NM_VERSION);
        return;
    }
    static const char *const verbs[] = {"compile", "decode",  "solve", "bounds",
                                        "eval",    "inspect", "batch", "convert"};
    enum { N_VERBS = sizeof verbs / sizeof *verbs };
    size_t k = 0;
    while (k < N_VERBS && strcmp(verbs[k], verb)) k++;
    if (k == N_VERBS) nm_throw(job, NM_EUSE, "%s: no such verb; see netmip --help", verb);
    nm_cli c = {0};
    nm_cli_parse(job, &c, r->argc, r->argv);
    quiet = nm_cli_has(&c, NM_O_quiet);
    if (k == 0 || k == 2) r->code = verb_solve(job, &c, &r->out, k == 0);
    if (k == 1) r->code = verb_decode(job, &c, &r->out);
    if (k == 3) r->code = verb_bounds(job, &c, &r->out);
    if (k == 4) r->code = verb_eval(job, &c, &r->out);
    if (k == 5) r->code = verb_inspect(job, &c, &r->out);
    if (k == 6) r->code = verb_batch(job, &c, &r->out);
    if (k == 7) r->code = verb_convert(job, &c);
}

int main(int argc, char **argv)
{
    nm_job *job = nm_job_new();
    if (!job) return fprintf(stderr, "netmip: out of memory\n"), NM_EIO;
    struct sigaction act = {.sa_handler = on_signal};
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
    nm_job_stop_flag(job, &stop);
    run_t r = {argc, NM_OK, argv, {0}};
    int code = nm_run(job, run, &r);
    if (code)
        fprintf(stderr, "netmip: %s\n", nm_job_message(job));
    else
        code = r.code;
    if (r.out.n &&
        (code == NM_OK || code == NM_VIOLATED || code == NM_UNKNOWN || code == NM_EUSE) &&
        (fwrite(r.out.s, 1, r.out.n, stdout) != r.out.n || fflush(stdout))) {
        fprintf(stderr, "netmip: cannot write the answer: %s\n", strerror(errno));
        code = NM_EIO;
    }
    nm_job_free(job);
    return code;
}
