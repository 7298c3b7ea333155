/* nearest.h: the search for the nearest counterexample, in three files. Private to search. */
#ifndef NM_SEARCH_NEAREST_H
#define NM_SEARCH_NEAREST_H

#include "search/state.h"

typedef struct nm_chase {
    nm_state *s;
    nm_near *near;
    bool *done;      /* [n_targets] its distance is known, or nothing more can be found out */
    double *found;   /* [n_in] inputs of a point, copied from memory of the inner question */
    size_t creeps;   /* rounds with little progress: after NM_NEAR_CREEPS of them models are used, not branching */
    nm_solve_opts o; /* options of the stages over balls */
    bool bisected;   /* decisions of all stages were made, before models */
    bool counts;     /* the ball is covered by boxes, even if the decision is a cheap one */
} nm_chase;
enum { NM_NEAR_CREEPS = 6 };

/* Returns the distance to beat. */
static inline double nm_chase_incumbent(const nm_chase *c) { return fmin(c->near->value, c->near->tie_value); }
/* Returns the distance that a proof of "none within r" proves. */
static inline double nm_chase_beyond(const nm_chase *c, double r) { return c->s->q->norm == NM_L0 ? r + 1 : r; }
static inline bool nm_chase_out_of_time(const nm_chase *c)
{
    return nm_stopped(c->s->job) || nm_wall() > c->s->deadline;
}
static inline void nm_chase_prove(const nm_chase *c, size_t k, double bound, nm_settled by)
{
    nm_target *t = &c->s->v->targets[k];
    if (!(bound > t->bound)) return;
    t->bound = bound;
    t->by = by;
}

/* ---- nearest_within.c: decisions over a ball around the image ----------------------------------- */
typedef struct nm_inner { /* a question within r */
    nm_state s;
    nm_query q;
    size_t *which; /* [targets] their index in the whole question */
    double r;
    size_t creeps;
    bool counts; /* as in nm_chase */
} nm_inner;
bool nm_chase_wanted(const nm_chase *c, size_t k, double r); /* it is not known whether target k has any within r */
/* Decides within r by bounds, or, if it is to be thorough, by an attack, boxes and branching, too, in this part of the
 * time that is left; returns true if a nearer counterexample was found. What targets need for models stays in *in until
 * the caller's mark. */
bool nm_chase_decide(nm_chase *c, double r, bool thorough, double part, nm_inner *in);
/* Takes what the decisions over the inner ball excluded and found. Returns true if they gave a nearer
 * counterexample. */
bool nm_chase_take(nm_chase *c, nm_inner *in);
/* Asks for a decision within r as for any other question, for so many seconds, with or without branching; returns its
 * status. */
int nm_chase_ask(nm_chase *c, double r, double seconds, bool branch);

/* ---- nearest_models.c: models with the distance as their objective ------------------------------ */
/* Returns the open target of *in whose bound is farthest from excluding it, or -1. */
int64_t nm_chase_next(const nm_chase *c, const nm_inner *in);
/* Finds the nearest counterexample to target i of *in. */
void nm_chase_model(nm_chase *c, nm_inner *in, size_t i);

#endif
