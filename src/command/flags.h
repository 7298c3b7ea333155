/* flags.h: what verbs need to read the command line. Private to command. */
#ifndef NM_COMMAND_FLAGS_H
#define NM_COMMAND_FLAGS_H

#include "command/command.h"

/* ---- flag_rows.c: the rows of command.def as data; lists end with a NULL name ---------------------- */
typedef struct nm_flag { /* a flag, as these verbs take it */
    nm_opt opt;
    const char *name, *group, *kind, *value, *verbs, *dflt, *help; /* name: with underscores */
} nm_flag;
typedef struct nm_verb {
    const char *name, *use, *files, *help, *exits;
} nm_verb;
typedef struct nm_manual {
    const char *name, *section, *help;
} nm_manual;
const nm_flag *nm_flag_next(const char *verb,
                            const nm_flag *after); /* the next flag that the verb takes; NULL: none is left */
const nm_flag *nm_flag_find(const char *verb, nm_opt o); /* NULL: the verb does not take it */
const char *nm_flag_verbs(nm_job *job, nm_opt o);        /* "solve, compile": the verbs that take it */
const nm_word *nm_flag_words(nm_job *job,
                             const nm_flag *f); /* words that its value may begin with; may be empty */
const nm_verb *nm_verbs(void);
const nm_manual *nm_manuals(void); /* rows PAGE */
const char *nm_page_title(nm_job *job, const char *name); /* its name in the manual: netmip-NAME */
const nm_word *nm_lists(void);     /* rows LIST */
const nm_word *nm_flag_groups(void);
const nm_word *nm_kinds(void); /* kinds of files, with their endings */
const nm_word *nm_exits(void);
const nm_word *nm_list_words(nm_job *job,
                             const char *list); /* the entries of a list; NULL: unknown here */
bool nm_has_word(const char *words, const char *word); /* in a list separated by blanks */
const nm_verb *nm_verb_find(const char *name);
/* Returns the text with {encodings} and so on filled in. */
const char *nm_filled(nm_job *job, const char *text);

/* ---- options.c ---------------------------------------------------------------------------------- */
const char *nm_cli_get(const nm_cli *c, nm_opt o);
const char *nm_cli_guard(const nm_cli *c); /* the number of --guard; NULL: auto */
double nm_cli_num(nm_job *job, const nm_cli *c, nm_opt o, double dflt);
/* Returns one of the choices a|b|c, of which the first is the default. */
const char *nm_cli_pick(nm_job *job, const nm_cli *c, nm_opt o, const char *choices);

/* ---- verb/verb_batch.c -------------------------------------------------------------------------- */
nm_campaign nm_cli_campaign(nm_job *job, const nm_cli *c); /* what flags ask for, or with --join a folder's own */

/* ---- spread_flags.c ----------------------------------------------------------------------------- */
bool nm_cli_spread(nm_job *job, const nm_cli *c, nm_spread *s); /* false: nothing is left to others */
/* the solver that compile's models are left to, NULL: none; its dialect and options are set, unless flags say others */
const nm_runner *nm_cli_spread_runner(nm_job *job, nm_cli *c);
/* ---- sweep.c ------------------------------------------------------------------------------------ */
bool nm_cli_sweeps(const nm_cli *c); /* several networks or sets: a campaign each */
/* Runs `one` for each network with each set, in a folder of its own in --dir; then puts their table. */
int nm_cli_sweep(nm_job *job, const nm_cli *c, int (*one)(nm_job *job, const nm_cli *c, nm_buf *out), nm_buf *out);

/* ---- verb_common.c ------------------------------------------------------------------------------ */
nm_known *nm_cli_known(nm_job *job, const nm_cli *c, const nm_net *net, const nm_query *q); /* NULL: no flag */
size_t nm_cli_whole(nm_job *job, const nm_cli *c, nm_opt o, double dflt, int lo, int hi);
void nm_cli_range(nm_job *job, const nm_cli *c, int64_t count, int64_t *from, int64_t *to); /* --range */
void nm_cli_files(nm_job *job, const nm_cli *c, int lo, int hi, const char *what); /* refuses other numbers of files */
bool nm_cli_dump(nm_job *job, const nm_cli *c, nm_buf *out, const nm_net *net, const nm_query *q);

/* ---- say_answer.c: an answer, and the files that belong to it ------------------------------------ */
typedef struct nm_telling {
    const char *dir, *proof;    /* for the witness's files, made if it is needed; the certificate; or NULL */
    const nm_net *net;          /* of the certificate */
    const nm_query *q;
    nm_record *record;          /* of the certificate */
    nm_verdict *v;
    bool compile;
    const nm_pointcheck *check; /* or NULL */
} nm_telling;
/* Returns 0, or the code of what could not be written. */
int nm_cli_say(nm_job *job, const nm_cli *c, nm_buf *out, const nm_telling *s);

/* ---- foreign_flags.c: flags of other programs and verbs ------------------------------------------ */
/* Returns what to write instead of arg, of which the first n letters are a flag that the verb does not have; value:
 * what was given with it, or NULL. NULL: not known. */
const char *nm_flag_foreign(nm_job *job, const char *verb, const char *arg, size_t n, const char *value);

#endif
