/* operators.c: the table of all operators. */
#include "base/base.h"
#include "network/network.h"
#include "network/operator.h"

#include <strings.h>

static const nm_op *const ops[] = {
#define OP(x, traits) &nm_op_##x,
#include "network/operators.def"
#undef OP
};
enum { N_OPS = sizeof ops / sizeof *ops };
static const unsigned traits_of[] = {
#define READS         NM_OP_READS
#define ALIKE         NM_OP_ALIKE
#define TAKES         NM_OP_TAKES
#define RESHAPES      NM_OP_RESHAPES
#define PERMUTES      NM_OP_PERMUTES
#define ENLARGES      NM_OP_ENLARGES
#define OP(x, traits) traits,
#include "network/operators.def"
#undef OP
};

unsigned nm_op_traits(const nm_op *op)
{
    for (size_t i = 0; i < N_OPS; i++)
        if (ops[i] == op) return traits_of[i];
    return 0;
}

/* Returns the word in `names` that is `type`, or NULL. */
static const char *word_of(const char *names, const char *type, bool any_case)
{
    const size_t n = strlen(type);
    for (const char *s = names; *s; s += strcspn(s, " "), s += *s == ' ')
        if (strcspn(s, " ") == n && !(any_case ? strncasecmp : strncmp)(s, type, n)) return s;
    return NULL;
}

const nm_op *nm_op_find(nm_job *job, const char *type, bool any_case, const char **name)
{
    for (size_t i = 0; i < N_OPS; i++) {
        const char *word = word_of(ops[i]->names, type, any_case);
        if (!word) continue;
        *name = nm_dup(job, word, strlen(type));
        return ops[i];
    }
    return NULL;
}

const char *nm_op_guess(nm_job *job, const char *type)
{
    nm_buf b = {.job = job};
    for (size_t i = 0; i < N_OPS; i++)
        if (ops[i]->eval) nm_put(&b, b.n ? " %s" : "%s", ops[i]->names);
    const char *guess = nm_guess(job, type, strlen(type), nm_words_split(job, b.s, " "));
    return guess ? guess : "netmip inspect --ops prints those that are";
}

void nm_op_names(nm_buf *b)
{
    for (size_t i = 0; i < N_OPS; i++)
        for (const char *s = ops[i]->names; ops[i]->lower && *s;
             s += strcspn(s, " "), s += *s == ' ')
            nm_put(b, "%.*s\n", (int)strcspn(s, " "), s);
}

void nm_op_table(nm_buf *b)
{
    static const char *const head[] = {
        "| operator | opset | notes |\n|---|---|---|\n",
        "\n| refused | | why |\n|---|---|---|\n",
    };
    for (int refused = 0; refused < 2; refused++) {
        nm_put(b, "%s", head[refused]);
        for (size_t i = 0; i < N_OPS; i++) {
            const nm_op *op = ops[i];
            if ((op->eval == NULL) != (refused == 1)) continue;
            nm_put(b, "| %s | ", op->names);
            if (op->since > 7 || op->until < NM_OPSET) nm_put(b, "%d to %d ", op->since, op->until);
            nm_put(b, "| %s%s|\n", op->notes, *op->notes ? " " : "");
        }
    }
}
