/* netmip.h: questions about neural networks as mixed-integer programs: the library. It does what the command does.
 *
 *   #include <netmip.h>
 *   #include <stdio.h>
 *   int main(void)
 *   {
 *       nm_job *job = nm_job_new();
 *       nm_options *ask, *how;
 *       const nm_net *net;
 *       const nm_query *query;
 *       const nm_result *r;
 *       const double image[] = {0.25, 0.75};
 *       const int64_t sizes[] = {2};
 *       int code = nm_net_load(job, "models/tiny-xor.onnx", NULL, &net);
 *       if (!code) code = nm_options_new(job, &ask);
 *       if (!code) code = nm_options_image(ask, image, 1, sizes);
 *       if (!code) code = nm_options_set(ask, "perturb", "linf:0.1");
 *       if (!code) code = nm_query_make(job, net, ask, &query);
 *       if (!code) code = nm_options_new(job, &how);
 *       if (!code) code = nm_options_set(how, "time-limit", "30");
 *       if (!code) code = nm_solve(job, net, query, how, &r);
 *       puts(code ? nm_job_message(job) : nm_result_status(r) == NM_OK ? "holds" : "does not hold");
 *       nm_job_free(job);
 *   }
 *
 * Errors: a function that returns int returns NM_OK or one of the error codes below; then nm_job_message says what is
 * wrong and what was expected, and the object asked for is NULL. An argument that is NULL, where the function does not
 * say that it may be, is NM_EUSE by name. Accessors cannot fail: for NULL, and for an index out of range, they give
 * what stands for nothing: NULL, NAN, 0, -1, an empty text, and NM_EUSE as a status. An object whose job was freed, and
 * an array that is too short, cannot be told from good ones. A question is about the network for which it was made;
 * with another one, whose file has another hash, it is NM_EUSE. Ownership: an object belongs to the job with which it
 * was made, and lives until nm_job_free. Arrays and texts that are passed in are copied, and may be changed afterwards.
 * Arrays are row-major; sizes are given in brackets. Numbers: NAN means that a value does not apply or is unknown;
 * booleans are int, 0 or 1. A question, and all that is made from it, needs its network, and a model its question: free
 * their jobs last. Threads: only one thread may use a job at a time; different threads may use different jobs at the
 * same time. Networks, questions, models and results never change: they may be used with another job, also in another
 * thread, as long as their own job lives. Solvers, and with option `threads` workers, are child processes: the program
 * must not ignore SIGCHLD, nor wait for children that it did not start. Threads share Clp's random numbers, so the
 * answer to a hard question may give another point or take longer; what is proven is proven in any case. CPU seconds
 * are those of the whole process. The library prints nothing and keeps no global state. */
#ifndef NETMIP_H
#define NETMIP_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#ifdef __GNUC__
#pragma GCC visibility push(default)
#endif

typedef struct nm_job nm_job;           /* memory, and the last error */
typedef struct nm_options nm_options;   /* options by name */
typedef struct nm_net nm_net;           /* a network as its file wrote it */
typedef struct nm_query nm_query;       /* a question: cases of input set and output condition */
typedef struct nm_result nm_result;     /* a verdict, with its evidence */
typedef struct nm_units nm_units;       /* bounds of every unit */
typedef struct nm_mips nm_mips;         /* the models of a question's open targets */
typedef struct nm_mip nm_mip;           /* one of these models */
typedef struct nm_solution nm_solution; /* a solver's answer to a model */

enum {
    NM_OK = 0,        /* done; as a status: holds, or the value is proven */
    NM_VIOLATED = 10, /* a counterexample was found and replayed */
    NM_UNKNOWN = 11,  /* neither: a limit, an interrupt, an unclear answer */
    NM_EUSE = 2,      /* wrong use: options, sizes, indices */
    NM_EINPUT = 3,    /* a malformed input file */
    NM_EUNSUP = 4,    /* something that is not supported, named */
    NM_EIO = 5,       /* files or memory */
    NM_EAUDIT = 6     /* a solution violates its model, or a witness does not replay */
};

const char *nm_version(void); /* "0.1.0" */

/* ---- jobs --------------------------------------------------------------------------------------- */

nm_job *nm_job_new(void);                      /* NULL: out of memory */
void nm_job_free(nm_job *job);                 /* with all that belongs to it; job may be NULL */
const char *nm_job_message(const nm_job *job); /* of the last error; "" before the first */
/* Calls note(arg, text), in the thread that uses the job, for progress and for warnings (they start with "warning: ");
 * text is valid only during the call. Notes of child processes are dropped. NULL: no notes. */
void nm_job_on_note(nm_job *job, void (*note)(void *arg, const char *text), void *arg);
/* While *stop is not 0, long work ends soon with what is known so far: the status is then NM_UNKNOWN, and nm_result_why
 * says that it was interrupted. Set it from a signal handler or another thread. NULL: no interrupts. */
void nm_job_stop_flag(nm_job *job, const volatile sig_atomic_t *stop);
void nm_job_limit(nm_job *job, size_t bytes); /* limits the job's memory, beyond it NM_EIO; default 16 GiB */

/* ---- options: the flags of the command, named without leading dashes ------------------------------ */

/* Each function below lists the options that it reads; if any other one is set, it returns NM_EUSE and names it. Values
 * are texts as on the command line (see netmip --help); NULL or "" for a switch. A NULL nm_options has nothing set. */
int nm_options_new(nm_job *job, nm_options **o);
int nm_options_set(nm_options *o, const char *name, const char *value); /* NM_EUSE: no such option, or no value */
/* Sets the image of a question, instead of option `image`: x [size[0]..size[rank-1]], with as many elements as the
 * network has inputs, in its order. The sizes tell how to draw and blur it if the network's shape does not; rank 1 to
 * 8. */
int nm_options_image(nm_options *o, const double *x, int rank, const int64_t *size);

/* Lists the options that a function reads ("nm_solve"), one a line: its name and, after a blank, what its value is in
 * the words of help ("time-limit S"); a switch has none. */
int nm_options_list(nm_job *job, const char *function, const char **text);

/* ---- networks ------------------------------------------------------------------------------------- */

/* Reads .onnx (opset 7 to 25), .nnet or netmip's .json, also gzipped, recognised by content. Options: channels, mean,
 * std, input-shape, output-name, against (a second network's file). */
int nm_net_load(nm_job *job, const char *path, const nm_options *o, const nm_net **net);
/* Does so from the bytes [n] of such a file, not gzipped. name: its name in messages and maps; not "". */
int nm_net_parse(nm_job *job, const char *name, const void *bytes, size_t n, const nm_options *o, const nm_net **net);
/* Joins two networks over the same inputs: the outputs of a, then those of b. The result lives as long as both; it can
 * be asked about, but not saved. */
int nm_net_pair(nm_job *job, const nm_net *a, const nm_net *b, const nm_net **net);
int nm_net_save(nm_job *job, const nm_net *net, const char *path); /* .json or .onnx; evaluates to the same bits */
size_t nm_net_inputs(const nm_net *net); /* number of elements of all inputs together */
/* Number of outputs as questions count them: if an output is made by a Softmax, LogSoftmax, Sigmoid, Tanh or ArgMax,
 * these are the inputs of that operator. Questions that would mean something else for them (margins, constants) are
 * NM_EUNSUP. */
size_t nm_net_outputs(const nm_net *net);
int nm_net_input_sizes(const nm_net *net, int64_t size[8]); /* shape of the first input in its file; returns the rank */
/* Evaluates y [outputs] at x [inputs] in float64; err [outputs], unless NULL, bounds each output's rounding error. */
int nm_net_run(nm_job *job, const nm_net *net, const double *x, double *y, double *err);
size_t nm_net_file_outputs(const nm_net *net); /* number of outputs of the file, after a final Softmax */
/* Evaluates the file's own outputs at x in float64 (y64) and in float32 (y32) [file outputs]; each may be NULL. */
int nm_net_file_run(nm_job *job, const nm_net *net, const double *x, double *y64, double *y32);

/* ---- questions ------------------------------------------------------------------------------------ */

/* Makes a question about an image. Options: perturb (required), image (or nm_options_image), label, labels, domain,
 * target, margin, objective, differ, guard. Without a label the network's own prediction is used. */
int nm_query_make(nm_job *job, const nm_net *net, const nm_options *o, const nm_query **query);
/* Reads VNN-LIB 1 or 2, or netmip's own JSON. Options for VNN-LIB: objective, guard, margin, differ. */
int nm_query_load(nm_job *job, const nm_net *net, const char *path, const nm_options *o, const nm_query **query);
int nm_query_json(nm_job *job, const nm_query *query, const char **text); /* the text reads back as the same question */
/* Draws a PNG: the question's image, x [inputs], their difference; without an image only x. NM_EUNSUP: not a
 * picture. */
int nm_query_picture(nm_job *job, const nm_query *query, const double *x, const void **png, size_t *n);

/* ---- answers -------------------------------------------------------------------------------------- */

/* Decides the question, or finds what its objective asks for. Options: time-limit, seed, threads, bounds, split,
 * encoding, one-sided, fold, solver, solver-command, confirm, keep, memory, no-evaluate, no-attack, no-split, no-units,
 * no-branch, no-solve, arithmetic, output (a folder for witness.npy and pictures). A question that is violated or stays
 * unknown is not an error. */
int nm_solve(nm_job *job, const nm_net *net, const nm_query *query, const nm_options *o, const nm_result **r);

int nm_result_status(const nm_result *r);         /* NM_OK, NM_VIOLATED or NM_UNKNOWN */
const char *nm_result_by(const nm_result *r);     /* evaluation, bounds, attack, tree or solver; NULL: unknown */
const char *nm_result_why(const nm_result *r);    /* why it is unknown, or NULL */
int nm_result_certified(const nm_result *r);      /* true: the proof does not depend on a solver's word */
const char *nm_result_solver(const nm_result *r); /* else the solver on whose word it depends, or NULL */
double nm_result_seconds(const nm_result *r);     /* wall clock time of the call that made it */
int64_t nm_result_label(const nm_result *r);      /* the image's label; -1: none */
int64_t nm_result_predicted(const nm_result *r);  /* the network's largest output there; -1: no image */
size_t nm_result_inputs(const nm_result *r);      /* number of elements of each point below */
/* The point that was replayed: the counterexample of NM_VIOLATED, else the worst point, the nearest miss, or NULL. */
const double *nm_result_point(const nm_result *r);           /* [inputs] */
const double *nm_result_witness(const nm_result *r);         /* [inputs] the same; NULL if not a counterexample */
size_t nm_result_generators(const nm_result *r, const double **g); /* g [the result]; 0: there are none */
double nm_result_margin(const nm_result *r);                 /* there, in float64: 0 or less for a counterexample */
double nm_result_margin_error(const nm_result *r);           /* bounds the rounding error of that */
double nm_result_margin32(const nm_result *r);               /* in float32 */
double nm_result_linf(const nm_result *r);                   /* its distances from the image */
double nm_result_l1(const nm_result *r);
double nm_result_l2(const nm_result *r);
double nm_result_l0(const nm_result *r);                     /* number of elements that differ */
/* objective worst: the least margin attained; closest: the least distance of a counterexample found */
double nm_result_value(const nm_result *r);
double nm_result_bound(const nm_result *r);                  /* proven lower bound of that */
double nm_result_strict(const nm_result *r);                 /* closest: of a strict one, if the value is a tie's */
double nm_result_claim(const nm_result *r);                  /* a solver's own bound, not proven */
/* objective range, and differ: the least and most attained, proven bounds of them, and the points [inputs] or NULL */
double nm_result_least(const nm_result *r);
double nm_result_least_bound(const nm_result *r);
const double *nm_result_least_point(const nm_result *r);
double nm_result_most(const nm_result *r);
double nm_result_most_bound(const nm_result *r);
const double *nm_result_most_point(const nm_result *r);
/* the outcome for each clause of the question, case by case: i < targets */
size_t nm_result_targets(const nm_result *r);
const char *nm_result_target_name(const nm_result *r, size_t i);
int64_t nm_result_target_label(const nm_result *r, size_t i);  /* its class, or -1 */
int nm_result_target_status(const nm_result *r, size_t i);     /* NM_UNKNOWN also if it was not examined */
const char *nm_result_target_by(const nm_result *r, size_t i); /* or NULL */
double nm_result_target_bound(const nm_result *r, size_t i);   /* proven lower bound of its margin or distance */
size_t nm_result_files(const nm_result *r);                    /* number of files written: models, witness, pictures */
const char *nm_result_file(const nm_result *r, size_t i);
const char *nm_result_json(const nm_result *r);                /* what the command prints with --json; text: without */
const char *nm_result_text(const nm_result *r);

/* ---- bounds of every unit ------------------------------------------------------------------------- */

/* Bounds every unit over the input set of each case. Options: bounds, threads, all-rows. */
int nm_bound_units(nm_job *job, const nm_net *net, const nm_query *query, const nm_options *o, const nm_units **u);
size_t nm_units_cases(const nm_units *u);
/* Number of blocks of units, in the order of evaluation; 0: the case's input set is empty. Block 0 has the inputs, or
 * the generators of the set, from which a later block makes the inputs. */
size_t nm_units_blocks(const nm_units *u, size_t icase);
const char *nm_units_kind(const nm_units *u, size_t icase, size_t block); /* input, affine, relu or max */
const char *nm_units_name(const nm_units *u, size_t icase, size_t block); /* the node's name, or "" */
size_t nm_units_count(const nm_units *u, size_t icase, size_t block);
const double *nm_units_lo(const nm_units *u, size_t icase, size_t block); /* [count] certified, rounding included */
const double *nm_units_hi(const nm_units *u, size_t icase, size_t block);
/* for relu: the block that it reads, and phases [count]: 0 inactive, 1 active, 2 unstable; otherwise -1 and NULL */
int nm_units_source(const nm_units *u, size_t icase, size_t block);
const unsigned char *nm_units_phase(const nm_units *u, size_t icase, size_t block);
const double *nm_units_output_lo(const nm_units *u, size_t icase); /* [outputs] */
const double *nm_units_output_hi(const nm_units *u, size_t icase);

/* ---- models ---------------------------------------------------------------------------------------- */

/* Makes a model for each target that bounds leave open, scaled and guarded against solvers' tolerances, as in files.
 * Options: threads, bounds, split, encoding, one-sided, fold, no-units, always-write, dialect (for tolerances). */
int nm_compile(nm_job *job, const nm_net *net, const nm_query *query, const nm_options *o, const nm_mips **mips);
size_t nm_mips_count(const nm_mips *mips);
const nm_mip *nm_mips_get(const nm_mips *mips, size_t i);
const nm_result *nm_mips_result(const nm_mips *mips); /* by bounds alone: which targets are closed */
/* Writes them as files: OUT.mps, OUT.mps.gz, OUT.lp or OUT.lp.gz, each with its map OUT.map.json; several models are
 * OUT-tTARGET, with OUT.manifest.json. An older OUT with its map and manifest is removed first. The result's files are
 * the models, each before its map, and then the manifest. Further options: mps, cuts, start, priorities, options,
 * comments. */
int nm_compile_files(nm_job *job, const nm_net *net, const nm_query *query, const nm_options *o, const char *out,
                     const nm_result **r);

const char *nm_mip_target(const nm_mip *m);       /* the target's name, with its cube if it has several */
int nm_mip_relaxation(const nm_mip *m);           /* true: its points need not be counterexamples */
size_t nm_mip_columns(const nm_mip *m);           /* minimise cost x; lo <= x <= hi; some x are integers, 0 or 1 */
const char *const *nm_mip_column_names(const nm_mip *m); /* [columns] */
const double *nm_mip_column_lo(const nm_mip *m);  /* [columns]; infinity: no bound */
const double *nm_mip_column_hi(const nm_mip *m);
const double *nm_mip_column_cost(const nm_mip *m);
const unsigned char *nm_mip_integer(const nm_mip *m); /* [columns] 1: integer */
size_t nm_mip_rows(const nm_mip *m);              /* lo <= A x <= hi; row r of A: entries start[r] .. start[r+1]-1 */
const char *const *nm_mip_row_names(const nm_mip *m); /* [rows] */
const double *nm_mip_row_lo(const nm_mip *m);     /* [rows]; infinity: no side */
const double *nm_mip_row_hi(const nm_mip *m);
const size_t *nm_mip_start(const nm_mip *m);      /* [rows+1]; the last one is the number of entries */
const uint32_t *nm_mip_index(const nm_mip *m);    /* [entries] columns */
const double *nm_mip_value(const nm_mip *m);      /* [entries] */
/* What plain rows cannot express, as encodings indicator and sos1, and L2 balls and distances, need it. Unless all
 * three are absent, a solver that gets only the arrays above answers another question. */
/* [rows] the binary column that a row depends on: the row holds if it is on[row]; -1: always; NULL: no row depends */
const int32_t *nm_mip_when(const nm_mip *m, const unsigned char **on);
/* sets of columns of which at most one is not 0: set k is column[start[k] .. start[k+1]-1]; returns their number */
size_t nm_mip_sos1(const nm_mip *m, const size_t **start, const uint32_t **column);
/* products c x_i x_j, i <= j, added to a row (row -1: to the objective); returns their number */
size_t nm_mip_products(const nm_mip *m, const int64_t **row, const uint32_t **i, const uint32_t **j, const double **c);
/* columns of the inputs, or of the input set's generators; -1: fixed, no column; returns their number */
size_t nm_mip_inputs(const nm_mip *m, const int64_t **column);
double nm_mip_measure(const nm_mip *m, double objective); /* the margin, form or distance (l2: squared) */

/* ---- solvers' answers ------------------------------------------------------------------------------- */

/* status: optimal, feasible, infeasible, unbounded or none (it gave up). */
int nm_solution_new(nm_job *job, const nm_mip *m, const char *status, nm_solution **s);
/* Reads it from a solver's file instead, which may be about a file of the same model, and from its log, or NULL. One
 * that says infeasible and names no column is NM_EAUDIT: it could be another model's. */
int nm_solution_load(nm_job *job, const nm_mip *m, const char *path, const char *log, nm_solution **s);
/* x [n]: values of all columns, by name in any order, or in the model's order if names is NULL. */
int nm_solution_values(nm_solution *s, size_t n, const char *const *names, const double *x);
/* Sets the solver's name, its objective, and its lower bound; NULL, NAN: not given. Without a bound, the status optimal
 * proves nothing about a value. */
int nm_solution_claims(nm_solution *s, const char *solver, double objective, double bound);
/* Judges an answer: a point by replay, whatever the status; "infeasible" counts as the solver's word (not certified).
 * A contradiction is NM_EAUDIT. */
int nm_mip_decode(nm_job *job, const nm_mip *m, const nm_solution *s, const nm_result **r);
/* Does so for all models together: s [count], NULL for a model without an answer. */
int nm_mips_decode(nm_job *job, const nm_mips *mips, const nm_solution *const *s, const nm_result **r);
/* Does so for files: map is a .map.json with the one solution of its model, or a .manifest.json with solutions [n] in
 * any order: of CBC, HiGHS, SCIP, GLPK, lp_solve, SYMPHONY, Gurobi, CPLEX, Xpress, COPT, MOSEK, or MIPLIB text,
 * recognised by content. net: the network, or NULL for the file that the map names; its hash must fit. log: the
 * solver's, or NULL. Option: output. The map of an embedding is taken as well: status NM_OK says that the network's
 * outputs are the solution's, NM_EAUDIT that they are not; the point is the network's input. */
int nm_decode_files(nm_job *job, const nm_net *net, const char *map, size_t n, const char *const *solutions,
                    const char *log, const nm_options *o, const nm_result **r);

/* ---- a network inside a model of your own ------------------------------------------------------------ */

/* Adds the network's columns and rows to a model that you wrote as a file, writes OUT (.mps, .lp, also with .gz) beside
 * its map, and hands the same model out as arrays, your columns first and in order. Where yours maximises, its costs
 * are negated. Options: into, inputs, outputs (all required, as netmip-embed(1) explains them), bounds, encoding,
 * dialect, threads. There is no question: nm_solution_new refuses it, and nm_net_run says what outputs should be. */
int nm_embed_files(nm_job *job, const nm_net *net, const nm_options *o, const char *out, const nm_mip **m);

#ifdef __GNUC__
#pragma GCC visibility pop
#endif
#ifdef __cplusplus
}
#endif
#endif
