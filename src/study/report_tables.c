/* report_tables.c: tables of one campaign, each from its outcomes. An outcome that was cut short counts as unknown. */
#include "base/base.h"
#include "search/search.h"
#include "study/study.h"
#include "study/numbers.h"
#include "study/records.h"
#include "study/report.h"
#include "study/results.h"
#include "study/sheet.h"

#include <stdlib.h>

static const char *name_of(const nm_results *r, const char *what, size_t id)
{
    return nm_fmt(r->job, "%s-%zu", what, id);
}

static void put_id(nm_sheet *s, int64_t x)
{
    nm_sheet_str(s, x < 0 ? "" : nm_fmt(s->job, "%lld", (long long)x));
}

/* ---- groups of outcomes ---- */

typedef struct {
    size_t n, cap, misclassified, holds, violated, unknown, errors;
    double cpu, wall, solver, *walls;
} group;

static void add(nm_job *job, group *g, const nm_outcome *x)
{
    g->misclassified += x->label != x->predicted;
    g->holds += x->status == NM_OK;
    g->violated += x->status == NM_VIOLATED;
    g->unknown += x->status == NM_UNKNOWN;
    g->errors += x->status == NM_TALLY_ERROR;
    if (isfinite(x->cpu)) g->cpu += x->cpu;
    if (isfinite(x->solver)) g->solver += x->solver;
    if (isfinite(x->wall)) g->wall += x->wall;
    *NM_PUSH(job, g->walls, g->n, g->cap) = isfinite(x->wall) ? x->wall : 0;
}

nm_sheet nm_classes_sheet(const nm_results *r, size_t id)
{
    static const char *const columns[] = {
        "#label",   "#samples",          "#misclassified",   "#hold",   "#violated",
        "#unknown", "#error at least %", "#error at most %", "#mean s", "#median s",
        NULL};
    enum { MOST = 100000 };
    nm_sheet s = nm_sheet_new(r->job, name_of(r, "classes", id), "By class", columns);
    int64_t top = -1;
    for (size_t i = 0; i < r->n; i++)
        if (r->row[i].label > top && r->row[i].label < MOST) top = r->row[i].label;
    group *g = NM_ARRAY(r->job, group, (size_t)(top + 1) + 1);
    for (size_t i = 0; i < r->n; i++)
        if (r->row[i].label >= 0 && r->row[i].label <= top)
            add(r->job, &g[r->row[i].label], &r->row[i]);
    for (int64_t k = 0; k <= top; k++) {
        if (!g[k].n) continue;
        put_id(&s, k);
        nm_sheet_int(&s, g[k].n);
        nm_sheet_int(&s, g[k].misclassified);
        nm_sheet_int(&s, g[k].holds);
        nm_sheet_int(&s, g[k].violated);
        nm_sheet_int(&s, g[k].unknown);
        nm_sheet_percent(&s, g[k].violated, g[k].n);
        nm_sheet_percent(&s, g[k].violated + g[k].unknown, g[k].n);
        nm_sheet_fixed(&s, g[k].wall / (double)g[k].n, 3);
        nm_sheet_fixed(&s, nm_median(g[k].n, g[k].walls), 3);
    }
    return s;
}

/* ---- stages ---- */

static const char *stage_of(const nm_outcome *x)
{
    return x->status == NM_TALLY_ERROR          ? "error"
           : x->partial                         ? "cut short"
           : x->status == NM_UNKNOWN || !*x->by ? "unknown"
                                                : x->by;
}

nm_sheet nm_stages_sheet(const nm_results *r, size_t id)
{
    static const char *const columns[] = {
        "settled by", "#samples",   "#share %", "#hold",         "#violated",       "#mean s",
        "#median s",  "#longest s", "#CPU s",   "#in solvers s", "#share of CPU %", NULL};
    static const char *const first[] = {"evaluation", "bounds",  "attack",    "tree",
                                        "solver",     "unknown", "cut short", "error"};
    nm_job *job = r->job;
    nm_sheet s = nm_sheet_new(job, name_of(r, "stages", id),
                              "What each stage settled, and what it cost", columns);
    nm_names names = {0};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        nm_names_add(job, &names, nm_span_of(first[i]));
    for (size_t i = 0; i < r->n; i++) nm_names_add(job, &names, nm_span_of(stage_of(&r->row[i])));
    group *g = NM_ARRAY(job, group, names.n);
    for (size_t i = 0; i < r->n; i++)
        add(job, &g[nm_names_find(&names, nm_span_of(stage_of(&r->row[i])))], &r->row[i]);
    for (size_t k = 0; k < names.n; k++) {
        if (!g[k].n) continue;
        nm_sheet_str(&s, names.name[k]);
        nm_sheet_int(&s, g[k].n);
        nm_sheet_percent(&s, g[k].n, r->n);
        nm_sheet_int(&s, g[k].holds);
        nm_sheet_int(&s, g[k].violated);
        nm_sheet_fixed(&s, g[k].wall / (double)g[k].n, 3);
        nm_sheet_fixed(&s, nm_median(g[k].n, g[k].walls), 3);
        nm_sheet_fixed(&s, g[k].walls[g[k].n - 1], 3); /* the median sorted them */
        nm_sheet_fixed(&s, g[k].cpu, 2);
        nm_sheet_fixed(&s, g[k].solver, 2);
        nm_sheet_fixed(&s, r->totals.cpu > 0 ? 100 * g[k].cpu / r->totals.cpu : NAN, 2);
    }
    return s;
}

/* ---- open units ---- */

static void put_spread(nm_sheet *s, size_t n, double *x)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i];
    nm_sheet_num(s, nm_median(n, x)); /* and sorts them */
    nm_sheet_fixed(s, n ? sum / (double)n : NAN, 1);
    nm_sheet_num(s, n ? x[n - 1] : NAN);
}

nm_sheet nm_unstable_sheet(const nm_results *r, size_t id)
{
    static const char *const columns[] = {"verdict",         "#samples",        "#unstable: median",
                                          "#unstable: mean", "#unstable: most", "#binaries: median",
                                          "#binaries: mean", "#binaries: most", NULL};
    static const char *const verdicts[] = {"holds", "violated", "unknown"};
    nm_sheet s = nm_sheet_new(
        r->job, name_of(r, "unstable", id),
        "Units that bounds leave open, and binaries of all models of a sample", columns);
    double *units = NM_RAW(r->job, double, r->n + 1), *bins = NM_RAW(r->job, double, r->n + 1);
    for (size_t v = 0; v < 3; v++) {
        size_t n = 0;
        for (size_t i = 0; i < r->n; i++)
            if (!strcmp(r->row[i].verdict, verdicts[v]) && isfinite(r->row[i].unstable) &&
                isfinite(r->row[i].binaries))
                units[n] = r->row[i].unstable, bins[n++] = r->row[i].binaries;
        if (!n) continue;
        nm_sheet_str(&s, verdicts[v]);
        nm_sheet_int(&s, n);
        put_spread(&s, n, units);
        put_spread(&s, n, bins);
    }
    return s;
}

typedef struct {
    const nm_outcome *first; /* one of those that have the layer */
    size_t layer, n;         /* the layer's place in its list */
    double sum, most;
} layer;

nm_sheet nm_layers_sheet(const nm_results *r, size_t id)
{
    static const char *const columns[] = {"network",         "#block",           "#units",          "#samples",
                                          "#unstable: mean", "#of the units: %", "#unstable: most", NULL};
    nm_sheet s = nm_sheet_new(r->job, name_of(r, "layers", id), "Units that bounds leave open, by layer", columns);
    nm_names names = {0};
    layer *l = NULL;
    size_t n = 0, cap = 0;
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < r->row[i].n_layers; k++) {
            const nm_outcome *x = &r->row[i];
            const nm_layer *of_x = &x->layer[k];
            const nm_span key = nm_span_of(nm_fmt(r->job, "%d %zu %s", of_x->block, of_x->units, x->network));
            if (nm_names_add(r->job, &names, key)) *NM_PUSH(r->job, l, n, cap) = (layer){.first = x, .layer = k};
            layer *of = &l[nm_names_find(&names, key)];
            of->n++;
            of->sum += (double)of_x->unstable;
            of->most = fmax(of->most, (double)of_x->unstable);
        }
    for (size_t k = 0; k < n; k++) {
        const nm_layer *shape = &l[k].first->layer[l[k].layer];
        const double mean = l[k].sum / (double)l[k].n;
        nm_sheet_str(&s, r->is_benchmark ? l[k].first->network : nm_results_net(r));
        nm_sheet_int(&s, (size_t)shape->block);
        nm_sheet_int(&s, shape->units);
        nm_sheet_int(&s, l[k].n);
        nm_sheet_fixed(&s, mean, 2);
        nm_sheet_fixed(&s, 100 * mean / (double)shape->units, 2);
        nm_sheet_num(&s, l[k].most);
    }
    return s;
}

/* ---- samples ---- */

static const char *const sample_columns[] = {
    "#sample",    "#label",           "#predicted", "verdict",
    "settled by", "#margin at least", "#margin",    "#distance at least",
    "#distance",  "#class there",     "#unstable",  "#binaries",
    "#s",         "#CPU s",           "why",        NULL};

static void add_sample(nm_sheet *s, const nm_outcome *x)
{
    put_id(s, x->sample);
    put_id(s, x->label);
    put_id(s, x->predicted);
    nm_sheet_str(s, x->verdict);
    nm_sheet_str(s, x->by);
    nm_sheet_low(s, x->margin_lo);
    nm_sheet_num(s, x->margin);
    nm_sheet_low(s, x->distance_lo);
    nm_sheet_num(s, x->distance);
    put_id(s, x->witness_class);
    nm_sheet_num(s, x->unstable);
    nm_sheet_num(s, x->binaries);
    nm_sheet_num(s, x->wall);
    nm_sheet_num(s, x->cpu);
    nm_sheet_str(s, x->why);
}

nm_sheet nm_samples_sheet(const nm_results *r, size_t id)
{
    nm_sheet s = nm_sheet_new(r->job, name_of(r, "samples", id), "All samples", sample_columns);
    for (size_t i = 0; i < r->n; i++) add_sample(&s, &r->row[i]);
    return s;
}

/* open ones first, then those that took longest */
static int harder(const void *a, const void *b)
{
    const nm_outcome *x = *(const nm_outcome *const *)a, *y = *(const nm_outcome *const *)b;
    const int open = (y->status == NM_UNKNOWN) - (x->status == NM_UNKNOWN);
    const double s = isfinite(x->wall) ? x->wall : -1, t = isfinite(y->wall) ? y->wall : -1;
    return open     ? open
           : s != t ? (s < t) - (s > t)
                    : (x->sample > y->sample) - (x->sample < y->sample);
}

nm_sheet nm_hardest_sheet(const nm_results *r, size_t id, size_t most)
{
    nm_sheet s = nm_sheet_new(r->job, name_of(r, "hardest", id),
                              "The hardest samples: open ones first, then by time", sample_columns);
    const nm_outcome **x = NM_RAW(r->job, const nm_outcome *, r->n + 1);
    for (size_t i = 0; i < r->n; i++) x[i] = &r->row[i];
    qsort(x, r->n, sizeof *x, harder);
    for (size_t i = 0; i < r->n && i < most; i++) add_sample(&s, x[i]);
    return s;
}

/* ---- what was asked ---- */

static void add_fact(nm_sheet *s, const char *what, const char *value)
{
    nm_sheet_str(s, what);
    nm_sheet_str(s, value);
}

nm_sheet nm_flags_sheet(const nm_results *r, size_t id)
{
    static const char *const columns[] = {"what", "value", NULL};
    nm_sheet s = nm_sheet_new(r->job, name_of(r, "asked", id), "What was asked", columns);
    if (r->is_benchmark) {
        add_fact(&s, "benchmark", nm_results_net(r));
        add_fact(&s, "SHA-256 of its instances", r->net_hash);
    } else {
        add_fact(&s, "network", nm_results_net(r));
        add_fact(&s, "SHA-256 of the network", r->net_hash);
        add_fact(&s, "SHA-256 of the images", r->images_hash);
        add_fact(&s, "SHA-256 of the labels",
                 *r->labels_hash ? r->labels_hash : "none: predictions are the labels");
    }
    for (const nm_said *f = r->flags; f->key; f++)
        add_fact(&s, nm_fmt(r->job, "--%s", f->key), f->value);
    for (const nm_said *f = r->effort; f->key; f++)
        add_fact(&s, nm_fmt(r->job, "--%s", f->key), f->value);
    add_fact(&s, "version of netmip", r->program);
    return s;
}
