/* crew.c: the processes of one run that make a folder's records.
 *
 * Workers are forked processes that take the next item from a shared counter; the memory of an item is freed before the
 * next one. A worker claims an item before it makes it (claims.c), checks whether it is made already, and writes the
 * record if it still has the claim. Items that other runs hold are tried again at the end, until they are made or their
 * holder is dead. If a worker dies, its item goes to `fail`, and another worker takes its place. If it was killed, its
 * item is blamed only after GRACE seconds, because someone who kills a whole run may kill the workers first. The parent
 * makes no records: it renews the run's sign of life, reports progress, and passes an interrupt on. A run may be killed
 * at any moment and started again; it loses at most the items in progress. */
#define _GNU_SOURCE
#include "base/base.h"
#include "study/records.h"

#include <unistd.h>

enum { MAX_WORKERS = 256 };
#define GRACE 1.0  /* seconds */
#define TICK  0.2  /* seconds between two looks at the clock */
#define SAY   30.0 /* seconds between lines of progress where there is no terminal */

typedef struct {
    int64_t item; /* in the worker's hands, or -1 */
    int claim;    /* number of its claim */
    double began;
} hands;

typedef struct { /* shared between the parent and its workers */
    size_t next, waiting;
    nm_tally tally;
    hands now[MAX_WORKERS];
} board;

typedef struct crew crew;
typedef struct {
    crew *w;
    int slot;
} worker_t;
struct crew {
    nm_job *job;
    const nm_records *r;
    board *board;
    bool *elsewhere; /* [n] another run had claimed it; shared */
    double *vague;   /* [n] of nm_claim_take; shared */
    nm_child *child[MAX_WORKERS];
    worker_t me[MAX_WORKERS];
    double died[MAX_WORKERS]; /* when its end was seen first, or 0 */
    double began, next_tick, next_say;
};

static void count(crew *w, int status)
{
    nm_tally *t = &w->board->tally;
    size_t *of = status == NM_OK         ? &t->holds
                 : status == NM_VIOLATED ? &t->violated
                 : status == NM_UNKNOWN  ? &t->unknown
                                         : &t->errors;
    __atomic_fetch_add(of, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&t->done, 1, __ATOMIC_RELAXED);
}

/* ---- one item ---- */

typedef struct {
    const nm_records *r;
    size_t item;
    int status;
    nm_buf record;
} task;

static void make(nm_job *job, void *arg)
{
    task *t = arg;
    t->record = (nm_buf){.job = job};
    t->status = t->r->make(job, t->r->arg, t->item, &t->record);
}

/* Writes a record and returns true, unless another run took the item over meanwhile: then that one writes it. */
static bool keep(crew *w, size_t item, int claim, const nm_buf *record)
{
    const char *stem = w->r->stem(w->job, w->r->arg, item);
    const bool mine = !record->n || nm_claim_kept(w->job, w->r->here, stem, claim);
    if (mine && record->n)
        nm_file_write(w->job, nm_fmt(w->job, "%s.json", stem), record->s, record->n);
    nm_claim_drop(w->job, stem, claim);
    return mine;
}

/* leaves an item for later */
static void leave_item(crew *w, size_t item)
{
    __atomic_store_n(&w->elsewhere[item], true, __ATOMIC_RELAXED);
    __atomic_fetch_add(&w->board->waiting, 1, __ATOMIC_RELAXED);
}

static bool keep_failure(crew *w, size_t item, int claim, int code, const char *why)
{
    nm_buf record = {.job = w->job};
    w->r->fail(w->job, w->r->arg, item, code, why, &record);
    return keep(w, item, claim, &record);
}

static void run_item(crew *w, int slot, size_t item, int claim)
{
    w->board->now[slot] = (hands){(int64_t)item, claim, nm_wall()};
    task t = {.r = w->r, .item = item, .status = NM_UNKNOWN};
    const int code = nm_run(w->job, make, &t);
    if (code == NM_EIO)
        nm_throw(w->job, code, "%s", nm_job_message(w->job)); /* memory, or a full disk */
    const bool kept = code ? keep_failure(w, item, claim, code, nm_job_message(w->job))
                           : keep(w, item, claim, &t.record);
    w->board->now[slot].item = -1;
    if (!kept)
        leave_item(w, item);
    else if (!nm_stopped(w->job))
        count(w, code ? NM_TALLY_ERROR : t.status);
}

/* ---- workers ---- */

static int made_elsewhere(const crew *w, size_t item)
{
    return w->r->settled(w->job, w->r->arg, item);
}

/* makes the item, unless another run has made it, or holds it now: that is left for later */
static void take_item(crew *w, int slot, size_t item)
{
    const nm_mark mark = nm_mark_get(w->job);
    const char *stem = w->r->stem(w->job, w->r->arg, item);
    int made = made_elsewhere(w, item), claim = -1;
    w->board->now[slot] = (hands){(int64_t)item, -1, nm_wall()};
    if (made < 0) claim = nm_claim_take(w->job, w->r->here, stem, &w->vague[item]);
    if (claim >= 0 && (made = made_elsewhere(w, item)) >= 0) nm_claim_drop(w->job, stem, claim);
    if (made >= 0)
        count(w, made);
    else if (claim >= 0)
        run_item(w, slot, item, claim);
    else
        leave_item(w, item);
    w->board->now[slot].item = -1;
    nm_mark_release(w->job, mark);
}

/* goes through what other runs held; true: something was taken from them */
static bool take_waiting(crew *w, int slot)
{
    bool some = false;
    for (size_t k = 0; k < w->r->n && !nm_stopped(w->job); k++) {
        if (!__atomic_exchange_n(&w->elsewhere[k], false, __ATOMIC_RELAXED)) continue;
        __atomic_fetch_sub(&w->board->waiting, 1, __ATOMIC_RELAXED);
        take_item(w, slot, k);
        some |= !w->elsewhere[k];
    }
    return some;
}

static void work(nm_job *job, void *arg)
{
    const worker_t *me = arg;
    crew *w = me->w;
    while (!nm_stopped(job)) {
        const size_t k = __atomic_fetch_add(&w->board->next, 1, __ATOMIC_RELAXED);
        if (k >= w->r->n) break;
        take_item(w, me->slot, k);
    }
    for (unsigned wait = 50000;
         !nm_stopped(job) && __atomic_load_n(&w->board->waiting, __ATOMIC_RELAXED);) {
        wait = take_waiting(w, me->slot) ? 50000 : wait < 500000 ? wait * 2 : 1000000;
        if (__atomic_load_n(&w->board->waiting, __ATOMIC_RELAXED)) usleep(wait);
    }
}

static void start_worker(crew *w, int slot)
{
    w->me[slot] = (worker_t){w, slot};
    w->died[slot] = 0;
    w->child[slot] = nm_child_start(w->job, "a worker",
                                    (nm_child_opts){.memory = (size_t)w->r->memory, .tell = true},
                                    work, &w->me[slot]);
}

/* one ended worker: replaced when it died in the middle of an item */
static void ended(crew *w, int slot, int status)
{
    const double now = nm_wall();
    if (w->died[slot] == 0) w->died[slot] = now;
    if (status == NM_DIED + SIGKILL && now - w->died[slot] < GRACE && !nm_stopped(w->job)) return;
    nm_child_end(w->job, w->child[slot]);
    w->child[slot] = NULL;
    if (status == 0) return;
    const hands had = w->board->now[slot];
    w->board->now[slot].item = -1;
    if ((status == NM_EIO || nm_stopped(w->job)) && had.item >= 0)
        nm_claim_drop(w->job, w->r->stem(w->job, w->r->arg, (size_t)had.item), had.claim);
    if (status == NM_EIO)
        nm_throw(w->job, NM_EIO,
                 "a worker could not go on (memory or disk); what is recorded is kept");
    if (nm_stopped(w->job)) return;
    if (had.item >= 0 && had.claim < 0) {
        leave_item(w, (size_t)had.item);
    } else if (had.item >= 0) {
        keep_failure(w, (size_t)had.item, had.claim, NM_EIO,
                     status >= NM_DIED
                         ? nm_fmt(w->job, "its worker died by signal %d", status - NM_DIED)
                         : "its worker failed");
        count(w, NM_TALLY_ERROR);
    }
    if (w->board->next < w->r->n || w->board->waiting) start_worker(w, slot);
}

/* ---- the parent ---- */

/* passes an interrupt on: once politely, after two seconds for good */
static void pass_stop(const crew *w, int workers, double *since)
{
    if (!nm_stopped(w->job)) return;
    const double now = nm_wall();
    const bool first = *since == 0, last = !first && now - *since > 2;
    if (first) *since = now;
    if (!first && !last) return;
    for (int i = 0; i < workers; i++) {
        if (!w->child[i]) continue;
        if (last)
            nm_child_kill(w->child[i]);
        else
            nm_child_ask(w->child[i]);
    }
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* what is in the workers' hands; returns how many */
static size_t in_hands(const crew *w, int workers, nm_working *now, nm_working *slowest)
{
    size_t n = 0;
    for (int i = 0; i < workers; i++) {
        const hands h = w->board->now[i];
        if (h.item < 0 || h.claim < 0 || !w->child[i]) continue;
        now[n] = (nm_working){base_of(w->r->stem(w->job, w->r->arg, (size_t)h.item)),
                              nm_wall() - h.began};
        if (now[n].seconds > slowest->seconds) *slowest = now[n];
        n++;
    }
    return n;
}

/* the sign of life, and what a reader is told: a line that changes on a terminal, else a line now and then */
static void tick(crew *w, int workers)
{
    const double at = nm_wall();
    if (at < w->next_tick) return;
    w->next_tick = at + TICK;
    const nm_mark mark = nm_mark_get(w->job);
    nm_working now[MAX_WORKERS], slowest = {NULL, 0};
    const size_t n = in_hands(w, workers, now, &slowest);
    nm_presence_tick(w->job, w->r->here, now, n);
    const bool shows = nm_shows(w->job);
    if (shows || at >= w->next_say) {
        const char *text = nm_tally_text(w->job, &w->board->tally, w->r->before.done, at - w->began,
                                         slowest.record ? &slowest : NULL);
        if (shows)
            nm_show(w->job, "%s", text);
        else
            nm_note(w->job, "%s", text);
        w->next_say = at + SAY;
    }
    nm_mark_release(w->job, mark);
}

static void wait_all(crew *w, int workers)
{
    double since = 0;
    for (int left = workers; left > 0;) {
        left = 0;
        pass_stop(w, workers, &since);
        for (int i = 0; i < workers; i++) {
            const int status = w->child[i] ? nm_child_status(w->child[i]) : -1;
            if (status >= 0) ended(w, i, status);
            left += w->child[i] != NULL;
        }
        if (left) {
            tick(w, workers);
            usleep(20000);
        }
    }
    nm_show(w->job, "%s", "");
}

void nm_records_run(nm_job *job, const nm_records *r)
{
    const int workers = r->workers > MAX_WORKERS    ? MAX_WORKERS
                        : (size_t)r->workers > r->n ? (int)r->n
                                                    : r->workers;
    if (!r->n) return;
    crew *w = NM_NEW(job, crew);
    *w = (crew){.job = job, .r = r, .began = nm_wall()};
    w->next_say = w->began + SAY;
    w->board = nm_shared_new(job, 1, sizeof *w->board);
    w->elsewhere = nm_shared_new(job, r->n, sizeof *w->elsewhere);
    w->vague = nm_shared_new(job, r->n, sizeof *w->vague);
    w->board->tally = r->before;
    for (int i = 0; i < MAX_WORKERS; i++) w->board->now[i].item = -1;
    for (int i = 0; i < workers; i++) start_worker(w, i);
    wait_all(w, workers);
    nm_shared_end(job, w->vague);
    nm_shared_end(job, w->elsewhere);
    nm_shared_end(job, w->board);
}
