/* file.h: readers of questions: VNN-LIB 1 and 2, whose formulas become a disjunctive normal form, and JSON. Private to
 * question. */
#ifndef NM_QUESTION_FILE_FILE_H
#define NM_QUESTION_FILE_FILE_H

#include "question/part.h"

/* ---- file/sexpr.c ------------------------------------------------------------------------------- */
typedef struct nm_sexpr {  /* a word, or a list with n members */
    const char *word;
    size_t len, n;
    struct nm_sexpr *first, *next;
    int line, col;
} nm_sexpr;
nm_sexpr *nm_sexpr_read(nm_job *job, nm_file f); /* a list of all top-level expressions */
bool nm_sexpr_is(const nm_sexpr *e, const char *word);
const char *nm_sexpr_head(nm_job *job, const nm_sexpr *e); /* a word, or the first word of a list, for messages */

/* ---- vnnlib_term.c: what VNN-LIB 1 and 2 share: linear terms, and the names that a let binds -------- */
typedef struct nm_lterm { uint32_t var; double coef; } nm_lterm;
typedef struct nm_linear { size_t n, cap; nm_lterm *t; double c; } nm_linear; /* sum of terms + c */
typedef struct nm_atom {   /* row: var as the reader numbers them */
    nm_row row;
    bool inputs;           /* alone, and some */
} nm_atom;
typedef struct nm_conj {   /* both of a and b, or an atom; NULL holds everywhere */
    const struct nm_conj *a, *b;
    const nm_atom *leaf;
} nm_conj;
typedef struct nm_dnf { size_t n; const nm_conj **d; } nm_dnf; /* of none: false */
typedef struct nm_binding {
    const nm_sexpr *name, *value;
    struct nm_binding *next, *outer; /* names in scope beside it; those that its value sees */
    size_t names;          /* in scope with it */
    nm_linear *term;       /* what it says, once read: as a term, */
    nm_dnf *says[2];       /* as a formula, and as its negation */
} nm_binding;
typedef struct nm_formulas {
    nm_job *job;
    const char *path, *equal; /* how equality is written */
    bool chains;           /* a <= b <= c may stand as one comparison */
    bool smt;              /* it is SMT-LIB: not, =>, let, true, false, / are known */
    void *names;           /* of the reader: */
    /* is this word a variable: 2j for output j, 2i+1 for input i; it may throw */
    bool (*variable)(const struct nm_formulas *f, const nm_sexpr *e, uint32_t *var);
    const char *(*name)(const struct nm_formulas *f, size_t input);
    bool strict;           /* some < or > was met, or the negation of <= or >= */
    size_t n_x, n_y, depth;
    nm_binding *scope;     /* innermost */
    const nm_conj *all;    /* of plain asserts */
    size_t n_ors, cap_ors;
    nm_dnf *ors;           /* of the others */
    uint32_t *seen;        /* scratch: [cap_seen] by variable */
    size_t cap_seen, n_atoms, cap_atoms, cap_stack;
    const nm_atom **atoms;
    const nm_conj **stack;
} nm_formulas;
_Noreturn void nm_formulas_fail(const nm_formulas *f, const nm_sexpr *e, const char *what); /* at e */
void nm_formulas_enter(nm_formulas *f, const nm_sexpr *e); /* one level deeper, or fails; the caller takes it back */
nm_binding *nm_let_find(const nm_formulas *f, const nm_sexpr *word); /* or NULL */
const nm_sexpr *nm_let_open(nm_formulas *f, const nm_sexpr *e); /* its names are in scope; returns its body */
nm_linear nm_term_read(nm_formulas *f, const nm_sexpr *e);
void nm_term_add(nm_formulas *f, nm_linear *to, const nm_linear *x, double k); /* to += k x */
void nm_term_merge(nm_formulas *f, nm_linear *x);

/* ---- vnnlib_formula.c, vnnlib_cases.c: formulas become cases ------------------------------------ */
void nm_formulas_assert(nm_formulas *f, const nm_sexpr *e);
nm_dnf nm_formulas_all(nm_formulas *f); /* of all asserts; one disjunct at least, which nothing satisfies if need be */
nm_query *nm_formulas_query(nm_formulas *f, size_t n_x, size_t n_y);
/* Meets the box with a row over one input. Returns true if rounding the new end outwards lost something, so that the
 * row must be kept beside the box. */
bool nm_box_row(const nm_row *r, size_t n_out, double *lo, double *hi);

/* ---- file/read_vnnlib2.c ------------------------------------------------------------------------ */
nm_query *nm_read_vnnlib2(nm_job *job, const nm_net *net, nm_file f, nm_sexpr *all);

/* ---- file/read_json_question.c, file/json_clauses.c, file/json_generators.c, file/json_rows.c: JSON; a map carries
 * a question, too ---- */
typedef struct nm_queryjson { /* while it is read */
    nm_job *job;
    const char *where, *dir;
    const nm_net *net; /* or NULL */
    const nm_json *top;
    nm_query *q;
    nm_ask ask;
    nm_measure measure;
    size_t cap;
} nm_queryjson;
int64_t nm_queryjson_labels(const nm_queryjson *r); /* how many there may be */
void nm_queryjson_check(nm_job *job, const nm_json *j, const char *where); /* its members are known ones */
nm_query *nm_read_queryjson(nm_job *job, const nm_net *net, nm_file f);
const nm_front *nm_query_front_of(nm_job *job, const nm_json *j, const char *where);
void nm_queryjson_clauses(nm_queryjson *r, const nm_json *list, size_t icase, nm_case *c);
/* box and rows of x meet what the case has; without lo and hi, rows of one input are the box */
void nm_queryjson_meet(nm_queryjson *r, const nm_json *x, nm_case *c);
/* Returns `had` if x is NULL. */
const nm_gens *nm_gens_read(nm_job *job, const struct cJSON *x, size_t n_in, const char *where, const nm_gens *had);
/* {"var": [..], "coef": [..], "rhs": x} each, variables below `limit` */
nm_row *nm_json_rows(nm_job *job, const nm_json *x, size_t limit, const char *where, size_t *n);

#endif
