/* check_proofs.c: the certificates of a campaign, each checked for the question that its sample asks.
 *
 * The questions are asked anew, from the network and the images (or the rows of a benchmark); of the records only the
 * verdict and the certificate's name are read. The network is prepared for the checker once. Cost: a check each. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "proof/proof.h"
#include "study/study.h"
#include "study/records.h"

enum { SHOWN = 20 }; /* answers without a certificate, whose names are printed */

typedef struct {
    const nm_campaign *c;
    const nm_plain *plain;
    nm_buf *out;
    nm_jo *list; /* of what is rejected, or NULL: as text */
    bool exact; /* without rounding */
    size_t accepted, rejected, unproved, bytes;
} tally;

typedef struct {
    const char *path;
    nm_file file;
} reading;

static void read_one(nm_job *job, void *arg)
{
    reading *r = arg;
    r->file = nm_file_read(job, r->path);
}

/* Returns what the checker says of a certificate; of a benchmark's row, the network is read as well. */
static nm_checked check(nm_job *job, const tally *t, int64_t sample, nm_file f)
{
    if (!t->c->rows)
        return nm_proof_check(job, t->c->net, t->plain, nm_sample_query(job, t->c, sample), f, t->exact);
    const nm_benchmark_row *row = &t->c->rows->row[sample];
    const nm_named net = {NULL, nm_net_read(job, row->net_path)};
    const nm_asked a = nm_vnnlib_ask(job, row->property_path, 1, &net);
    return nm_proof_check(job, a.net, NULL, a.query, f, t->exact);
}

static void reject(tally *t, int64_t sample, const char *path, int line, const char *why)
{
    t->rejected++;
    if (!t->list) {
        nm_put(t->out, "rejected: sample %lld: %s", (long long)sample, path);
        if (line) nm_put(t->out, ":%d", line);
        nm_put(t->out, ": %s\n", why);
        return;
    }
    nm_jo_object(t->list, NULL);
    nm_jo_int(t->list, "sample", sample);
    nm_jo_int(t->list, "line", line);
    nm_jo_str(t->list, "why", why);
    nm_jo_end(t->list);
}

/* An answer without a certificate; why: the record's reason, or NULL. */
static void miss(tally *t, int64_t sample, const nm_json *why)
{
    if (!t->list && t->unproved < SHOWN)
        nm_put(t->out, "no certificate: sample %lld: %s\n", (long long)sample,
               why ? nm_json_str(t->out->job, why, "unproved") : "none was asked for");
    t->unproved++;
}

static void one(nm_job *job, tally *t, int64_t sample)
{
    const char *record = nm_record_path(job, t->c, sample);
    const nm_json *j = nm_record_read(job, record);
    if (!j) return;
    const nm_json *proof = nm_json_find(j, "proof");
    const int claim = nm_status_of(
        nm_json_str(job, nm_json_get(job, j, "verdict", record), record));
    if (!proof) {
        if (claim == NM_OK || claim == NM_VIOLATED) miss(t, sample, nm_json_find(j, "unproved"));
        return;
    }
    const char *path = nm_path_under(job, nm_fmt(job, "%s/", t->c->dir),
                                     nm_json_str(job, proof, record));
    if (!nm_file_exists(path)) {
        reject(t, sample, path, 0, "the file is missing");
        return;
    }
    reading f = {path, {0}};
    if (nm_run(job, read_one, &f)) { /* a torn one: others can be checked all the same */
        const char *why = nm_job_message(job);
        const size_t n = strlen(path);
        reject(t, sample, path, 0, strncmp(why, path, n) == 0 && why[n] == ':' ? why + n + 2 : why);
        return;
    }
    const nm_checked r = check(job, t, sample, f.file);
    if (!r.accepted)
        reject(t, sample, path, r.line, r.why);
    else if (r.claim != claim)
        reject(t, sample, path, 4, "it proves the other answer than the record's");
    else
        t->accepted++;
}

int nm_campaign_proofs(nm_job *job, const nm_campaign *c, nm_buf *out, bool json, bool exact)
{
    const double start = nm_cpu();
    nm_jo j;
    tally t = {.c = c, .out = out, .list = json ? &j : NULL, .exact = exact};
    if (c->net) t.plain = nm_plain_new(job, c->net);
    if (json) {
        j = nm_jo_answer(out);
        nm_jo_list(&j, "wrong");
    }
    for (int64_t i = c->from; i < c->to && !nm_stopped(job); i++) {
        nm_job *own = nm_job_own(job); /* out grows in the memory of the other job */
        if (nm_campaign_asks(c, i)) one(own, &t, i);
        nm_close(job, own);
    }
    if (json) {
        nm_jo_end(&j);
        nm_jo_int(&j, "n_accepted", (int64_t)t.accepted);
        nm_jo_int(&j, "n_rejected", (int64_t)t.rejected);
        nm_jo_int(&j, "n_unproved", (int64_t)t.unproved);
        nm_jo_fixed(&j, "cpu_seconds", nm_cpu() - start, 3);
        nm_jo_done(&j);
    } else {
        nm_put(out, "%zu accepted, %zu rejected; %s without a certificate (%.3f s)\n",
               t.accepted, t.rejected, nm_counted(job, t.unproved, "answers"), nm_cpu() - start);
    }
    if (nm_stopped(job)) return NM_UNKNOWN;
    return t.rejected ? NM_EAUDIT : t.unproved ? NM_UNKNOWN : NM_OK;
}
