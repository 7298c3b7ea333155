/* flags.h: what verbs read from the command line. Private to command. */
#ifndef NM_COMMAND_FLAGS_H
#define NM_COMMAND_FLAGS_H

#include "command/command.h"

/* ---- options.c ---------------------------------------------------------------------------------- */
const char *nm_cli_get(const nm_cli *c, nm_opt o);
const char *nm_cli_guard(const nm_cli *c); /* the number of --guard, or NULL where it is auto */
double nm_cli_num(nm_job *job, const nm_cli *c, nm_opt o, double dflt);
/* choices a|b|c, the first is the default */
const char *nm_cli_pick(nm_job *job, const nm_cli *c, nm_opt o, const char *choices);

/* ---- verb_common.c ------------------------------------------------------------------------------ */
size_t nm_cli_whole(nm_job *job, const nm_cli *c, nm_opt o, double dflt, int lo, int hi);
void nm_cli_range(nm_job *job, const nm_cli *c, int64_t count, int64_t *from, int64_t *to); /* --range */
void nm_cli_files(nm_job *job, const nm_cli *c, int lo, int hi, const char *what); /* how many were expected */
bool nm_cli_dump(nm_job *job, const nm_cli *c, nm_buf *out, const nm_net *net, const nm_query *q);

#endif
