/* set.h: input sets: what the inputs of a question around an image may be. Included by all.h alone. */
#ifndef NM_SET_H
#define NM_SET_H

/* ---- read/ ------------------------------------------------------------------------------------ */
typedef struct nm_tensor { nm_shape shape; size_t n; double *x; bool bytes; nm_dtype type; } nm_tensor;

/* ---- setting.c: what input sets share -------------------------------------------------------- */
typedef struct nm_setarg { /* NAME or NAME:ARG of --perturb */
    const char *flag;      /* all of --perturb, for messages */
    const char *syntax;    /* of the row, for messages */
    const char *arg;       /* after the colon, or NULL */
    nm_buf *hashes;        /* of files that it names: a campaign's question depends on them */
    const char *dir;       /* the folder that they are relative to, with its slash, or NULL */
} nm_setarg;
typedef struct nm_setting { /* cases around an image: one, the domain, before the first set narrows them */
    nm_job *job;
    size_t n;
    nm_shape shape;
    const double *x;       /* [n] the image */
    size_t n_cases;
    nm_case *cases;        /* without clauses */
} nm_setting;
typedef struct nm_set {
    const void *(*read)(nm_job *job, const nm_setarg *a);       /* before any image is known: the make's plan */
    void (*make)(nm_setting *s, const void *plan, const char *flag); /* narrows every case */
} nm_set;
/* a number for each element, or one for all */
typedef struct nm_each { double all; size_t n; const double *x; const char *path; } nm_each;

_Noreturn void nm_setarg_bad(nm_job *job, const nm_setarg *a);
void nm_setarg_none(nm_job *job, const nm_setarg *a);          /* refuses an argument */
const char *nm_setarg_get(nm_job *job, const nm_setarg *a);    /* refuses its absence */
nm_tensor nm_setarg_npy(nm_job *job, const nm_setarg *a, const char *path);
/* a number, a fraction a/b, or an .npy of them */
nm_each nm_setarg_each(nm_job *job, const nm_setarg *a, const char *s, size_t len);
double nm_each_at(const nm_setting *s, const nm_each *e, size_t i);
/* input i of every case is in [lo,hi], too; a case that has no point left is empty */
void nm_setting_meet(nm_setting *s, size_t i, double lo, double hi);

/* ---- set/: a row SET of menu.def each --------------------------------------------------------- */
#define SET(name, syntax, meaning) extern const nm_set nm_set_##name;
#include "menu.def"
#undef SET

/* ---- sets.c: the registry --------------------------------------------------------------------- */
typedef struct nm_sets {   /* the sets of one --perturb: a point lies in all of them */
    const char *text, *hashes;
    size_t n;
    struct nm_setpart { const nm_set *set; const void *plan; } *part;
} nm_sets;
const nm_sets *nm_sets_read(nm_job *job, const char *text, const char *dir); /* NAME[:ARG]+NAME[:ARG].. */
void nm_sets_make(nm_setting *s, const nm_sets *sets);
void nm_sets_table(nm_buf *b); /* as Markdown */

#endif
