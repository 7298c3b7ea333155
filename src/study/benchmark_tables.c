/* benchmark_tables.c: how a benchmark's instances were answered: by family (the folder that a network is in, relative
 * to the benchmark), by network and each; against known answers where there are some. An instance counts as solved if
 * it is sat or unsat in its time, rightly or not; an answer later than the limit plus a tenth and a second, as in
 * bench, is late. What contradicts a known answer is wrong, whichever of the two is mistaken. */
#include "base/base.h"
#include "study/study.h"
#include "study/benchmark.h"
#include "study/numbers.h"
#include "study/records.h"
#include "study/results.h"
#include "study/sheet.h"

/* ---- groups ---- */

typedef struct {
    size_t n, sat, unsat, timeout, unknown, errors, known, wrong, late, n_times, cap;
    double cpu, wall, *times;
} group;

static bool is_late(const nm_outcome *x)
{
    return (x->status == NM_OK || x->status == NM_VIOLATED) &&
           x->wall > 1.1 * x->limit + 1; /* false without a limit */
}

static void add(nm_job *job, group *g, const nm_outcome *x)
{
    g->n++;
    g->sat += x->status == NM_VIOLATED;
    g->unsat += x->status == NM_OK;
    g->timeout += x->status == NM_UNKNOWN && x->timed_out;
    g->unknown += x->status == NM_UNKNOWN && !x->timed_out;
    g->errors += x->status == NM_TALLY_ERROR;
    g->known += x->expected != NM_UNKNOWN;
    g->wrong += nm_outcome_wrong(x);
    g->late += is_late(x);
    if (isfinite(x->cpu)) g->cpu += x->cpu;
    if (!isfinite(x->wall)) return;
    g->wall += x->wall;
    *NM_PUSH(job, g->times, g->n_times, g->cap) = x->wall;
}

/* the network, or the folder that it is in */
static nm_span name_of(const nm_outcome *x, bool family)
{
    const char *slash = family ? strrchr(x->network, '/') : NULL;
    return !family ? nm_span_of(x->network)
           : slash ? (nm_span){x->network, slash}
                   : nm_span_of(".");
}

static void add_group(nm_sheet *s, const char *name, const group *g)
{
    nm_sheet_str(s, name);
    nm_sheet_int(s, g->n);
    nm_sheet_int(s, g->sat + g->unsat - g->late);
    nm_sheet_int(s, g->sat);
    nm_sheet_int(s, g->unsat);
    nm_sheet_int(s, g->timeout);
    nm_sheet_int(s, g->unknown);
    nm_sheet_int(s, g->errors);
    nm_sheet_int(s, g->known);
    nm_sheet_int(s, g->wrong);
    nm_sheet_int(s, g->late);
    nm_sheet_fixed(s, g->n_times ? g->wall / (double)g->n_times : NAN, 3);
    nm_sheet_fixed(s, nm_median(g->n_times, g->times), 3);
    nm_sheet_fixed(s, g->n_times ? g->times[g->n_times - 1] : NAN, 3); /* the median sorted them */
    nm_sheet_fixed(s, g->cpu, 2);
}

static const char *const of_families[] = {
    "family", "#instances", "#solved", "#sat",    "#unsat",    "#timeout",   "#unknown", "#errors",
    "#known", "#wrong",     "#late",   "#mean s", "#median s", "#longest s", "#CPU s",   NULL};
static const char *const of_networks[] = {
    "network", "#instances", "#solved", "#sat",    "#unsat",    "#timeout",   "#unknown", "#errors",
    "#known",  "#wrong",     "#late",   "#mean s", "#median s", "#longest s", "#CPU s",   NULL};

nm_sheet nm_scores_sheet(const nm_results *r, const char *name, bool families)
{
    nm_job *job = r->job;
    nm_sheet s = nm_sheet_new(job, name, families ? "By family" : "By network",
                              families ? of_families : of_networks);
    nm_names names = {0};
    for (size_t i = 0; i < r->n; i++) nm_names_add(job, &names, name_of(&r->row[i], families));
    group *g = NM_ARRAY(job, group, names.n + 1), all = {0};
    for (size_t i = 0; i < r->n; i++) {
        add(job, &g[nm_names_find(&names, name_of(&r->row[i], families))], &r->row[i]);
        add(job, &all, &r->row[i]);
    }
    for (size_t k = 0; k < names.n; k++) add_group(&s, names.name[k], &g[k]);
    if (families && names.n != 1) add_group(&s, "all", &all);
    return s;
}

/* ---- instances ---- */

static const char *result_of(const nm_outcome *x)
{
    return x->status == NM_TALLY_ERROR               ? "error"
           : x->status == NM_UNKNOWN && x->timed_out ? "timeout"
                                                     : nm_result_word(x->status);
}

nm_sheet nm_instances_sheet(const nm_results *r, const char *name)
{
    static const char *const columns[] = {"#sample",   "network", "property",   "result",
                                          "expected",  "score",   "settled by", "#unstable",
                                          "#binaries", "#s",      "#CPU s",     "#in solvers s",
                                          "witness",   "why",     NULL};
    nm_sheet s = nm_sheet_new(r->job, name, "All instances", columns);
    for (size_t i = 0; i < r->n; i++) {
        const nm_outcome *x = &r->row[i];
        const bool known = x->expected != NM_UNKNOWN,
                   solved = x->status == NM_OK || x->status == NM_VIOLATED;
        nm_sheet_int(&s, (size_t)x->sample);
        nm_sheet_str(&s, x->network);
        nm_sheet_str(&s, x->property);
        nm_sheet_str(&s, result_of(x));
        nm_sheet_str(&s, known ? nm_result_word(x->expected) : "");
        nm_sheet_str(&s, nm_outcome_wrong(x) ? "wrong"
                         : is_late(x)        ? "late"
                         : known && solved   ? "right"
                                             : "");
        nm_sheet_str(&s, x->by);
        nm_sheet_num(&s, x->unstable);
        nm_sheet_num(&s, x->binaries);
        nm_sheet_num(&s, x->wall);
        nm_sheet_num(&s, x->cpu);
        nm_sheet_num(&s, x->solver);
        nm_sheet_str(&s, x->witness);
        nm_sheet_str(&s, x->why);
    }
    return s;
}

/* ---- summaries ---- */

/* what is wrong, as objects of a list */
static void put_wrong(nm_jo *j, const nm_results *r)
{
    nm_jo_line(j);
    nm_jo_list(j, "wrong");
    for (size_t i = 0; i < r->n; i++) {
        const nm_outcome *x = &r->row[i];
        if (!nm_outcome_wrong(x)) continue;
        nm_jo_line(j);
        nm_jo_object(j, NULL);
        nm_jo_int(j, "sample", x->sample);
        nm_jo_str(j, "network", x->network);
        nm_jo_str(j, "property", x->property);
        nm_jo_str(j, "result", result_of(x));
        nm_jo_str(j, "expected", nm_result_word(x->expected));
        nm_jo_end(j);
    }
    nm_jo_end(j);
}

void nm_scores_json(nm_jo *j, const nm_results *r)
{
    static const char *const member[] = {
        "network",        "instances",       "solved",     "sat",   "unsat", "timeout",
        "unknown",        "errors",          "known",      "wrong", "late",  "mean_seconds",
        "median_seconds", "longest_seconds", "cpu_seconds"};
    const nm_sheet s = nm_scores_sheet(r, "networks", false);
    nm_jo_int(j, "known", (int64_t)r->totals.known);
    put_wrong(j, r);
    nm_jo_line(j);
    nm_jo_list(j, "networks");
    for (size_t i = 0; i < s.n; i++) {
        const size_t c = i % s.n_columns;
        const char *text = s.cell[i].text;
        if (!c) nm_jo_line(j), nm_jo_object(j, NULL);
        if (!c)
            nm_jo_str(j, member[c], text);
        else
            nm_jo_raw(j, member[c], *text ? text : "null");
        if (c + 1 == s.n_columns) nm_jo_end(j);
    }
    nm_jo_end(j);
}

void nm_scores_text(nm_buf *b, const nm_results *r)
{
    const nm_sheet families = nm_scores_sheet(r, "families", true),
                   networks = nm_scores_sheet(r, "networks", false);
    nm_sheet_text(b, &families);
    if (nm_sheet_rows(&networks) < 2) return;
    nm_put(b, "\n");
    nm_sheet_text(b, &networks);
}
