/* file.h: readers of questions: VNN-LIB 1 and 2, whose formulas are brought into disjunctive normal form, and JSON.
 * Private to question. */
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

/* ---- linear.c: linear terms, whose sums are exact ----------------------------------------------- */
enum { NM_PARTS = 64 };    /* more than parts that do not overlap can be */
/* Adds x to the exact sum of n parts, which have room for one more; returns how many there are then. */
size_t nm_parts_add(double *part, size_t n, double x);
double nm_parts_round(const double *part, size_t n); /* to nearest, ties to even */
double nm_parts_below(const double *part, size_t n); /* at most the sum; the sum itself if it is a double */
typedef struct nm_lterm { uint32_t var; double coef; } nm_lterm;
typedef struct nm_linear { /* a sum of terms, several of which may be of one variable, and of parts of a constant */
    size_t n, cap;
    nm_lterm *t;
    size_t n_c, cap_c;
    double *c;
} nm_linear;
void nm_linear_constant(nm_job *job, nm_linear *x, double c); /* x += c */
void nm_linear_add(nm_job *job, nm_linear *to, const nm_linear *x, double k); /* to += k x; products are rounded */
/* Merges terms of the same variable, in the order of first appearance; those that cancel are dropped. rounded: to one
 * term each, else to parts. */
void nm_linear_merge(nm_job *job, nm_linear *x, bool rounded);

/* ---- vnnlib_term.c: what VNN-LIB 1 and 2 share: linear terms, and the names that a let binds -------- */
typedef struct nm_atom {   /* a row; the reader numbers its variables */
    nm_row row;
    bool inputs;           /* it reads inputs only, and at least one */
} nm_atom;
typedef struct nm_conj {   /* the conjunction of a and b, or an atom; NULL: true */
    const struct nm_conj *a, *b;
    const nm_atom *leaf;
} nm_conj;
typedef struct nm_dnf { size_t n; const nm_conj **d; } nm_dnf; /* a disjunction; n = 0: false */
typedef struct nm_binding {
    const nm_sexpr *name, *value;
    struct nm_binding *next, *outer; /* next: further names in scope; outer: those its value can use */
    size_t names;          /* number of names in scope, this one included */
    nm_linear *term;       /* its value once read: as a term, */
    nm_dnf *says[2];       /* as a formula, and as its negation */
    int truth;             /* as a formula at the current point: 1 + an nm_truth; 0: not evaluated yet */
} nm_binding;
typedef struct nm_formulas {
    nm_job *job;
    const char *path, *equal; /* how equality is written */
    bool chains;           /* a comparison may be a chain a <= b <= c */
    bool smt;              /* SMT-LIB: not, =>, let, true, false, / are allowed */
    bool checked;          /* points found are checked against the formulas, so != is allowed */
    void *names;           /* private to the reader*/
    /* Returns true if the word is a variable, and sets var to 2j for output j, 2i+1 for input i; may throw. */
    bool (*variable)(const struct nm_formulas *f, const nm_sexpr *e, uint32_t *var);
    const char *(*name)(const struct nm_formulas *f, size_t input);
    bool *whole;           /* [n_whole] the output is an integer; or NULL */
    size_t n_whole;        /* length of whole */
    bool strict;           /* some < or > was met, or the negation of <= or >=, or != */
    size_t n_x, n_y, depth;
    nm_binding *scope;     /* innermost */
    size_t n_asserts, cap_asserts;
    const nm_sexpr **asserts;
    const nm_conj *all;    /* conjunction of asserts without disjunctions */
    size_t n_ors, cap_ors;
    nm_dnf *ors;           /* one for each other assert */
    size_t n_atoms, cap_atoms, cap_stack;
    const nm_atom **atoms;
    const nm_conj **stack;
} nm_formulas;
_Noreturn void nm_formulas_fail(const nm_formulas *f, const nm_sexpr *e, const char *what); /* at the place of e */
void nm_formulas_enter(nm_formulas *f, const nm_sexpr *e); /* depth + 1, or throws; the caller resets it */
nm_binding *nm_let_find(const nm_formulas *f, const nm_sexpr *word); /* or NULL */
const nm_sexpr *nm_let_open(nm_formulas *f, const nm_sexpr *e); /* puts its names in scope; returns its body */
nm_linear nm_term_read(nm_formulas *f, const nm_sexpr *e);

/* ---- vnnlib_formula.c, vnnlib_cases.c: formulas become cases ------------------------------------ */
void nm_formulas_assert(nm_formulas *f, const nm_sexpr *e);
char nm_comparison_of(const nm_formulas *f, const nm_sexpr *e); /* = ! < >, or 0 */
void nm_comparison_check(const nm_formulas *f, const nm_sexpr *e, char op); /* two operands, or a chain */
nm_dnf nm_formulas_all(nm_formulas *f); /* of all asserts; has at least one disjunct (an unsatisfiable one if false) */
nm_query *nm_formulas_query(nm_formulas *f, size_t n_x, size_t n_y);
/* Intersects the box with a row over one input. Returns true if the new end had to be rounded outwards, so that the row
 * must be kept beside the box. */
bool nm_box_row(const nm_row *r, size_t n_out, double *lo, double *hi);

/* ---- vnnlib_truth.c: formulas at a point -------------------------------------------------------- */
typedef enum { NM_NOT_TRUE, NM_UNSURE, NM_TRUE } nm_truth;
/* Evaluates all asserts, strict ones strictly. x: by the number of the input; y and its errors: by that of the
 * output. */
nm_truth nm_formulas_truth(nm_formulas *f, const double *x, const double *y, const double *yerr);

/* ---- file/read_vnnlib1.c ------------------------------------------------------------------------ */
bool nm_vnnlib_is_second(const nm_sexpr *all); /* version 2, by what it states or how it begins */
void nm_vnnlib1_read(nm_formulas *f, const nm_net *net, const nm_sexpr *all, size_t *n_x, size_t *n_y);

/* ---- file/vnnlib2_networks.c, file/read_vnnlib2.c ------------------------------------------------- */
typedef struct nm_vtensor {
    const nm_sexpr *name, *type;
    nm_shape shape;
    size_t n, at;          /* n: elements; at: where they start in the flat inputs or outputs of all networks */
    bool is_x;
    const char *onnx;      /* name in the network, or NULL */
    size_t net;
} nm_vtensor;
typedef struct nm_vnetwork {
    const nm_sexpr *name;
    bool is_like, is_equal; /* equal-to or isomorphic-to; equal-to */
    size_t like;           /* the network that it is like */
    const nm_net *net;     /* NULL: not known */
} nm_vnetwork;
typedef struct nm_vnnlib2 {
    size_t n, cap, n_nets, cap_nets, n_x, n_y;
    nm_vtensor *t;         /* [n] in the order of the file */
    nm_vnetwork *net;
    bool float32;          /* all tensors are of type float32 */
    size_t n_own;          /* number of distinct inputs */
    uint32_t *own;         /* [n_x] which distinct input each input is; NULL: all are distinct */
} nm_vnnlib2;
void nm_vnnlib2_declare(nm_formulas *f, nm_vnnlib2 *v, const nm_sexpr *e);
void nm_vnnlib2_give(nm_formulas *f, nm_vnnlib2 *v, size_t n, const nm_named *given); /* n 0: no network is known */
void nm_vnnlib2_place(nm_formulas *f, nm_vnnlib2 *v);
const nm_vtensor *nm_vnnlib2_find(const nm_vnnlib2 *v, const char *name, size_t len);
bool nm_vnnlib2_is_name(const char *s, size_t n);
/* Reads [], [3] or [1,28,28] at s. Returns what follows, or NULL if there is no such list. */
const char *nm_vnnlib2_indices(const char *s, int *n, int64_t *list);
nm_vnnlib2 *nm_vnnlib2_read(nm_formulas *f, size_t n, const nm_named *given, nm_sexpr *all);

/* ---- file/read_json_question.c, file/json_clauses.c, file/json_generators.c, file/json_rows.c: JSON, as in questions
 * and maps ---- */
typedef struct nm_queryjson { /* a question while it is read */
    nm_job *job;
    const char *where, *dir;
    const nm_net *net; /* or NULL */
    const nm_json *top;
    nm_query *q;
    nm_ask ask;
    nm_measure measure;
    size_t cap;
} nm_queryjson;
int64_t nm_queryjson_labels(const nm_queryjson *r); /* how many labels there are */
void nm_queryjson_check(nm_job *job, const nm_json *j, const char *where); /* refuses unknown members */
nm_query *nm_read_queryjson(nm_job *job, const nm_net *net, nm_file f);
const nm_front *nm_query_front_of(nm_job *job, const nm_json *j, const char *where);
void nm_queryjson_clauses(nm_queryjson *r, const nm_json *list, size_t icase, nm_case *c);
/* Intersects the case with the box and rows of x; without lo and hi, rows of a single input define the box. */
void nm_queryjson_meet(nm_queryjson *r, const nm_json *x, nm_case *c);
/* Reads generators; returns `had` if x is NULL. */
const nm_gens *nm_gens_read(nm_job *job, const struct cJSON *x, size_t n_in, const char *where, const nm_gens *had);
/* Reads a list of {"var": [..], "coef": [..], "rhs": x}, variables below `limit`. */
nm_row *nm_json_rows(nm_job *job, const nm_json *x, size_t limit, const char *where, size_t *n);

#endif
