/* verb_decode.c: a solver's solution file, read back into a verdict. */
#include "base/base.h"
#include "question/question.h"
#include "search/search.h"
#include "answer/answer.h"
#include "command/command.h"
#include "command/flags.h"

int nm_verb_decode(nm_job *job, const nm_cli *c, nm_buf *out)
{
    nm_cli_files(job, c, 2, c->argc, "a map and a solution file");
    const nm_query *q;
    nm_verdict *v = nm_decode(job, c->file[0], (size_t)c->n_files - 1, c->file + 1,
                              nm_cli_get(c, NM_O_log), &q);
    const char *dir = nm_cli_get(c, NM_O_output);
    if (dir && (v->witness || v->has_range)) nm_folder_make(job, dir);
    const nm_files f = nm_report_files(job, dir, q, v->witness);
    nm_range_files(job, dir, q, v);
    (nm_cli_has(c, NM_O_json) ? nm_report_json : nm_report_text)(out, q, v, &f, false);
    return v->status;
}
