/* miplib.c: solutions in MIPLIB's format, which a solver of one's own can write easily: "=obj= X", then name
 * and value of nonzeros; or "=infeas=" or "=unbnd=", and optionally names of columns (the model's mark tells
 * which model). It does not say who wrote it or whether a point is optimal, so a point counts only after
 * replay. "=unkn=" is no answer. */
#include "base/base.h"
#include "solver/solver.h"
#include "solver/format.h"

static const struct word {
    const char *text;
    nm_solstatus status;
    const char *meaning;
} words[] = {{"=obj=", NM_SOL_FEASIBLE, "a solution without a status"},
             {"=infeas=", NM_SOL_INFEASIBLE, "=infeas="},
             {"=unbnd=", NM_SOL_UNBOUNDED, "=unbnd="},
             {"=unkn=", NM_SOL_NONE, "=unkn="}};
enum { WORDS = sizeof words / sizeof *words };

static const struct word *find(nm_span s)
{
    for (size_t i = 0; i < WORDS; i++)
        if (nm_span_is(s, words[i].text)) return &words[i];
    return NULL;
}

static int sniff(const char *text, size_t n)
{
    nm_span tok[1];
    return nm_span_split(nm_first_line(text, n), tok, 1) > 0 && find(tok[0]) ? 90 : 0;
}

static void read_file(nm_job *job, nm_file f, nm_sol *s)
{
    nm_lines l = nm_lines_new(job, f);
    nm_span tok[2];
    const size_t n = nm_span_split(nm_lines_need(&l, "the first line"), tok, 2);
    const struct word *w = find(tok[0]);
    if (n != 1 + (size_t)(w == words))
        nm_lines_bad(&l, "\"=obj=\" and a number, or \"=infeas=\", \"=unbnd=\" or \"=unkn=\" alone");
    nm_sol_status(s, job, nm_span_of(w->meaning), w->status);
    s->sparse = true;
    if (w == words) s->objective = nm_lines_num(&l, tok[1]);
    nm_sol_pairs(&l, s);
}

const nm_soldialect nm_sol_miplib = {"miplib", sniff, read_file, false, false};
