/* verb_batch.c: a campaign over a data set: asked for, joined, spread, or looked at.
 *
 * A run that joins is the run that made the folder, said again: campaign.json gives back the command line. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "question/question.h"
#include "study/study.h"
#include "command/command.h"
#include "command/flags.h"

/* the options that change answers, which make two campaigns the same question; and those that a later run may change */
static const nm_opt asks[] = {NM_O_channels,    NM_O_mean,        NM_O_std,       NM_O_input_shape,
                              NM_O_output_name, NM_O_perturb,     NM_O_domain,    NM_O_margin,
                              NM_O_objective,   NM_O_guard,       NM_O_bounds,    NM_O_fold,
                              NM_O_seed,        NM_O_encoding,    NM_O_one_sided, NM_O_no_units,
                              NM_O_no_attack,   NM_O_no_evaluate, NM_O_no_split,  NM_O_no_branch,
                              NM_O_no_solve,    NM_O_sample,      NM_O_arithmetic, NM_O_target};
static const nm_opt efforts[] = {NM_O_time_limit, NM_O_memory, NM_O_save_witness, NM_O_confidence,
                                 NM_O_proofs};
enum { N_ASKS = sizeof asks / sizeof *asks, N_EFFORTS = sizeof efforts / sizeof *efforts };

static const nm_said *given(nm_job *job, const nm_cli *c, const nm_opt *list, size_t n)
{
    nm_said *out = NM_ARRAY(job, nm_said, n + 1);
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (nm_cli_has(c, list[i]))
            out[k++] = (nm_said){nm_cli_name(job, list[i]), nm_cli_get(c, list[i])};
    return out;
}

/* the question as text: its options, and hashes of the files that sets name */
static const char *question_text(nm_job *job, const nm_said *flags, const nm_sets *sets)
{
    nm_buf b = {.job = job};
    for (; flags->key; flags++) {
        nm_put(&b, b.n ? " --%s" : "--%s", flags->key);
        if (*flags->value) nm_put(&b, " %s", flags->value);
    }
    if (sets->hashes) nm_put(&b, " (%s)", sets->hashes);
    return b.s ? b.s : "";
}

/* ---- joining ---- */

/* the command line as the run said it that made the folder, with the limits and the range of this one */
static nm_cli joined(nm_job *job, const nm_cli *c, const nm_campaign_file *f)
{
    static const nm_opt own[] = {NM_O_join,       NM_O_range,     NM_O_workers,  NM_O_rerun,
                                 NM_O_time_limit, NM_O_memory,    NM_O_json,     NM_O_save_witness,
                                 NM_O_quiet,      NM_O_slurm,     NM_O_chunk,    NM_O_array_limit,
                                 NM_O_sbatch,     NM_O_jobs_file, NM_O_expected, NM_O_benchexec,
                                 NM_O_batch};
    nm_cli_files(job, c, 0, 0,
                 nm_cli_has(c, NM_O_batch) ? "no file beside --batch, whose folder names them,"
                                           : "no file beside --join, whose folder names them,");
    for (nm_opt o = 0; o < NM_N_OPTS; o++) {
        bool allowed = false;
        for (size_t i = 0; i < sizeof own / sizeof *own; i++) allowed |= own[i] == o;
        if (nm_cli_has(c, o) && !allowed)
            nm_throw(job, NM_EUSE, "--%s: does not go with --join: %s says the whole question",
                     nm_cli_name(job, o), f->path);
    }
    nm_cli j = *c;
    if (!f->instances && nm_cli_has(c, NM_O_expected))
        nm_throw(job, NM_EUSE, "--expected: goes with --instances, and %s is about images",
                 f->path);
    j.file = NM_ARRAY(job, const char *, 1);
    j.file[0] = f->net;
    j.n_files = f->net != NULL;
    for (const nm_said *s = f->flags; s->key; s++) nm_cli_put(job, &j, s->key, s->value);
    for (const nm_said *s = f->effort; s->key; s++) {
        nm_cli one = {0};
        nm_cli_put(job, &one, s->key, s->value);
        for (nm_opt o = 0; o < NM_N_OPTS; o++)
            if (one.value[o] && !j.value[o]) j.value[o] = one.value[o];
    }
    j.value[NM_O_dir] = c->value[NM_O_join];
    j.value[NM_O_images] = f->images;
    j.value[NM_O_labels] = f->labels;
    j.value[NM_O_instances] = f->instances;
    j.value[NM_O_root] = f->root;
    return j;
}

/* of a run that joins: all samples that were asked for, or those of its own range, which must be among them */
static void set_asked(nm_job *job, const nm_cli *c, nm_campaign *b)
{
    int64_t n;
    const bool *asked = nm_campaign_asked(job, b->dir, &n);
    b->is_part = nm_cli_has(c, NM_O_range);
    if (!b->is_part) {
        b->from = 0;
        b->to = n;
        b->asked = asked;
        if (n > nm_campaign_count(b))
            nm_throw(job, NM_EINPUT, "%s: %lld samples were asked for, and there are %lld", b->dir,
                     (long long)n, (long long)nm_campaign_count(b));
        return;
    }
    for (int64_t i = b->from; i < b->to; i++)
        if (i >= n || !asked[i])
            nm_throw(
                job, NM_EUSE,
                "--range %s: nobody asked for sample %lld in %s; its whole command asks for more",
                nm_cli_get(c, NM_O_range), (long long)i, b->dir);
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

/* --sample: some of all samples, drawn at random */
static void set_sample(nm_job *job, const nm_cli *c, nm_campaign *b, bool joins)
{
    b->confidence = nm_cli_num(job, c, NM_O_confidence, NM_CONFIDENCE);
    if (!nm_cli_has(c, NM_O_sample)) {
        if (nm_cli_has(c, NM_O_confidence))
            nm_throw(job, NM_EUSE, "--confidence: goes with --sample");
        return;
    }
    if (!(b->confidence >= 1 && b->confidence < 100))
        nm_throw(job, NM_EUSE,
                 "--confidence %g: percent, from 1 to less than 100, were expected",
                 b->confidence);
    const size_t count = (size_t)b->images.count;
    b->sample = nm_cli_whole(job, c, NM_O_sample, 1, 1, 1 << 30);
    if (b->sample > count)
        nm_throw(job, NM_EUSE, "--sample %zu: there are only %zu images", b->sample, count);
    if (joins) return; /* the folder says which ones */
    if (nm_cli_has(c, NM_O_range))
        nm_throw(job, NM_EUSE, "--range: does not go with --sample, which draws from all images");
    const bool by_label = b->has_labels && b->labels.count >= b->images.count;
    b->asked = nm_sample_draw(job, count, by_label ? b->labels.label : NULL, b->sample,
                              b->solve.seed);
}

/* what a run says of itself, whatever it is about */
static nm_campaign run_of(nm_job *job, const nm_cli *c)
{
    nm_campaign b = {
        .dir = nm_cli_get(c, NM_O_dir),
        .solve = nm_cli_solve_opts(job, c, false),
        .flags = given(job, c, asks, N_ASKS),
        .effort = given(job, c, efforts, N_EFFORTS),
        .rerun = nm_cli_pick(job, c, NM_O_rerun, "never|always|unknown|violated|error"),
        .workers = (int)nm_cli_num(job, c, NM_O_workers, 1),
        .memory = nm_cli_num(job, c, NM_O_memory, 0) * 1048576,
        .save_witness = nm_cli_has(c, NM_O_save_witness),
        .benchexec = nm_cli_has(c, NM_O_benchexec)};
    if (b.workers < 1) nm_throw(job, NM_EUSE, "--workers: 1 or more was expected");
    return b;
}

/* Sets the folder of certificates; of a run that joins, it is seen from where the folder is. */
static void set_proofs(nm_job *job, const nm_cli *c, nm_campaign *b, const nm_campaign_file *joins)
{
    const char *dir = nm_cli_get(c, NM_O_proofs);
    if (!dir) return;
    if (!*dir) nm_throw(job, NM_EUSE, "--proofs: the name of a folder was expected");
    b->proofs = nm_fmt(job, "%s/", joins ? nm_path_under(job, joins->folder, dir) : dir);
}

/* joins: campaign.json, or NULL */
static nm_campaign campaign_of(nm_job *job, const nm_cli *c, const nm_campaign_file *joins)
{
    const nm_ask ask = {.perturb = nm_cli_get(c, NM_O_perturb),
                        .domain = nm_cli_get(c, NM_O_domain),
                        .target = nm_cli_get(c, NM_O_target),
                        .margin = nm_cli_get(c, NM_O_margin),
                        .objective = nm_cli_get(c, NM_O_objective),
                        .guard = nm_cli_guard(c),
                        .dir = joins ? joins->folder : NULL};
    nm_campaign b = run_of(job, c);
    b.net = nm_net_read_as(job, c->file[0], nm_cli_front(job, c));
    b.around = nm_around_ask(job, &ask);
    b.around.of_many = true;
    nm_around_check_target(job, b.net, &b.around);
    b.net_path = c->file[0];
    b.images_path = nm_cli_get(c, NM_O_images);
    b.labels_path = nm_cli_get(c, NM_O_labels);
    check_range(job, &b);
    b.images = nm_dataset_open(job, nm_net_form(b.net), b.images_path);
    b.has_labels = b.labels_path != NULL;
    if (b.has_labels) b.labels = nm_labels_open(job, b.labels_path);
    nm_cli_range(job, c, b.images.count, &b.from, &b.to);
    b.question = question_text(job, b.flags, b.around.sets);
    set_sample(job, c, &b, joins != NULL);
    if (joins) set_asked(job, c, &b);
    set_proofs(job, c, &b, joins);
    if (b.proofs && b.around.objective != NM_FEASIBLE)
        nm_throw(job, NM_EUSE, "--proofs: certificates are for decisions; --objective feasible was expected");
    return b;
}

/* a benchmark, whose rows say the questions; joins: campaign.json, or NULL */
static nm_campaign benchmark_of(nm_job *job, const nm_cli *c, const nm_campaign_file *joins)
{
    static const nm_opt own[] = {NM_O_images,      NM_O_labels,      NM_O_perturb,     NM_O_domain,
                                 NM_O_margin,      NM_O_objective,   NM_O_guard,       NM_O_sample,
                                 NM_O_confidence,  NM_O_channels,    NM_O_mean,        NM_O_std,
                                 NM_O_input_shape, NM_O_output_name, NM_O_save_witness, NM_O_target};
    nm_cli_files(job, c, 0, 0, "no network beside --instances, whose rows name them,");
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (nm_cli_has(c, own[i]))
            nm_throw(
                job, NM_EUSE,
                "--%s: goes with images; the properties of --instances say their whole questions%s",
                nm_cli_name(job, own[i]),
                own[i] == NM_O_save_witness ? ", and their counterexamples are always kept" : "");
    nm_campaign b = run_of(job, c);
    b.rows = nm_benchmark_read(job, nm_cli_get(c, NM_O_instances), nm_cli_get(c, NM_O_root),
                               nm_cli_get(c, NM_O_expected));
    nm_cli_range(job, c, (int64_t)b.rows->n, &b.from, &b.to);
    b.question = question_text(job, b.flags, &(nm_sets){0});
    if (joins) set_asked(job, c, &b);
    set_proofs(job, c, &b, joins);
    return b;
}

static int status(nm_job *job, const nm_cli *c, nm_buf *out)
{
    nm_cli_files(job, c, 0, 0, "no file beside --status DIR");
    for (nm_opt o = 0; o < NM_N_OPTS; o++)
        if (nm_cli_has(c, o) && o != NM_O_status && o != NM_O_json && o != NM_O_quiet)
            nm_throw(job, NM_EUSE, "--%s: does not go with --status", nm_cli_name(job, o));
    size_t n;
    const char *of = nm_cli_get(c, NM_O_status), **dir = nm_study_folders(job, 1, &of, &n);
    const bool json = nm_cli_has(c, NM_O_json);
    if (json && n > 1)
        nm_throw(job, NM_EUSE, "--json: %s has several campaigns in it; the folder of one was expected", of);
    for (size_t i = 0; i < n; i++) {
        if (n > 1) nm_put(out, "%s%s: ", i ? "\n" : "", dir[i]);
        nm_campaign_status(job, dir[i], out, json);
    }
    return NM_OK;
}

static nm_campaign images_of(nm_job *job, const nm_cli *c, const nm_campaign_file *joins)
{
    static const nm_opt own[] = {NM_O_root, NM_O_expected};
    for (size_t i = 0; i < 2; i++)
        if (nm_cli_has(c, own[i]))
            nm_throw(job, NM_EUSE, "--%s: goes with --instances", nm_cli_name(job, own[i]));
    nm_cli_files(job, c, 1, 1, "a network");
    if (!nm_cli_has(c, NM_O_images) || !nm_cli_has(c, NM_O_dir))
        nm_throw(job, NM_EUSE, "netmip batch: --images FILE and --dir DIR were expected");
    return campaign_of(job, c, joins);
}

nm_campaign nm_cli_campaign(nm_job *job, const nm_cli *c)
{
    const bool joins = nm_cli_has(c, NM_O_join);
    nm_campaign_file f;
    nm_cli own;
    if (joins) {
        f = nm_campaign_read(job, nm_cli_get(c, NM_O_join));
        own = joined(job, c, &f);
        c = &own;
    }
    if (!nm_cli_has(c, NM_O_instances)) return images_of(job, c, joins ? &f : NULL);
    if (!nm_cli_has(c, NM_O_dir)) nm_throw(job, NM_EUSE, "netmip batch: --dir DIR was expected");
    return benchmark_of(job, c, joins ? &f : NULL);
}

/* one campaign */
static int campaign(nm_job *job, const nm_cli *c, nm_buf *out)
{
    nm_spread spread;
    const bool spreads = nm_cli_spread(job, c, &spread);
    nm_campaign b = nm_cli_campaign(job, c);
    if (!b.rows) nm_check_campaign(job, &b);
    if (!spreads) return nm_campaign_run(job, &b, out, nm_cli_has(c, NM_O_json));
    if (nm_cli_has(c, NM_O_json))
        nm_throw(job, NM_EUSE,
                 "--json: what was submitted or written is said as text; --status has JSON");
    nm_campaign_spread(job, &b, &spread, out);
    return NM_OK;
}

int nm_verb_batch(nm_job *job, const nm_cli *c, nm_buf *out)
{
    if (nm_cli_has(c, NM_O_status)) return status(job, c, out);
    return nm_cli_sweeps(c) ? nm_cli_sweep(job, c, campaign, out) : campaign(job, c, out);
}
