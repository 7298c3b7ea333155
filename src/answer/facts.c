/* facts.c: a verdict as data: every fact once, in the order of JSON, with words for people. What applies to a question
 * is decided here and nowhere else; report.c, which shows answers, only goes through the list.
 *
 * A fact without a caption is for JSON only; one that is not in JSON repeats other members in words. */
#include "base/base.h"
#include "question/question.h"
#include "judge/judge.h"
#include "search/search.h"
#include "answer/answer.h"

#include <assert.h>

enum { DEPTH = 8 };

typedef struct {
    nm_job *job;
    nm_fact *last;         /* the fact that was added last */
    nm_fact **next[DEPTH]; /* where the next one of each open group goes */
    int depth;
} maker;

static nm_fact *add(maker *m, nm_fact_kind kind, const char *key, const char *caption)
{
    nm_fact *f = NM_NEW(m->job, nm_fact);
    *f = (nm_fact){.key = key, .kind = kind, .caption = caption, .in_json = true};
    *m->next[m->depth] = m->last = f;
    m->next[m->depth] = &f->next;
    return f;
}

static void group(maker *m, nm_fact_kind kind, const char *key)
{
    nm_fact *f = add(m, kind, key, NULL);
    assert(m->depth + 1 < DEPTH);
    m->next[++m->depth] = &f->first;
}

static void end(maker *m) { m->depth--; }

/* Keeps the fact that was added last out of JSON. */
static void words_only(maker *m) { m->last->in_json = false; }

static void text(maker *m, const char *key, const char *value, const char *caption)
{
    add(m, NM_FACT_TEXT, key, caption)->text = value;
}

static void text_if(maker *m, const char *key, const char *value, const char *caption)
{
    if (value) text(m, key, value, caption);
}

static void flag(maker *m, const char *key, bool value)
{
    add(m, NM_FACT_FLAG, key, NULL)->flag = value;
}

static void count(maker *m, const char *key, size_t value, const char *caption)
{
    add(m, NM_FACT_COUNT, key, caption)->count = (int64_t)value;
}

static void seconds(maker *m, const char *key, double value, const char *caption)
{
    add(m, NM_FACT_SECONDS, key, caption)->number = value;
}

/* Adds a number for JSON and text; JSON, which has no word for infinity or NaN, leaves it out if it is not finite. */
static void number(maker *m, const char *key, double value, const char *caption)
{
    add(m, NM_FACT_NUMBER, key, caption)->number = value;
    m->last->in_json = isfinite(value);
}

static void number_if(maker *m, const char *key, double value, const char *caption)
{
    if (isfinite(value)) number(m, key, value, caption);
}

/* ---- targets ---- */

/* Returns true if a target cannot have the answer, as it contains nothing below the point that was found. */
static bool beaten(const nm_query *q, const nm_verdict *v, const nm_target *t)
{
    if ((q->objective != NM_WORST && q->objective != NM_CLOSEST) || !v->optimum.has) return false;
    const double low = q->objective == NM_CLOSEST ? t->bound : fmax(t->bound, t->margin_lo);
    return low >= v->optimum.value - 1e-6 * (1 + fabs(v->optimum.value)); /* false if low is NaN */
}

/* Returns the word for a status; for a question about a value it is neither "holds" nor "violated". */
static const char *word_of(const nm_verdict *v, int status)
{
    return v->range.has && status == NM_OK ? "done" : nm_status_word(status);
}

/* Returns what became of a target in one word: "unknown": everything tried failed; "open": left to the model just
 * written; "not examined": left, except for bounds, because another target was violated. */
static const char *fate(const nm_query *q, const nm_verdict *v, const nm_target *t, bool compiled)
{
    if (t->status == NM_OK || t->status == NM_VIOLATED) return word_of(v, t->status);
    if (compiled) return "open";
    if (beaten(q, v, t)) return "closed by the incumbent";
    const bool early = v->status == NM_VIOLATED && q->objective == NM_FEASIBLE && !t->rows;
    return early ? "not examined" : word_of(v, t->status);
}

/* Returns the words for what settled a target. A leaf of branching that has no model of its own is searched by the
 * embedded solver, whatever --solver says. */
static const char *by_of(nm_job *job, const nm_verdict *v, const nm_target *t)
{
    if (t->by != NM_BY_SOLVER || !v->finder) return nm_fmt(job, "by %s", nm_settled_name(t->by));
    if (!t->rows || !*v->finder) return "by the embedded solver";
    return nm_fmt(job, "by %s", strcmp(v->finder, "solver") ? v->finder : "your solver");
}

/* Adds a target; its label identifies it, unless several cases share the label. */
static void target(maker *m, const nm_query *q, const nm_verdict *v, const nm_target *t,
                   bool compiled)
{
    const char *what = fate(q, v, t, compiled), *status = word_of(v, t->status);
    group(m, NM_FACT_GROUP, NULL);
    if (t->label >= 0) count(m, "label", (size_t)t->label, NULL);
    text(m, "name", t->name, "target %-4s");
    if (t->label >= 0 && q->n_cases == 1) words_only(m);
    text(m, "status", status, NULL);
    text(m, "fate", what, "%-8s");
    if (t->status != NM_UNKNOWN || strcmp(what, status) == 0) words_only(m);
    text_if(m, "by", nm_settled_name(t->by), NULL);
    if (t->by && t->status != NM_UNKNOWN)
        text(m, "settled", by_of(m->job, v, t), "%s"), words_only(m);
    /* beside a counterexample, whose own margin the witness's line has, the bound would be taken for that margin */
    const bool found = t->status == NM_VIOLATED && q->objective == NM_FEASIBLE;
    const double margin = q->objective == NM_WORST ? nm_larger(t->bound, t->margin_lo) : t->margin_lo;
    if (!v->range.has && !(t->status == NM_OK && margin <= 0))
        number_if(m, "margin_lo", margin,
                  found                ? NULL
                  : t->status == NM_OK ? "margin >= %.6g"
                                       : "proven: margin >= %.6g");
    if (q->objective == NM_CLOSEST) number_if(m, "distance_lo", t->bound, "distance >= %.9g");
    if (t->rows) {
        count(m, "rows", t->rows, "rows"), words_only(m);
        count(m, "columns", t->cols, "columns"), words_only(m);
        count(m, "nonzeros", t->nz, "nonzeros"), words_only(m);
        count(m, "binaries", t->bins, "binaries"), words_only(m);
    }
    text_if(m, "file", t->file, "%s");
    end(m);
}

/* ---- the witness, values ---- */

static void witness(maker *m, const nm_query *q, const nm_replay *r, const nm_files *f)
{
    const char *what = r->is_violated             ? "witness"
                       : q->objective == NM_WORST ? "worst point found"
                                                  : "nearest miss"; /* not a counterexample */
    group(m, NM_FACT_GROUP, "witness");
    if (!r->is_violated) flag(m, "counterexample", false);
    text(m, "what", what, "%s:"), words_only(m);
    text(m, "target", q->cases[r->icase].clauses[r->iclause].name, "target %s"), words_only(m);
    text_if(m, "file", f->witness, "%s");
    text_if(m, "image", f->image, "%s");
    text_if(m, "picture", f->picture, "%s");
    text_if(m, f->is_kernel ? "kernel" : "generators", f->generators, "%s");
    number(m, "margin64", r->margin64, "margin %.9g");
    number(m, "error64", r->err64, "float64, +- %.1e");
    number(m, "margin32", r->margin32,
           r->is_violated && r->margin32 > 0 ? "%.9g (float32: not violated there)" : "%.9g (float32)");
    if (r->orders == NM_EVERY_ORDER)
        text(m, "orders", "every", "in %s order of float32 sums");
    else if (r->orders == NM_PLAIN_ORDER)
        text(m, "orders", "plain", "in the %s order of float32 sums alone");
    if (q->image) {
        group(m, NM_FACT_GROUP, "distance");
        number(m, "linf", r->linf, "linf %.6g");
        number(m, "l1", r->l1, "l1 %.6g");
        number(m, "l2", r->l2, "l2 %.6g");
        count(m, "l0", r->l0, "l0 %lld");
        end(m);
    }
    end(m);
}

static void objective(maker *m, const nm_query *q, const nm_verdict *v)
{
    const bool closest = q->objective == NM_CLOSEST;
    group(m, NM_FACT_GROUP, "objective");
    number(m, "value", v->optimum.value,
           closest
               ? nm_fmt(m->job, "nearest counterexample%s: %s distance %%.9g", v->optimum.why ? " found" : "",
                        nm_norm_name(q->norm))
               : "worst margin %.9g");
    number_if(m, "bound", v->optimum.bound, "proven to be at least %.9g");
    text_if(m, "why", v->optimum.why, "%s");
    if (closest) text(m, "norm", nm_norm_name(q->norm), NULL);
    if (v->optimum.tie > 0) {
        number(m, "tolerance", NM_TIE_TOL, "a tie within %g");
        number(m, "strict", v->optimum.tie, "strictly violated at %.9g");
    }
    end(m);
}

typedef struct { /* the keys of an end of a range */
    const char *bound, *value, *error, *target, *file, *none, *proven;
} keys;

static void range_end(maker *m, const nm_range *e, bool is_least)
{
    static const keys least = {"lo",
                               "min",
                               "min_error",
                               "min_target",
                               "min_file",
                               "min_none",
                               "proven to be at least %.9g"},
                      most = {"hi",
                              "max",
                              "max_error",
                              "max_target",
                              "max_file",
                              "max_none",
                              "proven to be at most %.9g"};
    const keys *k = is_least ? &least : &most;
    number_if(m, k->bound, e->bound, k->proven);
    if (e->at) {
        number(m, k->value, e->value, "%.9g attained");
        number(m, k->error, e->at->err64, "+- %.1e");
    }
    text_if(m, k->target, e->target, e->at ? "target %s" : NULL);
    text_if(m, k->file, e->file, "%s");
    if (e->at || !isinf(e->bound)) return; /* NaN: this end was not asked for */
    const bool empty = (e->bound > 0) == is_least;
    text(m, k->none, empty ? "none: the input set is empty" : "unknown", "%s"), words_only(m);
}

static void range(maker *m, const nm_query *q, const nm_verdict *v)
{
    group(m, NM_FACT_GROUP, "range");
    text(m, "of", q->form ? q->form : "", "%s");
    range_end(m, &v->range.least, true);
    range_end(m, &v->range.most, false);
    if (v->range.least.bound == INFINITY || v->range.most.bound == -INFINITY)
        flag(m, "empty", true);
    end(m);
}

/* ---- the whole ---- */

/* Adds whether `holds` was proven here or is a solver's word: then whose, and what covers its tolerances. */
static void certified(maker *m, const nm_verdict *v)
{
    flag(m, "certified", v->certified);
    if (!v->certified)
        text_if(m, "assumed", v->assumed, "this depends on the bounds of %s, which are assumed");
    if (v->certified || !v->word.solver) return;
    const bool told = v->status == NM_OK;
    text(m, "solver", v->word.solver, told ? "this is the word of %s" : NULL);
    number_if(m, "guard", v->word.guard, told ? "a guard of %.3g" : NULL);
    if (v->word.tolerance.primal > 0) {
        group(m, NM_FACT_GROUP, "tolerances");
        number(m, "primal", v->word.tolerance.primal,
               told ? "covers its tolerances of %g (rows)" : NULL);
        number(m, "integrality", v->word.tolerance.integral, told ? "%g (binaries)" : NULL);
        end(m);
    }
}

/* Returns the words for what settled the whole question. */
static const char *by_whom(nm_job *job, const nm_verdict *v)
{
    for (size_t i = 0; i < v->n_targets; i++)
        if (v->targets[i].by == v->by && v->by == NM_BY_SOLVER)
            return by_of(job, v, &v->targets[i]);
    return nm_fmt(job, "by %s", nm_settled_name(v->by));
}

static void verdict(maker *m, const nm_verdict *v)
{
    const bool unknown = v->status == NM_UNKNOWN;
    text(m, "verdict", word_of(v, v->status), "%s");
    text_if(m, "proved_by", nm_settled_name(v->by), NULL);
    if (v->by && !unknown) text(m, "settled", by_whom(m->job, v), "%s"), words_only(m);
    if (v->status == NM_OK || v->optimum.has || v->range.has) certified(m, v);
    if (unknown) text_if(m, "why", v->why, "%s");
    if (v->float32) text(m, "arithmetic", "float32", "in %s");
}

static void sizes(maker *m, const nm_verdict *v)
{
    size_t rows = 0, cols = 0, nz = 0, bins = 0;
    for (size_t i = 0; i < v->n_targets; i++) {
        rows += v->targets[i].rows;
        cols += v->targets[i].cols;
        nz += v->targets[i].nz;
        bins += v->targets[i].bins;
    }
    if (!rows) return;
    group(m, NM_FACT_GROUP, "model");
    count(m, "rows", rows, NULL);
    count(m, "columns", cols, NULL);
    count(m, "nonzeros", nz, NULL);
    count(m, "binaries", bins, NULL);
    end(m);
}

static void layers(maker *m, const nm_verdict *v)
{
    group(m, NM_FACT_LIST, "layers");
    for (size_t i = 0; i < v->n_layers; i++) {
        const nm_layer *l = &v->layers[i];
        group(m, NM_FACT_GROUP, NULL);
        count(m, "block", (size_t)l->block, "relu block %lld");
        count(m, "units", l->units, "units");
        count(m, "inactive", l->inactive, "%lld inactive");
        count(m, "active", l->active, "%lld active");
        count(m, "unstable", l->unstable, "%lld unstable");
        end(m);
    }
    end(m);
}

static void times(maker *m, const nm_verdict *v)
{
    group(m, NM_FACT_GROUP, "cpu_seconds");
    seconds(m, "read", v->cpu.read, "read %.3f");
    seconds(m, "bounds", v->cpu.bounds, "bounds %.3f");
    seconds(m, "attack", v->cpu.attack, "attack %.3f");
    seconds(m, "encode", v->cpu.encode, "encode %.3f");
    seconds(m, "write", v->cpu.write, "write %.3f");
    seconds(m, "solver", v->cpu.solver, "solver %.3f");
    end(m);
}

const nm_fact *nm_facts_of(nm_job *job, const nm_query *q, const nm_verdict *v, const nm_files *f,
                           bool compiled)
{
    nm_fact *all = NM_NEW(job, nm_fact);
    maker m = {.job = job, .next = {&all->first}};
    all->kind = NM_FACT_GROUP;
    if (!compiled)
        verdict(&m, v);
    else
        text_if(&m, "assumed", v->assumed, "this depends on the bounds of %s, which are assumed");
    if (q->image && q->label >= 0) {
        count(&m, "predicted", (size_t)q->predicted, "predicted %lld");
        m.last->in_json = !compiled;
        count(&m, "label", (size_t)q->label, "label %lld");
        m.last->in_json = !compiled;
    }
    group(&m, NM_FACT_LIST, "targets");
    for (size_t i = 0; i < v->n_targets; i++) target(&m, q, v, &v->targets[i], compiled);
    end(&m);
    if (!compiled && v->witness) witness(&m, q, v->witness, f);
    if (!compiled && v->optimum.has) objective(&m, q, v);
    if (!compiled && v->range.has) range(&m, q, v);
    if (!compiled && v->word.has_claim)
        number(&m, "claimed_bound", v->word.claim, "the solver's own bound: %.9g, not certified");
    layers(&m, v);
    sizes(&m, v);
    times(&m, v);
    return all;
}

const nm_fact *nm_fact_find(const nm_fact *group, const char *path)
{
    const size_t n = strcspn(path, ".");
    const nm_fact *f = group->first;
    while (f && (!f->key || strncmp(f->key, path, n) || f->key[n])) f = f->next;
    return f && path[n] ? nm_fact_find(f, path + n + 1) : f;
}
