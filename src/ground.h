/* ground.h: the ground floor: numbers that steer the program, jobs, text, files, JSON, kernels. Included by all.h
 * alone. */
#ifndef NM_GROUND_H
#define NM_GROUND_H

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "netmip.h"

/* ---- numbers that steer the program: name, value, unit, why --------------------------------- */
#define NM_VERSION "0.1.0"
#define NM_LANES 16          /* rows in a batch: two vectors of 512 bits */
#define NM_MAXRANK 8         /* dimensions of a tensor */
#define NM_INT_TOL 1e-5      /* distance of a solver's binary to 0 or 1 that decode accepts */
#define NM_ROW_TOL 1e-5      /* relative row violation of a solver's point before the audit fails */
#define NM_MAX_BYTES ((size_t)16 << 30)     /* arena limit of a job: bytes */
#define NM_MAX_FILE ((size_t)4 << 30)       /* largest file read, unpacked: bytes */
#define NM_ATTACK_STEPS 50    /* of a descent */
#define NM_ATTACK_WORK 1.5e9  /* fused multiply-adds that the attack may spend on a case */
#define NM_ALPHA_STEPS 40     /* for the open rows of a case */
#define NM_TIGHT_ROUNDS 4     /* of conditioned tightening */
#define NM_TIGHT_STEPS 20     /* of alpha in each round */
#define NM_UNIT_STEPS 20      /* of alpha for units, should targets stay open */
#define NM_BRANCH_FIRST 40    /* nodes of branching on signs, for a target, before units are bounded anew */
#define NM_BRANCH_NODES 4000  /* after it */
#define NM_MIP_NODES 60       /* of a unit's bound, on each side */
#define NM_SPLIT_INPUTS 20    /* free inputs up to which the input box is split */
#define NM_SPLIT_BOXES 400000 /* boxes before splitting gives up on a case */
#define NM_NEAR_GAP 1e-6      /* relative: value and bound of a nearest counterexample may differ by it */
#define NM_NEAR_ZERO 1e-12    /* a distance up to it is the image's own, rounded */
#define NM_TIE_TOL 1e-8       /* margin up to which a point of the boundary counts, for closest alone */
#define NM_LEAF_OUT 1e-3      /* relative: a leaf's cutoff moves out by it: a dual, no status, excludes near misses */
#define NM_LEAF_IN 1e-8       /* relative: it moves in by it for points that are to lie behind the boundary */
#define NM_NEAR_BRANCH 40000  /* nodes of branching over a ball just below the incumbent, where leaves settle most */
#define NM_NEAR_NODES 200     /* of branching, for a target of closest: what it leaves is a model's */
#define NM_MAX_CLAUSES 100000               /* size limit of a disjunctive normal form */
#define NM_TERM_MIN 1e-10    /* of a row's size: terms that move less over their box become part of its sides */
#define NM_FILE_MOST 1e9     /* numbers of a model that a solver with tolerances of 1e-6 may be asked about */
#define NM_TREE_FIRST 300    /* nodes of the tree over binaries before CBC is asked for a point */
#define NM_TREE_GAP 1e-7     /* relative: a proven value may lie below an attained one by it */
#define NM_SOLVER_TOL 1e-6   /* what solvers take as kept, unless their options say otherwise */
#define NM_OPTION_TOL 1e-9    /* what the option files of dialects ask for */
#define NM_LP_TOL 1e-9        /* primal and dual tolerance of Clp in the tree over binaries */
#define NM_RANGE_GAP 1e-9    /* relative distance of an end of a range to an attained value that settles it */
#define NM_COEF_MIN 1e-9     /* |coefficient| that readers keep: smaller ones move into the bounds */
#define NM_ULP 2.220446049250313e-16        /* 2^-52: twice the unit roundoff */
#define NM_TINY 1e-290       /* absolute term that covers underflow in any sum of products */

/* ---- base.c: jobs, memory, errors ----------------------------------------------------------- */
typedef struct nm_mark { void *chunk; size_t used; } nm_mark;

_Noreturn void nm_throw(nm_job *job, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
_Noreturn void nm_throw_at(nm_job *job, int code, const char *file, int line, int col,
                           const char *fmt, ...) __attribute__((format(printf, 6, 7)));
int nm_run(nm_job *job, void (*body)(nm_job *, void *), void *arg);
void *nm_raw(nm_job *job, size_t n, size_t size);   /* n*size bytes, 64-aligned, not cleared */
void *nm_zero(nm_job *job, size_t n, size_t size);  /* the same, cleared */
void *nm_try(nm_job *job, size_t bytes);            /* NULL instead of a throw */
void *nm_grow_(nm_job *job, void *old, size_t n, size_t *cap, size_t size);
char *nm_dup(nm_job *job, const char *s, size_t n);
char *nm_fmt(nm_job *job, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
nm_mark nm_mark_get(nm_job *job);
void nm_mark_release(nm_job *job, nm_mark m);
void nm_defer(nm_job *job, void (*closer)(void *), void *thing);
void nm_close(nm_job *job, void *thing);            /* runs the closer now */
size_t nm_mul(nm_job *job, size_t a, size_t b);     /* a*b, or throws */
size_t nm_mul_in(nm_job *job, const char *path, size_t a, size_t b); /* sizes that a file states */
void nm_fail_after(nm_job *job, long n);            /* tests: the n-th allocation fails */
size_t nm_bytes(const nm_job *job);
void nm_note(nm_job *job, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void nm_warn(nm_job *job, const char *fmt, ...)     /* a note that --quiet does not silence: data are wrong */
    __attribute__((format(printf, 2, 3)));
bool nm_stopped(const nm_job *job);                 /* an interrupt was asked for */
double nm_cpu(void);                                /* CPU seconds of this process and its children */
double nm_wall(void);                               /* seconds, monotonic */
const char *nm_message_of(nm_job *job, int code);   /* the thrown message, for a nested nm_run */

#define NM_NEW(job, T) ((T *)nm_zero(job, 1, sizeof(T)))
#define NM_ARRAY(job, T, n) ((T *)nm_zero(job, (n), sizeof(T)))
#define NM_RAW(job, T, n) ((T *)nm_raw(job, (n), sizeof(T)))
#define NM_PUSH(job, arr, n, cap) \
    ((void)((n) < (cap) ? 0 : ((arr) = nm_grow_(job, arr, n, &(cap), sizeof *(arr)), 0)), \
     &(arr)[(n)++])

/* ---- digits.cc --------------------------------------------------------------------------------- */
int nm_digits_shortest(double x, uint64_t *digits); /* |x| = digits 10^it; x finite, not 0 */

/* ---- text.c: the one printer and the one parser of numbers ---------------------------------- */
typedef struct nm_buf { nm_job *job; char *s; size_t n, cap; } nm_buf;

void nm_put(nm_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void nm_put_bytes(nm_buf *b, const void *p, size_t n);
void nm_put_num(nm_buf *b, double x);               /* shortest digits that read back equal */
void nm_put_json(nm_buf *b, const char *s);         /* a quoted JSON string */
int nm_num_print(char out[32], double x);           /* length; x finite */
int nm_num_print_twice(char out[32], double x);     /* the same double to readers that round twice (MPS of CBC) too */
bool nm_num_parse(const char *s, const char *end, double *x); /* whole token, finite */
bool nm_int_parse(const char *s, const char *end, int64_t *x);
void nm_sha256(const void *p, size_t n, char hex[65]);

/* rounding helpers: the next double down or up; infinities stay */
static inline double nm_down(double x) { return nextafter(x, -INFINITY); }
static inline double nm_up(double x) { return nextafter(x, INFINITY); }

/* ---- file.c: whole files in, whole files out ------------------------------------------------ */
typedef struct nm_file { const char *path; const unsigned char *data; size_t n; } nm_file;
typedef struct nm_out nm_out;

nm_file nm_file_read(nm_job *job, const char *path); /* unpacks .gz by content; data ends in a NUL */
nm_file nm_file_bytes(nm_job *job, const char *path); /* as they are, .gz too */
bool nm_file_exists(const char *path);
bool nm_file_older(const char *a, const char *b);    /* a was last written before b; false when unclear */
nm_out *nm_out_open(nm_job *job, const char *path);  /* temporary name beside path; gzips *.gz */
void nm_out_write(nm_out *o, const void *p, size_t n);
void nm_out_num(nm_out *o, double x);
void nm_out_put(nm_out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void nm_out_hash(nm_out *o, char hex[65]);           /* of what is written from now on, unpacked; there when done */
void nm_out_done(nm_out *o);                         /* flush, close, check, rename */
void nm_file_write(nm_job *job, const char *path, const void *p, size_t n);
/* writes a file that was not there, whole or not at all; false: one is there, or its temporary name was taken away */
bool nm_file_create(nm_job *job, const char *path, const void *p, size_t n);
uint64_t nm_file_stamp(const char *path);            /* another number when the file was written anew; 0: not there */
bool nm_has_suffix(const char *s, const char *suffix);
char *nm_path_dir(nm_job *job, const char *path);    /* the folder of path, with its slash, or "" */

/* ---- json.c: strict JSON in ----------------------------------------------------------------- */
typedef struct cJSON nm_json;

const nm_json *nm_json_parse(nm_job *job, nm_file f); /* whole text, no repeated keys */
const nm_json *nm_json_find(const nm_json *o, const char *key);     /* NULL when absent */
const nm_json *nm_json_get(nm_job *job, const nm_json *o, const char *key, const char *where);
double nm_json_num(nm_job *job, const nm_json *x, const char *where);
int64_t nm_json_int(nm_job *job, const nm_json *x, const char *where);
const char *nm_json_str(nm_job *job, const nm_json *x, const char *where);
bool nm_json_true(const nm_json *x);
size_t nm_json_count(const nm_json *x);
double *nm_json_nums(nm_job *job, const nm_json *x, size_t n, const char *where); /* [n], or it throws */
void nm_json_only(nm_job *job, const nm_json *o, const char *where, const char *const *keys);

/* ---- kernel.c: the vectorised inner loops, one order of summation on every machine ---------- */
typedef struct nm_kernels {
    const char *name;
    /* acc[8][NM_LANES] (+)= sum over t < n of a[aoff[t] + i*step] * y[yoff[t]][lane], in order of t */
    void (*outer)(size_t n, const double *a, size_t step, const uint32_t *aoff, const double *y,
                  const uint32_t *yoff, double *acc, bool add);
    /* the same for the first eight lanes; the others stay as they are */
    void (*outer_half)(size_t n, const double *a, size_t step, const uint32_t *aoff,
                       const double *y, const uint32_t *yoff, double *acc, bool add);
    /* out[3] = { a.c, |a|.r, |a|.m } over n terms; n is a multiple of 8 */
    void (*dot3)(size_t n, const double *a, const double *c, const double *r, const double *m,
                 double out[3]);
    double (*dot)(size_t n, const double *a, const double *b); /* n is a multiple of 8 */
    /* x[n][NM_LANES] rows: positive and negative parts take their own slope; see batch.c */
    void (*relax)(size_t n, const uint32_t *unit, const double *y, const double *slo,
                  const double *sup, const double *cut, const double *w, double *x, bool add,
                  double *cst, double *err);
    /* the same with slo [n][NM_LANES] */
    void (*relax_lanes)(size_t n, const uint32_t *unit, const double *y, const double *slo,
                        const double *sup, const double *cut, const double *w, double *x, bool add,
                        double *cst, double *err);
    /* cst[lane] += y.bias, err[lane] += |y|.w over listed units */
    void (*gather)(size_t n, const uint32_t *unit, const double *y, const double *bias,
                   const double *w, double *cst, double *err);
    /* lower end of y.x over the box: out[lane] = sum min(y lo, y hi), mag[lane] = sum |y| xabs */
    void (*box)(size_t n, const uint32_t *unit, const double *y, const double *lo,
                const double *hi, double *out, double *mag);
    /* y [n][NM_LANES], g [n]: least (y + lambda g).x over the box, g.x there, sum (|y| + lambda |g|) |x| */
    void (*box_row)(size_t n, const double *y, const double *g, const double *lambda, const double *lo,
                    const double *hi, double *out, double *slope, double *mag);
    /* n is a multiple of 8 in all that follow */
    void (*axpy)(size_t n, double a, const double *x, double *y);       /* y += a x */
    /* x* maximises (on - theta) w x over the box, y* (off - theta) w y: out = that maximum, the magnitude of
     * its sum, w x*; the same three for y* */
    void (*hull_ends)(size_t n, const double *theta, const double *w, const double *lo, const double *hi,
                      double on, double off, double out[6]);
    void (*hull_add)(size_t n, double y, const double *theta, const double *w, double *x); /* x += y theta w */
    /* Adam on theta in [0,1], up the derivative y w (v - x*), x* maximising (c - theta) w x; adam = rate over the
     * first moment's correction, 1 over the second's */
    void (*hull_step)(size_t n, double y, double c, const double *w, const double *v, const double *lo,
                      const double *hi, const double adam[3], double *theta, double *m1, double *m2);
} nm_kernels;

const nm_kernels *nm_kernels_pick(void);
extern const nm_kernels nm_kernels_generic;

#endif
