/* state.h: the state of answering a question: its targets, the stages, and the numbers that tune them. Private to
 * search. */
#ifndef NM_SEARCH_STATE_H
#define NM_SEARCH_STATE_H

#include "search/search.h"

/* ---- numbers that tune the stages: name, value, unit, reason ------------------------------------- */
#define NM_ATTACK_STEPS 50    /* steps of a descent */
#define NM_GLANCE_STEPS 10    /* steps of the descent before dear bounds */
#define NM_GLANCE_FROM 2e10   /* fused multiply-adds from which bounds are dear */
#define NM_ATTACK_WORK 1.5e9  /* fused multiply-adds that the attack may spend on a case */
#define NM_ATTACK_AGAIN 3e10  /* the same, before stages that are far dearer */
#define NM_ALPHA_STEPS 40     /* steps of alpha for the open rows of a case */
#define NM_TIGHT_ROUNDS 4     /* rounds of conditioned tightening */
#define NM_TIGHT_STEPS 20     /* steps of alpha in each round */
#define NM_UNIT_STEPS 20      /* steps of alpha for units, if targets stay open */
#define NM_UNITS_NODES 80     /* nodes of branching that cost as much as these steps */
#define NM_BRANCH_FIRST 40    /* nodes of branching on signs, for a target, before units are bounded again */
#define NM_BRANCH_NODES 4000  /* nodes after that */
#define NM_POINT_NODES 20     /* so many times as many nodes where points decide lines, as they are cheap */
#define NM_SPLIT_INPUTS 20    /* free inputs up to which the input box is split */
#define NM_SPLIT_FEW 8        /* free inputs up to which splitting may take most of a time limit, else less than half */
#define NM_SPLIT_BOXES 100000 /* boxes before splitting gives up on a case */
#define NM_SPLIT_CHECK 1024   /* boxes before it gives up if they have closed next to nothing, at first */
#define NM_COVER_BOXES 2048   /* if it covers an L0 ball, before branching on signs is tried; */
#define NM_COVER_CHECK 256    /* before that is found to be too few */
#define NM_BOX_SIGNS 30       /* open signs up to which a tree over them is tried in a box */
#define NM_BOX_TREE 1e7       /* fused multiply-adds that this tree may take */
#define NM_TREE_NODES 128     /* nodes of a tree in lanes for a target, before dearer bounds, unless it nears its end */
#define NM_TREE_LAYERS 4      /* hidden layers from which it pays: with 3, as in RSL18a, it does not */
#define NM_SCATTER_AFTER 200  /* boxes after which random points are tried */
#define NM_SCATTER_WORK 1.5e9 /* fused multiply-adds that they may take */
#define NM_SCATTER_POINTS 100000 /* and their largest number */
#define NM_NEAR_ZERO 1e-12    /* distances up to this are 0 up to rounding */
#define NM_LEAF_OUT 1e-3      /* relative: a leaf's cutoff moves outwards, so that a dual excludes near misses */
#define NM_LEAF_IN 1e-8       /* relative: it moves inwards for points that must lie beyond the boundary */
#define NM_NEAR_BRANCH 40000  /* nodes of branching over a ball just below the incumbent; leaves settle most */
#define NM_NEAR_NODES 200     /* nodes of branching for a target of closest; the rest is left to a model */
#define NM_SLICE 5.0          /* seconds that a try at a value may take where there is no limit, before others */
#define NM_MODELS_PART 0.25   /* of a time limit for models, if decisions about a value of a deep network come later */
#define NM_TREE_FIRST 300     /* nodes of the tree over binaries before CBC is asked for a point */
#define NM_TREE_GAP 1e-7      /* relative: allowed gap between attained and proven value */
#define NM_RANGE_GAP 1e-9    /* relative: allowed gap between an end of a range and its attained value */

/* ---- what the stages share ---------------------------------------------------------------------- */
/* a case with its bounds; row[clause][r] is the unit of the query block that has row r */
typedef struct nm_bounded { nm_bounds *b; uint32_t **row; size_t first; nm_work work; } nm_bounded;
typedef struct nm_state {
    nm_job *job;
    const nm_net *net;
    const nm_query *q;
    const nm_solve_opts *o;
    const nm_program *p;
    nm_verdict *v;
    nm_bounded *cases;     /* [n_cases]; first: index of the case's first target */
    double deadline;       /* nm_wall, or infinity */
    const char *query_hash; /* made by write_models.c when it is first needed */
    bool nearest;          /* counterexamples should be near the image */
    /* nm_solve_query, passed as a pointer because refine.c, which it calls, needs it */
    nm_verdict *(*ask)(nm_job *, const nm_net *, const nm_query *, const nm_solve_opts *);
} nm_state;

/* ---- targets.c ---------------------------------------------------------------------------------- */
void nm_state_open(nm_state *s);
bool nm_target_open(const nm_target *t);
void nm_target_close(const nm_state *s, nm_target *t, double lo); /* by bounds that exclude it; lo: of its row */
size_t nm_hidden_layers(const nm_program *p);
/* Returns the row of clause t of a case, c, that is nearest to being excluded by bounds. */
size_t nm_target_row(const nm_bounded *k, const nm_clause *c, size_t t);
/* Takes a replay: a new witness, or a better incumbent. Returns true if that settles a decision question. */
bool nm_state_take(nm_state *s, const nm_replay *r, nm_settled by);

/* ---- deployed.c: questions about float32 --------------------------------------------------------- */
void nm_float32_sayable(nm_job *job, const nm_query *q, const nm_solve_opts *o); /* refuses what they do not cover */
/* Returns the replay of a float32 point at r's; it is violated if it is so in some order of the sums. */
nm_replay nm_float32_replay(nm_state *s, const nm_replay *r);

/* ---- gradient.c --------------------------------------------------------------------------------- */
struct nm_walk {
    nm_job *job;
    const nm_program *p;
    const nm_kernels *k;
    nm_batch *t;           /* backward: the caller puts rows in, the gradient is y[0] */
    double **v;            /* [n_blocks] -> [n8][NM_LANES] values; the caller fills v[0] */
};
nm_walk *nm_walk_new(nm_job *job, const nm_program *p);
void nm_walk_forward(nm_walk *w);
void nm_walk_backward(nm_walk *w);

/* ---- attack.c ----------------------------------------------------------------------------------- */
double nm_uniform(uint64_t *seed); /* a random number in [0, 1) */
typedef struct nm_attack_opts {
    size_t steps, restarts;
    uint64_t seed;
    bool corners; /* random starts are corners of the box; else, points within it */
    double keep;  /* part of its speed that a point keeps: momentum */
} nm_attack_opts;
double nm_attack_step_work(const nm_program *p); /* of a step of all lanes, in fused multiply-adds */
/* Returns a point that is a counterexample to a listed clause in the program's arithmetic, or NULL. */
const double *nm_attack(nm_job *job, const nm_bounds *b, const nm_case *c, size_t n_open,
                        const size_t *open, const uint32_t *const *row, const double *start,
                        nm_attack_opts o, size_t *hit);
/* Returns the point of least margin that a descent on one clause finds, or NULL. */
const double *nm_attack_least(nm_job *job, const nm_bounds *b, const nm_case *c, size_t clause, const uint32_t *row,
                              const double *start, nm_attack_opts o);

/* ---- empty_sets.c ------------------------------------------------------------------------------- */
/* Warns of cases without a point; those with rows are looked at only if the answer, status, is NM_OK. */
void nm_warn_of_empty_sets(nm_job *job, const nm_query *q, int status);

/* ---- scatter.c ---------------------------------------------------------------------------------- */
/* Returns a point that is a counterexample to a listed clause in the program's arithmetic, or NULL. */
const double *nm_scatter(nm_job *job, const nm_program *p, const nm_case *c, size_t n_open, const size_t *open,
                         const uint32_t *const *row, size_t points, uint64_t seed, size_t *hit);

/* ---- split_box.c -------------------------------------------------------------------------------- */
typedef struct nm_split_opts {
    bool attack;
    size_t check;          /* boxes before it first gives up if little is closed; 0: it does not */
    size_t max_boxes;
    double deadline, guard; /* deadline: nm_wall */
} nm_split_opts;
typedef struct nm_split {
    int status;            /* NM_OK: every open clause is excluded; NM_VIOLATED: x is a candidate; NM_UNKNOWN */
    size_t boxes, clause;
    double *x;             /* [n_in] */
} nm_split;
nm_split nm_split_case(nm_job *job, const nm_bounds *b, const nm_case *c, uint32_t *const *row,
                       const bool *open, const nm_split_opts *o);

/* ---- pipeline.c: the stages of solve, run in the order of stages.def ----------------------------- */
bool nm_pipeline_run(nm_state *s); /* true: a decision question is settled */

/* ---- stages.c: stages on case i; true: the question is settled ---------------------------------- */
bool nm_close_evaluate(nm_state *s, size_t i);
bool nm_close_glance(nm_state *s, size_t i);
void nm_close_open(nm_state *s, size_t i);
void nm_close_bounds(nm_state *s, size_t i);
void nm_close_count(nm_state *s);
size_t nm_close_restarts(const nm_program *p);
bool nm_close_attack_again(nm_state *s, size_t i);
bool nm_close_attack(nm_state *s, size_t i, const double *start, size_t n_restarts);
void nm_close_maxima(nm_state *s, size_t i); /* changes the case's program: not before models are written */
bool nm_close_propagate(nm_state *s, size_t i);
void nm_close_cubes(nm_state *s); /* splits the open targets into cubes */
bool nm_close_split(nm_state *s, size_t i);
bool nm_close_split_again(nm_state *s, size_t i);

bool nm_any_open(const nm_state *s, size_t i);
void nm_close_by_bounds(nm_state *s, size_t i); /* closes the targets of a case that its bounds exclude */

/* ---- tight_units.c: bounds of units in networks with several hidden layers ------------------------ */
bool nm_close_units_first(const nm_state *s); /* they cost less than branching a little on all open targets */
void nm_close_units(nm_state *s, size_t i);

/* ---- tight_targets.c: stages on case i, where the job's threads share the targets ---------------- */
void nm_close_tighten(nm_state *s, size_t i);
void nm_close_trees(nm_state *s, size_t i);

/* ---- branch_targets.c ---------------------------------------------------------------------------- */
/* Branches on each open target, with up to so many nodes; true: the question is settled. */
bool nm_close_branch(nm_state *s, size_t nodes);

/* ---- range.c ------------------------------------------------------------------------------------ */
bool nm_range_open(const nm_state *s, const nm_target *t); /* it may still move an end */
void nm_range_probe(nm_state *s, size_t i);  /* attained values by descent, and better bounds, for case i */

/* ---- leaf.c ------------------------------------------------------------------------------------- */
typedef struct nm_leaf { nm_state *s; nm_target *t; } nm_leaf;
/* for nm_branch_opts: arg is an nm_leaf; x [n_in] */
int nm_leaf_solve(void *arg, const nm_bounds *b, double *x);
/* Replaces x, a counterexample or else a point on the boundary, by the counterexample of its linear region
 * within b that is nearest to the image (x: generators, if the case has them); returns false if there is none,
 * or none nearer. */
bool nm_leaf_nearest(const nm_leaf *at, const nm_bounds *b, bool is_counter, double *x);
/* Returns bounds of the linear region that the binaries of a solution describe. */
nm_bounds *nm_leaf_region(const nm_state *s, const nm_encoded *e, const nm_sol *sol);
/* Returns the question's input that columns v stand for. */
const double *nm_leaf_input(const nm_state *s, const nm_encoded *e, size_t icase, const double *v);

/* ---- nearest_points.c, nearest.c: the nearest counterexample ------------------------------------ */
/* Looks for counterexamples to the listed clauses near the image, from many starts at once. Does nothing for
 * generators: there the attack's finds are moved closer. */
void nm_near_search(nm_near *n, size_t icase, size_t n_clauses, const size_t *clause, uint64_t seed);
/* Returns an upper bound of a point's distance from the image within the set. */
double nm_near_farthest(nm_job *job, const nm_query *q);
void nm_closest(nm_state *s); /* runs the stages and sets the verdict */

/* ---- embed_box.c -------------------------------------------------------------------------------- */
/* Shrinks lo and hi [n] of the listed columns to certified bounds by the model's rows, ignoring integrality; they may
 * stay infinite. Throws if the rows are proven to have no point. */
void nm_embed_box(nm_job *job, const char *path, const nm_model *m, size_t n, const int64_t *col, double *lo,
                  double *hi);

/* ---- embed_map.c -------------------------------------------------------------------------------- */
void nm_embed_map(nm_job *job, const nm_net *net, const nm_embed_opts *o, const nm_embedded *e);

/* ---- start_point.c ------------------------------------------------------------------------------ */
/* Returns the values of the model's columns at the point that --start asks for. */
double *nm_start_of(nm_state *s, const nm_target *t, const nm_encoded *e);

/* ---- write_models.c: models of open targets ----------------------------------------------------- */
/* Encodes target t of q (q may differ from s->q in its objective only). cube: restrict to this branch; NULL: the whole
 * target. */
nm_encoded nm_models_encode(nm_state *s, const nm_query *q, nm_target *t, const nm_cube *cube, nm_encode_opts o);
void nm_target_sizes(nm_target *t, const nm_model *m); /* records the size of its model */
/* Writes a target's model for dialect d (NULL: that of the options) with its map. Returns the file's name. */
const char *nm_models_write_one(nm_state *s, nm_target *t, nm_encoded e, const char *stem, const char *suffix,
                                const nm_dialect *d);
void nm_models_write(nm_state *s);
void nm_models_sayable(nm_job *job, const nm_query *q, const nm_solve_opts *o); /* refuses what --dialect cannot say */

/* ---- solve_models.c: the models of open targets, solved ----------------------------------------- */
typedef struct nm_proof {  /* what the tree proved about a model */
    int status;            /* NM_OK: no integer point within the cap; NM_VIOLATED: see input; NM_UNKNOWN */
    double bound;          /* proven, of the objective without the model's constant; INFINITY: no point */
    double tie;            /* if unknown: how near to the cap the leaves are that rounding left open, or NaN */
    const double *best, *input; /* [n_cols] the incumbent, [width] the best input that was judged; or NULL */
    const double *outside; /* [width] a point outside of an L2 ball, where a tangent tightens the model; or NULL */
    double value;          /* of the incumbent */
    size_t nodes;
} nm_proof;
nm_proof nm_models_prove(nm_state *s, nm_target *t, const nm_encoded *e, size_t nodes);
const nm_sol *nm_models_ask(nm_state *s, nm_target *t, nm_encoded e); /* the same as a solution; its bound is proven */
const double *nm_models_input(nm_state *s, const nm_encoded *e, const nm_sol *sol, size_t icase);
bool nm_models_solve(nm_state *s);

/* ---- refine.c: values refined by decisions ------------------------------------------------------ */
void nm_refine_soon(nm_state *s);          /* some decisions of NM_SLICE each at most */
void nm_refine(nm_state *s);

#endif
