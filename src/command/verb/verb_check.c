/* verb_check.c: netmip check: a certificate, checked by itself. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "proof/proof.h"
#include "study/study.h"
#include "command/command.h"
#include "command/flags.h"

static int campaign(nm_job *job, const nm_cli *said, const char *dir, nm_buf *out)
{
    nm_cli with = *said;
    with.value[NM_O_join] = dir;
    with.value[NM_O_exact] = NULL; /* of this verb alone */
    const nm_campaign c = nm_cli_campaign(job, &with);
    return nm_campaign_proofs(job, &c, out, nm_cli_has(said, NM_O_json), nm_cli_has(said, NM_O_exact));
}

/* --batch: the certificates of a campaign, or of several in one folder */
static int campaigns(nm_job *job, const nm_cli *said, nm_buf *out)
{
    size_t n, unproved = 0, rejected = 0;
    const char *of = nm_cli_get(said, NM_O_batch), **dir = nm_study_folders(job, 1, &of, &n);
    if (n > 1 && nm_cli_has(said, NM_O_json))
        nm_throw(job, NM_EUSE, "--json: %s has several campaigns in it; the folder of one was expected", of);
    for (nm_opt o = 0; o < NM_N_OPTS; o++)
        if (nm_cli_has(said, o) && o != NM_O_batch && o != NM_O_exact && o != NM_O_json && o != NM_O_quiet)
            nm_throw(job, NM_EUSE, "--%s: does not go with --batch, whose folder says the question",
                     nm_cli_name(job, o));
    for (size_t i = 0; i < n && !nm_stopped(job); i++) {
        if (n > 1) nm_put(out, "%s:\n", dir[i]);
        const int code = campaign(job, said, dir[i], out);
        unproved += code == NM_UNKNOWN;
        rejected += code == NM_EAUDIT;
    }
    return nm_stopped(job) ? NM_UNKNOWN : rejected ? NM_EAUDIT : unproved ? NM_UNKNOWN : NM_OK;
}

int nm_verb_check(nm_job *job, const nm_cli *said, nm_buf *out)
{
    if (nm_cli_has(said, NM_O_batch)) return campaigns(job, said, out);
    nm_cli with = *said;
    nm_cli_files(job, said, 2, 3, "a network with its question and a certificate");
    const char *path = with.file[--with.n_files];
    const nm_net *net = nm_cli_net(job, &with);
    const nm_query *q = nm_cli_question(job, &with, net);
    const double start = nm_cpu();
    const bool exact = nm_cli_has(said, NM_O_exact);
    const nm_checked r = nm_proof_check(job, net, NULL, q, nm_file_read(job, path), exact);
    const char *claim = nm_status_word(r.claim);
    if (nm_cli_has(said, NM_O_json)) {
        nm_jo j = nm_jo_answer(out);
        nm_jo_bool(&j, "accepted", r.accepted);
        nm_jo_str(&j, "claim", claim);
        nm_jo_int(&j, "clauses", (int64_t)r.clauses);
        nm_jo_int(&j, "steps", (int64_t)r.steps);
        if (!r.accepted) nm_jo_int(&j, "line", r.line);
        if (!r.accepted) nm_jo_str(&j, "why", r.why);
        nm_jo_fixed(&j, "cpu_seconds", nm_cpu() - start, 3);
        nm_jo_done(&j);
    } else if (r.accepted) {
        nm_put(out, "accepted: %s (%s, %s, %.3f s)\n", claim, nm_counted(job, r.clauses, "clauses"),
               nm_counted(job, r.steps, "steps"), nm_cpu() - start);
    } else {
        nm_put(out, "rejected: %s:%d: %s\n", path, r.line, r.why);
    }
    return r.accepted ? r.claim : NM_EAUDIT;
}
