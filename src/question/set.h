/* set.h: what input sets are made with. Each set narrows the cases around an image; it is one const struct in a file of
 * set/ and one line of sets.def. Private to question. */
#ifndef NM_QUESTION_SET_H
#define NM_QUESTION_SET_H

#include "question/question.h"

/* ---- set_arguments.c: the argument of a set, and what sets share -------------------------------- */
typedef struct nm_setarg { /* NAME or NAME:ARG of --perturb */
    const char *flag;      /* all of --perturb, for messages */
    const char *syntax;    /* the set's syntax, for messages */
    const char *arg;       /* after the colon, or NULL */
    nm_buf *hashes;        /* collects hashes of the files that it names, which are part of the question */
    const char *dir;       /* the folder that they are relative to, with its slash, or NULL */
} nm_setarg;
typedef struct nm_setting { /* the cases around an image; at first there is one, the domain */
    nm_job *job;
    size_t n;
    nm_shape shape;
    const double *x;       /* [n] the image */
    size_t n_out;          /* of the network; in rows, input i is variable n_out + i */
    size_t n_cases;
    nm_case *cases;        /* without clauses */
    bool is_patch;         /* a patch: elements outside are fixed to the image's */
    bool quiet;            /* as in nm_around */
    const char *no_image;  /* why the inputs are not an image, or NULL */
    const char **name;     /* [n_cases] suffix to the names of its clauses, or "" */
} nm_setting;
struct nm_set {
    /* Parses the argument, before the image is known. Returns what make gets as its plan. */
    const void *(*read)(nm_job *job, const nm_setarg *a);
    void (*make)(nm_setting *s, const void *plan, const char *flag); /* narrows every case */
    /* Returns the largest sensible radius for n inputs and a domain `wide` wide; NULL where the argument is none. */
    double (*most)(double wide, double n);
};
/* a number for each element, or one for all */
typedef struct nm_each { double all; size_t n; const double *x; const char *path; } nm_each;
typedef struct nm_entries { size_t n, cap_r, cap_c, cap_w, n_c, n_w; uint32_t *row, *col; double *w; } nm_entries;
_Noreturn void nm_setarg_bad(nm_job *job, const nm_setarg *a);
void nm_setarg_none(nm_job *job, const nm_setarg *a);          /* refuses an argument */
const char *nm_setarg_get(nm_job *job, const nm_setarg *a);    /* refuses its absence */
nm_file nm_setarg_file(nm_job *job, const nm_setarg *a, const char *path); /* hashed */
nm_tensor nm_setarg_npy(nm_job *job, const nm_setarg *a, const char *path);
/* Reads a number, a fraction a/b, or an .npy of numbers. */
nm_each nm_setarg_each(nm_job *job, const nm_setarg *a, const char *s, size_t len);
double nm_each_at(const nm_setting *s, const nm_each *e, size_t i);
const double *nm_setarg_radius(nm_job *job, const nm_setarg *a, bool whole); /* a number or fraction, 0 or more */
/* Intersects every case with a ball around the image. */
void nm_setting_ball(nm_setting *s, nm_norm norm, double radius, const nm_pixelset *pixels);
/* Intersects input i of every case with [lo,hi]; a case that has no point left is marked empty. */
void nm_setting_meet(nm_setting *s, size_t i, double lo, double hi);
nm_layout nm_setting_layout(const nm_setting *s, const char *flag); /* the image's; throws if there is no image */
void nm_setting_size(nm_job *job, const nm_setarg *a, const char *s, const char *end, size_t size[2]); /* HxW */
/* Sets the generators of every case, entries sorted by input; refuses a second set of generators. */
void nm_setting_gens(nm_setting *s, nm_gens g, const char *flag);
void nm_entries_add(nm_job *job, nm_entries *e, size_t row, size_t col, double w);
size_t nm_images_in(const nm_setting *s, const char *path, const nm_tensor *t); /* how many images it holds */
void nm_gens_fill(nm_job *job, nm_gens *g, const nm_entries *e); /* rows of G; zeros are left out */

/* ---- set/blur_kernels.c ------------------------------------------------------------------------- */
/* Makes the entries of kernels that read `ins` input channels each: all channels, or 1, the output's own. */
nm_gens nm_blur(nm_setting *s, const nm_layout *l, size_t ins, const size_t size[2]);

/* ---- input_sets.c: the registry ----------------------------------------------------------------- */
#define SET(name, syntax, meaning) extern const nm_set nm_set_##name;
#include "question/sets.def"
#undef SET
void nm_sets_make(nm_setting *s, const nm_sets *sets);

#endif
