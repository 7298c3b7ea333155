/* records.c: a folder of records made by several processes, shared by campaigns of samples and of solver runs.
 *
 * DIR/FILE records what was asked; a later run that asks something else is refused. The first run creates it, whole or
 * not at all. Each record is a file of its own, written whole or not at all; tables are made from records alone.
 * Workers are forked processes that take the next item from a shared counter; the memory of an item is freed before the
 * next one. If a worker dies, its item goes to `fail`, and another worker takes its place. A run may be killed at any
 * moment and started again; it loses at most the items in progress.
 *
 * Several runs may work in one folder if `number` is set: a worker claims an item before it starts, by a lock on byte
 * CLAIMS + number of DIR/FILE. Items claimed by other runs are waited for at the end, and done here if the other run
 * leaves them undone. Locks belong to open file descriptions: they end with their process, however it ends, and never
 * stay behind. Every run holds a shared lock on byte RUN, and an exclusive one while it removes what killed runs left;
 * whoever makes tables locks byte TABLES. */
#define _GNU_SOURCE
#include "base/base.h"
#include "study/records.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MAX_WORKERS = 256, RUN = 0, TABLES = 1, CLAIMS = 2 };

typedef struct { /* shared between the parent and its workers */
    size_t next, again, done, holds, violated, unknown, errors;
    int64_t now[MAX_WORKERS]; /* the item that the worker is making, or -1 */
    bool elsewhere[];         /* [n] another run had claimed the item */
} board;

typedef struct crew crew;
typedef struct { crew *w; int slot; } worker_t;
struct crew {
    nm_job *job;
    const nm_records *r;
    board *board;
    nm_child *child[MAX_WORKERS];
    worker_t me[MAX_WORKERS];
};

/* ---- one item ---- */

typedef struct {
    const nm_records *r;
    size_t item;
    int status;
} task;

static void make(nm_job *job, void *arg)
{
    task *t = arg;
    t->status = t->r->make(job, t->r->arg, t->item);
}

static void run_item(crew *w, int slot, size_t item)
{
    w->board->now[slot] = (int64_t)item;
    const nm_mark mark = nm_mark_get(w->job);
    task t = {.r = w->r, .item = item, .status = NM_UNKNOWN};
    const int code = nm_run(w->job, make, &t);
    if (code == NM_EIO)
        nm_throw(w->job, code, "%s", nm_job_message(w->job)); /* out of memory, or the disk is full */
    if (code) w->r->fail(w->job, w->r->arg, item, code, nm_job_message(w->job));
    nm_mark_release(w->job, mark);
    w->board->now[slot] = -1;
    if (nm_stopped(w->job)) return;
    size_t *count = code                      ? &w->board->errors
                    : t.status == NM_OK       ? &w->board->holds
                    : t.status == NM_VIOLATED ? &w->board->violated
                                              : &w->board->unknown;
    __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&w->board->done, 1, __ATOMIC_RELAXED);
}

/* ---- locks ---- */

/* Locks a byte of the file for this description; returns false if another one holds it. Without support for locks it
 * always succeeds. */
static bool lock_byte(int fd, int64_t byte, short type, bool wait)
{
    struct flock l = {.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)byte, .l_len = 1};
    int code;
    do code = fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &l);
    while (code && wait && errno == EINTR);
    return code == 0 || (errno != EAGAIN && errno != EACCES);
}

/* Opens dir/file with a description of its own, for locks. */
static int open_said(nm_job *job, const nm_records *r)
{
    const char *path = nm_fmt(job, "%s/%s", r->dir, r->file);
    const int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) nm_throw(job, NM_EIO, "%s: cannot write: %s", path, strerror(errno));
    return fd;
}

/* ---- workers ---- */

/* Returns true if another run has made the record since this one began. */
static bool made_elsewhere(const crew *w, size_t item)
{
    if (!w->r->settled) return false;
    const nm_mark mark = nm_mark_get(w->job);
    const bool made = w->r->settled(w->job, w->r->arg, item);
    nm_mark_release(w->job, mark);
    return made;
}

/* Makes the item, unless another run has made it. If another run is making it, waits for that, or leaves it for
 * later. */
static void take_item(crew *w, int slot, int fd, size_t item, bool wait)
{
    const nm_records *r = w->r;
    const int64_t byte = r->number ? CLAIMS + r->number[item] : 0;
    if (r->number) {
        bool made = made_elsewhere(w, item), mine = !made && lock_byte(fd, byte, F_WRLCK, false);
        w->board->elsewhere[item] = !made && !mine;
        while (wait && !made && !mine && !nm_stopped(w->job)) {
            usleep(50000);
            made = made_elsewhere(w, item);
            mine = !made && lock_byte(fd, byte, F_WRLCK, false);
        }
        if (mine && made_elsewhere(w, item)) {
            lock_byte(fd, byte, F_UNLCK, false);
            made = true;
        }
        if (made) __atomic_fetch_add(&w->board->done, 1, __ATOMIC_RELAXED);
        if (made || !mine) return;
    }
    run_item(w, slot, item);
    if (r->number) lock_byte(fd, byte, F_UNLCK, false);
}

static void work(nm_job *job, void *arg)
{
    const worker_t *me = arg;
    crew *w = me->w;
    const int fd = w->r->number ? open_said(job, w->r) : -1;
    for (int round = 0; round < 2; round++) { /* items that other runs hold come last */
        size_t *next = round ? &w->board->again : &w->board->next;
        while (!nm_stopped(job)) {
            const size_t k = __atomic_fetch_add(next, 1, __ATOMIC_RELAXED);
            if (k >= w->r->n) break;
            if (!round || w->board->elsewhere[k]) take_item(w, me->slot, fd, k, round > 0);
        }
    }
    if (fd >= 0) close(fd);
}

static void start_worker(crew *w, int slot)
{
    w->me[slot] = (worker_t){w, slot};
    w->child[slot] = nm_child_start(w->job, "a worker", (nm_child_opts){.memory = (size_t)w->r->memory, .tell = true},
                                    work, &w->me[slot]);
}

static void progress(const crew *w, bool last)
{
    const board *b = w->board;
    if (!isatty(2)) return;
    char text[160];
    const int n = snprintf(text, sizeof text,
                           "\r%zu of %zu: %zu hold, %zu violated, %zu unknown, %zu errors%s",
                           b->done, w->r->n, b->holds, b->violated, b->unknown, b->errors,
                           last ? "\n" : " ");
    if (write(2, text, (size_t)n) < 0) return;
}

/* Treats a worker that ended: replaces it if it died in the middle of an item. */
static void ended(crew *w, int slot, int status)
{
    nm_child_end(w->job, w->child[slot]);
    w->child[slot] = NULL;
    const int64_t item = w->board->now[slot];
    if (status == NM_EIO)
        nm_throw(w->job, NM_EIO,
                 "a worker could not go on (memory or disk); the records made so far are kept");
    if (status == 0) return;
    if (nm_stopped(w->job)) return;
    if (item >= 0 && !made_elsewhere(w, (size_t)item))
        w->r->fail(w->job, w->r->arg, (size_t)item, NM_EIO,
                   status >= NM_DIED
                       ? nm_fmt(w->job, "its worker died of signal %d", status - NM_DIED)
                       : "its worker failed");
    w->board->now[slot] = -1;
    w->board->errors++;
    w->board->done++;
    if (w->board->next < w->r->n || w->board->again < w->r->n) start_worker(w, slot);
}

static void unmap_board(void *arg)
{
    crew *w = arg;
    munmap(w->board, sizeof *w->board + w->r->n);
}

/* Passes an interrupt on to the workers: first SIGTERM, after two seconds SIGKILL. */
static void pass_stop(const crew *w, int workers, double *since)
{
    if (!nm_stopped(w->job)) return;
    const double now = nm_wall();
    const bool first = *since == 0, last = !first && now - *since > 2;
    if (first) *since = now;
    if (!first && !last) return;
    for (int i = 0; i < workers; i++) {
        if (!w->child[i]) continue;
        if (last) nm_child_kill(w->child[i]);
        else nm_child_ask(w->child[i]);
    }
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
        progress(w, left == 0);
        if (left) usleep(20000);
    }
}

static void run_crew(crew *w, int workers)
{
    w->board = mmap(NULL, sizeof *w->board + w->r->n, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (w->board == MAP_FAILED) nm_throw(w->job, NM_EIO, "no shared memory: %s", strerror(errno));
    nm_defer(w->job, unmap_board, w);
    for (int i = 0; i < MAX_WORKERS; i++) w->board->now[i] = -1;
    for (int i = 0; i < workers; i++) start_worker(w, i);
    wait_all(w, workers);
    nm_close(w->job, w);
}

/* ---- the folder ---- */

/* Returns true for NAME.XXXXXX of a file that this program writes there: the unfinished file of a killed run. */
static bool is_leftover(const nm_records *r, const char *name)
{
    const char *dot = strrchr(name, '.');
    if (!dot || strlen(dot) != 7) return false;
    const size_t n = (size_t)(dot - name);
    if (strlen(r->file) == n && memcmp(name, r->file, n) == 0) return true;
    for (const char *const *o = r->files; *o; o++)
        if (strlen(*o) == n && memcmp(name, *o, n) == 0) return true;
    if (strncmp(name, "run.", 4) == 0 && n > 9 && memcmp(dot - 5, ".json", 5) == 0) return true;
    size_t digits = 0;
    while (name[digits] >= '0' && name[digits] <= '9') digits++;
    return digits >= 6 &&
           (strncmp(name + digits, ".json.", 6) == 0 || strncmp(name + digits, ".npy.", 5) == 0) &&
           strchr(name + digits + 1, '.') == dot;
}

static void sweep(nm_job *job, const nm_records *r, const char *path)
{
    DIR *d = opendir(path);
    for (const struct dirent *e; d && (e = readdir(d));)
        if (is_leftover(r, e->d_name)) unlink(nm_fmt(job, "%s/%s", path, e->d_name));
    if (d) closedir(d);
}

static void drop_lock(void *arg)
{
    const int *fd = arg;
    close(*fd);
}

static void sweep_all(nm_job *job, const nm_records *r)
{
    sweep(job, r, r->dir);
    for (const char *const *f = r->folders; *f; f++)
        sweep(job, r, nm_fmt(job, "%s/%s", r->dir, *f));
}

/* Enters the folder until the process ends, alone or beside other runs. A run that is alone removes what killed runs
 * left, as no unfinished file can be another run's. The workers of a killed run may need a moment to end. */
static void enter(nm_job *job, const nm_records *r)
{
    int *fd = NM_NEW(job, int);
    *fd = open_said(job, r);
    nm_defer(job, drop_lock, fd);
    for (int tries = 0; !lock_byte(*fd, RUN, F_WRLCK, false); tries++) {
        if (r->number && tries > 5 && lock_byte(*fd, RUN, F_RDLCK, false)) {
            nm_note(job, "%s: another run is at work in this folder; the two share the remaining work",
                    r->dir);
            return;
        }
        if (tries == (r->number ? 200 : 40))
            nm_throw(job, NM_EIO, "%s: another run is at work in this folder; try again when it is done",
                     r->dir);
        usleep(50000);
    }
    sweep_all(job, r);
    if (r->number) lock_byte(*fd, RUN, F_RDLCK, true);
}

static void check_said(nm_job *job, const nm_records *r, const char *path, const nm_json *j)
{
    for (size_t i = 0; i < r->n_said; i++) {
        const char *was = nm_json_str(job, nm_json_get(job, j, r->said[i].key, path), path);
        if (strcmp(was, r->said[i].value))
            nm_throw(job, NM_EUSE, "%s: holds another %s: its %s is \"%s\", now \"%s\"", r->dir,
                     r->kind, r->said[i].key, was, r->said[i].value);
    }
    const char *was = nm_json_str(job, nm_json_get(job, j, "program", path), path);
    if (strcmp(was, NM_VERSION))
        nm_throw(job, NM_EUSE, "%s: holds another %s: its program is \"%s\", now \"%s\"", r->dir,
                 r->kind, was, NM_VERSION);
}

void nm_records_open(nm_job *job, const nm_records *r)
{
    nm_buf b = {.job = job};
    nm_jo j = nm_jo_new(&b);
    nm_jo_object(&j, NULL);
    nm_jo_str(&j, "netmip", r->kind);
    nm_jo_int(&j, "version", 1);
    for (size_t i = 0; i < r->n_said; i++) {
        nm_jo_line(&j);
        nm_jo_str(&j, r->said[i].key, r->said[i].value);
    }
    nm_jo_line(&j);
    nm_jo_str(&j, "program", NM_VERSION);
    nm_jo_done(&j);
    nm_folder_make(job, r->dir);
    for (const char *const *f = r->folders; *f; f++)
        nm_folder_make(job, nm_fmt(job, "%s/%s", r->dir, *f));
    const char *path = nm_fmt(job, "%s/%s", r->dir, r->file);
    bool mine = false; /* another run may be first, and remove our unfinished file */
    while (!mine && !nm_file_exists(path)) mine = nm_file_create(job, path, b.s, b.n);
    if (!mine) {
        const nm_file f = nm_file_read(job, path);
        if (f.n != b.n || memcmp(f.data, b.s, b.n)) check_said(job, r, path, nm_json_parse(job, f));
    }
    enter(job, r);
}

void nm_records_alone(nm_job *job, const nm_records *r, void (*body)(nm_job *job, void *arg),
                      void *arg)
{
    int *fd = NM_NEW(job, int);
    *fd = open_said(job, r);
    nm_defer(job, drop_lock, fd);
    lock_byte(*fd, TABLES, F_WRLCK, true);
    body(job, arg);
    nm_close(job, fd);
}

void nm_records_run(nm_job *job, const nm_records *r)
{
    crew w = {.job = job, .r = r};
    const int workers = r->workers > MAX_WORKERS    ? MAX_WORKERS
                        : (size_t)r->workers > r->n ? (int)r->n
                                                    : r->workers;
    if (r->n) run_crew(&w, workers);
}
