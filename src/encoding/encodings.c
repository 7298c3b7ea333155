/* encodings.c: the list of encodings: NAME or NAME:N. */
#include "base/base.h"
#include "encoding/encoding.h"

const nm_word *nm_encoding_words(void)
{
    static const nm_word words[] = {
#define ENC(name, says, meaning) {#name, says, meaning},
#include "encoding/encodings.def"
#undef ENC
        {0},
    };
    return words;
}

const nm_encoding *nm_encoding_find(nm_job *job, const char *spec, size_t *arg)
{
#define ENC(name, says, meaning) &nm_enc_##name,
    static const nm_encoding *const all[] = {
#include "encoding/encodings.def"
    };
#undef ENC
    const char *colon = strchr(spec, ':');
    const size_t len = colon ? (size_t)(colon - spec) : strlen(spec);
    int64_t n = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const nm_encoding *e = all[i];
        if (strlen(e->name) != len || strncmp(e->name, spec, len) != 0) continue;
        if (!e->arg != !colon)
            nm_throw(job, NM_EUSE, "--encoding %s: %s", spec,
                     e->arg ? nm_fmt(job, "%s:N was expected, N being the number of %s", e->name, e->arg)
                            : "this encoding takes no number");
        if (colon && (!nm_int_parse(colon + 1, spec + strlen(spec), &n) || n < 1 || n > 1000000))
            nm_throw(job, NM_EUSE, "--encoding %s: N, the number of %s, must be 1 or more", spec, e->arg);
        *arg = (size_t)n;
        return e;
    }
    nm_throw(job, NM_EUSE, "--encoding %s: unknown; %s", spec,
             nm_words_help(job, spec, len, nm_encoding_words()));
}
