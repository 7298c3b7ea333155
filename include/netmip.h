/* netmip.h: questions about neural networks as mixed-integer programs: the library face.
 *
 *   #include <netmip.h>
 *   #include <stdio.h>
 *   int main(void)
 *   {
 *       nm_job *job = nm_job_new();
 *       const nm_net *net;
 *       const nm_query *query;
 *       nm_answer a;
 *       int code = nm_net_load(job, "models/tiny-xor.onnx", &net);
 *       const double x[] = {0.25, 0.75};
 *       if (!code) code = nm_query_linf(job, net, x, -1, 0.1, 0, 1, &query);
 *       if (!code) code = nm_decide(job, net, query, NULL, &a);
 *       puts(code ? nm_job_message(job) : a.status == NM_OK ? "holds" : "does not hold");
 *       nm_job_free(job);
 *   }
 *
 * Everything that a function hands out belongs to its job and dies with it. Functions that return int return NM_OK, or
 * one of the error codes below, and then nm_job_message says `file:line:col: what is wrong; what was expected`. A job
 * is used by one thread at a time; different jobs are independent. The library prints nothing and has no global state.
 * It starts the embedded solver in a child process. Passing NULL where it is not allowed is an error of the caller. */
#ifndef NETMIP_H
#define NETMIP_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct nm_job nm_job;     /* memory, closers, the last error */
typedef struct nm_net nm_net;     /* a network as its file wrote it */
typedef struct nm_query nm_query; /* a question: cases of input set and output condition */
typedef struct nm_verdict nm_verdict;

enum {
    NM_OK = 0,       /* done; as a status: holds */
    NM_VIOLATED = 10, /* a counterexample was found and replayed */
    NM_UNKNOWN = 11, /* neither: a limit, an interrupt, an unclear answer */
    NM_EUSE = 2,     /* wrong use: flags, sizes, indices */
    NM_EINPUT = 3,   /* a file that breaks its format */
    NM_EUNSUP = 4,   /* something that is not supported, named */
    NM_EIO = 5,      /* files or memory */
    NM_EAUDIT = 6    /* a solution breaks its model, or a witness does not replay */
};

/* ---- jobs ---- */

nm_job *nm_job_new(void); /* NULL when there is no memory; freed by nm_job_free */
void nm_job_free(nm_job *job);
const char *nm_job_message(const nm_job *job); /* of the last error; "" before the first */
void nm_job_on_note(nm_job *job, void (*note)(void *arg, const char *text), void *arg); /* progress */
/* While *stop is not 0, long work ends soon, with what it knows; set it from a signal handler. */
void nm_job_stop_flag(nm_job *job, const volatile sig_atomic_t *stop);
void nm_job_limit(nm_job *job, size_t bytes); /* of memory; default 16 GiB; beyond it NM_EIO */

/* ---- networks: .onnx (opset 7 to 21), .nnet or netmip's .json (weights in .mat or .npz), plain or gzipped ---- */

int nm_net_load(nm_job *job, const char *path, const nm_net **net);
size_t nm_net_inputs(const nm_net *net);  /* elements of all inputs together, row-major, in their order */
/* Outputs as questions count them: of a Softmax, LogSoftmax, Sigmoid, Tanh or ArgMax at an output, what it reads.
 * A note says so; questions that mean something else there (margins, constants) are refused as unsupported. */
size_t nm_net_outputs(const nm_net *net);
/* Writes the network, whatever it was read from, as OUT.json or OUT.onnx, by suffix; it evaluates to the same bits. */
int nm_net_save(nm_job *job, const nm_net *net, const char *path);
/* y[outputs] of x[inputs] in float64; err[outputs], unless NULL, bounds the rounding error of each. */
int nm_net_run(nm_job *job, const nm_net *net, const double *x, double *y, double *err);

/* Two networks over the same inputs as one: the outputs of a, then those of b. It can be asked about, not saved. */
int nm_net_pair(nm_job *job, const nm_net *a, const nm_net *b, const nm_net **net);

/* ---- questions ---- */

/* VNN-LIB 1 and 2, or netmip's own JSON. Of an objective `range` nm_decide tells no more than whether it is done. */
int nm_query_load(nm_job *job, const nm_net *net, const char *path, const nm_query **query);
/* Is there x' with |x' - x| <= radius in every element, lo <= x' <= hi, and some other output >= that of
 * `label` (-1: the network's own prediction on x)? x[inputs] must lie in [lo,hi]. */
int nm_query_linf(nm_job *job, const nm_net *net, const double *x, int64_t label, double radius,
                  double lo, double hi, const nm_query **query);

/* ---- answers ---- */

typedef struct nm_options {
    double time_limit;   /* seconds for the whole question; 0: none */
    uint64_t seed;       /* of the attack */
    int no_fold;         /* 1: keep stable units in the models */
    int no_attack;       /* 1: skip the attack */
    int no_solve;        /* 1: do not ask the solver */
} nm_options;

typedef struct nm_answer {
    int status;            /* NM_OK holds, NM_VIOLATED, NM_UNKNOWN */
    const char *by;        /* evaluation, bounds, attack or solver; NULL when unknown */
    const char *why;       /* of an unknown, or NULL */
    const double *witness; /* [inputs] the replayed counterexample, or NULL */
    double margin;         /* of the witness in float64: 0 or less */
} nm_answer;

int nm_decide(nm_job *job, const nm_net *net, const nm_query *query, const nm_options *o, nm_answer *a);
/* Writes a model for each target that bounds leave open: out ends in .mps, .mps.gz, .lp or .lp.gz; beside it the map.
 * Several open targets give stem-tJ files and stem.manifest.json. *written is how many. */
int nm_compile(nm_job *job, const nm_net *net, const nm_query *query, const nm_options *o, const char *out,
               size_t *written);
/* Reads a solver's answer to a compiled model (CBC, HiGHS, SCIP, GLPK, lp_solve, SYMPHONY, Gurobi, CPLEX, Xpress, COPT,
 * MOSEK or MIPLIB text, known by its content) and judges it by replay. */
int nm_decode_file(nm_job *job, const char *map, const char *solution, nm_answer *a);

#ifdef __cplusplus
}
#endif
#endif
