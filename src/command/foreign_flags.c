/* foreign_flags.c: what netmip calls things that other verifiers (alpha-beta-CROWN, ERAN, Marabou, MIPVerify, nnenum),
 * or other verbs, call by another flag: a table, one row each. Of several rows of a flag the first one counts whose
 * option the verb has. No row is an alias: the flag is refused, and the message says what to write. */
#include "base/base.h"
#include "command/command.h"
#include "command/flags.h"

#include <ctype.h>

enum { ALWAYS = NM_N_OPTS }; /* a row for every verb */

static const struct {
    const char *flags; /* separated by spaces, with dashes, in small letters */
    int needs;         /* the option that the verb must have */
    const char *says;  /* {} stands for the number given with the flag, or else for E */
} rows[] = {
    {"eps epsilon radius delta eps-max", NM_O_perturb, "did you mean --perturb linf:{}?"},
    {"linf l-inf", NM_O_perturb, "did you mean --perturb linf:{}?"},
    {"l2", NM_O_perturb, "did you mean --perturb l2:{}?"},
    {"l1", NM_O_perturb, "did you mean --perturb l1:{}?"},
    {"norm p", NM_O_perturb, "the norm is said with the radius: --perturb linf:E, l2:E or l1:E"},
    {"timeout time timelimit max-time time-out", NM_O_time_limit, "did you mean --time-limit?"},
    {"time-limit timelimit time-out", NM_O_timeout, "did you mean --timeout?"},
    {"model onnx onnx-path netname net net-file network-file network nn", NM_O_network,
     "did you mean --network?"},
    {"model onnx onnx-path netname net net-file network-file network nn", ALWAYS,
     "the network is the first argument, without a flag"},
    {"property property-path prop spec vnnlib vnnlib-path query", NM_O_query,
     "did you mean --query?"},
    {"property property-path prop spec vnnlib vnnlib-path query", NM_O_perturb,
     "the question's file is the second argument, without a flag"},
    {"image img input inputs dataset data data-path dataset-path", NM_O_images,
     "did you mean --images?"},
    {"images img input input-file data", NM_O_image, "did you mean --image?"},
    {"dataset data-path dataset-path start end begin", NM_O_image,
     "many images are asked about by netmip batch"},
    {"start end begin from to num-tests", NM_O_range, "did you mean --range A:B?"},
    {"target-label target-class targeted adv-label", NM_O_target, "did you mean --target?"},
    {"true-label correct-label class y label-index", NM_O_label, "did you mean --label?"},
    {"label true-label y", NM_O_labels, "did you mean --labels?"},
    {"clip input-bounds bounds-input", NM_O_domain, "did you mean --domain LO,HI?"},
    {"tightening tightening-algorithm bound-prop-method method", NM_O_bounds,
     "did you mean --bounds?"},
    {"num-workers jobs cpus num-threads nproc processes workers", NM_O_threads,
     "did you mean --threads?"},
    {"num-workers jobs cpus num-threads nproc processes threads", NM_O_workers,
     "did you mean --workers?"},
    {"results-file result-file summary-file save-file", NM_O_json,
     "the answer goes to stdout, by --json as JSON"},
    {"o output out out-file outdir output-dir", NM_O_dir, "did you mean --dir?"},
    {"out out-file outdir output-dir dir", NM_O_output, "did you mean -o?"},
    {"verbose verbosity v", NM_O_quiet, "messages are printed unless --quiet is given"},
    {"config", ALWAYS, "no file of options is read: every option is a flag"},
    {"device gpu", ALWAYS, "everything runs on the machine's processors: no flag is needed"},
    {"complete", ALWAYS, "the search is complete, unless a limit stops it: no flag is needed"},
};

static bool same(const char *said, size_t n, const char *flag, size_t m)
{
    if (n != m) return false;
    for (size_t i = 0; i < n; i++)
        if ((said[i] == '_' ? '-' : tolower((unsigned char)said[i])) != flag[i]) return false;
    return true;
}

static bool lists(const char *flags, const char *said, size_t n)
{
    for (; *flags; flags += strspn(flags, " ")) {
        const size_t m = strcspn(flags, " ");
        if (same(said, n, flags, m)) return true;
        flags += m;
    }
    return false;
}

const char *nm_flag_foreign(nm_job *job, const char *verb, const char *arg, size_t n,
                            const char *value)
{
    double x;
    const size_t dashes = strspn(arg, "-");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (dashes > n || !lists(rows[i].flags, arg + dashes, n - dashes)) continue;
        if (rows[i].needs != ALWAYS && !nm_flag_find(verb, (nm_opt)rows[i].needs)) continue;
        const char *hole = strstr(rows[i].says, "{}");
        if (!hole) return rows[i].says;
        if (!value || !nm_fraction_parse(value, value + strlen(value), &x)) value = "E";
        return nm_fmt(job, "%.*s%s%s", (int)(hole - rows[i].says), rows[i].says, value, hole + 2);
    }
    return NULL;
}
