/* sweep.c: batch over several networks and input sets: a campaign for each pair, in DIR/NETWORK-SET, one after another.
 * Each is an ordinary campaign, which can be joined or continued by itself; the same command continues all of them.
 * The exit code is that of the first that is not 0; an interrupt ends the sweep. */
#include "base/base.h"
#include "study/study.h"
#include "command/command.h"
#include "command/flags.h"

bool nm_cli_sweeps(const nm_cli *c) { return c->n_files > 1 || c->n_perturbs > 1; }

static void check(nm_job *job, const nm_cli *c)
{
    static const nm_opt alone[] = {NM_O_join, NM_O_jobs_file, NM_O_slurm};
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++)
        if (nm_cli_has(c, alone[i]))
            nm_throw(job, NM_EUSE,
                     "--%s: goes with one network and one --perturb, a campaign at a time",
                     nm_cli_name(job, alone[i]));
    if (nm_cli_has(c, NM_O_json))
        nm_throw(job, NM_EUSE,
                 "--json: goes with one campaign; netmip compare --json says the table of several");
    nm_cli_files(job, c, 1, c->argc, "one network or more");
    if (!nm_cli_has(c, NM_O_dir)) nm_throw(job, NM_EUSE, "netmip batch: --dir DIR was expected");
}

/* NETWORK-SET, which no other pair may be called */
static const char *name_of(nm_job *job, const char *net, const char *set, nm_names *known)
{
    const char *name = nm_path_stem(job, net);
    if (set) name = nm_fmt(job, "%s-%s", name, nm_name_clean(job, set));
    if (!nm_names_add(job, known, nm_span_of(name)))
        nm_throw(job, NM_EUSE,
                 "%s: two campaigns would be called so; other file names or sets were expected",
                 name);
    return name;
}

int nm_cli_sweep(nm_job *job, const nm_cli *c,
                 int (*one)(nm_job *job, const nm_cli *c, nm_buf *out), nm_buf *out)
{
    check(job, c);
    const char *root = nm_cli_get(c, NM_O_dir);
    const size_t n_sets = c->n_perturbs ? c->n_perturbs : 1, n = n_sets * (size_t)c->n_files;
    const char **dir = NM_ARRAY(job, const char *, n);
    nm_names known = {0};
    for (size_t i = 0; i < n; i++) {
        const char *set = c->n_perturbs ? c->perturb[i % n_sets] : NULL;
        dir[i] = nm_fmt(job, "%s/%s", root, name_of(job, c->file[i / n_sets], set, &known));
    }
    nm_folder_make(job, root);
    const char *proofs = nm_cli_get(c, NM_O_proofs);
    if (proofs) nm_folder_make(job, proofs);
    int code = NM_OK;
    size_t done = 0;
    for (; done < n && !nm_stopped(job); done++) {
        nm_cli part = *c;
        part.file = &c->file[done / n_sets];
        part.n_files = 1;
        part.value[NM_O_dir] = dir[done];
        if (proofs) part.value[NM_O_proofs] = nm_fmt(job, "%s%s", proofs, dir[done] + strlen(root));
        if (c->n_perturbs) part.value[NM_O_perturb] = c->perturb[done % n_sets];
        nm_buf said = {.job = job};
        nm_note(job, "%s: campaign %zu of %zu", dir[done], done + 1, n);
        const int ended = one(job, &part, &said);
        if (!code) code = ended;
    }
    const nm_compared how = {.format = "text", .dir = root};
    const int compared = nm_campaigns_compare(job, done, dir, &how, out);
    return code ? code : compared;
}
