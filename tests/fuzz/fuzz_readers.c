/* fuzz_readers.c: every reader on damaged input, in process: a throw is fine; a crash, a hang, memory that stays behind
 * or a wild value is not.
 *
 *   fuzz_readers [-n COUNT] [FOLDER]
 *
 * Seeds are the files FOLDER/KIND.* (tests/fuzz/damaged_files.py makes such a folder), or else a few built in here and
 * the small networks of models/. Each kind runs in a child process, so that one crash costs one kind: a seed as it is,
 * cut at every place (or every k-th), then random edits. With NM_LIBFUZZER a first byte picks the kind, or NM_KIND. */
#define _GNU_SOURCE
#include "inside.h"

#include <dirent.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ONNX, NETJSON, NNET, MAT4, MAT5, MAT73, NPZ, VNNLIB, VNNLIB2, QUERY,
    IDX, LABELS, NPY, PNG, JPEG, PNM, CSV, MAP, SOL, SEXPR,
    USERMPS, USERLP, EMBEDDING, MODELMPS, MODELLP, IMAGES, LIST, BOUNDS, PROOF, CIFAR,
    PICTURE, N_KINDS
};

/* ---- one input ---- */

typedef struct {
    int kind;
    nm_file f;
} input;

static int memory_file = -1;
static char memory_path[64];

/* readers that take a path get one that leads to memory */
static const char *path_of(nm_job *job, nm_file f)
{
    if (memory_file < 0) {
        memory_file = memfd_create("fuzz", 0);
        snprintf(memory_path, sizeof memory_path, "/proc/self/fd/%d", memory_file);
    }
    if (memory_file < 0 || ftruncate(memory_file, (off_t)f.n) ||
        pwrite(memory_file, f.data, f.n, 0) != (ssize_t)f.n)
        nm_throw(job, NM_EIO, "no memory file");
    return memory_path;
}

static void require(bool ok, const char *what)
{
    if (ok) return;
    fprintf(stderr, "broken promise: %s\n", what);
    abort();
}

static void check_tensor(nm_tensor t)
{
    size_t n = 1;
    for (int i = 0; i < t.shape.rank; i++) n *= (size_t)t.shape.dim[i];
    require(t.shape.rank <= NM_MAXRANK && n == t.n, "the size of a tensor is that of its shape");
    for (size_t i = 0; i < t.n; i++) {
        require(isfinite(t.x[i]), "an element is finite");
        if (t.top > 0) require(t.x[i] >= 0 && t.x[i] <= t.top, "a sample is one");
    }
}

static size_t work_of(const nm_net *net)
{
    size_t n = 0;
    for (size_t v = 0; v < net->n_values; v++) n += net->values[v].n;
    return n;
}

#include "fuzz_batch.h"
#include "fuzz_query.h"
#include "use_questions.h"
static void use_net(nm_job *job, nm_graph *g, nm_file f)
{
    const nm_net *net = new_net(job, g, f);
    require(net->n_in > 0 && net->n_out > 0, "a network has inputs and outputs");
    if (work_of(net) > 5000) return; /* an evaluation this large says nothing new */
    double *x = NM_ARRAY(job, double, net->n_in), *err = NM_ARRAY(job, double, net->n_out);
    for (size_t i = 0; i < net->n_in; i++) x[i] = 0.25 + 0.125 * (double)(i % 4);
    const double *y = nm_net_eval(job, net, x, false, err);
    nm_net_eval(job, net, x, true, NULL);
    const nm_program *p = nm_lower(job, net);
    nm_buf b = {.job = job};
    nm_net_print(&b, net);
    nm_program_print(&b, p);
    nm_inspect_net(job, &b, net, true);
    require(!net->lo == !net->hi, "a range has two ends");
    for (size_t i = 0; net->lo && i < net->n_in; i++)
        require(isfinite(net->lo[i]) && net->lo[i] <= net->hi[i], "a range is one");
    double *lo = NM_ARRAY(job, double, net->n_in), *hi = NM_ARRAY(job, double, net->n_in);
    for (size_t i = 0; i < net->n_in; i++) hi[i] = 1;
    nm_bounds *bounds = nm_bounds_new(job, p, lo, hi);
    nm_crown(job, bounds, (nm_crown_opts){.query_block = -1});
    for (size_t i = 0; i < p->n_out; i++) {
        const int32_t u = p->out[i];
        if (!isfinite(y[i]) || !isfinite(err[i])) continue;
        const double above = u < 0 ? p->out_const[i] : bounds->hi[u],
                     below = u < 0 ? p->out_const[i] : bounds->lo[u];
        if (isfinite(above))
            require(y[i] - err[i] <= above + 1e-9 * fabs(above),
                    "a value lies below its upper bound");
        if (isfinite(below))
            require(y[i] + err[i] >= below - 1e-9 * fabs(below),
                    "a value lies above its lower bound");
    }
}

#include "use_models.h"
static void use_arrays(nm_job *job, nm_file f, int kind)
{
    nm_arrays a = {.path = f.path};
    (kind == MAT4    ? nm_read_mat4
     : kind == MAT5  ? nm_read_mat5
     : kind == MAT73 ? nm_read_mat73
                     : nm_read_npz)(job, f, &a);
    for (size_t i = 0; i < a.n; i++) {
        require(a.a[i].name != NULL, "an array has a name");
        if (!a.a[i].why) check_tensor(a.a[i].t);
    }
    nm_buf b = {.job = job};
    nm_inspect_arrays(job, &b, &a, true);
    if (a.n) nm_arrays_get(job, &a, a.a[0].name, "fuzz");
}

static void use_sol(nm_job *job, nm_file f)
{
    static const char *const cols[] = {"x0", "x1", "v2_0", "z2_0", "v2_1", "z2_1"};
    const nm_sol *s = nm_sol_read(job, path_of(job, f));
    require(s->status_text != NULL, "a solution has a status");
    require(!s->has_values || s->status == NM_SOL_OPTIMAL || s->status == NM_SOL_FEASIBLE,
            "values come with a solution");
    nm_solstatus_name(s->status);
    if (!s->has_values) return;
    const double *x = nm_sol_columns(job, s, 6, cols, "fuzz");
    for (size_t j = 0; j < 6; j++) require(isfinite(x[j]), "a value is finite");
}

static void body(nm_job *job, void *arg)
{
    const input *in = arg;
    const nm_file f = in->f;
    nm_buf b = {.job = job};
    switch (in->kind) {
    case ONNX:
        read_with_flags(job, f);
        use_net(job, nm_read_onnx(job, f, NULL), f);
        break;
    case NETJSON:
        read_with_flags(job, f);
        use_net(job, nm_read_netjson(job, f), f);
        break;
    case NNET: use_net(job, nm_read_nnet(job, f), f); break;
    case MAT4:
    case MAT5:
    case MAT73:
    case NPZ: use_arrays(job, f, in->kind); break;
    case VNNLIB:
    case VNNLIB2: use_vnnlib(job, f); break;
    case QUERY: use_query(job, f); break;
    case IDX: check_tensor(nm_read_idx(job, f, 1, false)); break;
    case LABELS: check_tensor(nm_read_idx(job, f, 2, true)); break;
    case NPY: check_tensor(nm_read_npy(job, f)); break;
    case PNG: check_tensor(nm_read_png(job, f)); break;
    case JPEG: check_tensor(nm_read_jpeg(job, f)); break;
    case PNM: check_tensor(nm_read_pnm(job, f)); break;
    case CSV: check_tensor(nm_read_csv(job, f, 1)); break;
    case MAP: nm_query_print(&b, nm_map_read(job, path_of(job, f))->question); break;
    case SOL: use_sol(job, f); break;
    case USERMPS: use_model(job, nm_read_user_mps(job, f).m); break;
    case USERLP: use_model(job, nm_read_user_lp(job, f).m); break;
    case EMBEDDING: use_embedding(job, path_of(job, f)); break;
    case MODELMPS: nm_read_mps(job, f); break;
    case MODELLP: nm_read_lpmodel(job, f); break;
    case IMAGES: use_images(job, path_of(job, f)); break;
    case LIST: use_list(job, path_of(job, f)); break;
    case BOUNDS: nm_known_read(job, path_of(job, f), "ab", "cd"); break;
    case PROOF: use_proof(job, f); break;
    case CIFAR: use_cifar(job, f); break;
    case PICTURE: use_picture(job, f); break;
    default: nm_sexpr_read(job, f);
    }
}

/* 0, or the code of the error; a message must stand beside it */
static int one(int kind, const unsigned char *data, size_t n)
{
    nm_job *job = nm_job_new();
    require(job != NULL, "a job can be made");
    nm_job_limit(job, (size_t)256 << 20);
    unsigned char *copy = malloc(
        n + 1); /* exactly as long as promised, so that a reader's step beyond is seen */
    require(copy != NULL, "memory for a copy");
    if (n) memcpy(copy, data, n);
    copy[n] = 0;
    input in = {kind, {"fuzz", copy, n}};
    const int code = nm_run(job, body, &in);
    require(code == NM_OK || code == NM_EINPUT || code == NM_EUNSUP || code == NM_EIO ||
                code == NM_EAUDIT,
            "a known code");
    require(code == NM_OK || *nm_job_message(job), "an error has a message");
    nm_job_free(job);
    free(copy);
    return code;
}

#ifdef NM_LIBFUZZER
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
#ifdef NM_KIND
    one(NM_KIND, data, n);
#else
    if (n) one(data[0] % N_KINDS, data + 1, n - 1);
#endif
    return 0;
}
#else

/* ---- seeds ---- */

static const char *const kind_name[N_KINDS] = {
    "onnx",   "json",      "nnet",     "mat4",    "mat5",   "mat73", "npz",
    "vnnlib", "vnnlib2",   "query",    "idx",     "labels", "npy",   "png",
    "jpeg",   "pnm",       "csv",      "map",     "sol",    "sexpr", "usermps",
    "userlp", "embedding", "modelmps", "modellp", "images", "list",  "bounds",
    "proof",  "cifar",     "picture"};
typedef struct {
    unsigned char *data;
    size_t n;
} blob;
typedef struct {
    int kind;
    blob b;
} seed;
static seed seeds[256];
static size_t n_seeds;

static void add(int kind, const void *data, size_t n)
{
    if (n_seeds == sizeof seeds / sizeof *seeds) return;
    unsigned char *p = malloc(n + 1);
    require(p != NULL, "memory for a seed");
    memcpy(p, data, n);
    seeds[n_seeds++] = (seed){kind, {p, n}};
}

static void add_text(int kind, const char *s) { add(kind, s, strlen(s)); }

static void add_file(int kind, const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) return;
    unsigned char *buf = malloc(1 << 20);
    require(buf != NULL, "memory for a file");
    const size_t n = fread(buf, 1, 1 << 20, f);
    fclose(f);
    if (n < 1 << 20) add(kind, buf, n);
    free(buf);
}

#include "more_seeds.h"
#include "reader_seeds.h"

static void from_folder(const char *folder)
{
    struct dirent **list;
    const int n = scandir(folder, &list, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < N_KINDS; k++) {
            const size_t len = strlen(kind_name[k]);
            if (strncmp(list[i]->d_name, kind_name[k], len) || list[i]->d_name[len] != '.')
                continue;
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", folder, list[i]->d_name);
            add_file(k, path);
        }
        free(list[i]);
    }
    if (n >= 0) free(list);
}

/* ---- damage ---- */

static uint64_t rng;
static uint64_t next(void)
{
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return rng;
}
static size_t below(size_t n) { return n ? (size_t)(next() % n) : 0; }

static const char *const words[] = {
    "-1",         "0",          "1e400", "nan",    "inf",  "99999999999999999999",
    "4294967296", "2147483648", "-0",    "1e-320", "\"\"", "[]",
    "{}",         "null",       "(",     ")",      "255",  "# Columns 3\n",
    "x0",         ",",          "\n",    " ",      "or",   "assert"};

static void splice(blob *b, size_t at, size_t cut, const void *with, size_t n)
{
    unsigned char *out = malloc(b->n - cut + n + 1);
    require(out != NULL, "memory for an edit");
    memcpy(out, b->data, at);
    if (n) memcpy(out + at, with, n);
    memcpy(out + at + n, b->data + at + cut, b->n - at - cut);
    free(b->data);
    *b = (blob){out, b->n - cut + n};
}

static void edit(blob *b)
{
    static const unsigned char special[] = {0,   1,   0x7f, 0x80, 0xff, '0', '9', '-',
                                            '"', '(', ')',  '\n', ' ',  ':', ','};
    const size_t at = below(b->n), rest = b->n - at;
    unsigned char byte[8];
    switch (b->n ? below(8) : 7) {
    case 0: b->data[at] ^= (unsigned char)(1u << below(8)); break;
    case 1: b->data[at] = (unsigned char)next(); break;
    case 2: b->data[at] = special[below(sizeof special)]; break;
    case 3: splice(b, at, below(rest < 32 ? rest : 32) + (rest > 0), NULL, 0); break;
    case 4: /* a piece of it again */
        if (b->n < 1 << 16) {
            const size_t n = below(rest < 64 ? rest : 64);
            unsigned char piece[64];
            memcpy(piece, b->data + at, n);
            splice(b, below(b->n + 1), 0, piece, n);
        }
        break;
    case 5: { /* a number becomes a word */
        size_t from = at, to;
        while (from < b->n && (b->data[from] < '0' || b->data[from] > '9')) from++;
        for (to = from; to < b->n && b->data[to] >= '0' && b->data[to] <= '9';) to++;
        const char *w = words[below(sizeof words / sizeof *words)];
        splice(b, from, to - from, w, strlen(w));
        break;
    }
    case 6: { /* four or eight bytes of a large or negative size */
        const size_t n = rest < 8 ? rest : below(2) ? 8 : 4;
        memset(b->data + at, below(2) ? 0xff : 0x7f, n);
        break;
    }
    default:
        for (size_t i = 0; i < 8; i++) byte[i] = (unsigned char)next();
        splice(b, below(b->n + 1), 0, byte, 1 + below(8));
    }
}

/* ---- one kind, in a child ---- */

static struct {
    int kind;
    size_t seed, step;
    const char *how;
} where = {.how = "whole"};

static void on_alarm(int sig)
{
    (void)sig;
    static const char text[] = "hang: one input takes more than 5 s\n";
    if (write(2, text, sizeof text - 1) < 0) _exit(99);
    signal(SIGABRT, SIG_DFL);
    abort();
}

static void on_abort(int sig)
{
    fprintf(stderr, "kind %s, seed file %zu, %s %zu: signal %d\n", kind_name[where.kind],
            where.seed, where.how, where.step, sig);
    signal(sig, SIG_DFL);
    raise(sig);
}

static size_t in_use(void)
{
#if defined __SANITIZE_ADDRESS__ || !defined __GLIBC__
    return 0;
#else
    const struct mallinfo2 i = mallinfo2();
    return i.uordblks + i.hblkhd;
#endif
}

static struct {
    size_t tried, read;
} * counts; /* [N_KINDS], shared with the parent */

static void timed(int kind, const blob *b, const char *how, size_t step)
{
    where.how = how;
    where.step = step;
    alarm(5);
    counts[kind].read += one(kind, b->data, b->n) == NM_OK;
    counts[kind].tried++;
}

#ifdef __SANITIZE_ADDRESS__
enum { CUTS = 400, TOTAL = 8000 };
#else
enum { CUTS = 1500, TOTAL = 1200000 };
#endif

static void run_seed(const seed *s, size_t cuts, size_t count)
{
    const size_t step = s->b.n / cuts + 1;
    if (one(s->kind, s->b.data, s->b.n) != NM_OK) {
        fprintf(stderr, "kind %s, seed file %zu is not read as it is\n", kind_name[s->kind],
                where.seed);
        abort();
    }
    for (size_t n = 0; n < s->b.n; n += step) timed(s->kind, &(blob){s->b.data, n}, "cut at", n);
    if (s->kind == MAT73) count /= 100; /* a process for each, which starts HDF5 */
    for (size_t i = 0; i < count; i++) {
        rng = 0x9e3779b97f4a7c15u * (i + 1) + s->b.n + (uint64_t)s->kind * 77 + where.seed;
        blob b = {malloc(s->b.n + 1), s->b.n};
        require(b.data != NULL, "memory for an edit");
        memcpy(b.data, s->b.data, s->b.n);
        for (size_t k = 1 + below(2) * below(4); k > 0; k--) edit(&b);
        timed(s->kind, &b, "edit", i);
        free(b.data);
    }
}

static int child(int kind, size_t count)
{
    signal(SIGALRM, on_alarm);
    where.kind = kind;
#ifndef __SANITIZE_ADDRESS__
    signal(SIGSEGV, on_abort);
    signal(SIGFPE, on_abort);
    signal(SIGBUS, on_abort);
#endif
    signal(SIGABRT, on_abort);
    size_t before = 0;
    for (int turn = 0; turn < 2; turn++) { /* the first turn warms up what libraries keep */
        for (where.seed = 0; where.seed < n_seeds; where.seed++)
            if (seeds[where.seed].kind == kind) run_seed(&seeds[where.seed], turn ? CUTS : 50, turn ? count : 20);
        if (turn == 0) before = in_use();
    }
    alarm(0);
    if (in_use() > before + 65536) {
        fprintf(stderr, "kind %s: %zu bytes stay behind\n", kind_name[kind], in_use() - before);
        return 1;
    }
    for (size_t i = 0; i < n_seeds; i++) free(seeds[i].b.data);
    return 0;
}

int main(int argc, char **argv)
{
    size_t total = TOTAL, done = 0, failed = 0, skipped = 0, tried = 0;
    const char *folder = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-n") == 0 && i + 1 < argc)
            total = (size_t)strtoul(argv[++i], NULL, 10);
        else
            folder = argv[i];
    }
    counts = mmap(NULL, N_KINDS * sizeof *counts, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    require(counts != MAP_FAILED, "shared memory");
    if (folder) {
        from_folder(folder);
        require(chdir(folder) == 0, "files beside a seed are found"); /* external data */
    } else {
        built_in();
    }
    for (int kind = 0; kind < N_KINDS; kind++) {
        size_t n = 0;
        for (size_t i = 0; i < n_seeds; i++) n += seeds[i].kind == kind;
        if (n == 0) {
            skipped++;
            continue;
        }
        fflush(NULL);
        const double at = nm_wall();
        const pid_t pid = fork();
        if (pid == 0) exit(child(kind, total / N_KINDS / n + 1));
        int status = -1;
        if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0) {
            printf("FAIL %s: status %#x\n", kind_name[kind], (unsigned)status);
            failed++;
        } else {
            done++;
        }
        printf("%s: %zu seeds, %zu inputs, of which %zu are read; %.2f s\n", kind_name[kind], n,
               counts[kind].tried, counts[kind].read, nm_wall() - at);
        tried += counts[kind].tried;
    }
    printf("%zu inputs\n", tried);
    for (size_t i = 0; i < n_seeds; i++) free(seeds[i].b.data);
    printf("fuzz_readers: %zu passed, %zu failed, %zu skipped\n", done, failed, skipped);
    return failed > 0;
}
#endif
