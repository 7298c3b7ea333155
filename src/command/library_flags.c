/* library_flags.c: which flags of the command the functions of netmip.h read. A function refuses by name every option
 * that it does not read, so that none is set without effect; a new row of command.def is refused until a list here has
 * it. Arguments that are missing are found here, too. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "command/command.h"
#include "command/flags.h"

/* The functions, and the verb whose flags each one reads. */
static const struct { const char *name, *verb; nm_face face; } functions[] = {
    {"nm_net_load", "solve", NM_F_NET},
    {"nm_net_parse", "solve", NM_F_NET},
    {"nm_query_make", "solve", NM_F_QUESTION},
    {"nm_query_load", "solve", NM_F_BESIDE},
    {"nm_bound_units", "bounds", NM_F_UNITS},
    {"nm_solve", "solve", NM_F_SOLVE},
    {"nm_compile", "compile", NM_F_ARRAYS},
    {"nm_compile_files", "compile", NM_F_FILES},
    {"nm_decode_files", "decode", NM_F_DECODE},
    {"nm_embed_files", "embed", NM_F_EMBED},
};
enum { N_FUNCTIONS = sizeof functions / sizeof *functions };

#define QUESTION_ALONE NM_O_margin, NM_O_objective, NM_O_differ, NM_O_guard
#define STAGES                                                                                     \
    NM_O_bounds, NM_O_threads, NM_O_split, NM_O_encoding, NM_O_one_sided, NM_O_fold, NM_O_no_units
#define END NM_N_OPTS

static const nm_opt read[NM_N_FACES][32] = {
    [NM_F_NET] = {NM_O_channels, NM_O_mean, NM_O_std, NM_O_against, NM_O_input_shape, NM_O_output_name, END},
    [NM_F_QUESTION] = {NM_O_image, NM_O_label, NM_O_labels, NM_O_perturb, NM_O_domain, NM_O_target,
                       QUESTION_ALONE, END},
    [NM_F_BESIDE] = {QUESTION_ALONE, END},
    [NM_F_UNITS] = {NM_O_bounds, NM_O_threads, NM_O_all_rows, END},
    [NM_F_SOLVE] = {STAGES, NM_O_solver, NM_O_solver_command, NM_O_confirm, NM_O_keep, NM_O_memory,
                    NM_O_time_limit, NM_O_seed, NM_O_no_evaluate, NM_O_no_attack, NM_O_no_split,
                    NM_O_no_branch, NM_O_no_solve, NM_O_arithmetic, NM_O_output, END},
    [NM_F_FILES] = {STAGES, NM_O_dialect, NM_O_mps, NM_O_cuts, NM_O_start, NM_O_priorities,
                    NM_O_options, NM_O_comments, NM_O_always_write, END},
    [NM_F_DECODE] = {NM_O_output, END},
    [NM_F_EMBED] = {NM_O_into, NM_O_inputs, NM_O_outputs, NM_O_bounds, NM_O_encoding, NM_O_dialect, NM_O_threads, END},
    [NM_F_ARRAYS] = {STAGES, NM_O_dialect, NM_O_always_write, END},
};

bool nm_face_reads(nm_face face, nm_opt o)
{
    for (const nm_opt *k = read[face]; *k != END; k++)
        if (*k == o) return true;
    return false;
}

const char *nm_face_list(nm_job *job, const char *function)
{
    size_t k = 0;
    while (k < N_FUNCTIONS && strcmp(functions[k].name, function)) k++;
    if (k == N_FUNCTIONS) nm_throw(job, NM_EUSE, "%s: not a function that reads options", function);
    nm_buf b = {.job = job};
    for (const nm_opt *o = read[functions[k].face]; *o != END; o++) {
        const nm_flag *f = nm_flag_find(functions[k].verb, *o);
        const char *value = f ? f->value : "";
        nm_put(&b, *value ? "%s %s\n" : "%s\n", nm_cli_name(job, *o), value);
    }
    return b.s;
}

/* Returns where the first of the names, "net, query", is whose pointer is NULL; else NULL. */
static const char *missing(const char *names, const void *const *given)
{
    for (const char *s = names; *s; s += strcspn(s, ","), s += strspn(s, ", "), given++)
        if (!*given) return s;
    return NULL;
}

typedef struct {
    void (*body)(nm_job *job, void *arg);
    void *arg;
    const char *function, *names;
    const void *const *given;
} guarded;

static void run_guarded(nm_job *job, void *arg)
{
    const guarded *g = arg;
    const char *name = missing(g->names, g->given);
    if (name)
        nm_throw(job, NM_EUSE, "%s: %.*s is NULL; it must be given", g->function, (int)strcspn(name, ","), name);
    g->body(job, g->arg);
}

int nm_face_run(nm_job *job, void (*body)(nm_job *, void *), void *arg, const char *function, const char *names,
                const void *const *given)
{
    guarded g = {body, arg, function, names, given};
    return job ? nm_run(job, run_guarded, &g) : NM_EUSE;
}

const nm_cli *nm_face_options(nm_job *job, const nm_options *o, nm_face face, const char *what)
{
    nm_cli *c = NM_NEW(job, nm_cli);
    if (o) *c = o->c;
    for (int k = 0; k < NM_N_OPTS; k++) {
        if (!c->value[k]) continue;
        if (!nm_face_reads(face, (nm_opt)k))
            nm_throw(job, NM_EUSE, "%s: not an option of %s", nm_cli_name(job, (nm_opt)k), what);
        c->value[k] = nm_dup(job, c->value[k],
                             strlen(c->value[k])); /* a copy, which may outlive the options */
    }
    if (c->image.x && face != NM_F_QUESTION)
        nm_throw(job, NM_EUSE, "image: not an option of %s", what);
    return c;
}

void nm_face_fits(nm_job *job, const nm_net *net, const nm_query *q)
{
    if (q->n_in != net->n_in || q->n_out != net->n_out)
        nm_throw(job, NM_EUSE,
                 "a question about %zu inputs and %zu outputs, and a network of %zu and %zu; one made for this "
                 "network was expected",
                 q->n_in, q->n_out, net->n_in, net->n_out);
    if (strcmp(q->net_hash, net->hash))
        nm_throw(job, NM_EUSE,
                 "a question about network %s (SHA-256 %.12s..), and network %s (%.12s..); one made for this network "
                 "was expected",
                 q->net, q->net_hash, net->path, net->hash);
}
