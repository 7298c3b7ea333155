/* say_answer.c: prints an answer and writes the files that belong to it. An answer that took long must not be lost
 * because a folder is full or cannot be written: it is printed all the same, and then the error. */
#include "base/base.h"
#include "search/search.h"
#include "answer/answer.h"
#include "command/command.h"
#include "command/flags.h"

typedef struct {
    const nm_telling *s;
    nm_files files; /* of the witness */
} writing;

static void write_files(nm_job *job, void *arg)
{
    writing *w = arg;
    const nm_telling *s = w->s;
    const char *unproved = s->proof ? nm_record_write(job, s->proof, s->record, s->net, s->q, s->v) : NULL;
    if (unproved) nm_warn(job, "no certificate is written: %s", unproved);
    if (s->dir && (s->v->witness || s->v->range.has)) nm_folder_make(job, s->dir);
    w->files = nm_witness_files(job, s->dir, s->q, s->v->witness);
    nm_range_files(job, s->dir, s->q, s->v);
    nm_files_older(job, s->dir, &w->files, s->v);
}

int nm_cli_say(nm_job *job, const nm_cli *c, nm_buf *out, const nm_telling *s)
{
    writing w = {.s = s};
    const int code = nm_run(job, write_files, &w);
    const char *why = code ? nm_message_of(job, code) : NULL;
    const nm_fact *facts = nm_facts_of(job, s->q, s->v, &w.files, s->compile);
    if (nm_cli_has(c, NM_O_json)) {
        nm_report_json(out, facts, s->check);
    } else {
        nm_report_text(out, facts, s->q, s->v->witness);
        if (s->check) nm_point_text(out, s->check);
    }
    if (code) nm_warn(job, "%s", why);
    return code;
}
