/* solver.h, the door of solver: programs and libraries that solve a model: embedded Clp and CBC, and other programs
 * with their solution files and logs. What a solver says is an answer, never a proof; what this room proves, it proves
 * from duals in outward rounding. It must never know what the model stands for. */
#ifndef NM_SOLVER_H
#define NM_SOLVER_H

#include "model/model.h"

/* ---- solution.c: answers ------------------------------------------------------------------------ */
#define NM_INT_TOL 1e-5      /* how far from 0 or 1 decode accepts a solver's binary */
typedef enum { NM_SOL_OPTIMAL, NM_SOL_FEASIBLE, NM_SOL_INFEASIBLE, NM_SOL_UNBOUNDED, NM_SOL_NONE } nm_solstatus;
typedef struct nm_sol {
    const char *solver, *status_text;
    nm_solstatus status;
    bool has_values;
    double objective, bound; /* of the model without its constant; NaN: not given */
    size_t n, cap;
    struct nm_solval { const char *name; double x; int64_t index; } *vals; /* name NULL, index -1: not given */
    bool loose;            /* values of a run that was stopped: they may violate rows and bounds */
    bool gapless;          /* this format says "optimal" only if no gap is left */
    const char *model;     /* the model's name in the file, or NULL */
    int64_t n_rows, n_cols; /* as the file counts them, or -1 */
    bool counts_objective; /* n_rows may include the objective */
    bool sparse;           /* columns that are not listed are zero */
    bool always_lists;     /* the solver always lists all columns: a file without them was truncated */
    bool lp;               /* an answer to a linear program, which says nothing about a model with integers */
} nm_sol;
bool nm_sol_is(nm_file f); /* true: some reader knows the format */
nm_sol *nm_sol_read(nm_job *job, const char *path);
/* Reads the answer in path, or, if that file is empty, the one in the log, if a log is given and has an answer. */
nm_sol *nm_sol_answer(nm_job *job, const char *path, const char *log);
void nm_sol_print(nm_buf *b, const nm_sol *s);
/* Checks the file's names, indices and counts against the model. Demotes an answer to the LP relaxation of a model with
 * integers to "no answer". Returns true if the file itself names this model. */
bool nm_sol_check(nm_job *job, nm_sol *s, nm_modelcard card, const char *path);
/* Returns true if the file names the model's mark, so that it is this model's among several. */
bool nm_sol_names(const nm_sol *s, const char *tag);
/* Returns x [n_cols] in the order of cols; refuses unknown, repeated and missing names. */
double *nm_sol_columns(nm_job *job, const nm_sol *s, size_t n_cols, const char *const *cols,
                       const char *path);
const char *nm_solstatus_name(nm_solstatus s);

/* ---- log_bound.c, log_run.c: logs --------------------------------------------------------------- */
typedef struct nm_runlog { const char *version; double nodes; } nm_runlog; /* NULL, NaN: not given */
/* Adds the best bound of a solver's log to a solution that has none: for reports, never for proofs. */
void nm_sol_log(nm_job *job, nm_file f, nm_sol *s);
nm_runlog nm_runlog_read(nm_job *job, const char *path);

/* ---- embedded_cbc.c: the embedded solver -------------------------------------------------------- */
typedef struct nm_cbc {
    double time_limit;     /* seconds; 0: none */
    bool first;            /* stop at the first solution */
    size_t memory;         /* megabytes that it may address; 0: no limit */
    double most;           /* limit on nodes; 0: none */
    double *nodes;         /* receives the number of nodes, or NULL */
} nm_cbc;
nm_sol *nm_cbc_solve(nm_job *job, const nm_model *m, nm_cbc o);
nm_sol *nm_cbc_file(nm_job *job, nm_modelcard card, nm_cbc o); /* the file that the card names, read by CBC itself */
const char *nm_cbc_version(void);

/* ---- programs.c: a solver as a program of its own ----------------------------------------------- */
typedef struct nm_runner {
    const char *name, *command, *suffix;
    const nm_dialect *dialect;
    bool is_own; /* the user's own command: its gap is unknown; the others are asked for a gap of 0 */
} nm_runner;
typedef struct nm_run_opts { double seconds; size_t threads, memory; } nm_run_opts; /* 0: no limit; megabytes */
const nm_word *nm_runner_words(nm_job *job); /* "embedded", then the rows of programs.c */
nm_runner nm_runner_find(nm_job *job, const char *name);
nm_runner nm_runner_command(nm_job *job, const char *command);
/* Refuses a solver whose program is not there; flag: what asked for it. */
void nm_runner_need(nm_job *job, const nm_runner *r, const char *flag);
/* The command line that runs it on a model, whose path ends in a suffix behind `stem`: the solution goes to *solution;
 * an option file is written where one is wanted. */
const char *nm_runner_line(nm_job *job, const nm_runner *r, const char *model, const char *stem, nm_run_opts o,
                           const char **solution);
/* Runs it on the file that the card names, beside which it puts solution and log, named `stem`. Returns its answer,
 * columns in the card's order; if there is none, NM_SOL_NONE, with the reason as its text. */
nm_sol *nm_runner_solve(nm_job *job, const nm_runner *r, nm_modelcard card, const char *stem, nm_run_opts o);

/* ---- embedded_clp.c: linear relaxations, with certified bounds ---------------------------------- */
typedef struct nm_clp nm_clp;
nm_clp *nm_clp_new(nm_job *job, const nm_model *m);         /* without integrality; objective 0 */
/* Minimises c.x over the rows; x [n_cols] and y [n_rows] (duals) may be NULL. Starts from the slack basis, so that the
 * result depends on the arguments alone. false: no optimum within the iterations (y may still be useful). */
bool nm_clp_solve(nm_clp *l, const double *c, int iterations, double *x, double *y);
void nm_clp_box(nm_clp *l, const double *lo, const double *hi); /* [n_cols] */
#define NM_LP_TOL 1e-9      /* primal and dual tolerance of Clp in the tree over binaries */
typedef enum { NM_LP_OPTIMAL, NM_LP_INFEASIBLE, NM_LP_STOPPED } nm_lpend; /* as Clp says it: no proof */
void nm_clp_cost(nm_clp *l, const double *c);               /* [n_cols] for later resolves */
/* Minimises from a basis [n_cols + n_rows] (NULL: the slack one), up to an objective of `limit`; fills x and y. */
nm_lpend nm_clp_resolve(nm_clp *l, const unsigned char *basis, double limit, int iterations, double *x, double *y);
void nm_clp_slack(const nm_clp *l, unsigned char *basis);   /* the slack basis */
void nm_clp_basis(const nm_clp *l, unsigned char *basis);   /* where the last solve ended */
double nm_clp_value(const nm_clp *l);                       /* its objective: for scores, never for proofs */
/* After a solve that found no point: returns true if Farkas's ray proves that the rows have none in the box. */
bool nm_clp_is_empty(nm_clp *l, const double *lo, const double *hi);
/* Returns a lower bound of c.x over the rows and a box, proven from any y, rounded down (Neumaier, Shcherbina 2004). */
double nm_dual_bound(nm_job *job, const nm_model *m, const double *lo, const double *hi, const double *c,
                     const double *y);
/* Does so and fills move [n_cols]: > 0: the bound uses lo of the column, and grows by at least so much if this column
 * alone moves to hi; < 0: the reverse; 0: nothing is proven. */
double nm_dual_gains(nm_job *job, const nm_model *m, const double *lo, const double *hi, const double *c,
                     const double *y, double *move);

/* ---- binary_tree.c: branch and bound over binaries, every bound proven -------------------------- */
typedef struct nm_tree_opts {
    double cap;            /* points with an objective (without the constant) above this are of no use */
    bool decide;           /* only the cap matters, no bound is wanted */
    size_t max_nodes;
    double deadline;       /* nm_wall, or infinity */
    double gap, gap_of_one; /* the cap falls below an incumbent's value by gap (gap_of_one + |value|) */
    int unit;              /* progress reports bounds times 2^unit, plus shift */
    double shift;
    double *best;          /* [n_cols] receives the incumbent, or NULL */
    /* Takes the point x [n_cols] of a relaxation; may lower *cap. Returns true to stop the search. */
    bool (*point)(void *arg, const double *x, double *cap);
    void *arg;
} nm_tree_opts;
typedef struct nm_tree {
    int status;            /* NM_OK: no integer point has an objective of at most the last cap; NM_VIOLATED: `point`
                            * stopped the search; NM_UNKNOWN */
    double bound;          /* proven lower bound for all integer points; INFINITY: there is none */
    double value;          /* the incumbent's objective in Clp's arithmetic, or INFINITY */
    size_t nodes, probes, improved, ties;
    double tie;            /* leaves left open by rounding: the most that a bound is below the cap; NaN: none */
    bool stopped;          /* `point` stopped it */
} nm_tree;
nm_tree nm_tree_run(nm_job *job, const nm_model *m, nm_tree_opts o); /* plain rows and binaries */

/* ---- nearest_point.c: the nearest point of a polyhedron ----------------------------------------- */
/* Returns a proven lower bound on the squared L2 distance from the centre to m's rows and box, and sets x [n_cols] to
 * nearly the nearest point; stops early once the bound exceeds `enough`. Ignores integrality and objective. */
double nm_project(nm_job *job, const nm_model *m, const double *centre, double enough, double *x);

#endif
