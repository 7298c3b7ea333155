/* embed.c: puts a network into a user's own optimisation model: y = f(x) for columns x and y of that model (a
 * "surrogate", as in OMLT, gurobi-machinelearning and PySCIPOpt-ML, but from files to files, and with certified
 * bounds).
 *
 *   1. The user's model is read completely, or refused (model/file/read_user.c).
 *   2. The box of the inputs: the bounds of their columns, tightened by the model's own rows (embed_box.c). Every bound
 *      is proven, so that big-M rows cut off no point that the user's rows allow.
 *   3. The network's units are bounded over that box, as --bounds says, and everything below its outputs is encoded
 *      over inputs and unstable units (encode.c), on both sides: a point of the rows is a trace of the network, and
 *      each trace is a point, rounding included.
 *   4. Its columns and rows are added to the user's, which stay as they are: inputs are the user's columns, new names
 *      begin with a prefix that none of the user's names begins with. An output y = form + [lo, hi] is one row if the
 *      interval is a point, else two.
 * The model written is a minimisation: if the user's maximises, its costs are negated, with a note. The objective's
 * constant becomes the cost of a column fixed to 1, because readers disagree on its sign. Left out: scaling, as columns
 * keep the user's units; encodings that relax, or that need an objective over the network (hull, aggregate). */
#include "base/base.h"
#include "program/program.h"
#include "network/network.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "model/model.h"
#include "encoding/encoding.h"
#include "search/search.h"
#include "search/state.h"

#include <strings.h>
#include <sys/stat.h>

typedef struct {
    nm_job *job;
    const nm_net *net;
    const nm_embed_opts *o;
    nm_model *m;
    nm_names cols, rows;
    nm_embedded e;
} embedding;

/* ---- the user's columns ---- */

/* Takes the next name from a list; commas within brackets belong to a name. */
static nm_span next_name(const char **text)
{
    const char *p = *text;
    int depth = 0;
    for (; *p && (*p != ',' || depth > 0); p++)
        depth += strchr("([{", *p) ? 1 : strchr(")]}", *p) && depth > 0 ? -1 : 0;
    const nm_span name = nm_span_trim((nm_span){*text, p});
    *text = *p ? p + 1 : NULL;
    return name;
}

static nm_names listed(const embedding *w, const char *text, size_t **at, const char *flag)
{
    nm_span *name = NULL;
    size_t n = 0, cap = 0;
    if (*text == '@') {
        nm_lines l = nm_lines_new(w->job, nm_file_read(w->job, text + 1));
        for (nm_span line; nm_lines_next(&l, &line);)
            if (!nm_span_blank(line)) *NM_PUSH(w->job, name, n, cap) = nm_span_trim(line);
    } else {
        while (text) *NM_PUSH(w->job, name, n, cap) = next_name(&text);
    }
    nm_names t = {0};
    *at = NM_RAW(w->job, size_t, n + 1);
    for (size_t i = 0; i < n; i++) {
        if (name[i].s == name[i].end)
            nm_throw(w->job, NM_EUSE, "%s: name %zu is empty", flag, i + 1);
        const bool none = nm_span_is(name[i], "-");
        if (!none && !nm_names_add(w->job, &t, name[i]))
            nm_throw(w->job, NM_EUSE,
                     "%s: column %.*s is given twice; add a column that equals it to the model", flag,
                     (int)(name[i].end - name[i].s), name[i].s);
        (*at)[i] = none ? SIZE_MAX : t.n - 1;
    }
    (*at)[n] = n;
    t.cap = n; /* the number of names in the list */
    return t;
}

static const int64_t *columns(const embedding *w, const char *text, size_t want, bool outputs)
{
    const char *flag = outputs ? "--outputs" : "--inputs";
    size_t *at;
    const nm_names t = listed(w, text, &at, flag);
    if (t.cap != want)
        nm_throw(w->job, NM_EUSE, "%s: %zu columns are named, but the network has %zu %s", flag,
                 t.cap, want, outputs ? "outputs (- leaves one out)" : "inputs");
    int64_t *col = NM_RAW(w->job, int64_t, want + 1);
    for (size_t i = 0; i < want; i++) {
        if (at[i] == SIZE_MAX && !outputs)
            nm_throw(w->job, NM_EUSE, "%s: - is allowed for outputs only", flag);
        col[i] = -1;
        if (at[i] == SIZE_MAX) continue;
        col[i] = nm_names_find(&w->cols, nm_span_of(t.name[at[i]]));
        if (col[i] < 0)
            nm_throw(w->job, NM_EUSE, "%s: %s has no column %s", flag, w->o->into, t.name[at[i]]);
    }
    return col;
}

static void apart(const embedding *w)
{
    bool any = false;
    for (size_t k = 0; k < w->e.n_out; k++) {
        any |= w->e.at[k] >= 0;
        for (size_t i = 0; i < w->e.n_in; i++)
            if (w->e.in[i] == w->e.at[k])
                nm_throw(
                    w->job, NM_EUSE,
                    "column %s is an input and an output; add a column that equals it to the model",
                    w->m->cols[w->e.in[i]].name);
    }
    if (!any) nm_throw(w->job, NM_EUSE, "--outputs: all outputs are left out");
}

static bool begins(const nm_names *t, const char *prefix)
{
    for (size_t k = 0; k < t->n; k++)
        if (strncasecmp(t->name[k], prefix, strlen(prefix)) == 0) return true;
    return false;
}

static const char *free_prefix(const embedding *w)
{
    const char *prefix = "nn_";
    for (int k = 2; begins(&w->cols, prefix) || begins(&w->rows, prefix); k++)
        prefix = nm_fmt(w->job, "nn%d_", k);
    return prefix;
}

static void read_user(embedding *w)
{
    const nm_usermodel u = nm_model_read_user(w->job, w->o->into);
    w->m = u.m;
    w->e.maximised = u.maximised;
    for (size_t j = 0; j < u.m->n_cols; j++)
        nm_names_add(w->job, &w->cols, nm_span_of(u.m->cols[j].name));
    for (size_t r = 0; r < u.m->n_rows; r++)
        nm_names_add(w->job, &w->rows, nm_span_of(u.m->rows[r].name));
    w->e.n_in = w->net->n_in;
    w->e.n_out = w->net->n_out;
    w->e.in = columns(w, w->o->inputs, w->e.n_in, false);
    w->e.at = columns(w, w->o->outputs, w->e.n_out, true);
    apart(w);
    w->e.prefix = free_prefix(w);
    if (u.maximised)
        nm_note(w->job,
                "%s maximises: the model that is written minimises the negative of its objective",
                w->o->into);
}

/* ---- bounds ---- */

static void check_range(const embedding *w, const double *lo, const double *hi)
{
    const nm_net *net = w->net;
    for (size_t i = 0; net->lo && i < net->n_in; i++)
        if (lo[i] < net->lo[i] || hi[i] > net->hi[i]) {
            nm_warn(w->job, "column %s, input %zu, may be in [%g, %g]; the network states [%g, %g]",
                    w->m->cols[w->e.in[i]].name, i, lo[i], hi[i], net->lo[i], net->hi[i]);
            return;
        }
}

static nm_bounds *bound(const embedding *w)
{
    const size_t n_in = w->e.n_in, n_out = w->e.n_out;
    double *lo = NM_RAW(w->job, double, n_in + 1), *hi = NM_RAW(w->job, double, n_in + 1);
    nm_embed_box(w->job, w->o->into, w->m, n_in, w->e.in, lo, hi);
    for (size_t i = 0; i < n_in; i++)
        if (!isfinite(lo[i]) || !isfinite(hi[i]))
            nm_throw(w->job, NM_EUNSUP,
                     "column %s, input %zu of the network, has no finite %s bound, and the model's "
                     "rows give none; a bound "
                     "was expected",
                     w->m->cols[w->e.in[i]].name, i, isfinite(lo[i]) ? "upper" : "lower");
    check_range(w, lo, hi);
    const nm_row **rows = NM_RAW(w->job, const nm_row *, n_out + 1);
    const double one = 1;
    for (size_t k = 0; k < n_out; k++) {
        nm_row *r = NM_NEW(w->job, nm_row);
        uint32_t *var = NM_NEW(w->job, uint32_t);
        double *coef = NM_NEW(w->job, double);
        *var = (uint32_t)k;
        *coef = one;
        *r = (nm_row){1, var, coef, 0};
        rows[k] = r;
    }
    const nm_program *p = nm_program_with_rows(w->job, nm_lower(w->job, w->net), n_out, rows);
    nm_bounds *b = nm_bounds_new(w->job, p, lo, hi);
    nm_levels_check(w->job, &w->o->bounds, p);
    const nm_by by = w->o->bounds.all;
    size_t relus = 0;
    for (size_t k = 0; k < p->n_blocks; k++) relus += p->blocks[k].kind == NM_RELU;
    nm_interval(w->job, b, 1, (int)p->n_blocks);
    if (by > NM_BY_INTERVAL) nm_crown(w->job, b, (nm_crown_opts){0});
    if (by > NM_BY_CROWN && relus > 1) {
        nm_alpha_units(w->job, b, NM_UNIT_STEPS);
        nm_crown(w->job, b, (nm_crown_opts){0});
    }
    double *enough = nm_repeat(w->job, n_out + 1, -INFINITY); /* outputs need no better bounds */
    if (nm_levels_ask(&w->o->bounds))
        nm_lp_tighten(w->job, b, (nm_lp_opts){&w->o->bounds, w->o->threads, enough, 0});
    return b;
}

/* ---- rows ---- */

static const char *named(const embedding *w, const char *name)
{
    return nm_fmt(w->job, "%s%s", w->e.prefix, name);
}

/* Adds the encoder's columns and rows to the user's; block 0 is there already. */
static void join(embedding *w)
{
    const nm_enc *e = w->e.enc;
    const nm_program *p = w->e.b->p;
    int64_t *col = NM_RAW(w->job, int64_t, e->m->n_cols + 1);
    for (size_t j = 0; j < e->m->n_cols; j++) col[j] = -1;
    for (size_t i = 0; i < p->blocks[0].n; i++)
        if (e->col[i] >= 0) col[e->col[i]] = w->e.in[i];
    for (size_t j = 0; j < e->m->n_cols; j++) {
        const nm_col *c = &e->m->cols[j];
        if (col[j] < 0)
            col[j] = (int64_t)nm_model_col(w->job, w->m, named(w, c->name), c->lo, c->hi,
                                           c->is_int);
    }
    w->e.col = col;
    for (size_t r = 0; r < e->m->n_rows; r++) {
        const nm_mrow *row = &e->m->rows[r];
        const size_t n = nm_row_end(e->m, r) - row->start;
        uint32_t *j = NM_RAW(w->job, uint32_t, n + 1);
        for (size_t k = 0; k < n; k++) j[k] = (uint32_t)col[e->m->j[row->start + k]];
        nm_model_row(w->job, w->m, named(w, row->name), row->lo, row->hi, n, j,
                     e->m->c + row->start);
        if (row->when >= 0) nm_model_when(w->m, (uint32_t)col[row->when], row->on);
    }
    for (size_t k = 0; k < e->m->n_sos; k++) {
        const nm_sos1 *s = &e->m->sos[k];
        uint32_t *j = NM_RAW(w->job, uint32_t, s->n + 1);
        for (size_t t = 0; t < s->n; t++) j[t] = (uint32_t)col[s->j[t]];
        nm_model_sos1(w->job, w->m, named(w, s->name), s->n, j);
    }
}

/* Adds rows for output k, f over the encoder's columns: lo <= y - f <= hi. */
static void tie(embedding *w, size_t k, const nm_form *f)
{
    uint32_t *j = NM_RAW(w->job, uint32_t, f->n + 1);
    double *c = NM_RAW(w->job, double, f->n + 1);
    for (size_t t = 0; t < f->n; t++) {
        j[t] = (uint32_t)w->e.col[f->j[t]];
        c[t] = -f->c[t];
    }
    j[f->n] = (uint32_t)w->e.at[k];
    c[f->n] = 1;
    const char *name = nm_fmt(w->job, "%sout%zu", w->e.prefix, k);
    if (f->lo == f->hi) {
        nm_model_row(w->job, w->m, name, f->lo, f->hi, f->n + 1, j, c);
        return;
    }
    nm_model_row(w->job, w->m, nm_fmt(w->job, "%s_lo", name), f->lo, INFINITY, f->n + 1, j, c);
    nm_model_row(w->job, w->m, nm_fmt(w->job, "%s_up", name), -INFINITY, f->hi, f->n + 1, j, c);
}

static const nm_encoding *encoding(nm_job *job, const char *spec, size_t *arg)
{
    const nm_encoding *e = nm_encoding_find(job, spec ? spec : "bigm", arg);
    if (e->is_relaxation || e->choose || e->finish)
        nm_throw(job, NM_EUNSUP,
                 "--encoding %s: %s; bigm, partition:N, indicator or sos1 was expected", e->name,
                 e->is_relaxation || e->choose ? "the outputs would not equal the network's"
                                               : "it needs a question's row");
    return e;
}

static void encode(embedding *w)
{
    nm_encode_opts eo = {0};
    eo.enc = encoding(w->job, w->o->encoding, &eo.arg);
    const size_t cols = w->m->n_cols, rows = w->m->n_rows;
    const size_t bins = nm_model_binaries(w->m);
    uint32_t *unit = NM_RAW(w->job, uint32_t, w->e.n_out + 1);
    nm_form *form = NM_ARRAY(w->job, nm_form, w->e.n_out + 1);
    size_t n = 0;
    for (size_t k = 0; k < w->e.n_out; k++)
        if (w->e.at[k] >= 0) unit[n++] = (uint32_t)k;
    w->e.enc = nm_encode_units(w->job, w->e.b, (int)w->e.b->p->n_blocks - 1, n, unit, eo, form);
    join(w);
    for (size_t i = 0; i < n; i++) tie(w, unit[i], &form[i]);
    w->e.cols = w->m->n_cols - cols;
    w->e.rows = w->m->n_rows - rows;
    w->e.bins = nm_model_binaries(w->m) - bins;
}

/* ---- the file ---- */

/* Splits rows with two sides if the writer would have to, because its suffixes might clash with names of the user's. */
static void split_ranges(embedding *w, bool lp)
{
    nm_model *m = w->m;
    const size_t n = m->n_rows;
    for (size_t r = 0; r < n; r++) {
        const double lo = m->rows[r].lo, hi = m->rows[r].hi;
        if (isinf(lo) && isinf(hi)) { /* such a row has no effect, and readers want a side */
            nm_throw(w->job, NM_EUNSUP, "row %s has no side; a side was expected", m->rows[r].name);
        }
        if (isinf(lo) || isinf(hi) || lo == hi || (!lp && lo + (hi - lo) == hi)) continue;
        const size_t start = m->rows[r].start, k = nm_row_end(m, r) - start;
        uint32_t *j = memcpy(NM_RAW(w->job, uint32_t, k + 1), m->j + start, k * sizeof *j);
        double *c = memcpy(NM_RAW(w->job, double, k + 1), m->c + start, k * sizeof *c);
        m->rows[r].hi = INFINITY;
        nm_model_row(w->job, m, nm_fmt(w->job, "%supper_%zu", w->e.prefix, r), -INFINITY, hi, k, j,
                     c);
    }
}

static void write(embedding *w)
{
    const nm_embed_opts *o = w->o;
    const bool lp = nm_is_lp(w->job, o->out);
    char *hash = NM_RAW(w->job, char, 65), *into = NM_RAW(w->job, char, 65);
    const nm_file f = nm_file_read(w->job, o->into);
    nm_sha256(f.data, f.n, into);
    w->e.into_hash = into;
    split_ranges(w, lp);
    if (w->m->constant != 0) {
        const uint32_t one = nm_model_col(w->job, w->m, named(w, "one"), 1, 1, false);
        w->m->cols[one].obj = w->m->constant;
    }
    const char *wild = nm_model_out_of_range(w->job, w->m);
    if (wild && strncmp(wild, "the box", 7))
        nm_warn(w->job, "%s: solvers' tolerances may be too coarse for it", wild);
    w->e.file_rows = nm_write_model(w->job, w->m, o->out,
                                    (nm_write_opts){.dialect = o->dialect, .user = true}, hash);
    w->e.model_hash = hash;
    w->e.model = w->m;
    const char *suffix;
    w->e.map = nm_fmt(w->job, "%s.map.json", nm_model_stem(w->job, o->out, &suffix));
    nm_embed_map(w->job, w->net, o, &w->e);
}

/* Refuses what can be refused without reading the model. */
static void check(nm_job *job, const nm_net *net, const nm_embed_opts *o)
{
    size_t arg;
    for (size_t k = 0; k < net->n_outputs; k++)
        if (net->tail[k])
            nm_refuse(job, net, net->tail[k],
                      "at the output is not piecewise linear; the network without it was expected: "
                      "ArgMax, Softmax and "
                      "Sigmoid keep the order of what they read, so rows on that say the same");
    if (nm_file_same(o->into, o->out))
        nm_throw(job, NM_EUSE, "%s: is the model that the network goes into; another file was expected", o->out);
    const nm_encoding *e = encoding(job, o->encoding, &arg);
    if (o->dialect)
        nm_dialect_check(job, o->dialect, nm_is_lp(job, o->out), e->needs,
                         nm_fmt(job, "--encoding %s", e->name));
}

nm_embedded nm_embed(nm_job *job, const nm_net *net, const nm_embed_opts *o)
{
    embedding w = {.job = job, .net = net, .o = o};
    check(job, net, o);
    read_user(&w);
    nm_bounds *b = bound(&w);
    if (b->empty)
        nm_throw(job, NM_EAUDIT, "%s: bounds of the network contradict each other", net->path);
    w.e.b = b;
    if (nm_interrupted(job)) nm_throw(job, NM_UNKNOWN, "%s: interrupted: no model is written", net->path);
    encode(&w);
    write(&w);
    return w.e;
}
