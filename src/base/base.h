/* base.h, the door of base: a job with its memory and its one error, numbers as text, files, and what text formats
 * need. It knows nothing of networks, questions or models, and must never learn of them.
 *
 * Conventions of all headers: index letters are u unit, j column, r row, k nonzero, v value, b block, i loop; lo and hi
 * are lower and upper bounds; an array's shape is in brackets in the comment of its field; arrays are row-major. What
 * a function returns belongs to its job and is freed with it. Errors are thrown (nm_throw); nm_run alone catches. */
#ifndef NM_BASE_H
#define NM_BASE_H

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "netmip.h"
/* ---- job.c: a job owns memory, closers and one error -------------------------------------------- */
#define NM_VERSION "0.1.0"
#define NM_MAX_BYTES ((size_t)16 << 30)     /* arena limit of a job: bytes */
typedef struct nm_mark { void *chunk; size_t used; } nm_mark;
_Noreturn void nm_throw(nm_job *job, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
_Noreturn void nm_throw_at(nm_job *job, int code, const char *file, int line, int col, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
/* Runs body; returns NM_OK, or the code that it threw: then its closers have run and what it allocated is lost. */
int nm_run(nm_job *job, void (*body)(nm_job *, void *), void *arg);
void *nm_raw(nm_job *job, size_t n, size_t size);   /* n*size bytes, 64-aligned, not cleared */
void *nm_zero(nm_job *job, size_t n, size_t size);  /* the same, cleared */
void *nm_try(nm_job *job, size_t bytes);            /* NULL instead of a throw */
void *nm_grow_(nm_job *job, void *old, size_t n, size_t *cap, size_t size);
char *nm_dup(nm_job *job, const char *s, size_t n);
char *nm_fmt(nm_job *job, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
nm_mark nm_mark_get(nm_job *job);                   /* how much memory is in use now */
void nm_mark_release(nm_job *job, nm_mark m);       /* frees all memory that was taken since the mark */
void nm_defer(nm_job *job, void (*closer)(void *), void *thing); /* calls closer(thing) when the job ends or throws */
void nm_close(nm_job *job, const void *thing);      /* runs the closer now */
size_t nm_mul(nm_job *job, size_t a, size_t b);     /* a*b, or throws */
size_t nm_mul_in(nm_job *job, const char *path, size_t a, size_t b); /* the same for sizes that a file states */
void nm_fail_after(nm_job *job, long n);            /* tests: the n-th allocation fails */
void nm_note(nm_job *job, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A note that --quiet does not silence, because the data look wrong. It is kept for nm_warnings. */
void nm_warn(nm_job *job, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
size_t nm_warnings(const nm_job *job, const char *const **text); /* how many there were, each once, and their texts */
/* A line of progress that replaces the last one, on a terminal and not in children; "" removes it. */
void nm_job_on_show(nm_job *job, void (*show)(void *, const char *text), void *arg);
bool nm_shows(const nm_job *job);                   /* somebody watches */
bool nm_show_due(nm_job *job);                      /* and has not been shown anything for a moment */
void nm_show(nm_job *job, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void nm_show_stage(nm_job *job, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void nm_children_tell(nm_job *job); /* lets children note: not in a library, whose caller may hold locks at a fork */
void nm_job_is_child(nm_job *job);                  /* in a child: drops notes unless nm_children_tell was called */
bool nm_interrupted(const nm_job *job);             /* true: the caller asked the job to stop */
bool nm_stopped(const nm_job *job);                 /* the same, or its deadline has passed: long work ends early */
double nm_job_deadline(nm_job *job, double wall);   /* sets an earlier deadline (nm_wall); returns the old one, */
void nm_job_set_deadline(nm_job *job, double wall); /* which this restores, as nm_run does */
double nm_cpu(void);                                /* CPU seconds of this process and its children */
double nm_wall(void);                               /* seconds, monotonic */
const char *nm_message_of(nm_job *job, int code);   /* the thrown message, for a nested nm_run */
double *nm_repeat(nm_job *job, size_t n, double x); /* [n], all elements x */
#define NM_NEW(job, T) ((T *)nm_zero(job, 1, sizeof(T)))
#define NM_ARRAY(job, T, n) ((T *)nm_zero(job, (n), sizeof(T)))
#define NM_RAW(job, T, n) ((T *)nm_raw(job, (n), sizeof(T)))
#define NM_PUSH(job, arr, n, cap) \
    ((void)((n) < (cap) ? 0 : ((arr) = nm_grow_(job, arr, n, &(cap), sizeof *(arr)), 0)), &(arr)[(n)++])

/* ---- status.c: a status as the word of its verdict: holds, violated, unknown --------------------- */
const char *nm_status_word(int status);
int nm_status_of(const char *word); /* -1: none */

/* ---- rounding: the next double below or above; infinities stay as they are -------------------------------------- */
#define NM_ULP 2.220446049250313e-16        /* 2^-52: twice the unit roundoff */
#define NM_TINY 1e-290       /* absolute term that covers underflow in any sum of products */
static inline double nm_down(double x) { return nextafter(x, -INFINITY); }
static inline double nm_up(double x) { return nextafter(x, INFINITY); }
static inline double nm_larger(double a, double b) { return a > b ? a : b; } /* b where a is NaN */

/* ---- text.c, digits.cc: the one printer and the one parser of numbers --------------------------- */
typedef struct nm_buf { nm_job *job; char *s; size_t n, cap; } nm_buf;
void nm_put(nm_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void nm_put_bytes(nm_buf *b, const void *p, size_t n);
void nm_put_num(nm_buf *b, double x);               /* shortest digits that read back equal */
void nm_put_json(nm_buf *b, const char *s);         /* a quoted JSON string */
int nm_num_print(char out[32], double x);           /* length; x finite */
const char *nm_num_text(nm_job *job, double x);     /* the same for messages, where inf and nan are allowed */
int nm_num_print_twice(char out[32], double x);     /* digits that also survive readers which round twice (CBC's MPS) */
bool nm_num_parse(const char *s, const char *end, double *x); /* the whole token must be a finite number */
bool nm_int_parse(const char *s, const char *end, int64_t *x);
const char *nm_counted(nm_job *job, size_t n, const char *things); /* "3 rows", or "1 row"; ending in s */
void nm_sha256(const void *p, size_t n, char hex[65]);
bool nm_fraction_parse(const char *s, const char *end, double *x); /* a number or a/b; false: neither, or not finite */
int nm_digits_shortest(double x, uint64_t *digits); /* |x| = digits 10^it; x finite, not 0 */
const char *nm_digits_read(const char *s, const char *end, double *x); /* its end; NULL: no number; x may be inf */

/* ---- file.c: whole files in, whole files out ---------------------------------------------------- */
#define NM_MAX_FILE ((size_t)4 << 30)       /* largest file read, unpacked: bytes */
typedef struct nm_file { const char *path; const unsigned char *data; size_t n; } nm_file;
typedef struct nm_out nm_out;
nm_file nm_file_read(nm_job *job, const char *path); /* unpacks .gz by content; data ends in a NUL */
nm_file nm_file_bytes(nm_job *job, const char *path); /* the bytes as they are; .gz is not unpacked */
nm_out *nm_out_open(nm_job *job, const char *path);  /* writes beside path under a temporary name; gzips *.gz */
void nm_out_write(nm_out *o, const void *p, size_t n);
void nm_out_num(nm_out *o, double x);
void nm_out_put(nm_out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void nm_out_hash(nm_out *o, char hex[65]);           /* of bytes written from now on, unpacked; nm_out_done sets it */
void nm_out_done(nm_out *o);                         /* flushes, closes, checks, then renames to path */
void nm_file_write(nm_job *job, const char *path, const void *p, size_t n);
/* Writes a new file, whole or not at all; returns false if path exists already or the temporary file was removed. */
bool nm_file_create(nm_job *job, const char *path, const void *p, size_t n);
uint64_t nm_file_stamp(const char *path);            /* changes when the file is rewritten; 0: there is no file */

/* ---- path.c: names of files and folders --------------------------------------------------------- */
bool nm_file_same(const char *a, const char *b); bool nm_file_exists(const char *path); /* the latter also if unknown */
bool nm_file_older(const char *a, const char *b);    /* true: a was last written before b; false when that is unclear */
bool nm_has_suffix(const char *s, const char *suffix);
char *nm_path_dir(nm_job *job, const char *path);    /* the folder of path, with its slash, or "" */
const char *nm_temp_new(nm_job *job); /* makes a temporary folder, which is removed with the job */
void nm_folder_make(nm_job *job, const char *dir); /* makes the folder, and those that it is in, unless they exist */
const char **nm_folder_names(nm_job *job, const char *dir, size_t *n); /* in order; none where there is no folder */
const char *nm_path_stem(nm_job *job, const char *path); /* the file's name up to its first dot */
const char *nm_name_clean(nm_job *job, const char *text); /* text made fit for a file name that needs no quotes */
const char *nm_path_under(nm_job *job, const char *dir, const char *path); /* dir ends in a slash, or is "" */
const char *nm_path_relative(nm_job *job, const char *from, const char *path); /* seen from folder `from` */

/* ---- inflate.c: bytes that zlib packed -------------------------------------------------------------------- */
void nm_unpack_check(nm_job *job, const char *path, size_t packed, size_t unpacked); /* refuses bombs */
/* Inflates to exactly `want` bytes plus a NUL. whole: the stream must end there. NULL: the data are damaged. */
unsigned char *nm_inflate(nm_job *job, const char *path, const void *p, size_t n, size_t want, bool whole);

/* ---- apart.c, library.c: libraries that few runs need ------------------------------------------- */
/* Runs body in a process of its own; returns what body put into its buffer. Throws what body threw, or that it died. */
nm_buf nm_apart_run(nm_job *job, const char *path, void (*body)(nm_job *, void *, nm_buf *), void *arg);
/* Fills table[n] with the library's functions of these names; path, the file that is being read, is for messages. */
void nm_library_load(nm_job *job, const char *path, const char *file, size_t n, const char *const *name, void *table);

/* ---- json.c: strict JSON in; `where` names in messages what was being read ---------------------- */
typedef struct cJSON nm_json;
const nm_json *nm_json_parse(nm_job *job, nm_file f); /* whole text, no repeated keys */
const nm_json *nm_json_find(const nm_json *o, const char *key);     /* NULL when absent */
const nm_json *nm_json_get(nm_job *job, const nm_json *o, const char *key, const char *where);
double nm_json_num(nm_job *job, const nm_json *x, const char *where);
int64_t nm_json_int(nm_job *job, const nm_json *x, const char *where);
const char *nm_json_str(nm_job *job, const nm_json *x, const char *where);
bool nm_json_true(const nm_json *x);
size_t nm_json_count(const nm_json *x);
double *nm_json_nums(nm_job *job, const nm_json *x, size_t n, const char *where); /* [n]; throws on any other length */
void nm_json_only(nm_job *job, const nm_json *o, const char *where, const char *const *keys);

/* ---- json_out.c: JSON out; key NULL: what follows is an element of a list, or the top level ------- */
#define NM_JSON_VERSION 1    /* of the JSON that verbs print, described in src/command/schema */
enum { NM_JO_DEPTH = 24 };
typedef struct nm_jo {     /* JSON text being written; its members are private to json_out.c */
    nm_buf *b; int depth; bool line;
    struct nm_jo_level { char close; bool tight, some; } level[NM_JO_DEPTH];
} nm_jo;
nm_jo nm_jo_new(nm_buf *b);
nm_jo nm_jo_answer(nm_buf *b); /* a verb's answer: opens the object, writes its version and the warnings so far */
void nm_jo_line(nm_jo *j);                           /* the next member or element starts a new line */
void nm_jo_object(nm_jo *j, const char *key);
void nm_jo_list(nm_jo *j, const char *key);
void nm_jo_tight(nm_jo *j);                          /* no spaces in the object or list opened last and within it */
void nm_jo_end(nm_jo *j);                            /* closes the object or list that was opened last */
void nm_jo_done(nm_jo *j);                           /* closes the top level and ends the line */
void nm_jo_raw(nm_jo *j, const char *key, const char *json);
void nm_jo_null(nm_jo *j, const char *key);
void nm_jo_bool(nm_jo *j, const char *key, bool x);
void nm_jo_str(nm_jo *j, const char *key, const char *s);       /* NULL: null */
void nm_jo_str_if(nm_jo *j, const char *key, const char *s);    /* NULL: left out */
void nm_jo_num(nm_jo *j, const char *key, double x);            /* finite */
void nm_jo_num_if(nm_jo *j, const char *key, double x);         /* left out when it is not finite */
void nm_jo_fixed(nm_jo *j, const char *key, double x, int decimals);
void nm_jo_int(nm_jo *j, const char *key, int64_t x);
void nm_jo_nums(nm_jo *j, const char *key, const double *x, size_t n); /* a list */

/* ---- lines.c: a line cursor over text, and words of lines --------------------------------------- */
typedef struct nm_lines { nm_job *job; const char *path, *s, *end; int line; } nm_lines;
typedef struct nm_span { const char *s, *end; } nm_span;
nm_lines nm_lines_new(nm_job *job, nm_file f);
bool nm_lines_next(nm_lines *l, nm_span *out);       /* without its line end */
size_t nm_span_split(nm_span line, nm_span *tok, size_t max);
bool nm_span_is(nm_span s, const char *word);
bool nm_span_starts(nm_span s, const char *prefix);
nm_span nm_span_trim(nm_span s);
bool nm_span_blank(nm_span s);
nm_span nm_span_of(const char *s);
bool nm_span_after(nm_span s, const char *prefix, nm_span *rest); /* rest: what follows prefix, trimmed */
bool nm_span_has(nm_span s, const char *text);
char *nm_span_dup(nm_job *job, nm_span s);
nm_span nm_first_line(const char *text, size_t n);
_Noreturn void nm_lines_bad(const nm_lines *l, const char *expected);
nm_span nm_lines_need(nm_lines *l, const char *what);  /* the next line */
nm_span nm_lines_text(nm_lines *l, const char *what);  /* the next line that is not blank, trimmed */
void nm_lines_close(nm_lines *l);                      /* throws unless only blank lines follow */
int64_t nm_lines_count(const nm_lines *l, nm_span s);
double nm_lines_num(const nm_lines *l, nm_span s);

/* ---- name_table.c: names, numbered in the order in which they were added -------------------------- */
typedef struct nm_names { const char **name; size_t n, cap, mask; uint32_t *slot; } nm_names;
int64_t nm_names_find(const nm_names *t, nm_span s);                 /* its number, or -1 */
bool nm_names_add(nm_job *job, nm_names *t, nm_span s);              /* false: it was in the table already */

/* ---- guess.c: lists of known words; a guess which one a mistyped word was meant to be --------------- */
typedef struct nm_word { const char *name, *says, *meaning; } nm_word; /* name: NULL ends it; says: NAME:N or NULL */
/* Returns "did you mean NAME?" for the known word nearest to the n letters at s, or NULL if none is near enough. */
const char *nm_guess(nm_job *job, const char *s, size_t n, const nm_word *words);
/* Returns the same guess, or "one of a, b, c was expected" where there is none. */
const char *nm_words_help(nm_job *job, const char *s, size_t n, const nm_word *words);
const nm_word *nm_words_split(nm_job *job, const char *text, const char *cut); /* at every character of cut */
const char *nm_words_list(nm_job *job, const nm_word *words);                  /* "a, b:N, c" */

/* ---- xml.c: strict XML in ----------------------------------------------------------------------- */
/* an element; the list holds all elements of a document in order; attr [2*n] key, value */
typedef struct nm_xml { const char *name, **attr; int depth, line; size_t n; struct nm_xml *next; } nm_xml;
nm_xml *nm_xml_read(nm_job *job, nm_file f);
const char *nm_xml_find(const nm_xml *e, const char *key); /* NULL when absent */
/* ---- process.c: child processes, which never outlive their parent ------------------------------- */
#define NM_DIED 128        /* a status from here on: a signal ended the child */
typedef struct nm_child nm_child;
/* memory: bytes that it may address, 0: no limit; group: it heads a process group, which ends with it; tell: a message
 * that its body throws becomes a note */
typedef struct nm_child_opts { size_t memory; bool group, tell; } nm_child_opts;
/* Runs body(arg) in a process of its own, whose exit status is nm_run's code. what: the child's name in messages. The
 * child is killed when the job ends. */
nm_child *nm_child_start(nm_job *job, const char *what, nm_child_opts o, void (*body)(nm_job *, void *), void *arg);
int nm_child_status(const nm_child *c);              /* the exit status, NM_DIED + the signal, or -1 while it runs */
int nm_child_wait(nm_job *job, const nm_child *c, double until); /* waits for it; -1: stopped, or too late */
int nm_child_join(nm_job *job, nm_child *c);         /* waits without limit; returns its status; frees c */
void nm_child_ask(const nm_child *c); void nm_child_kill(const nm_child *c); /* by SIGTERM; by SIGKILL */
void nm_child_end(nm_job *job, nm_child *c);         /* kills it and its group, waits for it; frees c */
/* ---- team.c: threads that share work ------------------------------------------------------------ */
nm_job *nm_job_helper(nm_job *of, size_t threads);   /* for another thread; made and freed in that of `of`; or NULL */
nm_job *nm_job_own(nm_job *of); /* memory that nm_close releases, no mark; it throws as `of` does, in its thread */
size_t nm_job_threads(const nm_job *job); void nm_job_set_threads(nm_job *job, size_t n); /* at first 1 */
double nm_job_shares_from(const nm_job *job); void nm_job_share_all(nm_job *job); /* least work, in FMAs; tests: 0 */
typedef struct nm_idle nm_idle;                      /* threads of a team with nothing left to do */
typedef struct nm_turns nm_turns; typedef void nm_team_body(nm_job *, void *arg, nm_turns *);
nm_idle *nm_job_idle(const nm_job *job); void nm_job_set_idle(nm_job *job, nm_idle *idle);
/* Shares n items, which take roughly `work` together, among the job's threads: body takes them until there are none, in
 * this thread and in helpers, each with a job of its own; what body allocates is lost at the end. Run: one by one, by
 * nm_turns_next, until the job must stop. Ranges: from..to-1, by nm_turns_range, all, even if the job is stopped. */
void nm_team_run(nm_job *job, size_t n, double work, nm_team_body *body, void *arg);
void nm_team_ranges(nm_job *job, size_t n, double work, nm_team_body *body, void *arg);
bool nm_turns_next(nm_job *job, nm_turns *t, size_t *i); bool nm_turns_range(nm_turns *t, size_t *from, size_t *to);
/* ---- workers.c: processes that share work ------------------------------------------------------- */
void *nm_shared_new(nm_job *job, size_t n, size_t size); void nm_shared_end(nm_job *job, void *p); /* cleared */
/* Calls each(job, arg, i) for all i < n, in up to `threads` processes (1: in this one). */
void nm_crew_run(nm_job *job, size_t threads, size_t n, void (*each)(nm_job *, void *, size_t), void *arg);

#endif
