/* verb_bounds.c: bounds of every unit, and statistics of each layer. */
#include "base/base.h"
#include "program/program.h"
#include "network/network.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "command/command.h"
#include "command/flags.h"

static void put_layers(nm_buf *out, const nm_bounds *b, size_t icase)
{
    const nm_program *p = b->p;
    for (size_t r = 0; r < p->n_blocks; r++) {
        if (p->blocks[r].kind != NM_RELU) continue;
        size_t n[3];
        double width = 0;
        nm_bounds_count(b, (int)r, n);
        const nm_block *pre = &p->blocks[p->blocks[r].src];
        for (size_t u = 0; u < pre->n; u++) width += b->hi[pre->first + u] - b->lo[pre->first + u];
        nm_put(out,
               "case %zu relu block %zu: %zu units, %zu inactive, %zu active, %zu unstable, "
               "mean width %.6g\n",
               icase, r, p->blocks[r].n, n[NM_INACTIVE], n[NM_ACTIVE], n[NM_UNSTABLE],
               width / (double)pre->n);
    }
}

/* bounds of every unit over one case, the rows of all its clauses last */
static nm_bounds *bound_case(nm_job *job, const nm_cli *c, const nm_program *p, const nm_case *k)
{
    size_t n = 0;
    for (size_t t = 0; t < k->n_clauses; t++) n += k->clauses[t].n_rows;
    const nm_row **rows = NM_RAW(job, const nm_row *, n + 1);
    n = 0;
    for (size_t t = 0; t < k->n_clauses; t++)
        for (size_t r = 0; r < k->clauses[t].n_rows; r++) rows[n++] = &k->clauses[t].rows[r];
    const nm_work work = nm_work_of(job, p, k);
    const nm_program *with = nm_program_with_rows(job, work.p, n, rows);
    nm_bounds *b = nm_work_bounds(job, &work, with);
    const int last = (int)with->n_blocks - 1;
    const bool all = nm_cli_has(c, NM_O_all_rows);
    const nm_by level = nm_cli_level(job, c);
    if (level == NM_BY_INTERVAL)
        nm_interval(job, b, 1, last + 1);
    else
        nm_crown(job, b, (nm_crown_opts){.all_rows = all, .query_block = last});
    double *enough = NM_RAW(job, double, n + 1);
    for (size_t r = 0; r < n; r++) enough[r] = INFINITY;
    if (level >= NM_BY_LP)
        nm_lp_tighten(job, b,
                      (nm_lp_opts){level == NM_BY_MIP ? NM_MIP_NODES : 1,
                                   nm_cli_whole(job, c, NM_O_threads, 1, 1, 64), enough, false});
    return b;
}

int nm_verb_bounds(nm_job *job, const nm_cli *c, nm_buf *out)
{
    nm_cli_files(job, c, 1, 2, "a network, and a question");
    const nm_net *net = nm_cli_net(job, c);
    const nm_query *q = nm_cli_question(job, c, net);
    if (nm_cli_dump(job, c, out, net, q)) return NM_OK;
    nm_tail_check(job, net, q);
    const nm_program *p = nm_lower(job, net);
    nm_buf all = {.job = job};
    for (size_t i = 0; i < q->n_cases; i++) {
        if (q->cases[i].empty) continue;
        const nm_bounds *b = bound_case(job, c, p, &q->cases[i]);
        nm_put(&all, "# case %zu\n", i);
        nm_bounds_print(&all, b);
        put_layers(out, b, i);
    }
    if (nm_cli_has(c, NM_O_dump))
        *out = all;
    else if (nm_cli_has(c, NM_O_output))
        nm_file_write(job, nm_cli_get(c, NM_O_output), all.s, all.n);
    return NM_OK;
}
