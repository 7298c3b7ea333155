/* pseudo_cost.c: what branching to one side of a unit has gained so far, divided by what the unit's line lost
 * (Benichou et al. 1971; Achterberg, Koch, Martin 2005): one currency for units of all layers, and for inputs that
 * are halved: block 0. A unit that was never branched on is expected to gain what others did on average. Nodes that are
 * bounded at the same time learn apart, each on top of what was known before, and are added up afterwards. */
#include "base/base.h"
#include "search/search.h"
#include "search/state.h"
#include "search/trees.h"

nm_pseudo *nm_pseudo_new(nm_job *job, size_t n, const nm_pseudo *before)
{
    nm_pseudo *p = NM_NEW(job, nm_pseudo);
    p->n_units = n;
    p->before = before;
    for (int e = 0; e < 2; e++) {
        p->gain[e] = NM_ARRAY(job, double, n + 1);
        p->n[e] = NM_ARRAY(job, double, n + 1);
    }
    return p;
}

void nm_pseudo_move(nm_pseudo *to, nm_pseudo *p)
{
    for (int e = 0; e < 2; e++) {
        for (size_t u = 0; p->n_all[e] > 0 && u < p->n_units; u++) {
            to->gain[e][u] += p->gain[e][u];
            to->n[e][u] += p->n[e][u];
            p->gain[e][u] = p->n[e][u] = 0;
        }
        to->all[e] += p->all[e];
        to->n_all[e] += p->n_all[e];
        p->all[e] = p->n_all[e] = 0;
    }
}

void nm_pseudo_learn(nm_pseudo *p, int side, size_t u, double gain, double loss)
{
    const int e = side > 0;
    const double g = gain > 0 ? gain / loss : 0;
    if (!(loss > 0) || !isfinite(g)) return;
    p->gain[e][u] += g;
    p->n[e][u]++;
    p->all[e] += g;
    p->n_all[e]++;
}

static double expected(const nm_pseudo *p, int e, size_t u)
{
    double gain = 0, n = 0, all = 0, n_all = 0;
    for (; p; p = p->before) {
        gain += p->gain[e][u];
        n += p->n[e][u];
        all += p->all[e];
        n_all += p->n_all[e];
    }
    return (gain + (n_all > 0 ? all / n_all : 1)) / (n + 1);
}

double nm_pseudo_score(const nm_pseudo *p, size_t u, double loss)
{
    return (expected(p, 0, u) * loss + 1e-9) * (expected(p, 1, u) * loss + 1e-9);
}
