/* path.c: file and folder names: their parts, what exists, new folders. */
#define _GNU_SOURCE
#include "base/base.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

bool nm_file_same(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

bool nm_file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG);
}

bool nm_file_older(const char *a, const char *b)
{
    struct stat x, y;
    if (stat(a, &x) || stat(b, &y) || !S_ISREG(x.st_mode)) return false;
    return x.st_mtim.tv_sec != y.st_mtim.tv_sec ? x.st_mtim.tv_sec < y.st_mtim.tv_sec
                                                : x.st_mtim.tv_nsec < y.st_mtim.tv_nsec;
}

bool nm_has_suffix(const char *s, const char *suffix)
{
    const size_t n = strlen(s), m = strlen(suffix);
    return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

char *nm_path_dir(nm_job *job, const char *path)
{
    const char *slash = strrchr(path, '/');
    return nm_dup(job, path, slash ? (size_t)(slash - path) + 1 : 0);
}

/* Letters, digits, dots and dashes are what a file name, and a solver's command, can hold without quotes. */
const char *nm_path_stem(nm_job *job, const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    return nm_dup(job, base, strcspn(base, "."));
}

const char *nm_name_clean(nm_job *job, const char *text)
{
    char *s = nm_dup(job, text, strlen(text)), *to = s;
    for (const char *at = s; *at; at++) {
        const bool plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                           (*at >= '0' && *at <= '9');
        if (*at == ':') continue;
        *to++ = plain || *at == '.' || *at == '_' ? *at : '-';
    }
    *to = 0;
    return s;
}

const char *nm_path_under(nm_job *job, const char *dir, const char *path)
{
    return *path == '/' || !*dir ? path : nm_fmt(job, "%s%s", dir, path);
}

/* Returns path as seen from folder `from`; both must exist. */
const char *nm_path_relative(nm_job *job, const char *from, const char *path)
{
    char a[PATH_MAX], b[PATH_MAX];
    if (!realpath(*from ? from : ".", a)) nm_throw(job, NM_EIO, "%s: does not exist", from);
    if (!realpath(path, b)) nm_throw(job, NM_EIO, "%s: does not exist", path);
    size_t same = 0;
    for (size_t i = 0;; i++) { /* same: the end of the last folder that both are in */
        const bool end_a = !a[i] || a[i] == '/', end_b = !b[i] || b[i] == '/';
        if (end_a && end_b) same = i;
        if (!a[i] || !b[i] || a[i] != b[i]) break;
    }
    nm_buf out = {.job = job};
    for (const char *at = a + same; *at; at++)
        if (*at == '/' && at[1]) nm_put(&out, "../");
    nm_put(&out, "%s", b + same + (b[same] == '/'));
    return out.s;
}

void nm_folder_make(nm_job *job, const char *dir)
{
    struct stat st;
    if (mkdir(dir, 0777) == 0) return;
    int why = errno;
    size_t up = strlen(dir);
    while (up > 0 && dir[up - 1] == '/') up--;
    while (up > 0 && dir[up - 1] != '/') up--;
    if (why == ENOENT && up > 1) {
        nm_folder_make(job, nm_dup(job, dir, up - 1)); /* the folder that it is in */
        if (mkdir(dir, 0777) == 0) return;
        why = errno;
    }
    if (why == EEXIST && stat(dir, &st) == 0 && !S_ISDIR(st.st_mode))
        nm_throw(job, NM_EIO, "%s: this is a file; a folder, or a new name for one, was expected", dir);
    if (why != EEXIST)
        nm_throw(job, NM_EIO, "%s: cannot create the folder: %s", dir, strerror(why));
}

static void close_folder(void *d) { closedir(d); }

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char **nm_folder_names(nm_job *job, const char *dir, size_t *n)
{
    size_t cap = 0;
    const char **name = NULL;
    *n = 0;
    DIR *d = opendir(dir);
    if (!d && (errno == ENOENT || errno == ENOTDIR)) return NULL;
    if (!d) nm_throw(job, NM_EIO, "%s: cannot be listed: %s", dir, strerror(errno));
    nm_defer(job, close_folder, d);
    errno = 0;
    for (const struct dirent *e; (e = readdir(d)); errno = 0)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            *NM_PUSH(job, name, *n, cap) = nm_dup(job, e->d_name, strlen(e->d_name));
    if (errno) nm_throw(job, NM_EIO, "%s: cannot be listed: %s", dir, strerror(errno));
    nm_close(job, d);
    if (*n) qsort(name, *n, sizeof *name, by_name);
    return name;
}

static void sweep(void *arg)
{
    const char *dir = arg;
    DIR *d = opendir(dir);
    for (const struct dirent *e; d && (e = readdir(d));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            unlinkat(dirfd(d), e->d_name, 0);
    if (d) closedir(d);
    rmdir(dir);
}

const char *nm_temp_new(nm_job *job)
{
    const char *where = getenv("TMPDIR");
    char *dir = nm_fmt(job, "%s/netmip-XXXXXX", where && *where ? where : "/tmp");
    if (!mkdtemp(dir)) nm_throw(job, NM_EIO, "%s: cannot be created: %s", dir, strerror(errno));
    nm_defer(job, sweep, dir);
    return dir;
}
