/* ops.c: the registry of operators. Rows never see it. */
#include "all.h"

#include <strings.h>

static const nm_op *const ops[] = {
#define OP(x) &nm_op_##x,
#include "menu.def"
#undef OP
};

const nm_op *nm_op_find(const char *type, bool any_case)
{
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if ((any_case ? strcasecmp : strcmp)(ops[i]->names, type) == 0) return ops[i];
    return NULL;
}

const char *nm_op_list(nm_job *job)
{
    nm_buf b = {.job = job};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        nm_put(&b, i ? " %s" : "%s", ops[i]->names);
    return b.s;
}
