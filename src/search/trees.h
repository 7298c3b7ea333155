/* trees.h: trees over the signs of units. Private to search. */
#ifndef NM_SEARCH_TREES_H
#define NM_SEARCH_TREES_H

#include "search/state.h"

/* ---- pseudo_cost.c ------------------------------------------------------------------------------ */
typedef struct nm_pseudo {
    size_t n_units;
    const struct nm_pseudo *before; /* what was known before, which counts too and is not changed; or NULL */
    double *gain[2], *n[2];  /* [n_units] sum of gains; their number; of side <= 0, lower half (1), of the other (0) */
    double all[2], n_all[2];
} nm_pseudo;
nm_pseudo *nm_pseudo_new(nm_job *job, size_t n, const nm_pseudo *before);
void nm_pseudo_move(nm_pseudo *to, nm_pseudo *p); /* adds what p has learned, not what was before it; p forgets it */
/* side as in nm_signs; gain of the bound; loss: what the unit's line lost before */
void nm_pseudo_learn(nm_pseudo *p, int side, size_t u, double gain, double loss);
double nm_pseudo_score(const nm_pseudo *p, size_t u, double loss); /* the product of both sides' expected gains */

/* ---- lane_tree.c -------------------------------------------------------------------------------- */
typedef struct nm_lane_tree {
    bool closed;           /* every leaf is excluded */
    size_t nodes;
    double lo;             /* the least bound of an open leaf; at most rhs. With words: what they prove */
    double root;           /* the bound of its root */
    double work;           /* roughly, in fused multiply-adds */
    int64_t first;         /* the unit that its root branched on, or -1 */
    double *x;             /* [n_in] where an open node's bound is attained and no line loses anything, or NULL */
} nm_lane_tree;
typedef struct nm_lane_words { nm_buf slopes, tree; } nm_lane_words; /* of a certificate: a step; TREE */
/* Returns n empty ones, each with memory of its own, which no thread shares. */
nm_lane_words *nm_lane_words_new(nm_job *job, size_t n);
void nm_lane_words_drop(nm_job *job, size_t n, nm_lane_words *w);
typedef struct nm_lane_opts {
    double work;           /* in fused multiply-adds, and */
    size_t nodes;          /* that of so many nodes as in full lanes; their sum is allowed */
    bool least_first;      /* nodes are taken in the order of their bounds, which raises out.lo soonest */
    bool above;            /* row is bounded from above: -row is treated in its place */
    const nm_signs *signs; /* what b's node assumes, or NULL; not together with words */
    const double *beta;    /* [signs->n] multipliers to start from */
    nm_lane_words *words;  /* what its bound, out.lo, is proven by is put here, in memory of another job; or NULL */
} nm_lane_opts;
/* Branches on signs below the node with bounds b, until row is above rhs in all leaves or the effort is used up; a leaf
 * without a unit to branch on stays open. slope [n_units]: lower slopes to start from. */
nm_lane_tree nm_lane_tree_run(nm_job *job, const nm_bounds *b, uint32_t row, double rhs, const double *slope,
                              nm_pseudo *cost, nm_lane_opts o);

/* The same in steps: opens a tree in memory of the job, where it stays; b, slope and cost must stay, too. */
typedef struct nm_lane_search nm_lane_search;
nm_lane_search *nm_lane_tree_open(nm_job *job, const nm_bounds *b, uint32_t row, double rhs, const double *slope,
                                  nm_pseudo *cost, nm_lane_opts o);
nm_lane_tree nm_lane_tree_go_on(nm_lane_search *t, double work); /* until this work, from the start on, is used up */
bool nm_lane_tree_stuck(const nm_lane_search *t); /* a node cannot be branched on, so that going on is no use */

enum { NM_LANE_DEPTH = 60 };

/* ---- root_tree.c: the one at the root of a target's search -------------------------------------- */
typedef struct nm_root_tree nm_root_tree;
typedef struct nm_lane_root { /* as for nm_lane_tree_open; bounds and slope are copied */
    const nm_bounds *b;
    uint32_t row;
    double rhs, lo;        /* lo: what hulls have proven of the row */
    const double *slope;
    const nm_pseudo *known; /* what was known before of units to branch on, or NULL */
} nm_lane_root;
nm_root_tree *nm_root_tree_new(nm_job *job);             /* with memory of its own */
void nm_root_tree_until(nm_root_tree *r, double deadline); /* nm_wall: when the work on it must stop */
void nm_root_tree_drop(nm_job *job, nm_root_tree *r);
nm_pseudo *nm_root_tree_cost(const nm_root_tree *r); /* what it has learned */
bool nm_root_tree_grows(const nm_root_tree *r); /* it is open, and can go on */
/* Grows the tree until this work (fused multiply-adds) is used up, with the threads of the caller's job. */
nm_lane_tree nm_root_tree_open(nm_root_tree *r, nm_job *caller, nm_lane_root root, double work);
/* Goes on with it where that is worth while, once other nodes have taken the work `spent`; true: it is closed. */
bool nm_root_tree_closes(nm_root_tree *r, nm_job *caller, double spent);

/* ---- lane_story.c: its words for a certificate -------------------------------------------------- */
typedef struct nm_lane_story nm_lane_story;
nm_lane_story *nm_lane_story_new(nm_job *job, const nm_program *p); /* of the root, whose number is 0 */
size_t nm_lane_story_branch(nm_lane_story *s, size_t node, uint32_t unit); /* returns the first child's number */
/* Notes a node's bound, and the n multipliers that give it. */
void nm_lane_story_note(nm_lane_story *s, size_t node, double lo, size_t n, const float *beta);
/* Puts the words, with slopes for all leaves; returns what they prove, which may differ from what the tree said. */
double nm_lane_story_tell(nm_lane_story *s, nm_lanes *l, const float *slope, double rhs, nm_lane_words *out);

double nm_tree_node_work(double weights); /* of a node as in full lanes, in a network of so many weights */

/* ---- unit_trees.c ------------------------------------------------------------------------------- */
/* Bounds the open units of AFFINE block k by trees, and improves b in place; needs CROWN. The trees share so much work
 * (fused multiply-adds), and have at most `most` nodes for each side of a unit; returns false if it is too little. The
 * steps of a certificate are put into `steps`, whose memory no mark on job may release; or NULL. */
bool nm_unit_trees(nm_job *job, nm_bounds *b, int k, double work, size_t most, nm_buf *steps);

/* ---- branch.c ----------------------------------------------------------------------------------- */
typedef struct nm_branch_opts {
    bool attack;
    size_t max_nodes;
    double deadline;       /* of nm_branch_run */
    uint64_t seed;
    size_t depth;          /* stop at this depth and return the open leaves as cubes; 0: no limit, no cubes */
    /* Decides a node that has no unit left to branch on. Returns NM_OK if it has no counterexample, NM_VIOLATED if x
     * is one, else NM_UNKNOWN. */
    int (*leaf)(void *arg, const nm_bounds *b, double *x);
    bool (*wanted)(void *arg); /* false: the search may give up; or NULL. Any thread calls it */
    void *arg;
    bool record;           /* steps of a certificate are wanted; only where nm_point_fits */
} nm_branch_opts;
struct nm_cube { const nm_bounds *b; nm_signs signs; }; /* bounds of a branch, and the signs that it assumes */
typedef struct nm_branch {
    int status;            /* NM_OK: excluded; NM_VIOLATED: x is a candidate; NM_UNKNOWN */
    size_t nodes, n_cubes;
    nm_cube *cube;
    double *x;             /* [n_in] */
    bool is_leaf;          /* x was found in a leaf */
    bool late;             /* NM_UNKNOWN, as the deadline stopped it: it can go on */
    bool needs_leaf;       /* a node could not be decided as there was no function for it */
    const char *steps;     /* what closed it, if they are wanted and can be said; else NULL */
} nm_branch;
/* Branches on signs of units, and on halves of inputs if few are free; row `which` of the clause is bounded against
 * rhs, which includes the guard. What it returns stays until the job ends. */
nm_branch nm_branch_run(nm_job *job, const nm_bounds *b, const nm_case *c, size_t clause, const uint32_t *row,
                        size_t which, double rhs, nm_branch_opts o);

/* The same in steps. What is passed must stay, and so does what a step returns, until the search is closed. */
typedef struct nm_branch_search nm_branch_search;
nm_branch_search *nm_branch_open(nm_job *job, const nm_bounds *b, const nm_case *c, size_t clause, const uint32_t *row,
                                 size_t which, double rhs, nm_branch_opts o);
nm_branch nm_branch_go_on(nm_branch_search *s, nm_job *job, double deadline); /* while it is late, in its own thread */
void nm_branch_close(nm_job *job, nm_branch_search *s); /* the job that opened it */

/* ---- pick.c: what a node may be branched on ------------------------------------------------------ */
/* Sets the gaps of inputs [n_in]: what halving them may gain for row `which` of a clause, which is row `row` of the
 * last block. gap [n_units] has what each unit's line loses. */
void nm_pick_expect_halves(nm_job *job, const nm_bounds *b, const nm_case *c, size_t clause, size_t which,
                           uint32_t row, double *gap);
/* Returns the unstable unit, or the input, with the best product of expected gains, or -1. */
int64_t nm_pick_best(const nm_bounds *b, const nm_case *c, const nm_pseudo *cost, const double *gap);
/* Returns the unstable unit whose lines are farthest apart, for nodes in which no line loses anything; or -1. */
int64_t nm_pick_widest(const nm_bounds *b);

#endif
