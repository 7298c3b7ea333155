/* solver.h, the door of solver: who solves a model: embedded Clp and CBC, and other programs with their solution files
 * and logs. What a solver says is an answer, never a proof:
 * what this room proves it proves from duals, in outward rounding. It must never know what the model stands for. */
#ifndef NM_SOLVER_H
#define NM_SOLVER_H

#include "model/model.h"

/* ---- solution.c: answers ------------------------------------------------------------------------ */
#define NM_INT_TOL 1e-5      /* distance of a solver's binary to 0 or 1 that decode accepts */
typedef enum { NM_SOL_OPTIMAL, NM_SOL_FEASIBLE, NM_SOL_INFEASIBLE, NM_SOL_UNBOUNDED, NM_SOL_NONE } nm_solstatus;
typedef struct nm_sol {
    const char *solver, *status_text;
    nm_solstatus status;
    bool has_values;
    double objective, bound; /* of the model without its constant; NaN when not said */
    size_t n, cap;
    struct nm_solval { const char *name; double x; int64_t index; } *vals; /* name NULL, index -1: not said */
    bool loose;            /* the values are those of a run that stopped: they may break rows and bounds */
    bool gapless;          /* "optimal" in this format leaves no gap, or says so in other words */
    const char *model;     /* its name, as the file says it, or NULL */
    int64_t n_rows, n_cols; /* as the file counts them, or -1 */
    bool counts_objective; /* n_rows may hold the objective */
    bool sparse;           /* absent names are zero */
    bool always_lists;     /* the solver lists columns whatever the status: their absence is a cut file */
    bool lp;               /* the answer to a linear program: says nothing of a model with integers */
} nm_sol;
bool nm_sol_is(nm_file f); /* some reader knows it */
nm_sol *nm_sol_read(nm_job *job, const char *path);
/* the answer in path, or, where that is empty, in the log beside it, if one is given and says one by itself */
nm_sol *nm_sol_answer(nm_job *job, const char *path, const char *log);
void nm_sol_print(nm_buf *b, const nm_sol *s);
/* Checks the file's names, indices and counts against the model. An answer to the LP relaxation of a model with
 * integers is demoted to "no answer". Returns true if the file itself names this model. */
bool nm_sol_check(nm_job *job, nm_sol *s, nm_modelcard card, const char *path);
/* true when the file names the model's mark: the model that it answers, among others */
bool nm_sol_names(const nm_sol *s, const char *tag);
/* x [n_cols] in the order of cols; refuses unknown, repeated and missing names */
double *nm_sol_columns(nm_job *job, const nm_sol *s, size_t n_cols, const char *const *cols,
                       const char *path);
const char *nm_solstatus_name(nm_solstatus s);

/* ---- log_bound.c, log_run.c: logs --------------------------------------------------------------- */
typedef struct nm_runlog { const char *version; double nodes; } nm_runlog; /* NULL, NaN: not said */
/* the best bound of a solver's log, where the solution has none: for a report, never for a proof */
void nm_sol_log(nm_job *job, nm_file f, nm_sol *s);
nm_runlog nm_runlog_read(nm_job *job, const char *path);

/* ---- embedded_cbc.c: the embedded solver -------------------------------------------------------- */
typedef struct nm_cbc {
    double time_limit;     /* seconds; 0: none */
    bool first;            /* stop at the first solution */
    size_t memory;         /* megabytes that it may address; 0: no limit */
    double most;           /* nodes that it may take; 0: no limit */
    double *nodes;         /* how many it took go here, or NULL */
} nm_cbc;
nm_sol *nm_cbc_solve(nm_job *job, const nm_model *m, nm_cbc o);
nm_sol *nm_cbc_file(nm_job *job, nm_modelcard card, nm_cbc o); /* the file that the card names, read by CBC itself */
const char *nm_cbc_version(void);

/* ---- programs.c: a solver as a program of its own ----------------------------------------------- */
typedef struct nm_runner {
    const char *name, *command, *suffix;
    const nm_dialect *dialect;
    bool is_own; /* a command of the user's: its gap is not known; the others are asked for none */
} nm_runner;
typedef struct nm_run_opts { double seconds; size_t threads, memory; } nm_run_opts; /* 0: no limit; megabytes */
const nm_word *nm_runner_words(nm_job *job); /* embedded, and the rows */
nm_runner nm_runner_find(nm_job *job, const char *name);
nm_runner nm_runner_command(nm_job *job, const char *command);
bool nm_runner_here(nm_job *job, const nm_runner *r); /* the program that its command begins with is on the PATH */
/* The command line that runs it on a model, whose path ends in a suffix behind `stem`: the solution goes to *solution;
 * an option file is written where one is wanted. */
const char *nm_runner_line(nm_job *job, const nm_runner *r, const char *model, const char *stem, nm_run_opts o,
                           const char **solution);
/* Runs it on the file that the card names; solution and log stand beside it, `stem` first. Returns its answer, columns
 * in the card's order; one that could not be had is NM_SOL_NONE, with the reason as its text. */
nm_sol *nm_runner_solve(nm_job *job, const nm_runner *r, nm_modelcard card, const char *stem, nm_run_opts o);

/* ---- embedded_clp.c: linear relaxations, with certified bounds ---------------------------------- */
typedef struct nm_clp nm_clp;
nm_clp *nm_clp_new(nm_job *job, const nm_model *m);         /* integrality left out; objective 0 */
/* minimises c.x over the rows; x [n_cols] and y [n_rows] (duals) may be NULL. Starts from the slack basis, so that an
 * answer depends on the question alone. false: no optimum within the iterations (y may be good all the same) */
bool nm_clp_solve(nm_clp *l, const double *c, int iterations, double *x, double *y);
void nm_clp_box(nm_clp *l, const double *lo, const double *hi); /* [n_cols] */
#define NM_LP_TOL 1e-9      /* primal and dual tolerance of Clp in the tree over binaries */
typedef enum { NM_LP_OPTIMAL, NM_LP_INFEASIBLE, NM_LP_STOPPED } nm_lpend; /* as Clp says it: no proof */
void nm_clp_cost(nm_clp *l, const double *c);               /* [n_cols] of the resolves that follow */
/* Minimises from a basis [n_cols + n_rows] (NULL: the slack one), up to an objective of `limit`; fills x and y. */
nm_lpend nm_clp_resolve(nm_clp *l, const unsigned char *basis, double limit, int iterations, double *x, double *y);
void nm_clp_seconds(nm_clp *l, double seconds);             /* CPU seconds that the next resolve may take */
void nm_clp_slack(const nm_clp *l, unsigned char *basis);   /* the slack basis */
void nm_clp_basis(const nm_clp *l, unsigned char *basis);   /* where the last solve ended */
double nm_clp_value(const nm_clp *l);                       /* its objective: for scores, never for proofs */
/* after a solve that found no point: proven from Farkas's ray that the rows have none in the box */
bool nm_clp_is_empty(nm_clp *l, const double *lo, const double *hi);
/* what c.x is at least over the rows and a box, proven from any y, rounded down (Neumaier, Shcherbina 2004) */
double nm_dual_bound(nm_job *job, const nm_model *m, const double *lo, const double *hi, const double *c,
                     const double *y);
/* Also fills move [n_cols]: > 0: the bound has the column at lo, and is at least so much more when it alone moves to
 * hi; < 0: the other way round; 0: nothing is proven. */
double nm_dual_gains(nm_job *job, const nm_model *m, const double *lo, const double *hi, const double *c,
                     const double *y, double *move);

/* ---- binary_tree.c: branch and bound over binaries, every bound proven -------------------------- */
typedef struct nm_tree_opts {
    double cap;            /* of the objective, without the model's constant: what lies above it is of no use */
    bool decide;           /* the cap alone matters, no bound is wanted */
    size_t max_nodes;
    double deadline;       /* nm_wall, or infinity */
    double gap, gap_of_one; /* the cap falls below an incumbent's value by gap (gap_of_one + |value|) */
    int unit;              /* who watches is told bounds times 2^unit, plus shift */
    double shift;
    double *best;          /* [n_cols] takes the incumbent, or NULL */
    /* Takes the point x [n_cols] of a relaxation; may lower *cap. Returns true to stop the search. */
    bool (*point)(void *arg, const double *x, double *cap);
    void *arg;
} nm_tree_opts;
typedef struct nm_tree {
    int status;            /* NM_OK: no integer point has an objective of the last cap or less; NM_VIOLATED: point
                            * stopped it; NM_UNKNOWN */
    double bound;          /* proven: the objective of every integer point; INFINITY: there is none */
    double value;          /* the incumbent's objective in Clp's arithmetic, or INFINITY */
    size_t nodes, probes, improved, ties;
    double tie;            /* of leaves that rounding left open: how far below the cap their bounds lie, at most; NaN */
    bool stopped;          /* by point */
} nm_tree;
nm_tree nm_tree_run(nm_job *job, const nm_model *m, nm_tree_opts o); /* plain rows and binaries */

/* ---- nearest_point.c: the nearest point of a polyhedron ----------------------------------------- */
/* x [n_cols]: nearly the point of m's rows and box that is nearest to the centre in L2; gives a proven lower bound of
 * its squared distance; stops early when that is more than enough. Integrality and objective are not looked at. */
double nm_project(nm_job *job, const nm_model *m, const double *centre, double enough, double *x);

#endif
