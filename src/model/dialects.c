/* dialects.c: the list of dialects, and checks of what they can express. */
#include "base/base.h"
#include "model/model.h"

#define DIALECT(name, meaning) &nm_dialect_##name,
static const nm_dialect *const all[] = {
#include "model/dialects.def"
};
#undef DIALECT
enum { N = sizeof all / sizeof *all };

const nm_word *nm_dialect_words(void)
{
    static const nm_word words[] = {
#define DIALECT(name, meaning) {#name, NULL, meaning},
#include "model/dialects.def"
#undef DIALECT
        {0},
    };
    return words;
}

const nm_dialect *nm_dialect_find(nm_job *job, const char *name)
{
    for (size_t i = 0; i < N; i++)
        if (strcmp(all[i]->name, name) == 0) return all[i];
    nm_throw(job, NM_EUSE, "--dialect %s: unknown; %s", name,
             nm_words_help(job, name, strlen(name), nm_dialect_words()));
}

/* Returns the dialects that can express it, for a message. */
static const char *sayers(nm_job *job, bool lp, unsigned needs)
{
    nm_buf b = {.job = job};
    for (size_t i = 0; i < N; i++)
        if (((lp ? all[i]->lp : all[i]->mps) & needs) == needs)
            nm_put(&b, b.n ? ", %s" : "%s", all[i]->name);
    return b.n ? b.s : "none";
}

void nm_dialect_check(nm_job *job, const nm_dialect *d, bool lp, unsigned needs, const char *what)
{
    const unsigned lack = needs & ~(lp ? d->lp : d->mps);
    if (lp && d->no_lp)
        nm_throw(job, NM_EUNSUP, "--dialect %s: its solver does not read this LP format; write .mps", d->name);
    if (lack)
        nm_throw(job, NM_EUNSUP, "%s: dialect %s has no %s in %s; there is one with --dialect %s", what, d->name,
                 nm_needs_name(lack), lp ? "LP" : "MPS", sayers(job, lp, needs));
}

const char *nm_model_suffix(const char *path)
{
    static const char *const known[] = {".mps.gz", ".lp.gz", ".mps", ".lp"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (nm_has_suffix(path, known[i])) return known[i];
    return NULL;
}

const char *nm_model_stem(nm_job *job, const char *path, const char **suffix)
{
    *suffix = nm_model_suffix(path);
    if (!*suffix) nm_throw(job, NM_EUSE, "%s: a model file ends in .mps, .mps.gz, .lp or .lp.gz", path);
    return nm_dup(job, path, strlen(path) - strlen(*suffix));
}

bool nm_is_lp(nm_job *job, const char *path)
{
    const char *suffix;
    nm_model_stem(job, path, &suffix);
    return suffix[1] == 'l';
}
