/* command.h, the door of command: the command line: its options and one function a verb. What a verb does is a room's;
 * here it must never be more than flags, files and calls. */
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
    const char *verb, **file, *value[NM_N_OPTS]; /* "" for a switch that is set */
} nm_cli;
void nm_cli_parse(nm_job *job, nm_cli *c, int argc, char **argv);
bool nm_cli_has(const nm_cli *c, nm_opt o);

/* ---- help.c ------------------------------------------------------------------------------------- */
void nm_help_overview(nm_buf *b); /* a screenful: the verbs, and how to go on */
void nm_help_print(nm_buf *b,
                   const char *name); /* of a verb, a page or a list; refuses other names */
_Noreturn void nm_help_no_verb(nm_job *job,
                               const char *word); /* says which verb was perhaps meant */

/* ---- verb/: the rows VERB of command.def: the answer goes to out; gives the exit code ----------- */
#define VERB(name, use, files, help, exits)                                                        \
    int nm_verb_##name(nm_job *job, const nm_cli *c, nm_buf *out);
#include "command/command.def"
#undef VERB

#endif
