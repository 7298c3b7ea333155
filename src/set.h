/* set.h: input sets: what the inputs of a question around an image may be. Included by all.h alone. */
#ifndef NM_SET_H
#define NM_SET_H

/* ---- read/ ------------------------------------------------------------------------------------ */
typedef struct nm_tensor { nm_shape shape; size_t n; double *x; bool bytes; nm_dtype type; } nm_tensor;

/* ---- layout.c ------------------------------------------------------------------------------- */
typedef struct nm_layout { size_t c, h, w; bool last; } nm_layout; /* last: channels come last */
/* what the shape's order says, or, where it is open, its numbers if they leave no doubt; false: no image, or doubt */
bool nm_layout_find(nm_shape s, nm_layout *l);
bool nm_layout_try(nm_shape s, nm_order order, nm_layout *l); /* in that order; false: it is no such image */
const char *nm_layout_why(nm_job *job, nm_shape s);           /* why nm_layout_find found none: a sentence's end */
nm_shape nm_layout_shape(const nm_layout *l);                 /* of rank 3, with its order */
bool nm_layout_eq(const nm_layout *a, const nm_layout *b);    /* the same elements make the same pixels */
static inline size_t nm_layout_at(const nm_layout *l, size_t c, size_t i, size_t j)
{
    return l->last ? (i * l->w + j) * l->c + c : (c * l->h + i) * l->w + j;
}

/* ---- order.c -------------------------------------------------------------------------------- */
/* sets net->image and image_by: what operators say, else `said` by its file, else channels "chw" or "hwc" of a flag */
void nm_net_settle(nm_job *job, nm_net *net, nm_order said, const char *channels);
void nm_net_settle_both(nm_net *net, const nm_net *a, const nm_net *b); /* of two that read the same inputs */
nm_shape nm_net_shape(const nm_net *net); /* of the first input, with the order of its axes where it is known */

/* ---- gens.c: generators, as the judge sees them ------------------------------------------------ */
typedef struct nm_sum { size_t first, n; double total; } nm_sum; /* generators first.. add up to total, exactly */
typedef struct nm_gens {   /* x = x0 + G g: the inputs of a case are an affine image of g, cut to the case's box */
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
} nm_gens;
/* of query.c: over inputs or generators: a point to start from, or NULL; how many */
const double *nm_case_start(const nm_query *q, const nm_case *c);
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
/* `had` where x is NULL */
const nm_gens *nm_gens_read(nm_job *job, const struct cJSON *x, size_t n_in, const char *where, const nm_gens *had);
const char *nm_gens_check(const nm_gens *g); /* NULL, or what is wrong with numbers that a file gave */
/* the level at which a sum is full when elements are filled from lo to hi by rising y[i*step]: the best multiplier */
double nm_sum_level(const nm_sum *s, const double *y, size_t step, const double *lo, const double *hi);
/* g moved along the sums, and no further than their boxes, until they hold up to rounding */
void nm_sum_project(const nm_sum *s, double *g, size_t step, const double *lo, const double *hi);

/* ---- inward.c ----------------------------------------------------------------------------------- */
/* moves p, in its box and sums nearly, beyond the rows and ends that it misses or meets by less than slack */
void nm_case_inward(nm_job *job, const nm_query *q, const nm_case *c, double slack, double *p);

/* ---- compose.c: a question over generators ----------------------------------------------------- */
typedef struct nm_work {   /* what bounds, encodings and attack see of a case */
    const nm_program *p;   /* with generators as its input and x as block 1, where the case has them */
    const nm_case *c;      /* over the inputs of p: its box, its input rows (block 0 alone), the same clauses */
    const nm_case *of;
    const double *xlo, *xhi; /* with generators: ends of x over their box and sums */
} nm_work;
nm_work nm_work_of(nm_job *job, const nm_program *p, const nm_case *c);
/* bounds of nothing but the input set; p is work->p or an extension */
nm_bounds *nm_work_bounds(nm_job *job, const nm_work *w, const nm_program *p);

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
    size_t n_out;          /* of the network: where input variables of rows start */
    size_t n_cases;
    nm_case *cases;        /* without clauses */
    bool is_patch;         /* elements are fixed to the image's */
    const char *no_image;  /* why the inputs are no image, or NULL */
    const char **name;     /* [n_cases] what clauses are called by behind their label, or "" */
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
nm_file nm_setarg_file(nm_job *job, const nm_setarg *a, const char *path); /* hashed */
nm_tensor nm_setarg_npy(nm_job *job, const nm_setarg *a, const char *path);
bool nm_fraction_parse(const char *s, const char *end, double *x); /* a number, or a/b; false: neither, or not finite */
/* a number, a fraction a/b, or an .npy of them */
nm_each nm_setarg_each(nm_job *job, const nm_setarg *a, const char *s, size_t len);
double nm_each_at(const nm_setting *s, const nm_each *e, size_t i);
const double *nm_setarg_radius(nm_job *job, const nm_setarg *a, bool whole); /* a number or fraction, 0 or more */
/* every case lies in that ball around the image, too */
void nm_setting_ball(nm_setting *s, nm_norm norm, double radius, const nm_pixelset *pixels);
/* input i of every case is in [lo,hi], too; a case that has no point left is empty */
void nm_setting_meet(nm_setting *s, size_t i, double lo, double hi);
nm_layout nm_setting_layout(const nm_setting *s, const char *flag); /* of the image; refuses what is none */
void nm_setting_size(nm_job *job, const nm_setarg *a, const char *s, const char *end, size_t size[2]); /* HxW */
/* generators of every case, entries sorted by input; refuses a second set of them */
void nm_setting_gens(nm_setting *s, nm_gens g, const char *flag);
typedef struct nm_entries { size_t n, cap_r, cap_c, cap_w, n_c, n_w; uint32_t *row, *col; double *w; } nm_entries;
void nm_entries_add(nm_job *job, nm_entries *e, size_t row, size_t col, double w);
size_t nm_images_in(const nm_setting *s, const char *path, const nm_tensor *t); /* how many of the input's size */
double *nm_filled(nm_job *job, size_t n, double x); /* [n] */
void nm_gens_fill(nm_job *job, nm_gens *g, const nm_entries *e); /* rows of G; zeros are left out */

/* ---- kernelset.c ------------------------------------------------------------------------------ */
/* entries of kernels over `ins` input channels each: all, or 1: the output's own */
nm_gens nm_blur(nm_setting *s, const nm_layout *l, size_t ins, const size_t size[2]);

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
