/* claims.c: which process works on what, in a folder that processes on any number of machines share.
 *
 * Each process shows that it is alive by a file of its own, DIR/workers/HOST-PID-RANDOM.json, which it renews every
 * EVERY seconds; the name without its ending is the process's token. A record is claimed by making STEM.claim.0, with
 * the token as its text: a link to a file of the token, so that no claim is ever without its holder's name, or, where
 * there are no links, a new file with O_EXCL. Only one succeeds, on NFS too. If the holder is dead, STEM.claim.1
 * is made in the same way, and so on: the claim with the largest number counts, so that nothing has to be removed or
 * replaced while others look. Claims are in the folder of the records: making one there updates an NFS client's view of
 * that folder, so that a look at the record after the claim sees what others wrote before.
 *
 * A process counts as dead if its file is gone. A process that finds another one dead removes that one's file: at once
 * if the other ran on this machine (same host, boot and process namespace) and no process with its number and start
 * time is left; otherwise when the file has not changed for PATIENCE of its own intervals, measured by the clock of the
 * observer, so that two clocks are never compared. A process that was only suspended makes its file again when it
 * resumes; it finds what others took over claimed with a larger number, and drops it. There are no locks and no server.
 * Cost: for each process a small write every EVERY seconds, and a look at all files of DIR/workers, less often the more
 * there are. */
#define _GNU_SOURCE
#include "base/base.h"
#include "study/records.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

enum { EVERY = 5, PATIENCE = 12, WATCHED = 4096, TOKEN = 100, TEXT = 1 << 16 };

typedef struct {
    char token[TOKEN];
    uint64_t seen; /* a hash of its file's text */
    double since;  /* when that text was first seen, on our clock */
    bool listed;
} watched;

struct nm_presence {
    const char *dir, *path, *claim, *boot, *space,
        *started; /* dir: DIR/workers; claim: a file of the token */
    char host[64], token[TOKEN];
    size_t size; /* bytes that the file has: a shorter text is filled up */
    int64_t beat;
    double next_beat, next_watch;
    size_t n;
    watched *others; /* [WATCHED] */
};

/* ---- small files, of which nothing is wrong when they are gone ---- */

/* Returns the file's text in the job's memory; NULL: it cannot be read now. */
static char *text_of(nm_job *job, const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    char *s = NM_RAW(job, char, TEXT + 1);
    const ssize_t n = read(fd, s, TEXT);
    close(fd);
    if (n < 0) return NULL;
    s[n] = 0;
    return s;
}

static const char *line_of(nm_job *job, const char *path)
{
    const char *s = text_of(job, path);
    return s ? nm_dup(job, s, strcspn(s, "\n")) : "";
}

/* Returns when a process was started, in ticks since its machine was, or NULL where there is none or it has ended. */
static const char *start_of(nm_job *job, int64_t pid)
{
    enum { STATE = 0, START = 19 };
    const char *s = text_of(job, nm_fmt(job, "/proc/%lld/stat", (long long)pid)),
               *name = s ? strrchr(s, ')') : NULL;
    nm_span word[START + 1];
    if (!name || nm_span_split(nm_span_of(name + 1), word, START + 1) <= START) return NULL;
    return nm_span_is(word[STATE], "Z") || nm_span_is(word[STATE], "X")
               ? NULL
               : nm_span_dup(job, word[START]);
}

static const char *boot_of(nm_job *job) { return line_of(job, "/proc/sys/kernel/random/boot_id"); }

static const char *space_of(nm_job *job)
{
    char space[64];
    const ssize_t n = readlink("/proc/self/ns/pid", space, sizeof space);
    return nm_dup(job, space, n > 0 ? (size_t)n : 0);
}

static uint64_t hash_of(const char *s)
{
    uint64_t h = 14695981039346656037u;
    for (; *s; s++) h = (h ^ (unsigned char)*s) * 1099511628211u;
    return h;
}

/* ---- this process ---- */

static const char *presence_text(nm_job *job, const nm_presence *p, const nm_working *now, size_t n)
{
    nm_buf b = {.job = job};
    nm_jo j = nm_jo_new(&b);
    nm_jo_object(&j, NULL);
    nm_jo_str(&j, "netmip", "worker");
    nm_jo_int(&j, "version", 1);
    nm_jo_str(&j, "host", p->host);
    nm_jo_int(&j, "pid", getpid());
    nm_jo_str(&j, "started", p->started);
    nm_jo_str(&j, "boot", p->boot);
    nm_jo_str(&j, "namespace", p->space);
    nm_jo_int(&j, "every", EVERY);
    nm_jo_int(&j, "beat", p->beat);
    nm_jo_list(&j, "running");
    for (size_t i = 0; i < n; i++) {
        nm_jo_object(&j, NULL);
        nm_jo_str(&j, "record", now[i].record);
        nm_jo_fixed(&j, "seconds", now[i].seconds, 1);
        nm_jo_end(&j);
    }
    nm_jo_end(&j);
    nm_jo_done(&j);
    return b.s;
}

/* Renews the file, in place: its name stays, and a full disk has room for it. False: it could not be written. */
static bool renew(nm_job *job, nm_presence *p, const nm_working *now, size_t n)
{
    const nm_mark mark = nm_mark_get(job);
    p->beat++;
    const char *text = presence_text(job, p, now, n);
    const size_t length = strlen(text), size = length > p->size ? length : p->size;
    char *all = nm_fmt(job, "%-*s", (int)size, text);
    const int fd = open(p->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    bool good = fd >= 0 && pwrite(fd, all, size, 0) == (ssize_t)size;
    if (fd >= 0 && close(fd) != 0) good = false;
    if (good) p->size = size;
    nm_mark_release(job, mark);
    return good;
}

static void leave(void *arg)
{
    const nm_presence *p = arg;
    unlink(p->path);
    unlink(p->claim);
}

nm_presence *nm_presence_enter(nm_job *job, const char *dir)
{
    nm_presence *p = NM_NEW(job, nm_presence);
    char host[256] = "";
    uint64_t number = (uint64_t)getpid();
    gethostname(host, sizeof host - 1);
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) < 0) number ^= (uint64_t)(nm_wall() * 1e9);
    snprintf(p->host, sizeof p->host, "%.60s", *host ? nm_name_clean(job, host) : "host");
    snprintf(p->token, sizeof p->token, "%s-%ld-%08x", p->host, (long)getpid(), (unsigned)number);
    p->dir = nm_fmt(job, "%s/workers", dir);
    p->path = nm_fmt(job, "%s/%s.json", p->dir, p->token);
    p->boot = boot_of(job);
    p->space = space_of(job);
    p->started = start_of(job, getpid());
    if (!p->started) p->started = "";
    p->claim = nm_fmt(job, "%s/%s.claim", p->dir, p->token);
    p->beat = 1;
    p->others = NM_ARRAY(job, watched, WATCHED);
    nm_folder_make(job, p->dir);
    const char *text = presence_text(job, p, NULL, 0);
    p->size = strlen(text);
    while (!nm_file_exists(p->path)) /* others may clear it away unfinished */
        nm_file_create(job, p->path, text, p->size);
    nm_defer(job, leave, p);
    const char *token = nm_fmt(job, "%s\n", p->token);
    nm_file_write(job, p->claim, token, strlen(token));
    return p;
}

/* ---- the others ---- */

static bool is_text(nm_job *job, const nm_json *j, const char *key, const char *is,
                    const char *where)
{
    return strcmp(nm_json_str(job, nm_json_get(job, j, key, where), where), is) == 0;
}

bool nm_presence_gone(nm_job *job, const nm_json *j, const char *where)
{
    const char *boot = boot_of(job), *space = space_of(job);
    if (!*boot || !*space || !is_text(job, j, "boot", boot, where) ||
        !is_text(job, j, "namespace", space, where))
        return false;
    const char *now = start_of(job, nm_json_int(job, nm_json_get(job, j, "pid", where), where));
    return !now || !is_text(job, j, "started", now, where);
}

typedef struct {
    nm_file f;
    bool gone;
    double every;
} sign;

static void read_sign(nm_job *job, void *arg)
{
    sign *t = arg;
    const nm_json *j = nm_json_parse(job, t->f);
    t->every = nm_json_num(job, nm_json_get(job, j, "every", t->f.path), t->f.path);
    t->gone = nm_presence_gone(job, j, t->f.path);
}

static watched *watched_of(nm_presence *p, const char *token)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->others[i].token, token) == 0) return &p->others[i];
    if (p->n == WATCHED || strlen(token) >= TOKEN) return NULL;
    watched *w = &p->others[p->n++];
    *w = (watched){.since = nm_wall()};
    snprintf(w->token, sizeof w->token, "%s", token);
    return w;
}

/* Looks at another process's file; removes it when that process is dead. Returns whether it is alive. */
static bool judge(nm_job *job, nm_presence *p, const char *token)
{
    const char *path = nm_fmt(job, "%s/%s.json", p->dir, token), *text = text_of(job, path);
    if (!text) return errno != ENOENT;
    watched *w = watched_of(p, token);
    if (!w) return true;
    w->listed = true;
    const uint64_t seen = hash_of(text);
    if (seen != w->seen) w->since = nm_wall();
    w->seen = seen;
    sign t = {.f = {path, (const unsigned char *)text, strlen(text)}};
    if (nm_run(job, read_sign, &t) || !(t.every > 0))
        t.every = EVERY; /* torn: its owner writes it again */
    const bool dead = t.gone || nm_wall() - w->since > PATIENCE * t.every;
    if (dead) {
        unlink(path);
        unlink(nm_fmt(job, "%s/%s.claim", p->dir, token));
    }
    return !dead;
}

/* Forgets whose files are no longer there. */
static void forget(nm_presence *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (!p->others[i].listed) continue;
        p->others[n] = p->others[i];
        p->others[n++].listed = false;
    }
    p->n = n;
}

size_t nm_presence_others(nm_job *job, nm_presence *p, const char **one)
{
    size_t all, n = 0;
    const char **name = nm_folder_names(job, p->dir, &all);
    for (size_t i = 0; i < all; i++) {
        if (!nm_has_suffix(name[i], ".json")) continue;
        const char *token = nm_dup(job, name[i], strlen(name[i]) - 5);
        if (strcmp(token, p->token) == 0 || !judge(job, p, token)) continue;
        if (!n++ && one) *one = token;
    }
    forget(p);
    return n;
}

void nm_presence_tick(nm_job *job, nm_presence *p, const nm_working *now, size_t n)
{
    const double t = nm_wall();
    if (t >= p->next_beat) {
        p->next_beat = t + EVERY;
        renew(job, p, now, n); /* where it fails, the next record does as well, and says why */
    }
    if (t < p->next_watch) return;
    const nm_mark mark = nm_mark_get(job);
    const double others = (double)nm_presence_others(job, p, NULL);
    p->next_watch = nm_wall() + fmax(1, others / 10);
    nm_mark_release(job, mark);
}

/* ---- claims ---- */

static const char *claim_path(nm_job *job, const char *stem, int k)
{
    return nm_fmt(job, "%s.claim.%d", stem, k);
}

/* Whether the claim's holder is dead. *vague: when the claim was first seen without a holder's name, or 0. */
static bool is_abandoned(nm_job *job, const nm_presence *p, const char *path, double *vague)
{
    const char *text = text_of(job, path);
    if (!text) return false; /* it has just gone: the next look finds out */
    const size_t n = strcspn(text, "\n");
    const char *token = nm_dup(job, text, n);
    if (!n || n >= TOKEN || strcmp(token, nm_name_clean(job, token))) {
        if (*vague == 0) *vague = nm_wall();
        return nm_wall() - *vague > PATIENCE * EVERY;
    }
    if (strcmp(token, p->token) == 0) return false;
    return access(nm_fmt(job, "%s/%s.json", p->dir, token), F_OK) != 0 && errno == ENOENT;
}

static void write_claim(nm_job *job, const nm_presence *p, int fd, const char *path)
{
    const char *text = nm_fmt(job, "%s\n", p->token);
    errno = 0;
    const bool good = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    const int why = errno;
    if (close(fd) == 0 && good) return;
    unlink(path);
    nm_throw(job, NM_EIO, "%s: cannot write: %s", path, strerror(why ? why : errno));
}

/* true: the claim is this process's */
static bool holds(nm_job *job, const nm_presence *p, const char *path)
{
    const char *text = text_of(job, path);
    return text && strcmp(nm_dup(job, text, strcspn(text, "\n")), p->token) == 0;
}

/* Makes a claim; returns false if one is there already, throws where none can be made. */
static bool make_claim(nm_job *job, const nm_presence *p, const char *path)
{
    if (link(p->claim, path) == 0) return true;
    if (errno == EEXIST)
        return holds(job, p, path); /* NFS may have lost the answer to a link that was made */
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                        0666); /* no links here, or no file */
    if (fd < 0 && errno != EEXIST)
        nm_throw(job, NM_EIO, "%s: cannot write: %s", path, strerror(errno));
    if (fd >= 0) write_claim(job, p, fd, path);
    return fd >= 0;
}

int nm_claim_take(nm_job *job, const nm_presence *p, const char *stem, double *vague)
{
    for (int k = 0;; k++) {
        const char *path = claim_path(job, stem, k);
        if (make_claim(job, p, path)) {
            if (!k || nm_file_exists(claim_path(job, stem, k - 1))) return k;
            unlink(path); /* its holder, who was not dead, let it go meanwhile */
            return -1;
        }
        if (!is_abandoned(job, p, path, vague)) return -1;
    }
}

bool nm_claim_kept(nm_job *job, const nm_presence *p, const char *stem, int k)
{
    return holds(job, p, claim_path(job, stem, k)) && !nm_file_exists(claim_path(job, stem, k + 1));
}

void nm_claim_drop(nm_job *job, const char *stem, int k)
{
    for (int i = 0; i <= k; i++) unlink(claim_path(job, stem, i));
}
