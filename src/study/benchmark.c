/* benchmark.c: a folder of networks and properties as the VNN competition lays it out: instances.csv, a row for each
 * question.
 *
 * A row is `network,property,timeout`, and perhaps the known answer; where the first row is a header, columns are found
 * by its names (network or onnx; property or vnnlib; timeout; expected), and others are left alone. Paths are relative
 * to the folder; a file may be there with .gz added. Known answers may also stand in a file of their own, with a
 * header; `sat` and `violated` say that there is a counterexample, `unsat` and `holds` that there is none, other words
 * that nothing is known. Rows and known answers meet by the two paths, a leading ./ and a final .gz left out.
 *
 * The hash is of all rows' paths and of the files that they name, unpacked; so it tells another benchmark, and changed
 * files. Cost: every file is read once. Rows about several networks (VNN-LIB 2) are refused. */
#include "base/base.h"
#include "study/study.h"
#include "study/benchmark.h"
#include "study/records.h"
#include "study/sheet.h"

#include <strings.h>

enum { MOST_CELLS = 16, NET = 0, PROPERTY, TIMEOUT, EXPECTED, N_COLUMNS };

/* ---- lines ---- */

/* Splits a line at commas; "" in quotes is a quote. Returns how many cells there are. */
static size_t split(nm_job *job, nm_span line, const char **cell)
{
    size_t n = 0;
    for (const char *at = line.s; n < MOST_CELLS; at++) {
        nm_buf b = {.job = job};
        bool quoted = false;
        nm_put(&b, "%s", "");
        for (; at < line.end && (quoted || *at != ','); at++) {
            if (*at != '"')
                nm_put(&b, "%c", *at);
            else if (quoted && at + 1 < line.end && at[1] == '"')
                nm_put(&b, "%c", *at++);
            else
                quoted = !quoted;
        }
        cell[n++] = nm_span_dup(job, nm_span_trim(nm_span_of(b.s)));
        if (at >= line.end) break;
    }
    return n;
}

typedef struct {
    nm_lines lines;
    int column[N_COLUMNS]; /* where each stands, or -1 */
    const char *cell[MOST_CELLS];
    size_t n;
    bool has_row; /* the first line was no header, and is the first row */
} reader;

static int column_of(const reader *r, const char *a, const char *b)
{
    for (size_t i = 0; i < r->n; i++)
        if (!strcasecmp(r->cell[i], a) || !strcasecmp(r->cell[i], b)) return (int)i;
    return -1;
}

static bool next_line(reader *r)
{
    nm_span line;
    do
        if (!nm_lines_next(&r->lines, &line)) return false;
    while (nm_span_blank(line));
    r->n = split(r->lines.job, line, r->cell);
    return true;
}

static reader open_table(nm_job *job, const char *path)
{
    reader r = {.lines = nm_lines_new(job, nm_file_read(job, path)),
                .column = {NET, PROPERTY, TIMEOUT, EXPECTED}};
    if (!next_line(&r))
        nm_throw(job, NM_EINPUT, "%s: is empty; rows network,property,timeout were expected", path);
    const int net = column_of(&r, "network", "onnx"),
              property = column_of(&r, "property", "vnnlib");
    r.has_row = net < 0 || property < 0;
    if (r.has_row) return r;
    r.column[NET] = net;
    r.column[PROPERTY] = property;
    r.column[TIMEOUT] = column_of(&r, "timeout", "time_limit");
    r.column[EXPECTED] = column_of(&r, "expected", "answer");
    return r;
}

static bool next_row(reader *r)
{
    if (!r->has_row) return next_line(r);
    r->has_row = false;
    return true;
}

/* a cell of the row, "" where there is none */
static const char *cell_of(const reader *r, int column)
{
    const int k = r->column[column];
    return k >= 0 && (size_t)k < r->n ? r->cell[k] : "";
}

static _Noreturn void bad(const reader *r, const char *why)
{
    nm_throw_at(r->lines.job, NM_EINPUT, r->lines.path, r->lines.line, 1, "%s", why);
}

/* the paths of the row, both of which must be there */
static void paths_of(const reader *r, const char **net, const char **property)
{
    *net = cell_of(r, NET);
    *property = cell_of(r, PROPERTY);
    if (!**net || !**property)
        bad(r, "a network and a property were expected: network,property,timeout");
    if (strpbrk(*net, "[(\"") || strpbrk(*property, "[(\""))
        nm_throw_at(
            r->lines.job, NM_EUNSUP, r->lines.path, r->lines.line, 1,
            "a row about several networks; rows of one network and one property were expected");
}

/* ---- known answers ---- */

static const char *plain(nm_job *job, const char *path)
{
    size_t n = strlen(path);
    while (path[0] == '.' && path[1] == '/') path += 2, n -= 2;
    return nm_dup(job, path, nm_has_suffix(path, ".gz") ? n - 3 : n);
}

static nm_span key_of(nm_job *job, const char *net, const char *property)
{
    return nm_span_of(nm_fmt(job, "%s\n%s", plain(job, net), plain(job, property)));
}

/* NM_VIOLATED, NM_OK, or NM_UNKNOWN for a word that says nothing */
static int answer_of(const char *word)
{
    return !strcasecmp(word, "sat") || !strcasecmp(word, "violated")  ? NM_VIOLATED
           : !strcasecmp(word, "unsat") || !strcasecmp(word, "holds") ? NM_OK
                                                                      : NM_UNKNOWN;
}

static void know(const reader *r, nm_answers *a, const char *net, const char *property, int status)
{
    nm_job *job = r->lines.job;
    const nm_span key = key_of(job, net, property);
    if (status == NM_UNKNOWN) return;
    if (nm_names_add(job, &a->key, key))
        *NM_PUSH(job, a->status, a->n, a->cap) = status;
    else if (a->status[nm_names_find(&a->key, key)] != status)
        bad(r, "another row gives another answer to this question; one was expected");
}

static void read_answers(nm_job *job, const char *path, nm_answers *a)
{
    reader r = open_table(job, path);
    if (r.has_row || r.column[EXPECTED] < 0)
        nm_throw(job, NM_EINPUT, "%s: a header with network, property and expected was expected",
                 path);
    const char *net, *property;
    while (next_row(&r)) {
        paths_of(&r, &net, &property);
        know(&r, a, net, property, answer_of(cell_of(&r, EXPECTED)));
    }
}

int nm_answer_of(nm_job *job, const nm_answers *a, const char *net, const char *property)
{
    const int64_t k = nm_names_find(&a->key, key_of(job, net, property));
    return k < 0 ? NM_UNKNOWN : a->status[k];
}

static const char *kept_path(nm_job *job, const char *dir)
{
    return nm_fmt(job, "%s/expected.csv", dir);
}

nm_answers nm_answers_of(nm_job *job, const char *dir)
{
    nm_answers a = {0};
    if (nm_file_exists(kept_path(job, dir))) read_answers(job, kept_path(job, dir), &a);
    return a;
}

void nm_answers_keep(nm_job *job, const nm_benchmark *b, const char *dir)
{
    nm_buf out = {.job = job};
    size_t known = 0;
    nm_put(&out, "network,property,expected\n");
    for (size_t i = 0; i < b->n; i++) {
        const int status = nm_answer_of(job, &b->known, b->row[i].net, b->row[i].property);
        if (status == NM_UNKNOWN) continue;
        known++;
        nm_csv_cell(&out, b->row[i].net);
        nm_put(&out, ",");
        nm_csv_cell(&out, b->row[i].property);
        nm_put(&out, ",%s\n", nm_result_word(status));
    }
    if (known) nm_file_write(job, kept_path(job, dir), out.s, out.n);
}

const char *nm_result_word(int status)
{
    return status == NM_VIOLATED ? "sat" : status == NM_OK ? "unsat" : "unknown";
}

/* ---- instances ---- */

static const char *file_of(const reader *r, const char *root, const char *path)
{
    nm_job *job = r->lines.job;
    const char *full = nm_path_under(job, root, path), *packed = nm_fmt(job, "%s.gz", full);
    if (nm_file_exists(full)) return full;
    if (nm_file_exists(packed)) return packed;
    nm_throw_at(
        job, NM_EIO, r->lines.path, r->lines.line, 1,
        "%s is neither there nor as .gz; --root DIR of the folder that holds it was expected",
        full);
}

static double seconds_of(const reader *r)
{
    const char *s = cell_of(r, TIMEOUT);
    double x = 0;
    if (*s && (!nm_num_parse(s, s + strlen(s), &x) || !(x > 0)))
        bad(r, nm_fmt(r->lines.job, "timeout %s: seconds, more than 0, were expected", s));
    return x;
}

/* the hash of each file, once */
typedef struct {
    nm_names path;
    const char **hash;
    size_t n, cap;
} hashes;

static const char *hash_once(nm_job *job, hashes *h, const char *path)
{
    if (nm_names_add(job, &h->path, nm_span_of(path)))
        *NM_PUSH(job, h->hash, h->n, h->cap) = nm_path_hash(job, path);
    return h->hash[nm_names_find(&h->path, nm_span_of(path))];
}

static void read_rows(nm_job *job, nm_benchmark *b)
{
    reader r = open_table(job, b->path);
    hashes h = {0};
    nm_buf all = {.job = job};
    size_t cap = 0;
    char hex[65];
    while (next_row(&r)) {
        nm_benchmark_row t = {.timeout = seconds_of(&r)};
        paths_of(&r, &t.net, &t.property);
        t.net_path = file_of(&r, b->root, t.net);
        t.property_path = file_of(&r, b->root, t.property);
        nm_put(&all, "%s\n%s\n%s\n%s\n", t.net, hash_once(job, &h, t.net_path), t.property,
               hash_once(job, &h, t.property_path));
        know(&r, &b->known, t.net, t.property, answer_of(cell_of(&r, EXPECTED)));
        *NM_PUSH(job, b->row, b->n, cap) = t;
    }
    if (!b->n) nm_throw(job, NM_EINPUT, "%s: has no row of an instance", b->path);
    nm_sha256(all.s, all.n, hex);
    b->hash = nm_dup(job, hex, 64);
}

static void check_answers(nm_job *job, const nm_benchmark *b, const nm_answers *told,
                          const char *path)
{
    size_t met = 0;
    for (size_t i = 0; i < b->n; i++)
        met += nm_answer_of(job, told, b->row[i].net, b->row[i].property) != NM_UNKNOWN;
    if (!met)
        nm_throw(job, NM_EINPUT,
                 "%s: knows the answer of no instance in %s; its paths, relative to the same "
                 "folder, were expected",
                 path, b->path);
}

nm_benchmark *nm_benchmark_read(nm_job *job, const char *path, const char *root,
                                const char *expected)
{
    nm_benchmark *b = NM_NEW(job, nm_benchmark);
    nm_answers told = {0};
    b->path = path;
    b->root = !root                      ? nm_path_dir(job, path)
              : nm_has_suffix(root, "/") ? root
                                         : nm_fmt(job, "%s/", root);
    read_rows(job, b);
    if (!expected) return b;
    read_answers(job, expected, &told);
    check_answers(job, b, &told, expected);
    for (size_t i = 0; i < told.n;
         i++) { /* of both, the file that was named beside the instances */
        const nm_span key = nm_span_of(told.key.name[i]);
        if (nm_names_add(job, &b->known.key, key))
            *NM_PUSH(job, b->known.status, b->known.n, b->known.cap) = told.status[i];
        else
            b->known.status[nm_names_find(&b->known.key, key)] = told.status[i];
    }
    return b;
}

double nm_benchmark_limit(const nm_campaign *c, int64_t i)
{
    const double own = c->rows->row[i].timeout, cap = c->solve.time_limit;
    return own > 0 && cap > 0 ? fmin(own, cap) : fmax(own, cap);
}
