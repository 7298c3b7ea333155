/* bounds_file.c: bounds of units in files: written for people or other programs, and read back as known bounds.
 *
 *   .json   {"netmip": "bounds", "version": 1, "net_sha256", "query_sha256", "cases": [{"case": 0, "blocks":
 *           [{"block": 1, "kind": "affine", "lo": [..], "hi": [..], "by": [..]}]}]}, null for an end at infinity
 *   .csv    case,block,kind,unit,lo,hi,by: a line for each unit; inf and -inf
 *   .npz    arrays of NumPy, caseC_blockB_lo and caseC_blockB_hi for each block, and net_sha256 and query_sha256
 *   others  the text of --dump bounds, for people only
 *
 * In files that are read, hashes, "kind" and "by" may be missing, and only the units of interest need to be listed. A
 * hash that is given must be that of the network or the question: bounds over another set are of no use here. */
#include "base/base.h"
#include "data/data.h"
#include "program/program.h"
#include "bounds/bounds.h"

#include <cJSON.h>

typedef struct { size_t icase, block, unit; double lo, hi; } entry;
struct nm_known {
    const char *path;
    size_t n, cap;
    entry *e;
    bool used;
};

/* ---- writing ---- */

static const char *kind_of(const nm_bounds *b, size_t k)
{
    static const char *const name[] = {
        [NM_INPUT] = "input", [NM_AFFINE] = "affine", [NM_RELU] = "relu", [NM_MAX] = "max"};
    return name[b->p->blocks[k].kind];
}

static const char *by_of(const nm_bounds *b, size_t k, size_t u) { return k ? nm_by_name((nm_by)b->by[u]) : "input"; }

static void json_ends(nm_jo *j, const char *key, size_t n, const double *x)
{
    nm_jo_list(j, key);
    for (size_t i = 0; i < n; i++)
        if (isfinite(x[i]))
            nm_jo_num(j, NULL, x[i]);
        else
            nm_jo_null(j, NULL);
    nm_jo_end(j);
}

static void json_block(nm_jo *j, const nm_bounds *b, size_t k)
{
    const nm_block *block = &b->p->blocks[k];
    nm_jo_line(j);
    nm_jo_object(j, NULL);
    nm_jo_int(j, "block", (int64_t)k);
    nm_jo_str(j, "kind", kind_of(b, k));
    json_ends(j, "lo", block->n, b->lo + block->first);
    json_ends(j, "hi", block->n, b->hi + block->first);
    nm_jo_list(j, "by");
    for (size_t i = 0; i < block->n; i++) nm_jo_str(j, NULL, by_of(b, k, block->first + i));
    nm_jo_end(j);
    nm_jo_end(j);
}

static void put_json(nm_buf *out, const nm_bounds_of *of)
{
    nm_jo j = nm_jo_new(out);
    nm_jo_object(&j, NULL);
    nm_jo_str(&j, "netmip", "bounds");
    nm_jo_int(&j, "version", 1);
    nm_jo_str(&j, "net_sha256", of->net_hash);
    nm_jo_str(&j, "query_sha256", of->query_hash);
    nm_jo_list(&j, "cases");
    for (size_t i = 0; i < of->n; i++) {
        if (!of->cases[i]) continue;
        nm_jo_line(&j);
        nm_jo_object(&j, NULL);
        nm_jo_int(&j, "case", (int64_t)i);
        nm_jo_list(&j, "blocks");
        for (size_t k = 0; k < of->cases[i]->p->n_blocks; k++) json_block(&j, of->cases[i], k);
        nm_jo_end(&j);
        nm_jo_end(&j);
    }
    nm_jo_end(&j);
    nm_jo_done(&j);
}

static void csv_end(nm_buf *out, double x)
{
    if (isfinite(x))
        nm_put_num(out, x);
    else
        nm_put(out, x < 0 ? "-inf" : "inf");
    nm_put(out, ",");
}

static void put_csv(nm_buf *out, const nm_bounds_of *of)
{
    nm_put(out, "case,block,kind,unit,lo,hi,by\n");
    for (size_t i = 0; i < of->n; i++) {
        const nm_bounds *b = of->cases[i];
        for (size_t k = 0; b && k < b->p->n_blocks; k++)
            for (size_t u = b->p->blocks[k].first, t = 0; t < b->p->blocks[k].n; t++, u++) {
                nm_put(out, "%zu,%zu,%s,%zu,", i, k, kind_of(b, k), t);
                csv_end(out, b->lo[u]);
                csv_end(out, b->hi[u]);
                nm_put(out, "%s\n", by_of(b, k, u));
            }
    }
}

typedef struct { nm_file *f; size_t n, cap; } list;

static void add_array(nm_job *job, list *l, const char *name, size_t n, const double *x)
{
    nm_buf b = {.job = job};
    nm_npy_doubles(&b, nm_shape_of(1, &(int64_t){(int64_t)n}), x);
    *NM_PUSH(job, l->f, l->n, l->cap) = (nm_file){name, (unsigned char *)b.s, b.n};
}

static void add_hash(nm_job *job, list *l, const char *name, const char *hash)
{
    nm_buf b = {.job = job};
    nm_npy_put(&b, nm_fmt(job, "|S%zu", strlen(hash)), (nm_shape){0}, hash, strlen(hash));
    *NM_PUSH(job, l->f, l->n, l->cap) = (nm_file){name, (unsigned char *)b.s, b.n};
}

static void write_npz(nm_job *job, const char *path, const nm_bounds_of *of)
{
    list l = {0};
    add_hash(job, &l, "net_sha256.npy", of->net_hash);
    add_hash(job, &l, "query_sha256.npy", of->query_hash);
    for (size_t i = 0; i < of->n; i++) {
        const nm_bounds *b = of->cases[i];
        for (size_t k = 0; b && k < b->p->n_blocks; k++) {
            const nm_block *block = &b->p->blocks[k];
            add_array(job, &l, nm_fmt(job, "case%zu_block%zu_lo.npy", i, k), block->n, b->lo + block->first);
            add_array(job, &l, nm_fmt(job, "case%zu_block%zu_hi.npy", i, k), block->n, b->hi + block->first);
        }
    }
    nm_zip_write(job, path, l.n, l.f);
}

void nm_bounds_write(nm_job *job, const char *path, const nm_bounds_of *of)
{
    nm_buf out = {.job = job};
    if (nm_has_suffix(path, ".npz")) {
        write_npz(job, path, of);
        return;
    }
    if (nm_has_suffix(path, ".json") || nm_has_suffix(path, ".json.gz")) {
        put_json(&out, of);
    } else if (nm_has_suffix(path, ".csv") || nm_has_suffix(path, ".csv.gz")) {
        put_csv(&out, of);
    } else {
        for (size_t i = 0; i < of->n; i++) {
            if (!of->cases[i]) continue;
            nm_put(&out, "# case %zu\n", i);
            nm_bounds_print(&out, of->cases[i]);
        }
    }
    nm_file_write(job, path, out.s, out.n);
}

/* ---- reading ---- */

static void add(nm_job *job, nm_known *k, entry e)
{
    if (isnan(e.lo) || isnan(e.hi) || e.lo > e.hi)
        nm_throw(job, NM_EINPUT, "%s: case %zu, block %zu, unit %zu: its ends are %.17g and %.17g", k->path, e.icase,
                 e.block, e.unit, e.lo, e.hi);
    *NM_PUSH(job, k->e, k->n, k->cap) = e;
}

static void check_hash(nm_job *job, const nm_json *o, const char *key, const char *want, const char *path)
{
    const nm_json *x = nm_json_find(o, key);
    if (x && strcmp(nm_json_str(job, x, path), want))
        nm_throw(job, NM_EAUDIT, "%s: \"%s\" is not that of this question, so its bounds cannot be used", path, key);
}

static size_t index_of(nm_job *job, const nm_json *x, const char *path)
{
    const int64_t i = nm_json_int(job, x, path);
    if (i < 0) nm_throw(job, NM_EINPUT, "%s: %lld; an index of 0 or more was expected", path, (long long)i);
    return (size_t)i;
}

static double end_of(nm_job *job, const nm_json *x, double without, const char *path)
{
    return cJSON_IsNull(x) ? without : nm_json_num(job, x, path);
}

static void read_block(nm_job *job, nm_known *k, size_t icase, const nm_json *x)
{
    static const char *const keys[] = {"block", "kind", "lo", "hi", "by", NULL};
    nm_json_only(job, x, k->path, keys);
    const size_t block = index_of(job, nm_json_get(job, x, "block", k->path), k->path);
    const nm_json *lo = nm_json_get(job, x, "lo", k->path), *hi = nm_json_get(job, x, "hi", k->path);
    if (!cJSON_IsArray(lo) || !cJSON_IsArray(hi) || nm_json_count(lo) != nm_json_count(hi))
        nm_throw(job, NM_EINPUT, "%s: block %zu: lists \"lo\" and \"hi\" of one length were expected", k->path, block);
    const nm_json *a = lo->child, *b = hi->child;
    for (size_t i = 0; a && b; i++, a = a->next, b = b->next)
        add(job, k,
            (entry){icase, block, i, end_of(job, a, -INFINITY, k->path), end_of(job, b, INFINITY, k->path)});
}

static void read_json(nm_job *job, nm_known *k, nm_file f, const char *net_hash, const char *query_hash)
{
    static const char *const keys[] = {"netmip", "version", "net_sha256", "query_sha256", "cases", NULL};
    static const char *const of_case[] = {"case", "blocks", NULL};
    const nm_json *o = nm_json_parse(job, f);
    nm_json_only(job, o, f.path, keys);
    if (strcmp(nm_json_str(job, nm_json_get(job, o, "netmip", f.path), f.path), "bounds") ||
        nm_json_int(job, nm_json_get(job, o, "version", f.path), f.path) != 1)
        nm_throw(job, NM_EINPUT, "%s: \"netmip\": \"bounds\", \"version\": 1 was expected", f.path);
    check_hash(job, o, "net_sha256", net_hash, f.path);
    check_hash(job, o, "query_sha256", query_hash, f.path);
    for (const nm_json *c = nm_json_get(job, o, "cases", f.path)->child; c; c = c->next) {
        nm_json_only(job, c, f.path, of_case);
        const size_t icase = index_of(job, nm_json_get(job, c, "case", f.path), f.path);
        for (const nm_json *b = nm_json_get(job, c, "blocks", f.path)->child; b; b = b->next)
            read_block(job, k, icase, b);
    }
    nm_close(job, o);
}

enum { CASE, BLOCK, UNIT, LO, HI, COLUMNS, MOST = 16 };

static size_t split_csv(nm_span line, nm_span *cell)
{
    size_t n = 0;
    for (const char *s = line.s; n < MOST; s++) {
        const char *end = memchr(s, ',', (size_t)(line.end - s));
        cell[n++] = nm_span_trim((nm_span){s, end ? end : line.end});
        if (!end) break;
        s = end;
    }
    return n;
}

static double csv_number(const nm_lines *l, nm_span s)
{
    return nm_span_is(s, "inf") ? INFINITY : nm_span_is(s, "-inf") ? -INFINITY : nm_lines_num(l, s);
}

static size_t csv_index(const nm_lines *l, nm_span s)
{
    const int64_t i = nm_lines_count(l, s);
    if (i < 0) nm_lines_bad(l, "an index of 0 or more");
    return (size_t)i;
}

static void read_csv(nm_job *job, nm_known *k, nm_file f)
{
    static const char *const name[COLUMNS] = {"case", "block", "unit", "lo", "hi"};
    nm_lines l = nm_lines_new(job, f);
    nm_span cell[MOST], line = nm_lines_text(&l, "the header case,block,unit,lo,hi");
    size_t at[COLUMNS];
    const size_t n = split_csv(line, cell);
    for (size_t c = 0; c < COLUMNS; c++) {
        at[c] = 0;
        while (at[c] < n && !nm_span_is(cell[at[c]], name[c])) at[c]++;
        if (at[c] == n) nm_lines_bad(&l, nm_fmt(job, "a header with a column \"%s\"", name[c]));
    }
    while (nm_lines_next(&l, &line)) {
        if (nm_span_blank(line)) continue;
        if (split_csv(line, cell) != n) nm_lines_bad(&l, nm_fmt(job, "%zu cells", n));
        add(job, k,
            (entry){csv_index(&l, cell[at[CASE]]), csv_index(&l, cell[at[BLOCK]]), csv_index(&l, cell[at[UNIT]]),
                    csv_number(&l, cell[at[LO]]), csv_number(&l, cell[at[HI]])});
    }
}

nm_known *nm_known_read(nm_job *job, const char *path, const char *net_hash, const char *query_hash)
{
    nm_known *k = NM_NEW(job, nm_known);
    const nm_file f = nm_file_read(job, path);
    k->path = path;
    if (f.n && strchr("{ \t\r\n", f.data[0]))
        read_json(job, k, f, net_hash, query_hash);
    else
        read_csv(job, k, f);
    return k;
}

const char *nm_known_used(const nm_known *k) { return k && k->used ? k->path : NULL; }

/* Refuses a range of an input that leaves out what the question allows: then all bounds are those of another one. */
static void check_input(nm_job *job, const nm_known *k, const entry *e, const nm_bounds *b)
{
    const double near = 1e-6;
    if (e->unit >= b->p->blocks[0].n) return;
    const double lo = b->lo[e->unit], hi = b->hi[e->unit];
    if (e->lo <= lo + near * (1 + fabs(lo)) && e->hi >= hi - near * (1 + fabs(hi))) return;
    nm_throw(job, NM_EINPUT,
             "%s: case %zu: input %zu is in [%g, %g], but this question allows [%g, %g]: these bounds are of another "
             "question",
             k->path, e->icase, e->unit, e->lo, e->hi, lo, hi);
}

size_t nm_known_meet(nm_job *job, nm_known *k, nm_bounds *b, size_t icase)
{
    const size_t last = b->p->n_blocks - 1; /* the question's own rows, whose bounds would be the answer */
    size_t n = 0;
    for (size_t i = 0; i < k->n; i++) {
        const entry *e = &k->e[i];
        if (e->icase == icase && e->block == 0) check_input(job, k, e, b);
        if (e->icase != icase || e->block == 0 || e->block == last) continue;
        if (e->block >= b->p->n_blocks || e->unit >= b->p->blocks[e->block].n)
            nm_throw(job, NM_EINPUT, "%s: case %zu: there is no unit %zu in block %zu of this question", k->path, icase,
                     e->unit, e->block);
        const size_t u = b->p->blocks[e->block].first + e->unit;
        if (!(e->lo > b->lo[u]) && !(e->hi < b->hi[u])) continue;
        nm_bounds_meet(b, u, e->lo, e->hi, NM_BY_FILE);
        n++;
    }
    k->used |= n > 0;
    return n;
}
