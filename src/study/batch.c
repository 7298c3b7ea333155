/* batch.c: asks one question about many samples.
 *
 * DIR/campaign.json records what was asked (campaign_file.c), DIR/records/N.json the answer for sample N. results.csv
 * and summary.json are made from the records alone, at the end of every run (batch_tables.c), except a run that joined
 * for a part and leaves some of the rest to others. Any number of runs may work in one folder (records.c).
 *
 * Apart from times, records do not depend on the number of workers or runs: each sample is solved by itself. A sample
 * that cannot be asked about or solved gives an `error` with its reason, which is no verdict. On an interrupt, samples
 * in progress are recorded with what is known so far, marked "partial": they count as unknown, and the next run solves
 * them again. */
#include "base/base.h"
#include "network/network.h"
#include "study/study.h"
#include "study/benchmark.h"
#include "study/records.h"

#include <stdlib.h>
#include <sys/resource.h>

/* ---- one sample ---- */

typedef struct {
    const nm_campaign *c;
    nm_shared of;
    int64_t *todo;   /* [n] samples to solve */
    uint64_t *stamp; /* [n] stamps of their records when the run began */
} plan;

static int solve_sample(nm_job *job, void *arg, size_t k, nm_buf *record)
{
    const plan *t = arg;
    return t->c->rows ? nm_instance_solve(job, t->c, t->todo[k], record)
                      : nm_sample_solve(job, t->c, &t->of, t->todo[k], record);
}

static void record_failure(nm_job *job, void *arg, size_t k, int code, const char *why,
                           nm_buf *record)
{
    const plan *t = arg;
    nm_jo j = nm_record_start(record, t->c, t->todo[k]);
    nm_jo_str(&j, "verdict", "error");
    nm_jo_int(&j, "code", code);
    nm_jo_str(&j, "why", why);
    nm_jo_done(&j);
    nm_warn(job, "sample %lld could not be solved: %s", (long long)t->todo[k], why);
}

static const char *stem_of(nm_job *job, void *arg, size_t k)
{
    const plan *t = arg;
    return nm_fmt(job, "%s/records/%06lld", t->c->dir, (long long)t->todo[k]);
}

/* the status of a record's verdict */
static int status_of(nm_job *job, const nm_json *record, const char *path)
{
    const int status = nm_status_of(
        nm_json_str(job, nm_json_get(job, record, "verdict", path), path));
    return status < 0 ? NM_TALLY_ERROR : status;
}

static int made_meanwhile(nm_job *job, void *arg, size_t k)
{
    const plan *t = arg;
    const char *path = nm_record_path(job, t->c, t->todo[k]);
    const uint64_t now = nm_file_stamp(path);
    if (!now || now == t->stamp[k]) return -1;
    const nm_json *j = nm_record_read(job, path);
    if (!j) return -1;
    const int status = nm_record_partial(j) ? -1 : status_of(job, j, path);
    nm_close(job, j);
    return status;
}

/* ---- the campaign ---- */

/* Returns whether an answer has neither a certificate nor a reason why it has none. */
static bool lacks_proof(nm_job *job, const nm_campaign *c, const nm_json *record, int status)
{
    const nm_json *proof = nm_json_find(record, "proof");
    if (status != NM_OK && status != NM_VIOLATED) return false;
    if (!proof) return !nm_json_find(record, "unproved");
    const char *path = nm_json_str(job, proof, "proof");
    return !nm_file_exists(nm_path_under(job, nm_fmt(job, "%s/", c->dir), path));
}

/* says whether a sample is to be solved: without a whole record always, else as --rerun says; one that is not counts
 * as done */
static bool wanted(nm_job *job, const nm_campaign *c, int64_t sample, nm_tally *done)
{
    const char *path = nm_record_path(job, c, sample);
    const nm_json *j = strcmp(c->rerun, "always") ? nm_record_read(job, path) : NULL;
    if (!j) return true;
    const char *verdict = nm_json_str(job, nm_json_get(job, j, "verdict", path), path);
    const bool open = strcmp(c->rerun, "unknown") == 0 && /* a value that is not proven has a reason, too */
                      (strcmp(verdict, "error") == 0 || nm_json_find(j, "why"));
    const bool want = nm_record_partial(j) || open || strcmp(verdict, c->rerun) == 0 ||
                      (c->proofs && lacks_proof(job, c, j, status_of(job, j, path)));
    if (!want) nm_tally_add(done, status_of(job, j, path));
    nm_close(job, j);
    return want;
}

static void list_todo(nm_job *job, const nm_campaign *c, plan *t, nm_records *r)
{
    for (int64_t i = c->from; i < c->to; i++) {
        if (!nm_campaign_asks(c, i)) continue;
        const nm_mark mark = nm_mark_get(job);
        nm_presence_tick(job, r->here, NULL, 0);
        r->before.all++;
        t->stamp[r->n] = nm_file_stamp(nm_record_path(job, c, i));
        if (wanted(job, c, i, &r->before)) t->todo[r->n++] = i;
        nm_mark_release(job, mark);
    }
}

typedef struct {
    const nm_campaign *c;
    nm_presence *here;
    nm_totals totals;
    nm_buf json;
} tables;

/* true: every sample that any run asked for has a record */
static bool is_complete(nm_job *job, const nm_campaign *c)
{
    int64_t n;
    const bool *asked = nm_campaign_asked(job, c->dir, &n);
    for (int64_t i = 0; i < n; i++)
        if (asked[i] && !nm_file_exists(nm_record_path(job, c, i))) return false;
    return true;
}

static void make_tables(nm_job *job, void *arg)
{
    tables *t = arg;
    t->totals = nm_campaign_tables(job, t->c, t->here, &t->json);
    if (!t->c->is_part || t->totals.left || !is_complete(job, t->c)) return;
    nm_campaign all = *t->c;
    nm_buf json;
    all.is_part = false;
    all.asked = nm_campaign_asked(job, all.dir, &all.to);
    all.from = 0;
    nm_campaign_tables(job, &all, t->here, &json);
    t->totals.written = true;
}

/* Reports how the run ended; returns its exit code. */
static int conclude(nm_job *job, const nm_campaign *c, const nm_totals *t)
{
    size_t asked = 0;
    for (int64_t i = c->from; i < c->to; i++) asked += nm_campaign_asks(c, i);
    if (t->errors)
        nm_warn(job,
                "%zu of %s in %s could not be solved; results.csv says why, and --rerun error tries again",
                t->errors, nm_counted(job, t->samples, "samples"), c->dir);
    if (t->unknown > t->partial && !nm_stopped(job))
        nm_note(job, "unknown: %zu of %s in %s; results.csv says why%s", t->unknown,
                nm_counted(job, t->samples, "samples"), c->dir,
                c->solve.time_limit > 0
                    ? nm_fmt(job, ", and --rerun unknown --time-limit T tries them again, with T longer than %g s",
                             c->solve.time_limit)
                    : "");
    if (t->wrong) return NM_EAUDIT;
    if (!nm_stopped(job)) return t->error;
    nm_note(job, "interrupted: %zu of %zu done; run the same command to continue", asked - t->left,
            asked);
    return NM_UNKNOWN;
}

static nm_records records_of(nm_job *job, const nm_campaign *c, plan *t)
{
    static const char *const folders[] = {"records", "witness", NULL},
                             *const folder[] = {"records", NULL},
                             *const files[] = {"results.csv", "summary.json", "expected.csv", "benchexec.xml", NULL};
    nm_said *kept = NM_ARRAY(job, nm_said, 4);
    size_t n = 0;
    if (c->rows) {
        kept[n++] = (nm_said){"instances_sha256", c->rows->hash};
    } else {
        kept[n++] = (nm_said){"net_sha256", c->net->hash};
        kept[n++] = (nm_said){"images_sha256", c->images.hash};
        kept[n++] = (nm_said){"labels_sha256", c->has_labels ? c->labels.hash : ""};
    }
    kept[n++] = (nm_said){"question", c->question};
    nm_folder_make(job, c->dir); /* paths relative to it are asked for */
    return (nm_records){.dir = c->dir,
                        .file = NM_CAMPAIGN_FILE,
                        .kind = "campaign",
                        .version = NM_CAMPAIGN_VERSION,
                        .n_said = n,
                        .said = kept,
                        .more = nm_campaign_more(job, c),
                        .folders = c->save_witness || c->rows ? folders : folder,
                        .files = files,
                        .workers = c->workers,
                        .memory = c->memory,
                        .stem = stem_of,
                        .settled = made_meanwhile,
                        .make = solve_sample,
                        .fail = record_failure,
                        .arg = t};
}

/* enters the folder and lists what is to be done */
static void enter(nm_job *job, const nm_campaign *c, plan *t, nm_records *r)
{
    const size_t n = (size_t)(c->to - c->from);
    *t = (plan){c, {0}, NM_RAW(job, int64_t, n + 1), NM_RAW(job, uint64_t, n + 1)};
    *r = records_of(job, c, t);
    nm_records_open(job, r);
    nm_campaign_ask(job, c);
    list_todo(job, c, t, r);
    if (c->rows)
        nm_answers_keep(job, c->rows, c->dir);
    else
        t->of.p = (c->solve.float32 ? nm_lower_float32 : nm_lower)(job, c->net);
    if (!c->proofs) return;
    nm_folder_make(job, c->proofs);
}

int nm_campaign_run(nm_job *job, const nm_campaign *c, nm_buf *out, bool json)
{
    plan t;
    nm_records r;
    enter(job, c, &t, &r);
    if (r.before.done)
        nm_note(job, "done already: %zu of %s", r.before.done, nm_counted(job, r.before.all, "samples"));
    nm_records_run(job, &r);
    tables made = {.c = c, .here = r.here};
    nm_records_tables(job, &r, make_tables, &made);
    nm_records_close(job, &r);
    if (json)
        nm_put_bytes(out, made.json.s, made.json.n);
    else
        nm_campaign_text(out, c, &made.totals);
    return conclude(job, c, &made.totals);
}

/* of what is to be done, the samples of a pilot, evenly spread, first; returns how many */
static size_t pilot_first(plan *t, size_t n, size_t pilot)
{
    const size_t few = pilot < n ? pilot : n;
    for (size_t k = 0; k < few; k++) {
        const size_t from = k + (n - k) / (few - k) / 2;
        const int64_t sample = t->todo[from];
        const uint64_t stamp = t->stamp[from];
        t->todo[from] = t->todo[k];
        t->stamp[from] = t->stamp[k];
        t->todo[k] = sample;
        t->stamp[k] = stamp;
    }
    return few;
}

static int rising(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

nm_todo nm_campaign_pilot(nm_job *job, const nm_campaign *c, size_t pilot)
{
    plan t;
    nm_records r;
    enter(job, c, &t, &r);
    const size_t all = r.n;
    nm_todo left = {.made = pilot_first(&t, all, pilot)};
    r.n = left.made;
    r.before.all = r.before.done + r.n;
    const double at = nm_wall();
    nm_records_run(job, &r);
    const int at_once = c->workers < (int)r.n ? c->workers : (int)r.n;
    if (left.made) left.seconds = (nm_wall() - at) * at_once / (double)left.made;
    struct rusage used;
    if (getrusage(RUSAGE_CHILDREN, &used) == 0) left.bytes = 1024. * (double)used.ru_maxrss;
    nm_records_close(job, &r);
    left.sample = t.todo + left.made;
    left.n = all - left.made;
    qsort(t.todo + left.made, left.n, sizeof *t.todo, rising);
    return left;
}
