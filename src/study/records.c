/* records.c: a folder of records that several processes make; used by campaigns of samples and of solver runs.
 *
 * DIR/FILE records what was asked; a later run that asks something else is refused. The first run makes it, whole or
 * not at all. Each record is a file of its own, also written whole or not at all (crew.c); tables are made from records
 * alone. Any number of runs, on any machines that share the folder, may work in it at the same time (claims.c).
 *
 * Temporary files and claims that killed runs left are removed by a run that is alone when it enters or leaves. It
 * lists them first, and then looks whether another run is there. A run that enters later announces itself before it
 * writes anything, so none of its files can be on that list. */
#define _GNU_SOURCE
#include "base/base.h"
#include "study/study.h"
#include "study/records.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what killed runs left ---- */

static size_t digits_of(const char *s)
{
    size_t n = 0;
    while (s[n] >= '0' && s[n] <= '9') n++;
    return n;
}

/* a claim of a record: NAME.claim.K */
static bool is_claim(const char *name)
{
    const char *at = strstr(name, ".claim.");
    return at && at > name && digits_of(at + 7) && !at[7 + digits_of(at + 7)];
}

/* NAME.XXXXXX of a file that this program writes there */
static bool is_unfinished(const nm_records *r, const char *name)
{
    const char *dot = strrchr(name, '.');
    if (!dot || strlen(dot) != 7) return false;
    const size_t n = (size_t)(dot - name);
    if (strlen(r->file) == n && memcmp(name, r->file, n) == 0) return true;
    for (const char *const *o = r->files; *o; o++)
        if (strlen(*o) == n && memcmp(name, *o, n) == 0) return true;
    if (strncmp(name, "run.", 4) == 0 && n > 9 && memcmp(dot - 5, ".json", 5) == 0) return true;
    const size_t digits = digits_of(name);
    return digits >= 6 &&
           (strncmp(name + digits, ".json.", 6) == 0 || strncmp(name + digits, ".npy.", 5) == 0 ||
            strncmp(name + digits, ".counterexample.", 16) == 0) &&
           strchr(name + digits + 1, '.') == dot;
}

typedef struct {
    size_t n, cap;
    const char **path;
} paths;

/* TOKEN.json.XXXXXX or TOKEN.claim.XXXXXX of a worker, or TOKEN.claim without its TOKEN.json */
static bool is_orphan(nm_job *job, const char *folder, const char *name)
{
    const size_t n = strlen(name);
    if (n > 13 &&
        (memcmp(name + n - 12, ".json.", 6) == 0 || memcmp(name + n - 13, ".claim.", 7) == 0))
        return true;
    return nm_has_suffix(name, ".claim") &&
           !nm_file_exists(nm_fmt(job, "%s/%.*s.json", folder, (int)n - 6, name));
}

static void list_remains(nm_job *job, const nm_records *r, const char *folder, paths *found)
{
    const bool workers = nm_has_suffix(folder, "/workers");
    size_t n;
    const char **name = nm_folder_names(job, folder, &n);
    for (size_t i = 0; i < n; i++)
        if (workers ? is_orphan(job, folder, name[i])
                    : is_unfinished(r, name[i]) || is_claim(name[i]))
            *NM_PUSH(job, found->path, found->n, found->cap) = nm_fmt(job, "%s/%s", folder,
                                                                      name[i]);
}

/* Removes what killed runs left if nobody else is there; returns how many others are, and one of them. */
static size_t clear(nm_job *job, const nm_records *r, const char **one)
{
    paths found = {0};
    list_remains(job, r, r->dir, &found);
    for (const char *const *f = r->folders; *f; f++)
        list_remains(job, r, nm_fmt(job, "%s/%s", r->dir, *f), &found);
    list_remains(job, r, nm_fmt(job, "%s/workers", r->dir), &found);
    const size_t others = nm_presence_others(job, r->here, one);
    for (size_t i = 0; !others && i < found.n; i++) unlink(found.path[i]);
    return others;
}

/* ---- records that are there ---- */

/* What it parses ends with the nm_run that it is called by, so that a good record is parsed twice. */
static void try_to_read(nm_job *job, void *arg)
{
    const char *path = arg;
    const nm_json *j = nm_json_parse(job, nm_file_read(job, path));
    (void)nm_json_str(job, nm_json_get(job, j, "verdict", path), path);
}

const nm_json *nm_record_read(nm_job *job, const char *path)
{
    if (!nm_file_exists(path)) return NULL;
    const int code = nm_run(job, try_to_read, (void *)path);
    if (!code) return nm_json_parse(job, nm_file_read(job, path));
    if (code != NM_EINPUT) nm_throw(job, code, "%s", nm_message_of(job, code));
    nm_warn(job, "%s; the record is damaged and counts as missing, so that the next run makes it again",
            nm_message_of(job, code));
    return NULL;
}

/* ---- coming and going ---- */

/* Refuses a folder that was begun with another value. What is known by its hash is called by its name. */
static void differs(nm_job *job, const nm_records *r, const char *key, const char *was,
                    const char *now)
{
    static const struct {
        const char *key, *flag, *what;
    } files[] = {{"net_sha256", "a network",
                  "the network, or its --mean, --std, --input-shape or --output-name,"},
                 {"instances_sha256", "--instances", "the file of --instances"},
                 {"images_sha256", "--images", "the file of --images"},
                 {"labels_sha256", "--labels", "the file of --labels"}};
    const char *begun = nm_fmt(job, "%s: holds another %s:", r->dir, r->kind);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *what = files[i].flag;
        if (strcmp(key, files[i].key)) continue;
        if (!*now)
            nm_throw(job, NM_EUSE,
                     "%s it was begun with %s, which is missing now; that file was expected, or "
                     "another --dir",
                     begun, what);
        if (!*was)
            nm_throw(job, NM_EUSE, "%s it was begun without %s; another --dir was expected", begun,
                     what);
        nm_throw(job, NM_EUSE,
                 "%s %s was another one (sha256 %.12s.., now %.12s..); another --dir was expected",
                 begun, files[i].what, was, now);
    }
    nm_throw(job, NM_EUSE, "%s its %s is \"%s\", now \"%s\"; another --dir was expected", begun,
             key, was, now);
}

static void check_said(nm_job *job, const nm_records *r, const char *path, const nm_json *j)
{
    const char *kind = nm_json_str(job, nm_json_get(job, j, "netmip", path), path);
    const int64_t version = nm_json_int(job, nm_json_get(job, j, "version", path), path);
    if (strcmp(kind, r->kind) || version != r->version)
        nm_throw(job, NM_EUSE,
                 "%s: is a %s of version %lld; a %s of version %d was expected, or another --dir",
                 path, kind, (long long)version, r->kind, r->version);
    for (size_t i = 0; i < r->n_said; i++) {
        const char *was = nm_json_str(job, nm_json_get(job, j, r->said[i].key, path), path);
        if (strcmp(was, r->said[i].value)) differs(job, r, r->said[i].key, was, r->said[i].value);
    }
    const char *was = nm_json_str(job, nm_json_get(job, j, "program", path), path);
    if (strcmp(was, NM_VERSION)) differs(job, r, "program", was, NM_VERSION);
}

static void put_asked(nm_buf *b, const nm_records *r)
{
    nm_jo j = nm_jo_new(b);
    nm_jo_object(&j, NULL);
    nm_jo_str(&j, "netmip", r->kind);
    nm_jo_int(&j, "version", r->version);
    for (size_t i = 0; i < r->n_said; i++) {
        nm_jo_line(&j);
        nm_jo_str(&j, r->said[i].key, r->said[i].value);
    }
    for (const nm_said *m = r->more; m && m->key; m++) {
        nm_jo_line(&j);
        nm_jo_raw(&j, m->key, m->value);
    }
    nm_jo_line(&j);
    nm_jo_str(&j, "program", NM_VERSION);
    nm_jo_done(&j);
}

/* makes the folder and dir/file, or holds what stands there against what is asked now */
static void found(nm_job *job, const nm_records *r)
{
    static const char *const kinds[] = {"campaign.json", "bench.json", "suite.csv", NULL};
    nm_buf b = {.job = job};
    put_asked(&b, r);
    nm_folder_make(job, r->dir);
    const char *path = nm_fmt(job, "%s/%s", r->dir, r->file);
    for (const char *const *k = kinds; *k; k++)
        if (strcmp(*k, r->file) && nm_file_stamp(nm_fmt(job, "%s/%s", r->dir, *k)))
            nm_throw(job, NM_EUSE,
                     "%s: holds %s, and so is no folder of a %s; another --dir was expected",
                     r->dir, *k, r->kind);
    struct stat st;
    const bool is_new = stat(path, &st) && errno == ENOENT; /* nothing else says that it is not there */
    for (const char *const *o = r->files; is_new && *o; o++)
        if (!stat(nm_fmt(job, "%s/%s", r->dir, *o), &st))
            nm_throw(job, NM_EUSE, "%s: has a %s, which would be overwritten, and no %s; another --dir was expected",
                     r->dir, *o, r->file);
    bool mine = false; /* another run may be first, and clear this one's unfinished file away */
    while (!mine && !nm_file_exists(path)) mine = nm_file_create(job, path, b.s, b.n);
    if (!mine) check_said(job, r, path, nm_json_parse(job, nm_file_read(job, path)));
    for (const char *const *f = r->folders; *f; f++)
        nm_folder_make(job, nm_fmt(job, "%s/%s", r->dir, *f));
}

void nm_records_open(nm_job *job, nm_records *r)
{
    found(job, r);
    r->here = nm_presence_enter(job, r->dir);
    const char *one = NULL;
    const size_t others = clear(job, r, &one);
    if (others)
        nm_note(job, "%s: %zu more at work in this folder (%s%s); all share what is left to do",
                r->dir, others, one, others > 1 ? " .." : "");
}

void nm_records_close(nm_job *job, const nm_records *r)
{
    clear(job, r, NULL);
    nm_close(job, r->here);
}

/* ---- tables ---- */

/* a number that changes with the records that are there */
static uint64_t state_of(nm_job *job, const nm_records *r)
{
    const nm_mark mark = nm_mark_get(job);
    const char *folder = nm_fmt(job, "%s/records", r->dir);
    uint64_t sum = 0;
    size_t n;
    const char **name = nm_folder_names(job, folder, &n);
    for (size_t i = 0; i < n; i++)
        if (nm_has_suffix(name[i], ".json"))
            sum += nm_file_stamp(nm_fmt(job, "%s/%s", folder, name[i])) * 0x9e3779b97f4a7c15u;
    nm_mark_release(job, mark);
    return sum;
}

void nm_records_tables(nm_job *job, const nm_records *r, void (*body)(nm_job *job, void *arg),
                       void *arg)
{
    enum { TRIES = 10 }; /* who makes records for longer than that writes tables when it ends */
    uint64_t before = state_of(job, r), after = before + 1;
    for (int k = 0; k < TRIES && after != before; k++) {
        if (k) before = after;
        body(job, arg);
        after = state_of(job, r);
    }
}
