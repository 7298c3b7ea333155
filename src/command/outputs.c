/* outputs.c: refuses to write over a file that the same command reads, or into a folder that is not there, before any
 * work is done.
 *
 * The files that it reads are its operands and what values of flags name: a value is cut at : , + and @, as in
 * IMAGES:INDEX and linf:0.1+rows:FILE, and each part that is a file counts. */
#include "base/base.h"
#include "command/command.h"
#include "command/flags.h"

#include <sys/stat.h>

/* Returns true if the value, or a part of it, names the file: a part ends at the next cut, at the last colon, or where
 * the value ends. */
static bool names(nm_job *job, const char *value, const char *file)
{
    static const char cuts[] = ":,+@";
    const char *colon = strrchr(value, ':');
    for (const char *from = value; *from; from++) {
        if (from != value && !strchr(cuts, from[-1])) continue;
        const size_t ends[] = {strcspn(from, cuts), colon > from ? (size_t)(colon - from) : 0, strlen(from)};
        for (size_t k = 0; k < sizeof ends / sizeof *ends; k++)
            if (ends[k] && nm_file_same(file, nm_dup(job, from, ends[k]))) return true;
    }
    return false;
}

static bool reads(nm_job *job, const nm_cli *c, nm_opt output, const char *file)
{
    for (int i = 0; i < c->n_files; i++)
        if (nm_file_same(file, c->file[i])) return true;
    for (size_t i = 0; i < c->n_networks; i++)
        if (nm_file_same(file, c->network[i])) return true;
    for (nm_opt o = 0; o < NM_N_OPTS; o++)
        if (o != output && nm_cli_has(c, o) && names(job, nm_cli_get(c, o), file)) return true;
    return false;
}

static void check_folder(nm_job *job, const nm_cli *c, nm_opt output, const char *file)
{
    const nm_flag *f = nm_flag_find(c->verb, output);
    const char *dir = nm_path_dir(job, file);
    if (!*dir || nm_file_exists(dir) || (f && strcmp(f->kind, "folder") == 0)) return;
    nm_throw(job, NM_EIO, "--%s %s: there is no folder %s", nm_cli_name(job, output), file, dir);
}

void nm_cli_outputs_apart(nm_job *job, const nm_cli *c)
{
    static const nm_opt outputs[] = {NM_O_output, NM_O_proof, NM_O_jobs_file};
    const nm_mark mark = nm_mark_get(job);
    struct stat st;
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
        const char *file = nm_cli_has(c, outputs[i]) ? nm_cli_get(c, outputs[i]) : NULL;
        if (file) check_folder(job, c, outputs[i], file);
        if (file && stat(file, &st) == 0 && S_ISREG(st.st_mode) && reads(job, c, outputs[i], file))
            nm_throw(job, NM_EUSE, "--%s %s: this command reads that file; another one was expected",
                     nm_cli_name(job, outputs[i]), file);
    }
    nm_mark_release(job, mark);
}
