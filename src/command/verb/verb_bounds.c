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

int nm_verb_bounds(nm_job *job, const nm_cli *c, nm_buf *out)
{
    nm_cli_files(job, c, 1, 2, "a network, and a question");
    const nm_net *net = nm_cli_net(job, c);
    const nm_query *q = nm_cli_question(job, c, net);
    if (nm_cli_dump(job, c, out, net, q)) return NM_OK;
    nm_tail_check(job, net, q);
    const nm_program *p = nm_lower(job, net);
    const nm_unit_opts o = nm_cli_unit_opts(job, c);
    nm_buf all = {.job = job};
    for (size_t i = 0; i < q->n_cases; i++) {
        if (q->cases[i].empty) continue;
        const nm_bounds *b = nm_bound_case(job, p, &q->cases[i], o);
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
