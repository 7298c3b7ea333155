/* pick.c: what an open node of branch.c may be branched on: the sign of an unstable unit, or a half of an input.
 *
 * Each candidate has a gap: what its line loses at the mean minimiser of the relaxation. Pseudo-costs say how much of a
 * gap branching has gained so far (pseudo_cost.c), for both kinds in one currency; the best product of both sides'
 * expected gains wins. Cost: one look at each unit; with halves, a backward pass. */
#include "base/base.h"
#include "program/program.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "search/boxes.h"
#include "search/trees.h"

/* An input's gap is its share in the change of the row, times all that lines lose, as a unit's lines lose about in
 * proportion to the width of its interval, to which the input contributes its share. */
void nm_pick_expect_halves(nm_job *job, const nm_bounds *b, const nm_case *c, size_t clause, size_t which,
                           uint32_t row, double *gap)
{
    const nm_mark mark = nm_mark_get(job);
    const size_t n = b->p->blocks[0].n;
    nm_clause alone = c->clauses[clause]; /* the row alone */
    nm_case only = *c;
    uint32_t *rows_of[] = {&row};
    double all = 0;
    alone.rows += which;
    alone.n_rows = only.n_clauses = 1;
    only.clauses = &alone;
    for (size_t u = n; u < b->p->n_units; u++) all += gap[u];
    nm_box_rows rows = nm_box_rows_new(job, b, &only, rows_of);
    nm_box_rows_pull(&rows, (bool[]){true});
    const double *share = nm_box_shares(&rows, NM_ARRAY(job, double, n));
    for (size_t i = 0; i < n; i++) gap[i] = 0.5 * share[i] * all;
    nm_mark_release(job, mark);
}

int64_t nm_pick_best(const nm_bounds *b, const nm_case *c, const nm_pseudo *cost, const double *gap)
{
    const nm_program *p = b->p;
    int64_t best = -1;
    double top = 0;
    for (size_t i = 0; i < p->blocks[0].n; i++) {
        if (!(gap[i] > 0)) continue;
        const double mid = nm_box_middle(c->gens, b, i);
        if (!(mid > b->lo[i] && mid < b->hi[i])) continue;
        const double score = nm_pseudo_score(cost, i, gap[i]);
        if (score <= top) continue;
        top = score;
        best = (int64_t)i;
    }
    for (size_t k = 0; k < p->n_blocks; k++) {
        const nm_block *r = &p->blocks[k];
        for (size_t u = r->first; r->kind == NM_RELU && u < r->first + r->n; u++) {
            if (!(gap[u] > 0) || nm_bounds_phase(b, nm_program_pre(p, u)) != NM_UNSTABLE) continue;
            const double score = nm_pseudo_score(cost, u, gap[u]);
            if (score <= top) continue;
            top = score;
            best = (int64_t)u;
        }
    }
    return best;
}

int64_t nm_pick_widest(const nm_bounds *b)
{
    const nm_program *p = b->p;
    int64_t best = -1;
    double top = 0;
    for (size_t k = 0; k < p->n_blocks; k++) {
        const nm_block *r = &p->blocks[k];
        for (size_t u = r->first; r->kind == NM_RELU && u < r->first + r->n; u++) {
            const size_t pre = nm_program_pre(p, u);
            if (nm_bounds_phase(b, pre) != NM_UNSTABLE) continue;
            const double apart = -b->lo[pre] * b->hi[pre] / (b->hi[pre] - b->lo[pre]);
            if (!(apart > top)) continue;
            top = apart;
            best = (int64_t)u;
        }
    }
    return best;
}
