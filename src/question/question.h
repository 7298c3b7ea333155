/* question.h, the door of question: what is asked of a network: input sets, clauses that define counterexamples, an
 * objective; read from flags, JSON and VNN-LIB, and written as text. It must never try to answer, nor bound anything
 * but a distance. */
#ifndef NM_QUESTION_H
#define NM_QUESTION_H

#include "network/network.h"

/* ---- norm.c: distances -------------------------------------------------------------------------- */
#define NM_NEAR_GAP 1e-6      /* relative gap allowed between value and bound of a nearest counterexample */
typedef enum { NM_LINF, NM_L1, NM_L2, NM_L0 } nm_norm; /* L0: how many elements differ */
const char *nm_norm_name(nm_norm norm);
double nm_norm_of(nm_norm norm, size_t n, const double *x, const double *c); /* ||x - c||, rounded up */
double nm_norm_below(nm_norm norm, double v);      /* the radius to ask for something better than v */
/* Finds x in the box, near x0 (which is in it), with g (x - x0) <= -d, d > 0; false: there is none. */
bool nm_norm_nearest(nm_job *job, nm_norm norm, size_t n, const double *x0, const double *lo, const double *hi,
                     const double *g, double d, double *x);

/* ---- ball.c: balls around a centre -------------------------------------------------------------- */
/* the elements of each pixel; every element is in exactly one */
typedef struct nm_pixelset { size_t n; const size_t *ptr; const uint32_t *idx; } nm_pixelset;
typedef struct nm_ball { /* L1, L2, L0 */
    nm_norm norm;
    double radius;
    const double *centre;
    const nm_pixelset *pixels; /* L0: counts these instead of elements; or NULL */
} nm_ball;
/* Returns a lower bound of y x over box and ball, rounding included; x: a point that about attains it, or NULL. */
double nm_ball_lower(const nm_ball *b, size_t n, const double *y, const double *lo, const double *hi, double *x);
bool nm_ball_has(const nm_ball *b, size_t n, const double *x); /* false also if rounding leaves a doubt */
void nm_ball_project(nm_job *job, const nm_ball *b, size_t n, double *x); /* x stays in any box that holds the centre */

/* ---- query.c: a point of some case's input set that satisfies some clause of that case is a counterexample ---- */
#define NM_MAX_CLAUSES 100000               /* size limit of a disjunctive normal form */
typedef struct nm_row {    /* sum coef*var <= rhs; var k < n_out is output k, else input k - n_out */
    size_t n;
    const uint32_t *var;
    const double *coef;
    double rhs;
} nm_row;
typedef enum { NM_NO_GOAL, NM_LEAST, NM_MOST } nm_goal;
typedef struct nm_clause { /* a counterexample if all rows hold */
    size_t n_rows;
    const nm_row *rows;
    int64_t label;         /* its target class, or -1 */
    const char *name;      /* "3" or "c7": its name in files and messages */
    nm_goal goal;          /* for NM_RANGE: row - rhs, which is minimised, is the value or minus it */
    const double *inner;   /* [n_rows] for thresholds moved through a tail: the rhs that a witness must satisfy, as the
                            * rows' own rhs are rounded outwards; or NULL */
} nm_clause;
typedef struct nm_gens nm_gens;
typedef struct nm_case {   /* a box [n_in] and the clauses over it */
    double *lo, *hi;
    size_t n_in_rows;      /* linear rows over inputs alone, part of the input set */
    const nm_row *in_rows;
    size_t n_balls;        /* the input set is the intersection of box, rows and balls */
    const nm_ball *balls;  /* over the network's inputs, also if there are generators */
    size_t n_clauses;
    nm_clause *clauses;
    bool empty;            /* some lo > hi: it has no points */
    const nm_gens *gens; /* the inputs are an affine image of these; or NULL */
} nm_case;
bool nm_balls_have_l2(const nm_case *c);
/* Returns true if inputs x [n] miss some L2 ball by more than solvers' tolerances. */
bool nm_balls_missed(const nm_case *c, size_t n, const double *x);

typedef enum { NM_FEASIBLE, NM_WORST, NM_RANGE, NM_CLOSEST } nm_objective; /* NM_RANGE: a value's minimum, maximum */
struct nm_query {
    const char *path;      /* of the .vnnlib file, or NULL */
    char hash[65];
    const char *net;       /* the network that it was asked about, and its hash; set by nm_cli_question alone */
    char net_hash[65];
    size_t n_in, n_out, n_cases;
    nm_case *cases;
    nm_objective objective;
    const char *form;      /* for NM_RANGE: what is measured, as text */
    const nm_front *front; /* preprocessing from pixels to the network's inputs; or NULL */
    nm_norm norm;          /* for NM_CLOSEST */
    double guard;
    bool float32;          /* asked about float32: what answers about the reals refuses it (nm_query_need_reals) */
    bool own_guard;        /* a flag set the guard: models are relaxed by no more */
    /* for questions around an image: */
    const double *image;   /* [n_in] or NULL */
    const double *image_y; /* [n_out] the network's outputs there in float64, or NULL */
    int64_t label, predicted;
    nm_shape shape;        /* of the input, with the order of its axes, to draw it */
};
void nm_query_worst(nm_job *job, const nm_query *q, const char *where); /* refuses clauses without a single margin */
size_t nm_query_targets(const nm_query *q); /* clauses of all cases */
bool nm_query_box_has(const nm_case *c, const double *x, size_t n);
/* Notes, once, that an input set leaves the range that the network's file states. */
void nm_query_range(nm_job *job, const nm_net *net, const nm_query *q);
void nm_net_range(nm_job *job, const nm_net *net, const double *x); /* the same for a point */
/* Returns a point of the case to start from, over its generators if it has them, else over inputs; or NULL. */
const double *nm_case_start(const nm_query *q, const nm_case *c);

/* ---- query_text.c: its text --------------------------------------------------------------------- */
const char *nm_objective_name(nm_job *job, const nm_query *q); /* its word in a question's text */
void nm_query_print(nm_buf *b, const nm_query *q); /* for a reader */
const char *nm_query_hash(nm_job *job, const nm_query *q); /* the hash of its file, else of its text */
void nm_query_write(nm_buf *b, const nm_query *q); /* self-contained JSON that reads back to the same text */

/* ---- generators.c: input sets that are an affine image of generators ---------------------------- */
typedef struct nm_sum { size_t first, n; double total; } nm_sum; /* n generators from `first` sum to total exactly */
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
    const double *at;      /* [n] generators of a point of the set; of the image if possible */
    bool is_image;         /* `at` gives the image exactly */
    size_t kernel[4];      /* [out, in, height, width] if g is the kernel of a blur, else 0 */
};
/* Returns how many variables a point of the case has: generators, or else inputs. */
static inline size_t nm_case_width(const nm_query *q, const nm_case *c) { return c->gens ? c->gens->n : q->n_in; }
typedef struct nm_genpoint { /* a point of a case with generators */
    double *g, *x, *err;   /* g: in box and sums; x = x0 + G g in float64, within err of the exact point */
    bool is_inside;        /* the exact point is in the case's box, and the rows over g hold */
} nm_genpoint;
nm_genpoint nm_gens_point(nm_job *job, const nm_case *c, const double *g);
/* Returns the exact point's distance from a centre [n] in input space, rounded up; not for L0. */
double nm_gens_away(nm_job *job, const nm_genpoint *p, size_t n, nm_norm norm, const double *centre);
/* Returns the inputs [n_in] of a point p of the case in float64: x0 + G p, or p itself without generators. */
const double *nm_case_input(nm_job *job, const nm_case *c, const double *p);
/* Returns the level at which a sum is full if elements go from lo to hi by rising y[i*step]: the best multiplier. */
double nm_sum_level(const nm_sum *s, const double *y, size_t step, const double *lo, const double *hi);
/* Shifts the members of each sum, within their boxes, until the sum holds up to rounding. */
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
    const double *x;       /* [n_in] the image's elements, or NULL */
    const nm_tensor *array; /* the image as an array in the network's order; or NULL */
    const char *dir;       /* folder of files in --perturb, with its slash, or NULL */
    bool set_only;         /* make the input set only: clauses come from elsewhere */
} nm_ask;
typedef struct nm_around { /* a question around an image */
    const double *x, *y;   /* [n_in]; [n_out] float64 outputs there, or NULL: not known yet */
    int64_t label;         /* -1: the predicted one */
    const nm_sets *sets;   /* of --perturb */
    double lo, hi;         /* the domain */
    bool own_range;        /* use the network's stated range as the domain, if there is one */
    nm_shape shape;        /* of the image, if the network's tells less; else rank 0 */
    const char *target;    /* --target; NULL: any */
    double margin, guard;
    bool set_only;         /* no clauses */
    bool of_many;          /* one of many images: its own label, if it is a target, is left out */
    bool quiet;            /* no notes, which were made for another image of the same campaign */
    nm_objective objective;
    nm_norm norm;          /* for closest */
} nm_around;
/* Takes the image, and its shape if the network's tells less. */
void nm_around_image(nm_around *a, const nm_net *net, nm_tensor t);
nm_query *nm_query_around(nm_job *job, const nm_net *net, const nm_around *a);
nm_around nm_around_ask(nm_job *job, const nm_ask *a); /* sets all but image and label */
void nm_around_check_target(nm_job *job, const nm_net *net, const nm_around *a); /* refuses what no image can have */
nm_query *nm_query_ask(nm_job *job, const nm_net *net, const nm_ask *a);

/* ---- check_units.c: warnings of values that are probably in other units ------------------------- */
void nm_check_means(nm_job *job, const nm_net *net, double lo, double hi); /* lo, hi: the domain */
void nm_check_radius(nm_job *job, const nm_net *net, const nm_sets *s, double lo, double hi);
/* lo, hi: of the values of images; dlo, dhi: the domain */
void nm_check_values(nm_job *job, const nm_net *net, const char *what, bool bytes, double lo, double hi, double dlo,
                     double dhi);
void nm_check_around(nm_job *job, const nm_net *net, const nm_around *a, nm_tensor t, const char *what); /* all three */
void nm_around_domain(const nm_net *net, const nm_around *a, double *lo, double *hi); /* covers all inputs */

/* ---- ask_range_or_pair.c: questions that are not about one label -------------------------------- */
/* a label's margin; the range of a form; for two networks: the largest difference; whether a difference reaches D;
 * whether the largest outputs differ */
typedef enum { NM_MARGIN, NM_OF_FORM, NM_OF_DIFFERENCE, NM_DIFFERS, NM_CLASSES } nm_measure;
nm_measure nm_measure_of(nm_job *job, const nm_net *net, const nm_ask *a); /* refuses flags that exclude each other */
bool nm_measure_open(const nm_query *q);   /* its cases are input sets without clauses */
void nm_measure_set(nm_job *job, const nm_net *net, nm_measure m, const nm_ask *a, nm_query *q); /* sets all clauses */

/* ---- final_operators.c: networks whose tails are skipped ---------------------------------------- */
void nm_tail_check(nm_job *job, const nm_net *net, const nm_query *q); /* refuses rows whose meaning would change */
size_t nm_net_labels(const nm_net *net); /* number of outputs; 2 if the only output is a Sigmoid's */
int64_t nm_net_label(const nm_net *net, const double *y); /* y [n_out] of nm_net_eval */
bool nm_net_gives_label(const nm_net *net); /* its largest output is a label */
/* Refuses a network whose outputs give no label: NM_EINPUT several arrays, NM_EUNSUP distributions, NM_EUSE one. */
void nm_net_want_label(nm_job *job, const nm_net *net);

/* ---- file/read_vnnlib.c: a query in VNN-LIB with the networks that it declares ------------------ */
typedef struct nm_vnnlib nm_vnnlib;
typedef struct nm_asked {
    const nm_net *net;     /* all networks joined */
    nm_query *query;
    bool ties;             /* some ties count as counterexamples but are none in the file: nm_asked_settle tells */
    nm_vnnlib *file;
} nm_asked;
/* given[i].name NULL: the file of the only network that needs one */
nm_asked nm_vnnlib_ask(nm_job *job, const char *path, size_t n, const nm_named *given);
/* Returns the counterexample x [n_in] of this case, or a point near it, that satisfies the file's formulas as they are
 * written; NULL: none was found. */
const double *nm_asked_settle(nm_job *job, const nm_asked *a, size_t icase, const double *x);
void nm_asked_put(nm_buf *b, const nm_asked *a, const double *x); /* the assignment, as the standard prints it */

/* ---- file/read_question.c, file/read_json_question.c, file/read_vnnlib.c: files ----------------- */
/* what a JSON question says about networks before they are read; NULL: nothing, as for VNN-LIB */
typedef struct nm_preface { const char *against; const nm_front *front; } nm_preface;
bool nm_query_is(nm_file f);               /* by content */
void nm_queryjson_print(nm_job *job, nm_buf *b, nm_file f, bool json); /* as it is written, without a network */
nm_preface nm_query_preface(nm_job *job, const char *path);
size_t nm_query_asked(nm_job *job, const char *path); /* number of inputs that it names; 0: the network decides */
void nm_query_need_reals(nm_job *job, const nm_query *q, const char *what); /* refuses a question about float32 */
nm_query *nm_query_read(nm_job *job, const nm_net *net, const char *path); /* VNN-LIB or JSON, by content */
nm_query *nm_query_parse(nm_job *job, const nm_json *j, const char *where); /* a self-contained question */
nm_query *nm_read_vnnlib(nm_job *job, const nm_net *net, const char *path); /* versions 1 and 2 */

#endif
