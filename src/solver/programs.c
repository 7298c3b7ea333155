/* programs.c: solvers that are programs: writes the model to a file, runs the program, reads its solution file.
 *
 * A row is a name and a command line for the shell, in which {model}, {solution}, {seconds} and {threads} are filled
 * in; if a solver writes no solution file, its output is redirected into one. The program runs in a process group of
 * its own; some time after the time limit the whole group is killed; memory is limited by the system, and its output is
 * kept in a log. Options ask for zero gaps if a command line can; what a solver's tolerances leave is judged by replay.
 * Only what the reader of the solution file reports is used: no file, a truncated file, an unexpected exit status or a
 * limit all mean no answer. */
#define _GNU_SOURCE
#include "base/base.h"
#include "model/model.h"
#include "solver/solver.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct {
    const char *name, *command, *suffix; /* of the solution file */
    const nm_dialect *dialect;
    const char *meaning;
} row;

#define CBC                                                                                        \
    "cbc {model} -preprocess off -ratioGap 0 -allowableGap 0 -increment 1e-12 -threads {threads} " \
    "-seconds {seconds} -solve"
static const row rows[] = {
    /* if bounds alone show that a model is infeasible, CBC 2.10 crashes in -solution, and no option avoids this: then
     * what it prints without -solution is the answer (format/cbc_log.c) */
    {"cbc", CBC " -printingOptions all -solution {solution} || " CBC " > {solution}", ".sol",
     &nm_dialect_cbc, "CBC's program; if it crashes, it is run again without a solution file"},
    {"highs",
     "highs {model} --options_file {options} --solution_file {solution} --threads {threads} "
     "--time_limit {seconds}",
     ".sol", &nm_dialect_highs, "HiGHS, with its option file"},
    {"scip",
     "scip -s {options} -c 'read {model}' -c 'set limits time {seconds}' -c optimize -c 'write "
     "solution "
     "{solution}' -c quit",
     ".sol", &nm_dialect_scip, "SCIP, with its option file"},
    {"glpsol", "glpsol --freemps {model} --nopresol --tmlim {seconds} -o {solution}", ".txt",
     &nm_dialect_glpk, "GLPK, without its LP presolver"},
    {"symphony", "symphony -F {model} -t {seconds} > {solution}", ".txt", &nm_dialect_symphony,
     "SYMPHONY; only its points are used, not its proofs"},
    {"lp_solve", "lp_solve -fmps {model} -e 1e-9 -S4 -timeout {seconds} > {solution}", ".txt",
     &nm_dialect_lpsolve, "lp_solve 5.5"},
    {"gurobi_cl",
     "gurobi_cl TimeLimit={seconds} Threads={threads} MIPGap=0 IntFeasTol=1e-9 FeasibilityTol=1e-9 "
     "JSONSolDetail=1 ResultFile={solution} {model}",
     ".json", &nm_dialect_gurobi, "Gurobi's command line"},
    {"cplex",
     "cplex -c 'read {model}' 'set timelimit {seconds}' 'set threads {threads}' 'set mip "
     "tolerances mipgap 0' "
     "optimize 'write {solution} sol'",
     ".sol", &nm_dialect_cplex, "CPLEX's interactive optimizer"},
};
enum { ROWS = sizeof rows / sizeof *rows, GRACE = 5 };

const nm_word *nm_runner_words(nm_job *job)
{
    nm_word *w = NM_ARRAY(job, nm_word, ROWS + 2);
    w[0] = (nm_word){"embedded", NULL, "the CBC library that is linked in: no program is needed"};
    for (size_t i = 0; i < ROWS; i++) w[i + 1] = (nm_word){rows[i].name, NULL, rows[i].meaning};
    return w;
}

nm_runner nm_runner_find(nm_job *job, const char *name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].name, name) == 0)
            return (nm_runner){rows[i].name, rows[i].command, rows[i].suffix, rows[i].dialect,
                               false};
    const nm_word *known = nm_runner_words(job);
    const char *guess = nm_guess(job, name, strlen(name), known);
    nm_throw(job, NM_EUSE, "--solver %s: unknown; %s", name,
             guess
                 ? guess
                 : nm_fmt(job, "%s was expected, or --solver-command", nm_words_list(job, known)));
}

nm_runner nm_runner_command(nm_job *job, const char *command)
{
    if (!strstr(command, "{model}"))
        nm_throw(job, NM_EUSE,
                 "--solver-command \"%s\": {model} is not in it; {solution}, {seconds} and "
                 "{threads} may be",
                 command);
    return (nm_runner){"solver", command, ".sol", &nm_dialect_generic, true};
}

/* Returns the first word of its command: the program. */
static const char *program_of(nm_job *job, const nm_runner *r)
{
    const char *from = r->command + strspn(r->command, " ");
    return nm_dup(job, from, strcspn(from, " "));
}

/* Returns true if the program is in a folder of PATH. */
static bool on_path(nm_job *job, const char *program)
{
    const nm_mark mark = nm_mark_get(job);
    const char *at = getenv("PATH");
    bool here = false;
    for (at = at ? at : ""; !here && *at; at += strcspn(at, ":"), at += *at == ':')
        here = access(nm_fmt(job, "%.*s/%s", (int)strcspn(at, ":"), at, program), X_OK) == 0;
    nm_mark_release(job, mark);
    return here;
}

/* Puts a value so that the shell reads it as it is: quote is the quote that it stands in, or 0. A path that begins with
 * a dash would be read as an option. */
static void put_value(nm_buf *b, const char *value, char quote)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:,+=@%-";
    const bool open = !quote && value[strspn(value, plain)];
    if (open) nm_put(b, "'");
    if (*value == '-') nm_put(b, "./");
    for (; *value; value++) {
        if (quote == '"' && strchr("\"\\$`", *value)) nm_put(b, "\\");
        nm_put(b, quote != '"' && *value == '\'' ? "'\\''" : "%c", *value);
    }
    if (open) nm_put(b, "'");
}

static const char *filled(nm_job *job, const char *command, const char *const *key,
                          const char *const *value)
{
    nm_buf b = {.job = job};
    char quote = 0;
    while (*command) {
        size_t k = 0;
        while (key[k] && strncmp(command, key[k], strlen(key[k])) != 0) k++;
        if (key[k]) {
            put_value(&b, value[k], quote);
            command += strlen(key[k]);
            continue;
        }
        if (*command == '\\' && quote != '\'' && command[1])
            nm_put_bytes(&b, command++, 1);
        else if (*command == quote)
            quote = 0;
        else if (!quote && (*command == '\'' || *command == '"'))
            quote = *command;
        nm_put_bytes(&b, command++, 1);
    }
    return b.s;
}

typedef struct {
    const char *command, *log;
} call;

/* Becomes the solver's shell, in the child. */
static void become(nm_job *job, void *arg)
{
    const call *c = arg;
    (void)job;
    const int in = open("/dev/null", O_RDONLY),
              out = open(c->log, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (in < 0 || out < 0) _exit(127);
    dup2(in, 0);
    dup2(out, 1);
    dup2(out, 2);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    execl("/bin/sh", "sh", "-c", c->command, (char *)NULL);
    _exit(127);
}

/* Returns true if the shell knows the program of a user's own command, or if the command does not begin with a plain
 * word that could be asked for. */
static bool shell_knows(nm_job *job, const char *program)
{
    for (const char *at = program; *at; at++)
        if (!isalnum((unsigned char)*at) && !strchr("_./+-", *at)) return true;
    call how = {nm_fmt(job, "command -v %s", program), "/dev/null"};
    nm_child *c = nm_child_start(job, program, (nm_child_opts){.group = true}, become, &how);
    const int status = nm_child_wait(job, c, INFINITY);
    nm_child_end(job, c);
    return status == 0 || nm_stopped(job);
}

void nm_runner_need(nm_job *job, const nm_runner *r, const char *flag)
{
    const char *program = program_of(job, r);
    if (r->is_own && !shell_knows(job, program))
        nm_throw(job, NM_EUSE, "%s \"%s\": the program %s is not there, or cannot be run", flag,
                 r->command, program);
    if (!r->is_own && !on_path(job, program))
        nm_throw(
            job, NM_EUSE,
            "%s %s: the program %s is not on the PATH; without %s the embedded CBC is asked, or "
            "netmip compile "
            "writes models for a solver that runs elsewhere, and netmip decode reads its solutions",
            flag, r->name, program, flag);
}

static nm_sol *nothing(nm_job *job, const nm_runner *r, const char *why)
{
    nm_sol *s = NM_NEW(job, nm_sol);
    *s = (nm_sol){.solver = r->name,
                  .status_text = why,
                  .status = NM_SOL_NONE,
                  .objective = NAN,
                  .bound = NAN,
                  .n_rows = -1,
                  .n_cols = -1};
    return s;
}

typedef struct {
    const nm_modelcard *map;
    const char *path, *log;
    nm_sol *sol;
} reading;

static void read_sol(nm_job *job, void *arg)
{
    reading *r = arg;
    r->sol = nm_sol_answer(job, r->path, r->log);
    nm_sol_check(job, r->sol, *r->map, r->path);
    if (!r->sol->has_values) return;
    const double *x = nm_sol_columns(job, r->sol, r->map->n_cols, r->map->cols, r->path);
    r->sol->n = 0;
    for (size_t j = 0; j < r->map->n_cols; j++)
        *NM_PUSH(job, r->sol->vals, r->sol->n, r->sol->cap) = (struct nm_solval){r->map->cols[j],
                                                                                 x[j], (int64_t)j};
}

/* Returns how a log ends, as the end of a sentence: the log itself may be gone when the message is read. */
static const char *log_end(nm_job *job, const char *log)
{
    char tail[240];
    FILE *f = fopen(log, "rbe");
    if (f && fseek(f, 1 - (long)sizeof tail, SEEK_END)) rewind(f);
    size_t n = f ? fread(tail, 1, sizeof tail - 1, f) : 0;
    if (f) fclose(f);
    while (n && tail[n - 1] <= ' ') n--;
    tail[n] = 0;
    const char *last = strrchr(tail, '\n');
    return n ? nm_fmt(job, "; its log ends: %s", last ? last + 1 : tail) : "; its log is empty";
}

static double seconds_of(nm_run_opts o) { return o.seconds > 0 ? ceil(o.seconds) : 1e7; }

const char *nm_runner_line(nm_job *job, const nm_runner *r, const char *model, const char *stem,
                           nm_run_opts o, const char **solution)
{
    *solution = nm_fmt(job, "%s.%s%s", stem, r->name, r->suffix);
    const char *const key[] = {"{model}",   "{solution}", "{seconds}",
                               "{threads}", "{options}",  NULL};
    const char *const value[] = {model, *solution, nm_fmt(job, "%.0f", seconds_of(o)),
                                 nm_fmt(job, "%zu", o.threads),
                                 strstr(r->command, "{options}") && r->dialect->options
                                     ? nm_write_options(job, r->dialect, model, stem, o.threads)
                                     : "/dev/null"};
    return filled(job, r->command, key, value);
}

nm_sol *nm_runner_solve(nm_job *job, const nm_runner *r, nm_modelcard map, const char *stem,
                        nm_run_opts o)
{
    if (o.seconds < 0) return nothing(job, r, "time limit");
    const char *solution, *log = nm_fmt(job, "%s.%s.log", stem, r->name),
                          *command = nm_runner_line(job, r, map.model_path, stem, o, &solution);
    unlink(solution); /* may be left from an earlier run */
    call how = {command, log};
    nm_child *c = nm_child_start(
        job, r->name, (nm_child_opts){.memory = o.memory << 20, .group = true}, become, &how);
    const int status = nm_child_wait(job, c, nm_wall() + seconds_of(o) + GRACE);
    nm_child_end(job, c);
    if (nm_interrupted(job)) return nothing(job, r, "interrupted");
    if (status < 0) return nothing(job, r, "time limit: it was killed");
    if (status == 127) nm_throw(job, NM_EUSE, "%s could not be run%s", r->name, log_end(job, log));
    if (!nm_file_exists(solution))
        return nothing(
            job, r, nm_fmt(job, "no solution file (exit status %d)%s", status, log_end(job, log)));
    reading read = {&map, solution, log, NULL};
    const int code = nm_run(job, read_sol, &read);
    return code ? nothing(job, r, nm_message_of(job, code)) : read.sol;
}
