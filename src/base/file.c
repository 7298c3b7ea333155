/* file.c: whole files in, whole files out.
 *
 * Reading takes the whole file into memory and unpacks gzip whatever the file is called, so that a truncated .gz is an
 * error and never a shorter file. Writing goes to a temporary name in the same folder, which is renamed into place only
 * after every byte was written, flushed and closed without error: a reader sees the old file or the new one, and a
 * failed run leaves nothing behind. Gzipped output carries no name and no time, so that equal content gives equal
 * bytes. It is packed at level 1, which on models is five times faster than level 6 and takes a fifth more bytes.
 * Content of up to WHOLE bytes is packed at once by libdeflate, in half of zlib's time and to a tenth less; longer
 * content is streamed through zlib, so that memory stays bounded for files of any size. A writer may ask for the
 * SHA-256 of what it wrote, taken before packing. */
#define _GNU_SOURCE
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static void close_gz(void *f) { gzclose_r(f); }

/* Guesses the unpacked size: the size of a plain file, or what a gzip trailer says, as far as deflate can reach it. It
 * serves only to avoid doubling and copying the buffer of a large file; a wrong guess is harmless. */
static size_t guess_size(int fd, const struct stat *st)
{
    unsigned char head[2], tail[4];
    const size_t n = st->st_size > 0 ? (size_t)st->st_size : 0;
    if (!S_ISREG(st->st_mode) || n < 20) return 1 << 12;
    if (pread(fd, head, 2, 0) != 2 || head[0] != 0x1f || head[1] != 0x8b) return n;
    if (pread(fd, tail, 4, st->st_size - 4) != 4) return n;
    const size_t said = (size_t)tail[0] | (size_t)tail[1] << 8 | (size_t)tail[2] << 16 |
                        (size_t)tail[3] << 24;
    return said < 1032 * n ? said : n;
}

static gzFile open_in(nm_job *job, const char *path, size_t *guess)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) nm_throw(job, NM_EIO, "%s: %s", path, strerror(errno));
    struct stat st = {0};
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        close(fd);
        nm_throw(job, NM_EIO, "%s: is a folder; a file was expected", path);
    }
    *guess = guess_size(fd, &st);
    gzFile f = gzdopen(fd, "rb");
    if (f) return f;
    close(fd);
    nm_throw(job, NM_EIO, "%s: out of memory", path);
}

static void close_plain(void *f) { fclose(f); }

/* Unpacks a file of one gzip member with libdeflate, twice as fast as zlib would. Returns false for any other or a
 * broken file: zlib then reads it, or says what is wrong. */
static bool unpack_at_once(nm_job *job, const char *path, nm_file *to)
{
    struct stat st = {0};
    size_t used, given;
    /* a pipe can be opened only once: its writer would be told that the first reader left */
    FILE *f = stat(path, &st) == 0 && S_ISREG(st.st_mode) ? fopen(path, "rbe") : NULL;
    if (!f) return false;
    nm_defer(job, close_plain, f);
    const size_t guess = fstat(fileno(f), &st) ? 0 : guess_size(fileno(f), &st),
                 n = S_ISREG(st.st_mode) && st.st_size >= 20 ? (size_t)st.st_size : 0;
    bool good = n > 0 && n < NM_MAX_FILE && guess > 0 && guess < NM_MAX_FILE && fgetc(f) == 0x1f &&
                fgetc(f) == 0x8b && fseek(f, 0, SEEK_SET) == 0;
    unsigned char *out = NULL;
    if (good) nm_unpack_check(job, path, n, guess);
    if (good) {
        struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
        if (!d) nm_throw(job, NM_EIO, "%s: out of memory", path);
        nm_defer(job, (void (*)(void *))libdeflate_free_decompressor, d);
        const nm_mark before = nm_mark_get(job);
        out = nm_raw(job, guess + 1, 1);
        const nm_mark mark = nm_mark_get(job);
        unsigned char *in = nm_raw(job, n, 1);
        good = fread(in, 1, n, f) == n &&
               libdeflate_gzip_decompress_ex(d, in, n, out, guess, &used, &given) ==
                   LIBDEFLATE_SUCCESS &&
               used == n && given == guess;
        nm_mark_release(job, mark);
        nm_close(job, d);
        if (!good) nm_mark_release(job, before);
    }
    if (good) {
        out[guess] = 0;
        *to = (nm_file){nm_dup(job, path, strlen(path)), out, guess};
    }
    nm_close(job, f);
    return good;
}

nm_file nm_file_read(nm_job *job, const char *path)
{
    size_t guess;
    nm_file all;
    if (unpack_at_once(job, path, &all)) return all;
    gzFile f = open_in(job, path, &guess);
    nm_defer(job, close_gz, f);
    gzbuffer(f, 1 << 16);
    size_t n = 0, cap = guess + 64;
    unsigned char *data = nm_raw(job, cap, 1);
    for (;;) {
        if (n + 1 == cap) data = nm_grow_(job, data, n, &cap, 1);
        const size_t want = cap - n - 1 < (1u << 30) ? cap - n - 1 : (1u << 30);
        const int got = gzread(f, data + n, (unsigned)want);
        if (got < 0) {
            int code;
            const char *why = gzerror(f, &code), *of_fd = strstr(why, ">: "); /* zlib names the file <fd:3> */
            if (code == Z_ERRNO || code == Z_MEM_ERROR)
                nm_throw(job, NM_EIO, "%s: %s", path, code == Z_ERRNO ? strerror(errno) : "out of memory");
            nm_throw(job, NM_EINPUT, "%s: the gzip stream is damaged: %s", path, of_fd ? of_fd + 3 : why);
        }
        if (got == 0) break;
        n += (size_t)got;
        if (n > NM_MAX_FILE) nm_throw(job, NM_EIO, "%s: more than %zu bytes", path, NM_MAX_FILE);
        const z_off_t read = gzdirect(f) ? -1 : gzoffset(f); /* -1 for a pipe, too */
        if (read >= 0) nm_unpack_check(job, path, (size_t)read, n);
    }
    int code;
    gzerror(f, &code);
    if (code == Z_BUF_ERROR) nm_throw(job, NM_EINPUT, "%s: the gzip stream ends too early", path);
    nm_close(job, f);
    data[n] = 0;
    return (nm_file){nm_dup(job, path, strlen(path)), data, n};
}

nm_file nm_file_bytes(nm_job *job, const char *path)
{
    FILE *f = fopen(path, "rbe");
    if (!f) nm_throw(job, NM_EIO, "%s: %s", path, strerror(errno));
    nm_defer(job, close_plain, f);
    size_t n = 0, cap = 1 << 16;
    unsigned char *data = nm_raw(job, cap, 1);
    for (size_t got = 1; got; n += got) {
        if (n + 1 == cap) data = nm_grow_(job, data, n, &cap, 1);
        got = fread(data + n, 1, cap - n - 1, f);
        if (n + got > NM_MAX_FILE)
            nm_throw(job, NM_EIO, "%s: more than %zu bytes", path, NM_MAX_FILE);
    }
    if (ferror(f)) nm_throw(job, NM_EIO, "%s: cannot be read", path);
    nm_close(job, f);
    data[n] = 0;
    return (nm_file){nm_dup(job, path, strlen(path)), data, n};
}

enum { WHOLE = 4 << 20, BUFFER = 1 << 16 };

struct nm_out {
    nm_job *job;
    const char *path, *temp;
    FILE *plain; /* the file, also while `whole` collects what will be packed */
    gzFile gz;
    unsigned char *whole; /* [WHOLE] content of a .gz file while it still fits, or NULL */
    size_t n;
    struct sha256_ctx *hash; /* or NULL */
    char *hex;               /* [65] where the hash goes */
};

static void drop_out(void *p)
{
    nm_out *o = p;
    if (o->plain) fclose(o->plain);
    if (o->gz) gzclose_w(o->gz);
    if (o->temp) unlink(o->temp);
}

/* Returns true for a device or a pipe. These are written to directly: renaming a file over one would replace it. */
static bool is_special(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

nm_out *nm_out_open(nm_job *job, const char *path)
{
    nm_out *o = NM_NEW(job, nm_out);
    const bool special = is_special(path);
    char *temp = special ? NULL : nm_fmt(job, "%s.XXXXXX", path);
    *o = (nm_out){.job = job, .path = nm_dup(job, path, strlen(path)), .temp = temp};
    const int fd = special ? open(path, O_WRONLY | O_CLOEXEC) : mkostemp(temp, O_CLOEXEC);
    if (fd < 0) nm_throw(job, NM_EIO, "%s: cannot write: %s", path, strerror(errno));
    const mode_t mask = umask(0);
    umask(mask);
    if (temp) fchmod(fd, 0666 & ~mask);
    o->plain = fdopen(fd, "wb");
    if (!o->plain) {
        close(fd);
        if (temp) unlink(temp);
        nm_throw(job, NM_EIO, "%s: out of memory", path);
    }
    nm_defer(job, drop_out, o);
    if (nm_has_suffix(path, ".gz"))
        o->whole = nm_raw(job, WHOLE, 1);
    else
        setvbuf(o->plain, nm_raw(job, BUFFER, 1), _IOFBF, BUFFER);
    return o;
}

static _Noreturn void fail_out(nm_out *o)
{
    nm_throw(o->job, NM_EIO, "%s: cannot write: %s", o->path,
             errno ? strerror(errno) : "zlib error");
}

/* Packs the collected content as one gzip member. */
static void pack_whole(nm_out *o)
{
    struct libdeflate_compressor *z = libdeflate_alloc_compressor(1);
    if (!z) nm_throw(o->job, NM_EIO, "%s: out of memory", o->path);
    nm_defer(o->job, (void (*)(void *))libdeflate_free_compressor, z);
    const size_t room = libdeflate_gzip_compress_bound(z, o->n);
    void *out = nm_raw(o->job, room, 1);
    const size_t n = libdeflate_gzip_compress(z, o->whole, o->n, out, room);
    nm_close(o->job, z);
    errno = 0;
    if (n == 0 || fwrite(out, 1, n, o->plain) != n) fail_out(o);
}

/* Hands the content collected so far to zlib, which packs all that follows. */
static void stream(nm_out *o)
{
    const int fd = dup(fileno(o->plain));
    o->gz = fd < 0 ? NULL : gzdopen(fd, "wb1");
    if (!o->gz) {
        if (fd >= 0) close(fd);
        nm_throw(o->job, NM_EIO, "%s: out of memory", o->path);
    }
    gzbuffer(o->gz, BUFFER);
    errno = 0;
    if (o->n && gzfwrite(o->whole, 1, o->n, o->gz) != o->n) fail_out(o);
    o->whole = NULL;
}

void nm_out_write(nm_out *o, const void *p, size_t n)
{
    if (n == 0) return;
    if (o->hash) sha256_update(o->hash, n, p);
    if (o->whole && n <= WHOLE - o->n) {
        memcpy(o->whole + o->n, p, n);
        o->n += n;
        return;
    }
    if (o->whole) stream(o);
    errno = 0;
    if (o->gz ? gzfwrite(p, 1, n, o->gz) != n : fwrite(p, 1, n, o->plain) != n) fail_out(o);
}

void nm_out_hash(nm_out *o, char hex[65])
{
    o->hex = hex;
    o->hash = NM_NEW(o->job, struct sha256_ctx);
    sha256_init(o->hash);
}

void nm_out_num(nm_out *o, double x)
{
    char s[32];
    nm_out_write(o, s, (size_t)nm_num_print(s, x));
}

void nm_out_put(nm_out *o, const char *fmt, ...)
{
    char s[2048];
    va_list ap;
    va_start(ap, fmt);
    const int n = vsnprintf(s, sizeof s, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof s) nm_throw(o->job, NM_EIO, "%s: a line is too long", o->path);
    nm_out_write(o, s, (size_t)n);
}

void nm_out_done(nm_out *o)
{
    if (o->whole) pack_whole(o);
    errno = 0;
    bool ok = true;
    if (o->gz) {
        ok = gzclose_w(o->gz) == Z_OK;
        o->gz = NULL;
    }
    ok = fflush(o->plain) == 0 && (!o->temp || fsync(fileno(o->plain)) == 0) && ok;
    ok = fclose(o->plain) == 0 && ok;
    o->plain = NULL;
    if (!ok || (o->temp && rename(o->temp, o->path) != 0)) fail_out(o);
    o->temp = NULL;
    if (o->hash) {
        uint8_t sum[SHA256_DIGEST_SIZE];
        sha256_digest(o->hash, sizeof sum, sum);
        for (size_t i = 0; i < sizeof sum; i++) snprintf(o->hex + 2 * i, 3, "%02x", sum[i]);
    }
    nm_close(o->job, o);
}

void nm_file_write(nm_job *job, const char *path, const void *p, size_t n)
{
    nm_out *o = nm_out_open(job, path);
    nm_out_write(o, p, n);
    nm_out_done(o);
}

bool nm_file_create(nm_job *job, const char *path, const void *p, size_t n)
{
    nm_out *o = nm_out_open(job, path);
    nm_out_write(o, p, n);
    errno = 0;
    if (fflush(o->plain) || fsync(fileno(o->plain))) fail_out(o);
    errno = 0;
    const bool made = link(o->temp, o->path) == 0;
    if (!made && errno != EEXIST && errno != ENOENT) fail_out(o);
    nm_close(job, o); /* removes the temporary file */
    return made;
}

uint64_t nm_file_stamp(const char *path)
{
    struct stat st;
    if (stat(path, &st)) return 0;
    const uint64_t time = (uint64_t)st.st_mtim.tv_sec * 1000000000 + (uint64_t)st.st_mtim.tv_nsec;
    return (time ^ (uint64_t)st.st_ino * 0x9e3779b97f4a7c15) | 1;
}
