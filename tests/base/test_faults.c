/* Failing memory, failing disks. Every stage is run with its n-th allocation failing
 * (nm_fail_after), n = 1, 2, 3, 5, 8, ... until it succeeds: reading each network of models/, lowering,
 * bounding, encoding, writing .mps, .lp, their .gz and the map, reading map and solution files, the
 * embedded solver, the whole pipeline; and memory of a job's own (nm_job_own). Each failure must be NM_EIO with a
 * message; no new file stays, no file descriptor and no child process; the job can be freed (ASan and valgrind see what
 * is not). Writing to a missing folder, to a full device and past the file size limit is NM_EIO, and what stood at the
 * name before still stands. /dev/full itself is never named: as root, a rename would replace it; a device of the same
 * numbers is made in the test's own folder instead, or the case is skipped. */
#define _GNU_SOURCE
#include "random_networks.h"

#include <dirent.h>
#include <errno.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[64];

static size_t count_dir(const char *path)
{
    size_t n = 0;
    DIR *d = opendir(path);
    while (d && readdir(d)) n++;
    if (d) closedir(d);
    return n;
}

/* true when there is no child; a child that is left is waited for, so that the next case starts clean */
static bool no_children(void)
{
    bool none = true;
    while (waitpid(-1, NULL, 0) > 0) none = false;
    return none && errno == ECHILD;
}

typedef struct fault {
    void (*body)(nm_job *, void *);
    void *arg;
    long n;
} fault;

static void armed(nm_job *job, void *arg)
{
    const fault *f = arg;
    nm_fail_after(job, f->n);
    f->body(job, f->arg);
    nm_fail_after(job, 0);
}

/* runs body with its n-th allocation failing for Fibonacci numbers n, until it does its work */
static void faults(const char *what, void (*body)(nm_job *, void *), void *arg)
{
    long a = 1, b = 2, first = 0, ran = 0;
    const char *why = "";
    static char message[256];
    for (int code = 1; code != 0 && ran < 60; ran++) {
        const size_t files = count_dir(dir), fds = count_dir("/proc/self/fd");
        fault f = {body, arg, a};
        nm_job *job = nm_job_new();
        code = nm_run(job, armed, &f);
        snprintf(message, sizeof message, "%s", nm_job_message(job));
        nm_job_free(job);
        if (code != 0 && code != NM_EIO) why = "another code than NM_EIO";
        if (code != 0 && !*message) why = "no message";
        if (code != 0 && count_dir(dir) != files) why = "a file is left";
        if (count_dir("/proc/self/fd") != fds) why = "a descriptor is left";
        if (!no_children()) why = "a child is left";
        if (*why && !first) {
            first = a;
            break;
        }
        const long next = a + b;
        a = b;
        b = next;
    }
    CHECK(!first && ran > 2 && ran < 60, "%s, allocation %ld: %s: \"%s\"", what, first, why,
          message);
}

/* ---- the stages; what they need is made without faults ---- */

static void read_net(nm_job *job, void *arg) { nm_net_read(job, arg); }

typedef struct ready {
    const nm_net *net;
    const nm_program *p, *rows;
    nm_query q;
    nm_bounds *b;
    nm_encoded e;
    const nm_sol *sol;
    const char *path;
} ready;

static void do_convert(nm_job *job, void *arg)
{
    static const char *const ends[] = {"json", "onnx", "json.gz", "onnx.gz"};
    for (size_t i = 0; i < 4; i++) {
        const char *path = nm_fmt(job, "%s/c.%s", dir, ends[i]);
        unlink(path);
        nm_net_write(job, ((ready *)arg)->net, path);
        unlink(path);
    }
}

static void do_lower(nm_job *job, void *arg) { nm_lower(job, ((ready *)arg)->net); }

static void do_bounds(nm_job *job, void *arg)
{
    const ready *r = arg;
    nm_bounds *b = nm_bounds_new(job, r->rows, r->q.cases->lo, r->q.cases->hi);
    nm_crown(job, b, (nm_crown_opts){.all_rows = true, .query_block = (int)r->rows->n_blocks - 1});
}

static void do_encode(nm_job *job, void *arg)
{
    const ready *r = arg;
    nm_encode(job, r->b, &r->q, 0, 0, (const uint32_t[]){0}, (nm_encode_opts){.fold = true});
}

static void do_write(nm_job *job, void *arg)
{
    const ready *r = arg;
    unlink(r->path);
    nm_write_model(job, r->e.model, r->path, (nm_write_opts){0}, (char[65]){0});
    unlink(r->path);
}

static void do_write_map(nm_job *job, void *arg)
{
    const ready *r = arg;
    unlink(r->path);
    nm_map_write(job, r->e.map, r->path);
    unlink(r->path);
}

static void do_read_map(nm_job *job, void *arg) { nm_map_read(job, ((ready *)arg)->path); }

static void do_read_sol(nm_job *job, void *arg)
{
    const ready *r = arg;
    const nm_sol *s = nm_sol_read(job, r->path);
    nm_sol_columns(job, s, r->e.map->file.n_cols, r->e.map->file.cols, r->path);
}

static void do_solve(nm_job *job, void *arg)
{
    nm_cbc_solve(job, ((ready *)arg)->e.model, (nm_cbc){.time_limit = 20});
}

static void do_query(nm_job *job, void *arg)
{
    const ready *r = arg;
    const char *out = nm_fmt(job, "%s/all.lp", dir);
    const nm_solve_opts o = {.bounds.all = NM_BY_CROWN,
                             .stages.evaluate = true,
                             .form.fold = true,
                             .stages.attack = true,
                             .stages.solve = true,
                             .files.always_write = true,
                             .seed = 1,
                             .files.out = out,
                             .files.options = "",
                             .files.version = "test"};
    nm_solve_query(job, r->net, &r->q, &o);
    unlink(out);
    unlink(nm_fmt(job, "%s/all.map.json", dir));
}

static void do_eval(nm_job *job, void *arg)
{
    const ready *r = arg;
    double *err = NM_RAW(job, double, r->net->n_out);
    nm_net_eval(job, r->net, r->q.cases->lo, false, err);
}

static nm_query question(nm_job *job, const nm_net *net, nm_row *row)
{
    double *lo = NM_RAW(job, double, net->n_in), *hi = NM_RAW(job, double, net->n_in);
    for (size_t i = 0; i < net->n_in; i++) lo[i] = -1, hi[i] = 1;
    nm_clause *clause = NM_NEW(job, nm_clause);
    nm_case *c = NM_NEW(job, nm_case);
    *clause = (nm_clause){.n_rows = 1, .rows = row, .label = -1, .name = "t0"};
    *c = (nm_case){.lo = lo, .hi = hi, .n_clauses = 1, .clauses = clause};
    return (nm_query){
        .n_in = net->n_in, .n_out = net->n_out, .n_cases = 1, .cases = c, .label = -1, .hash = "0"};
}

static void write_sol(nm_job *job, ready *r, bool highs)
{
    nm_buf b = {.job = job};
    const size_t n = r->e.model->n_cols;
    if (highs)
        nm_put(&b,
               "Model status\nOptimal\n\n# Primal solution values\nFeasible\nObjective 0\n# "
               "Columns %zu\n",
               n);
    else
        nm_put(&b, "Optimal - objective value 0\n");
    for (size_t j = 0; j < n; j++) {
        if (highs)
            nm_put(&b, "%s 0\n", r->e.model->cols[j].name);
        else
            nm_put(&b, "%7zu %s  0  0\n", j, r->e.model->cols[j].name);
    }
    if (highs) nm_put(&b, "# Rows 0\n\n# Dual solution values\nNone\n\n# Basis\nHiGHS v1\nNone\n");
    nm_file_write(job, r->path, b.s, b.n);
}

static void prepare(nm_job *job, ready *r, const char *path)
{
    r->net = nm_net_read(job, path);
    r->p = nm_lower(job, r->net);
    static nm_row row;
    row = (nm_row){2, (const uint32_t[]){0, 1}, (const double[]){1, -1}, -1};
    r->q = question(job, r->net, &row);
    r->rows = nm_program_with_rows(job, r->p, 1, (const nm_row *const[]){&row});
    r->b = nm_bounds_new(job, r->rows, r->q.cases->lo, r->q.cases->hi);
    nm_crown(job, r->b, (nm_crown_opts){.query_block = (int)r->rows->n_blocks - 1});
    r->e = nm_encode(job, r->b, &r->q, 0, 0, (const uint32_t[]){0}, (nm_encode_opts){.fold = true});
    r->e.map->from.net_path = path;
    r->e.map->from.net_hash = r->net->hash;
    r->e.map->from.query_hash = "0";
}

static void stages(nm_job *job, void *arg)
{
    ready r = {0};
    prepare(job, &r, arg);
    faults("convert", do_convert, &r);
    faults("lower", do_lower, &r);
    faults("bounds", do_bounds, &r);
    faults("encode", do_encode, &r);
    faults("eval", do_eval, &r);
    static const char *const suffix[] = {"m.mps", "m.mps.gz", "m.lp", "m.lp.gz"};
    for (size_t i = 0; i < 4; i++) {
        r.path = nm_fmt(job, "%s/%s", dir, suffix[i]);
        faults(suffix[i], do_write, &r);
    }
    r.path = nm_fmt(job, "%s/m.map.json", dir);
    faults("write map", do_write_map, &r);
    nm_map_write(job, r.e.map, r.path);
    faults("read map", do_read_map, &r);
    unlink(r.path);
    for (int highs = 0; highs < 2; highs++) {
        r.path = nm_fmt(job, "%s/m.sol", dir);
        write_sol(job, &r, highs);
        faults(highs ? "read HiGHS solution" : "read CBC solution", do_read_sol, &r);
        unlink(r.path);
    }
    faults("solver", do_solve, &r);
    faults("pipeline", do_query, &r);
}

/* ---- the disk ---- */

typedef struct {
    const char *path;
    const nm_model *m;
    size_t n;
} target;

static void write_bytes(nm_job *job, void *arg)
{
    const target *t = arg;
    char *s = nm_zero(job, t->n, 1);
    for (size_t i = 0; i < t->n; i++) s[i] = (char)t_random();
    nm_file_write(job, t->path, s, t->n);
}

static void write_model(nm_job *job, void *arg)
{
    const target *t = arg;
    nm_write_model(job, t->m, t->path, (nm_write_opts){0}, (char[65]){0});
}

static void fails(const char *what, void (*body)(nm_job *, void *), target t)
{
    const size_t files = count_dir(dir), fds = count_dir("/proc/self/fd");
    nm_job *job = nm_job_new();
    const int code = nm_run(job, body, &t);
    CHECK(code == NM_EIO && *nm_job_message(job) && count_dir(dir) == files &&
              count_dir("/proc/self/fd") == fds,
          "%s: code %d, \"%s\", %zu files, then %zu", what, code, nm_job_message(job), files,
          count_dir(dir));
    nm_job_free(job);
}

static nm_model *big_model(nm_job *job)
{
    nm_model *m = nm_model_new(job, "big");
    for (int j = 0; j < 3000; j++)
        nm_model_col(job, m, nm_fmt(job, "x%d", j), t_uniform(-2, -1), t_uniform(1, 2), false);
    for (uint32_t r = 0; r < 500; r++)
        nm_model_row(job, m, nm_fmt(job, "r%u", r), -INFINITY, t_uniform(0, 1), 2,
                     (const uint32_t[]){r, r + 1},
                     (const double[]){t_uniform(-1, 1), t_uniform(-1, 1)});
    return m;
}

static void disks(nm_job *job, void *arg)
{
    (void)arg;
    const nm_model *m = big_model(job);
    fails("a missing folder", write_bytes, (target){nm_fmt(job, "%s/none/a.bin", dir), m, 10});
    fails("a missing folder, .gz", write_bytes, (target){nm_fmt(job, "%s/none/a.gz", dir), m, 10});
    fails("a folder that is a file", write_model, (target){"/proc/self/status/a.mps", m, 0});
    const char *folder = nm_fmt(job, "%s/taken", dir);
    mkdir(folder, 0700);
    fails("a name that is a folder", write_bytes, (target){folder, m, 10});
    rmdir(folder);
    const struct rlimit small = {20000, RLIM_INFINITY}, tiny = {100, RLIM_INFINITY},
                        none = {RLIM_INFINITY, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    const char *old = nm_fmt(job, "%s/old.mps", dir);
    nm_file_write(job, old, "old\n", 4);
    setrlimit(RLIMIT_FSIZE, &small);
    fails("file size limit", write_bytes, (target){nm_fmt(job, "%s/a.bin", dir), m, 100000});
    fails("file size limit, .gz", write_bytes, (target){nm_fmt(job, "%s/a.gz", dir), m, 100000});
    fails("file size limit, at the last flush", write_bytes,
          (target){nm_fmt(job, "%s/a.bin", dir), m, 20001});
    fails("file size limit, .mps", write_model, (target){old, m, 0});
    fails("file size limit, .mps.gz", write_model, (target){nm_fmt(job, "%s/a.mps.gz", dir), m, 0});
    fails("file size limit, .lp", write_model, (target){nm_fmt(job, "%s/a.lp", dir), m, 0});
    fails("file size limit, .lp.gz", write_model, (target){nm_fmt(job, "%s/a.lp.gz", dir), m, 0});
    setrlimit(RLIMIT_FSIZE,
              &tiny); /* short enough to stay in buffers: nothing fails before the file is closed */
    fails("at close", write_bytes, (target){nm_fmt(job, "%s/a.bin", dir), m, 1000});
    fails("at close, .gz", write_bytes, (target){nm_fmt(job, "%s/a.gz", dir), m, 3000});
    setrlimit(RLIMIT_FSIZE, &none);
    const nm_file f = nm_file_read(job, old);
    CHECK(f.n == 4 && !memcmp(f.data, "old\n", 4), "a failed write changed what stood there");
    unlink(old);
}

/* a device that is always full must say so, and stay a device */
static void device(nm_job *job, void *arg)
{
    (void)arg;
    const char *path = nm_fmt(job, "%s/full", dir);
    struct stat st;
    if (mknod(path, S_IFCHR | 0600, makedev(1, 7)) != 0) {
        t_skipped += 2;
        return;
    }
    FILE *probe = fopen(path, "wb"); /* mounts may forbid devices */
    if (!probe)
        t_skipped++;
    else {
        fclose(probe);
        fails("a full device", write_bytes, (target){path, NULL, 100000});
    }
    CHECK(lstat(path, &st) == 0 && S_ISCHR(st.st_mode),
          "writing replaced a device by a file: as root, -o /dev/null would, too");
    unlink(path);
}

static void missing(nm_job *job, void *arg) { nm_file_read(job, arg); }

/* Memory of its own that ends throws in the job that has it, also where it is used outside of nm_run. */
static void own_memory(nm_job *job, void *arg)
{
    (void)arg;
    nm_buf text = {.job = nm_job_own(nm_job_own(job))};
    nm_put(&text, "kept");
    CHECK(strcmp(text.s, "kept") == 0, "%s", text.s);
    nm_raw(text.job, SIZE_MAX / 256, 1);
}

int main(void)
{
    t_job(NM_EIO, own_memory, NULL);
    snprintf(dir, sizeof dir, "/tmp/netmip-faults-XXXXXX");
    if (!mkdtemp(dir)) return 1;
    static const char *const nets[] = {
        "models/tiny-abs.json", "models/tiny-dead.json",       "models/tiny-max.json",
        "models/tiny-res.json", "models/tiny-stable.json",     "models/tiny-xor.json",
        "models/tiny-abs.onnx", "models/tiny-max.onnx",        "models/tiny-res.onnx",
        "models/tiny-xor.onnx", "models/digits-conv.onnx",     "models/digits-res.onnx",
        "models/tiny-xor.nnet", "models/digits-pool-mat.json", "models/digits-res-npz.json"};
    for (size_t i = 0; i < sizeof nets / sizeof *nets; i++) {
        char *path = (char *)(uintptr_t)nets[i];
        if (!nm_file_exists(path)) {
            t_skipped++;
            continue;
        }
        faults(path, read_net, path);
        if (!strstr(path, "digits") && !strstr(path, ".onnx")) t_job(0, stages, path);
    }
    t_job(0, disks, NULL);
    t_job(0, device, NULL);
    t_job(NM_EIO, missing, "/tmp/netmip/is/not/there");
    t_job(NM_EIO, missing, "/tmp");
    CHECK(count_dir(dir) == 2, "files are left in %s", dir);
    rmdir(dir);
    return t_done("test_faults");
}
