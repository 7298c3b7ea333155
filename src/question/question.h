/* question.h, the door of question: what is asked of a network: input sets, clauses that are counterexamples, an
 * objective; from flags, JSON and VNN-LIB, and back to text. It must never try to answer, nor bound anything but a
 * distance. */
#ifndef NM_QUESTION_H
#define NM_QUESTION_H

#include "network/network.h"

/* ---- norm.c: distances -------------------------------------------------------------------------- */
#define NM_NEAR_GAP 1e-6      /* relative: value and bound of a nearest counterexample may differ by it */
typedef enum { NM_LINF, NM_L1, NM_L2, NM_L0 } nm_norm; /* L0: how many elements differ */
const char *nm_norm_name(nm_norm norm);
double nm_norm_of(nm_norm norm, size_t n, const double *x, const double *c); /* ||x - c||, rounded up */
double nm_norm_below(nm_norm norm, double v);      /* the radius that asks for better than v */
/* x of the box near x0, which it holds, with g (x - x0) <= -d, d > 0; false: none has it */
bool nm_norm_nearest(nm_job *job, nm_norm norm, size_t n, const double *x0, const double *lo, const double *hi,
                     const double *g, double d, double *x);

/* ---- ball.c: balls around a centre -------------------------------------------------------------- */
/* elements of each pixel: disjoint, all */
typedef struct nm_pixelset { size_t n; const size_t *ptr; const uint32_t *idx; } nm_pixelset;
typedef struct nm_ball { /* L1, L2, L0 */
    nm_norm norm;
    double radius;
    const double *centre;
    const nm_pixelset *pixels; /* L0: these are counted, not elements; or NULL */
} nm_ball;
/* what y x is at least over box and ball, rounding paid; x: a point where about that is taken, or NULL */
double nm_ball_lower(const nm_ball *b, size_t n, const double *y, const double *lo, const double *hi, double *x);
bool nm_ball_has(const nm_ball *b, size_t n, const double *x); /* false also where rounding leaves doubt */
void nm_ball_project(nm_job *job, const nm_ball *b, size_t n, double *x); /* stays in a box that holds the centre */

/* ---- query.c: a point of some case's input set that satisfies some clause of that case is a counterexample ---- */
#define NM_MAX_CLAUSES 100000               /* size limit of a disjunctive normal form */
typedef struct nm_row {    /* sum coef*var <= rhs; var k < n_out is output k, else input k - n_out */
    size_t n;
    const uint32_t *var;
    const double *coef;
    double rhs;
} nm_row;
typedef enum { NM_NO_GOAL, NM_LEAST, NM_MOST } nm_goal;
typedef struct nm_clause { /* all rows hold: a counterexample */
    size_t n_rows;
    const nm_row *rows;
    int64_t label;         /* the target class that it stands for, or -1 */
    const char *name;      /* "3" or "c7": how files and messages call it */
    nm_goal goal;          /* of NM_RANGE: row - rhs is the value, or minus it; it is made least */
    const double *inner;   /* [n_rows] of thresholds that were pulled through a last operator: the rhs that a witness
                            * must meet, where the rows' own are rounded outwards; or NULL */
} nm_clause;
typedef struct nm_gens nm_gens;
typedef struct nm_case {   /* box [n_in] and the clauses over it; readers hold it const */
    double *lo, *hi;
    size_t n_in_rows;      /* linear rows over inputs alone, part of the input set */
    const nm_row *in_rows;
    size_t n_balls;        /* the input set is their intersection with box and rows */
    const nm_ball *balls;  /* of the network's inputs, with generators too */
    size_t n_clauses;
    nm_clause *clauses;
    bool empty;            /* some lo > hi: nothing to find */
    const nm_gens *gens; /* the inputs are an image of them, too; or NULL */
} nm_case;
bool nm_balls_have_l2(const nm_case *c);
/* some L2 ball is missed by more than solvers' tolerances, at inputs x [n] */
bool nm_balls_missed(const nm_case *c, size_t n, const double *x);

typedef enum { NM_FEASIBLE, NM_WORST, NM_RANGE, NM_CLOSEST } nm_objective; /* NM_RANGE: a value's least and most */
struct nm_query {
    const char *path;      /* of the .vnnlib file, or NULL */
    char hash[65];
    size_t n_in, n_out, n_cases;
    nm_case *cases;
    nm_objective objective;
    const char *form;      /* of NM_RANGE: what is measured, for a reader */
    const nm_front *front; /* its inputs are pixels, read so; or NULL */
    nm_norm norm;          /* of NM_CLOSEST */
    double guard;
    bool own_guard;        /* a flag said the guard: models are not relaxed beyond it */
    /* when it came from an image: */
    const double *image;   /* [n_in] or NULL */
    const double *image_y; /* [n_out] the network's outputs there in float64, or NULL */
    int64_t label, predicted;
    nm_shape shape;        /* of the input, with the order of its axes, to draw it */
};
void nm_query_worst(nm_job *job, const nm_query *q, const char *where); /* refuses clauses that have no one margin */
size_t nm_query_targets(const nm_query *q); /* clauses of all cases */
bool nm_query_box_has(const nm_case *c, const double *x, size_t n);
/* says so, once, when an input set leaves the range that the network's file states */
void nm_query_range(nm_job *job, const nm_net *net, const nm_query *q);
void nm_net_range(nm_job *job, const nm_net *net, const double *x); /* the same of a point */
/* Returns a point of the case to start from, over inputs or over generators where it has them; or NULL. */
const double *nm_case_start(const nm_query *q, const nm_case *c);

/* ---- query_text.c: its text --------------------------------------------------------------------- */
const char *nm_objective_name(nm_job *job, const nm_query *q); /* as a question's text says it */
void nm_query_print(nm_buf *b, const nm_query *q); /* for a reader */
const char *nm_query_hash(nm_job *job, const nm_query *q); /* of its file, or of its text, made now */
void nm_query_write(nm_buf *b, const nm_query *q); /* JSON that says all itself and reads back to the same text */

/* ---- generators.c: input sets that are an affine image of generators ---------------------------- */
typedef struct nm_sum { size_t first, n; double total; } nm_sum; /* generators first.. add up to total, exactly */
struct nm_gens {   /* x = x0 + G g: the inputs of a case are an affine image of g, cut to the case's box */
    size_t n, n_in;
    const double *lo, *hi; /* [n] box of g */
    const double *x0;      /* [n_in] */
    const size_t *ptr;     /* [n_in+1] rows of G */
    const uint32_t *idx;
    const double *w;
    size_t n_sums;
    const nm_sum *sums;    /* disjoint */
    size_t n_rows;
    const nm_row *rows;    /* further rows over g: sum coef*g <= rhs */
    const double *at;      /* [n] generators of a point of the set: of the image, where it is one */
    bool is_image;         /* they give the image exactly */
    size_t kernel[4];      /* [out, in, height, width] when they are kernels of a blur, else 0 */
};
/* Returns how many of them: inputs, or generators. */
static inline size_t nm_case_width(const nm_query *q, const nm_case *c) { return c->gens ? c->gens->n : q->n_in; }
typedef struct nm_genpoint { /* what a case makes of generators */
    double *g, *x, *err;   /* in their box and sums; x = x0 + G g in float64, at most err from the exact point */
    bool is_inside;        /* the exact point is in the case's box, and the rows over g hold */
} nm_genpoint;
nm_genpoint nm_gens_point(nm_job *job, const nm_case *c, const double *g);
/* the distance of the exact point from a centre [n], the inputs, rounded up; no L0 */
double nm_gens_away(nm_job *job, const nm_genpoint *p, size_t n, nm_norm norm, const double *centre);
/* inputs [n_in] of a point of the case in float64: x0 + G p, or, without generators, p itself */
const double *nm_case_input(nm_job *job, const nm_case *c, const double *p);
/* the level at which a sum is full when elements are filled from lo to hi by rising y[i*step]: the best multiplier */
double nm_sum_level(const nm_sum *s, const double *y, size_t step, const double *lo, const double *hi);
/* g moved along the sums, and no further than their boxes, until they hold up to rounding */
void nm_sum_project(const nm_sum *s, double *g, size_t step, const double *lo, const double *hi);

/* ---- input_sets.c: the sets of --perturb -------------------------------------------------------- */
typedef struct nm_set nm_set; /* set.h */
typedef struct nm_sets {   /* the sets of one --perturb: a point lies in all of them */
    const char *text, *hashes;
    size_t n;
    struct nm_setpart { const nm_set *set; const void *plan; } *part;
} nm_sets;
const nm_sets *nm_sets_read(nm_job *job, const char *text, const char *dir); /* NAME[:ARG]+NAME[:ARG].. */

/* ---- set_table.c -------------------------------------------------------------------------------- */
void nm_sets_table(nm_buf *b); /* as Markdown */
const nm_word *nm_sets_words(void);

/* ---- ask_by_flags.c: a question from flags, or around an image ---------------------------------- */
typedef struct nm_ask {
    const char *image, *label, *labels, *perturb, *domain, *target, *margin, *objective, *guard, *differ;
    const double *x;       /* [n_in] the image itself, or NULL */
    const nm_tensor *array; /* the image as a program holds it, its elements in the network's order; or NULL */
    const char *dir;       /* that files of --perturb are relative to, with its slash, or NULL */
    bool set_only;         /* the input set: clauses come from elsewhere */
} nm_ask;
typedef struct nm_around { /* a question around an image */
    const double *x, *y;   /* [n_in]; [n_out] float64 outputs there, or NULL: not known yet */
    int64_t label;         /* or -1: as predicted */
    const nm_sets *sets;   /* of --perturb */
    double lo, hi;         /* the domain */
    bool own_range;        /* the domain is the range that the network's file states, where it does */
    nm_shape shape;        /* of the image where the network's says less, or of rank 0 */
    const bool *targets;   /* [n_out] or NULL for all but the label */
    size_t top;            /* K: the label must not be among the K largest; 0 and 1: one that beats it is enough */
    double margin, guard;
    bool set_only;         /* no clauses */
    nm_objective objective;
    nm_norm norm;          /* of closest */
} nm_around;
/* Takes the image, and its shape where the network's says less. */
void nm_around_image(nm_around *a, const nm_net *net, nm_tensor t);
nm_query *nm_query_around(nm_job *job, const nm_net *net, const nm_around *a);
nm_around nm_around_ask(nm_job *job, const nm_ask *a); /* all but image, label and targets */
nm_query *nm_query_ask(nm_job *job, const nm_net *net, const nm_ask *a);

/* ---- check_units.c: warnings of values that are probably in other units ------------------------- */
void nm_check_means(nm_job *job, const nm_net *net, double lo, double hi); /* lo, hi: the domain */
void nm_check_radius(nm_job *job, const nm_net *net, const nm_sets *s, double lo, double hi);
/* lo, hi: of the values of images; dlo, dhi: the domain */
void nm_check_values(nm_job *job, const nm_net *net, const char *what, bool bytes, double lo, double hi, double dlo,
                     double dhi);
void nm_check_around(nm_job *job, const nm_net *net, const nm_around *a, nm_tensor t, const char *what); /* all three */
void nm_around_domain(const nm_net *net, const nm_around *a, double *lo, double *hi); /* over all inputs */

/* ---- ask_range_or_pair.c: questions that are not about one label -------------------------------- */
/* a label's margin; the range of a form; of two networks: the largest difference, whether it reaches D, whether the
 * largest outputs differ */
typedef enum { NM_MARGIN, NM_OF_FORM, NM_OF_DIFFERENCE, NM_DIFFERS, NM_CLASSES } nm_measure;
nm_measure nm_measure_of(nm_job *job, const nm_net *net, const nm_ask *a); /* refuses what does not go together */
bool nm_measure_open(const nm_query *q);   /* its cases are input sets alone */
void nm_measure_set(nm_job *job, const nm_net *net, nm_measure m, const nm_ask *a, nm_query *q); /* all clauses */

/* ---- final_operators.c: networks whose last operators are left out ------------------------------ */
void nm_tail_check(nm_job *job, const nm_net *net, const nm_query *q); /* refuses what would mean something else */
size_t nm_net_labels(const nm_net *net); /* as many as outputs; two where the one output is a Sigmoid's */
int64_t nm_net_label(const nm_net *net, const double *y); /* y [n_out] of nm_net_eval */

/* ---- file/read_vnnlib.c: a query in VNN-LIB with the networks that it declares ------------------ */
typedef struct nm_vnnlib nm_vnnlib;
typedef struct nm_asked {
    const nm_net *net;     /* all of them as one */
    nm_query *query;
    bool ties;             /* it reads some ties as counterexamples that are none: settle tells */
    nm_vnnlib *file;
} nm_asked;
/* name NULL: of the only network that has a file */
nm_asked nm_vnnlib_ask(nm_job *job, const char *path, size_t n, const nm_named *given);
/* a counterexample [n_in] of this case, or a point near it, at which the file's formulas are true as they stand; NULL:
 * none was found */
const double *nm_asked_settle(nm_job *job, const nm_asked *a, size_t icase, const double *x);
void nm_asked_put(nm_buf *b, const nm_asked *a, const double *x); /* the assignment, as the standard prints it */

/* ---- file/read_question.c, file/read_json_question.c, file/read_vnnlib.c: files ----------------- */
/* what a JSON question says of the networks, before they are read; NULL where it does not, and for VNN-LIB */
typedef struct nm_preface { const char *against; const nm_front *front; } nm_preface;
bool nm_query_is(nm_file f);               /* by content */
void nm_queryjson_print(nm_job *job, nm_buf *b, nm_file f, bool json); /* as it stands, without a network */
nm_preface nm_query_preface(nm_job *job, const char *path);
size_t nm_query_asked(nm_job *job, const char *path); /* the inputs that it names; 0: it leaves that to the network */
nm_query *nm_query_read(nm_job *job, const nm_net *net, const char *path); /* VNN-LIB or JSON, by content */
nm_query *nm_query_parse(nm_job *job, const nm_json *j, const char *where); /* one that says all itself */
nm_query *nm_read_vnnlib(nm_job *job, const nm_net *net, const char *path); /* versions 1 and 2 */

#endif
