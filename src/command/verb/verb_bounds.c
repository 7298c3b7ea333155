/* verb_bounds.c: netmip bounds: bounds of every unit, and statistics for each layer. */
#include "base/base.h"
#include "program/program.h"
#include "network/network.h"
#include "question/question.h"
#include "bounds/bounds.h"
#include "search/search.h"
#include "command/command.h"
#include "command/flags.h"

typedef struct { /* statistics of the block that a ReLU block reads */
    size_t block, units, phase[3];
    double width; /* mean width */
} layer;

/* Returns true if block r is a ReLU block, and sets its statistics. */
static bool layer_of(const nm_bounds *b, size_t r, layer *l)
{
    const nm_program *p = b->p;
    if (p->blocks[r].kind != NM_RELU) return false;
    *l = (layer){.block = r, .units = p->blocks[r].n};
    nm_bounds_count(b, (int)r, l->phase);
    const nm_block *pre = &p->blocks[p->blocks[r].src];
    for (size_t u = 0; u < pre->n; u++) l->width += b->hi[pre->first + u] - b->lo[pre->first + u];
    l->width /= (double)pre->n;
    return true;
}

static void put_layers(nm_buf *out, const nm_bounds *b, size_t icase)
{
    layer l;
    for (size_t r = 0; r < b->p->n_blocks; r++)
        if (layer_of(b, r, &l))
            nm_put(out,
                   "case %zu relu block %zu: %s, %zu inactive, %zu active, %zu unstable, "
                   "mean width %.6g\n",
                   icase, r, nm_counted(out->job, l.units, "units"), l.phase[NM_INACTIVE], l.phase[NM_ACTIVE],
                   l.phase[NM_UNSTABLE], l.width);
}

static void json_case(nm_jo *j, const nm_bounds *b, size_t icase)
{
    layer l;
    nm_jo_object(j, NULL);
    nm_jo_int(j, "case", (int64_t)icase);
    nm_jo_list(j, "layers");
    for (size_t r = 0; r < b->p->n_blocks; r++) {
        if (!layer_of(b, r, &l)) continue;
        nm_jo_object(j, NULL);
        nm_jo_int(j, "block", (int64_t)r);
        nm_jo_int(j, "units", (int64_t)l.units);
        nm_jo_int(j, "inactive", (int64_t)l.phase[NM_INACTIVE]);
        nm_jo_int(j, "active", (int64_t)l.phase[NM_ACTIVE]);
        nm_jo_int(j, "unstable", (int64_t)l.phase[NM_UNSTABLE]);
        nm_jo_num_if(j, "mean_width", l.width);
        nm_jo_end(j);
    }
    nm_jo_end(j);
    nm_jo_end(j);
}

/* Writes the statistics of all cases; file: where the bounds themselves are, or NULL. */
static void put_json(nm_buf *out, const nm_bounds_of *of, const char *file, const char *assumed)
{
    nm_jo j = nm_jo_answer(out);
    nm_jo_str(&j, "net_sha256", of->net_hash);
    nm_jo_str(&j, "query_sha256", of->query_hash);
    nm_jo_str_if(&j, "file", file);
    nm_jo_str_if(&j, "assumed", assumed);
    nm_jo_list(&j, "cases");
    for (size_t i = 0; i < of->n; i++)
        if (of->cases[i]) json_case(&j, of->cases[i], i);
    nm_jo_end(&j);
    nm_jo_done(&j);
}

int nm_verb_bounds(nm_job *job, const nm_cli *c, nm_buf *out)
{
    nm_cli_files(job, c, 1, 2, "a network with its question");
    const nm_net *net = nm_cli_net(job, c);
    const nm_query *q = nm_cli_question(job, c, net);
    if (nm_cli_dump(job, c, out, net, q)) return NM_OK;
    nm_query_need_reals(job, q, "these bounds are");
    nm_tail_check(job, net, q);
    const nm_program *p = nm_lower(job, net);
    nm_known *known = nm_cli_known(job, c, net, q);
    nm_unit_opts o = nm_cli_unit_opts(job, c);
    o.known = known;
    const bool dump = nm_cli_has(c, NM_O_dump), json = nm_cli_has(c, NM_O_json);
    const char *file = dump ? NULL : nm_cli_get(c, NM_O_output);
    const nm_bounds **b = NM_ARRAY(job, const nm_bounds *, q->n_cases + 1);
    for (size_t i = 0; i < q->n_cases; i++) {
        if (q->cases[i].empty) continue;
        b[i] = nm_bound_case(job, p, q, i, o);
        if (dump) {
            nm_put(out, "# case %zu\n", i);
            nm_bounds_print(out, b[i]);
        } else if (!json) {
            put_layers(out, b[i], i);
        }
    }
    if (nm_interrupted(job)) {
        nm_warn(job, "interrupted: the bounds are not as tight as was asked%s", file ? ", and no file is written" : "");
        return NM_UNKNOWN;
    }
    if (nm_known_used(known)) nm_note(job, "the bounds depend on those of %s, which are assumed", nm_known_used(known));
    const nm_bounds_of of = {net->hash, nm_query_hash(job, q), q->n_cases, b};
    if (file) nm_bounds_write(job, file, &of);
    if (json) put_json(out, &of, file, nm_known_used(known));
    return NM_OK;
}
