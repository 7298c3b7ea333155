/* disputes.c: finds answers of a comparison that cannot all be true.
 *
 * These contradict each other: a replayed counterexample and a claim that there is none; optima that differ by more
 * than 1e-6 of max(1, |x|) both as claimed and as replayed (both, because solvers print different numbers of digits); a
 * replayed margin that is below another's optimum by more than that; any of these and the known answer of a suite. The
 * files concerned are named, nothing is removed. Cost: the square of the number of runs of an instance. */
#include "base/base.h"
#include "question/question.h"
#include "study/study.h"
#include "study/bench.h"

#define SAME_OPTIMUM 1e-6

/* ---- disagreement ---- */

typedef struct {
    const char *what;         /* who claims it */
    const nm_bench_result *r; /* NULL: the known answer */
    const char *verdict;
    double replayed, claimed; /* an optimum's value; NaN: none */
    bool optimal;
} claim;

static bool differ(double x, double y)
{
    return fabs(x - y) > SAME_OPTIMUM * fmax(1, fmax(fabs(x), fabs(y)));
}

/* Returns true if x and y cannot both be right; NaN contradicts nothing. */
static bool contradict(const claim *x, const claim *y)
{
    if (nm_status_of(x->verdict) == NM_VIOLATED && nm_status_of(y->verdict) == NM_OK) return true;
    if (!y->optimal) return false;
    if (x->optimal && isfinite(x->claimed) && isfinite(y->claimed))
        return differ(x->claimed, y->claimed) && differ(x->replayed, y->replayed);
    return isfinite(x->replayed) && x->replayed < y->replayed && differ(x->replayed, y->replayed);
}

static void put_claim(nm_buf *b, const claim *c)
{
    nm_put(b, "%s says %s", c->what, c->verdict);
    if (isfinite(c->replayed)) nm_put(b, ", margin "), nm_put_num(b, c->replayed);
    if (c->r)
        nm_put(b, " (model %s, solution %s%s%s)", c->r->model, c->r->solution,
               *c->r->log ? ", log " : "", c->r->log);
}

static size_t collect(const nm_bench_stats *t, size_t instance, claim *out)
{
    const nm_bench *b = t->b;
    const nm_instance *a = &b->instances.a[instance];
    size_t n = 0;
    if (a->answer)
        out[n++] = (claim){"the suite", NULL,    a->answer,
                           a->best,     a->best, isfinite(a->best) && a->q->objective == NM_WORST};
    for (size_t m = 0; m < b->n_models; m++) {
        if (b->model[m].number != instance) continue;
        const bool exact = !b->model[m].map->form.relaxation && a->q->objective == NM_WORST;
        for (size_t k = 0; k < b->n_solvers * b->repeats; k++) {
            const nm_bench_result *r = nm_bench_result_of(t, m, k / b->repeats, k % b->repeats);
            out[n++] = (claim){nm_fmt(t->job, "%s (%s)", r->solver, b->model[m].form->name),
                               r,
                               r->verdict,
                               r->objective,
                               r->bound,
                               exact && !strcmp(r->status, "optimal")};
        }
    }
    return n;
}

/* Finds the first pair of claims about an instance that cannot both be right. */
static bool find_pair(const claim *c, size_t n, size_t *x, size_t *y)
{
    for (*x = 0; *x < n; ++*x)
        for (*y = 0; *y < n; ++*y)
            if (contradict(&c[*x], &c[*y])) return true;
    return false;
}

/* Returns the text of the first disagreement, or NULL; writes all of them to a file. */
const char *nm_bench_dispute(const nm_bench_stats *t, size_t *count_of)
{
    const nm_bench *b = t->b;
    nm_buf all = {.job = t->job};
    const char *first = NULL;
    for (size_t i = 0; i < b->instances.n; i++) {
        claim *c = NM_RAW(t->job, claim, b->n_forms * b->n_solvers * b->repeats + 1);
        size_t x, y;
        if (!find_pair(c, collect(t, i, c), &x, &y)) continue;
        nm_buf one = {.job = t->job};
        nm_put(&one, "%s: ", b->instances.a[i].name);
        put_claim(&one, &c[x]);
        nm_put(&one, "; ");
        put_claim(&one, &c[y]);
        if (!first) first = one.s;
        nm_put(&all, "%s\n", one.s);
        ++*count_of;
    }
    nm_file_write(t->job, nm_fmt(t->job, "%s/disagreements.txt", b->dir), all.s ? all.s : "",
                  all.n);
    return first;
}
