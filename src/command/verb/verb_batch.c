/* verb_batch.c: netmip batch: a campaign over a data set. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "question/question.h"
#include "study/study.h"
#include "command/command.h"
#include "command/flags.h"

/* Returns what identifies a campaign's question: the options that change answers, and the files that sets name. */
static const char *batch_question(nm_job *job, const nm_cli *c, const nm_sets *sets)
{
    static const nm_opt parts[] = {NM_O_channels,  NM_O_mean,        NM_O_std,       NM_O_perturb,
                                   NM_O_domain,    NM_O_margin,      NM_O_objective, NM_O_guard,
                                   NM_O_bounds,    NM_O_fold,        NM_O_seed,      NM_O_encoding,
                                   NM_O_one_sided, NM_O_no_evaluate, NM_O_no_attack, NM_O_no_split,
                                   NM_O_no_units,  NM_O_no_branch,   NM_O_no_solve};
    nm_buf b = {.job = job};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!nm_cli_has(c, parts[i])) continue;
        nm_put(&b, b.n ? " --%s" : "--%s", nm_cli_name(job, parts[i]));
        if (*nm_cli_get(c, parts[i])) nm_put(&b, " %s", nm_cli_get(c, parts[i]));
    }
    if (sets->hashes) nm_put(&b, " (%s)", sets->hashes);
    return b.s ? b.s : "";
}

/* Notes once that the domain leaves the range that the network states. */
static void check_range(nm_job *job, const nm_campaign *b)
{
    const size_t n = b->net->n_in;
    if (b->around.own_range) return;
    double *lo = NM_RAW(job, double, n), *hi = NM_RAW(job, double, n);
    for (size_t i = 0; i < n; i++) lo[i] = b->around.lo, hi[i] = b->around.hi;
    nm_case box = {.lo = lo, .hi = hi};
    nm_query_range(job, b->net, &(nm_query){.n_in = n, .n_cases = 1, .cases = &box});
}

int nm_verb_batch(nm_job *job, const nm_cli *c, nm_buf *out)
{
    nm_cli_files(job, c, 1, 1, "a network");
    if (!nm_cli_has(c, NM_O_images) || !nm_cli_has(c, NM_O_dir))
        nm_throw(job, NM_EUSE, "netmip batch: --images FILE and --dir DIR were expected");
    const nm_ask ask = {.perturb = nm_cli_get(c, NM_O_perturb),
                        .domain = nm_cli_get(c, NM_O_domain),
                        .margin = nm_cli_get(c, NM_O_margin),
                        .objective = nm_cli_get(c, NM_O_objective),
                        .guard = nm_cli_guard(c)};
    nm_campaign b = {.net = nm_net_read_as(job, c->file[0], nm_cli_front(job, c)),
                     .around = nm_around_ask(job, &ask),
                     .solve = nm_cli_solve_opts(job, c, false)};
    check_range(job, &b);
    b.images = nm_dataset_open(job, nm_net_form(b.net), nm_cli_get(c, NM_O_images));
    b.has_labels = nm_cli_has(c, NM_O_labels);
    if (b.has_labels) b.labels = nm_labels_open(job, nm_cli_get(c, NM_O_labels));
    nm_cli_range(job, c, b.images.count, &b.from, &b.to);
    b.dir = nm_cli_get(c, NM_O_dir);
    b.rerun = nm_cli_pick(job, c, NM_O_rerun, "never|always|unknown|violated|error");
    b.workers = (int)nm_cli_num(job, c, NM_O_workers, 1);
    if (b.workers < 1) nm_throw(job, NM_EUSE, "--workers: 1 or more was expected");
    b.memory = nm_cli_num(job, c, NM_O_memory, 0) * 1048576;
    b.save_witness = nm_cli_has(c, NM_O_save_witness);
    b.question = batch_question(job, c, b.around.sets);
    nm_check_campaign(job, &b);
    return nm_campaign_run(job, &b, out, nm_cli_has(c, NM_O_json));
}
