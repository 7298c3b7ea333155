/* spread_flags.c: flags that leave work to others: --slurm, --jobs-file and what goes beside them. */
#include "base/base.h"
#include "solver/solver.h"
#include "study/study.h"
#include "command/command.h"
#include "command/flags.h"

static size_t at_least_one(nm_job *job, const nm_cli *c, nm_opt o)
{
    return nm_cli_has(c, o) ? nm_cli_whole(job, c, o, 1, 1, 1 << 30) : 0;
}

bool nm_cli_spread(nm_job *job, const nm_cli *c, nm_spread *s)
{
    static const nm_opt beside[] = {NM_O_array_limit, NM_O_sbatch};
    *s = (nm_spread){.slurm = nm_cli_has(c, NM_O_slurm),
                     .jobs_file = nm_cli_get(c, NM_O_jobs_file),
                     .sbatch = nm_cli_get(c, NM_O_sbatch),
                     .chunk = at_least_one(job, c, NM_O_chunk),
                     .array_limit = at_least_one(job, c, NM_O_array_limit)};
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
        if (nm_cli_has(c, beside[i]) && !s->slurm)
            nm_throw(job, NM_EUSE, "--%s: goes with --slurm", nm_cli_name(job, beside[i]));
    if (s->slurm && s->jobs_file)
        nm_throw(job, NM_EUSE, "--slurm and --jobs-file: one of them was expected");
    if (s->chunk && !s->slurm && !s->jobs_file)
        nm_throw(job, NM_EUSE, "--chunk: goes with --slurm or --jobs-file");
    return s->slurm || s->jobs_file;
}

const nm_runner *nm_cli_spread_runner(nm_job *job, nm_cli *c)
{
    static const nm_opt of[] = {NM_O_solver, NM_O_solver_command, NM_O_time_limit, NM_O_memory};
    nm_spread s;
    const bool spreads = nm_cli_spread(job, c, &s);
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        if (nm_cli_has(c, of[i]) && !spreads)
            nm_throw(job, NM_EUSE,
                     "--%s: compile runs no solver; it goes with --jobs-file or --slurm",
                     nm_cli_name(job, of[i]));
    if (!spreads) return NULL;
    const char *name = nm_cli_get(c, NM_O_solver), *command = nm_cli_get(c, NM_O_solver_command);
    if (!name == !command || (name && strcmp(name, "embedded") == 0))
        nm_throw(job, NM_EUSE,
                 "--jobs-file and --slurm: --solver NAME of a program, or --solver-command, was "
                 "expected");
    nm_runner *r = NM_NEW(job, nm_runner);
    *r = name ? nm_runner_find(job, name) : nm_runner_command(job, command);
    if (!c->value[NM_O_dialect]) c->value[NM_O_dialect] = r->dialect->name;
    if (strstr(r->command, "{options}") && r->dialect->options) c->value[NM_O_options] = "";
    return r;
}
