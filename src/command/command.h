/* command.h, the door of command: the command line: its options, and one function for each verb. The work of a verb is
 * done in other rooms; here there must never be more than flags, files and calls. */
#ifndef NM_COMMAND_H
#define NM_COMMAND_H

#include "study/study.h"

/* ---- options.c: the rows OPT of command.def ----------------------------------------------------- */
typedef enum {
#define OPT(name, group, kind, value, verbs, dflt, help) NM_O_##name,
#include "command/command.def"
#undef OPT
    NM_N_OPTS
} nm_opt;
typedef struct nm_cli {
    int argc, n_files;
    char **argv;
    const char *verb, **file, *value[NM_N_OPTS]; /* value: "" for a switch that is set */
    size_t n_networks, n_perturbs;
    const char **network, **perturb; /* values of --network, and of --perturb on batch: no other flag may be repeated */
    /* set by the library instead of files: */
    nm_file bytes;         /* the network instead of its file; data NULL: none */
    nm_tensor image;       /* instead of --image; x NULL: none */
} nm_cli;
void nm_cli_parse(nm_job *job, nm_cli *c, int argc, char **argv);
void nm_cli_outputs_apart(nm_job *job, const nm_cli *c); /* outputs.c: refuses to write over what the command reads */
bool nm_cli_has(const nm_cli *c, nm_opt o);
void nm_cli_keep_memory(nm_job *job, const nm_cli *c); /* limits the job's memory to --memory, except of compile */
const char *nm_cli_name(nm_job *job, nm_opt o); /* "time-limit": with dashes, but without leading ones */
/* Sets an option of any verb by its name, without leading dashes, for the library. */
void nm_cli_put(nm_job *job, nm_cli *c, const char *name, const char *value);

/* ---- help.c ------------------------------------------------------------------------------------- */
void nm_help_overview(nm_buf *b); /* one screen: the verbs, and where to read more */
void nm_help_print(nm_buf *b,
                   const char *name); /* for a verb, a page or a list; refuses other names */
_Noreturn void nm_help_no_verb(nm_job *job,
                               const char *word); /* suggests the verb that was probably meant */

/* ---- question_flags.c: networks and questions --------------------------------------------------- */
nm_net *nm_cli_net(nm_job *job, const nm_cli *c); /* the first file, joined with --against */
nm_query *nm_cli_question(nm_job *job, const nm_cli *c, const nm_net *net);
const nm_front *nm_cli_front(nm_job *job, const nm_cli *c); /* NULL: none of its flags is set */

/* ---- verb_common.c: options of the pipeline ----------------------------------------------------- */
nm_levels nm_cli_levels(nm_job *job, const nm_cli *c);
nm_solve_opts nm_cli_solve_opts(nm_job *job, const nm_cli *c, bool compile);
nm_unit_opts nm_cli_unit_opts(nm_job *job, const nm_cli *c); /* for the verb bounds */

/* ---- library_flags.c: options of the library's functions ---------------------------------------- */
struct nm_options { nm_job *job; nm_cli c; };
typedef enum {
    NM_F_NET, NM_F_QUESTION, NM_F_BESIDE, NM_F_UNITS, NM_F_SOLVE, NM_F_FILES, NM_F_ARRAYS, NM_F_DECODE, NM_F_EMBED,
    NM_N_FACES
} nm_face;
/* Returns the options of o (NULL: none) for a function of this kind, named `what`; refuses, by name, options that the
 * function does not read. */
const nm_cli *nm_face_options(nm_job *job, const nm_options *o, nm_face face, const char *what);
void nm_face_fits(nm_job *job, const nm_net *net, const nm_query *q); /* refuses a question of another network */
bool nm_face_reads(nm_face face, nm_opt o);
/* Returns the options of a function, one a line: its name and, behind a blank, its value as help names it. */
const char *nm_face_list(nm_job *job, const char *function);
/* Runs body as nm_run does; NM_EUSE, by name, if one of the arguments behind c, which must be given, is NULL. */
#define NM_FACE_RUN(job, body, c, ...)                                                             \
    nm_face_run(job, body, c, __func__, #__VA_ARGS__, (const void *const[]){__VA_ARGS__})
int nm_face_run(nm_job *job, void (*body)(nm_job *, void *), void *arg, const char *function, const char *names,
                const void *const *given);

/* ---- verb/: the rows VERB of command.def: each writes its answer to out and returns the exit code - */
#define VERB(name, use, files, help, exits)                                                        \
    int nm_verb_##name(nm_job *job, const nm_cli *c, nm_buf *out);
#include "command/command.def"
#undef VERB

#endif
