/* set_table.c: lists the rows of sets.def: names, arguments and meanings. */
#include "base/base.h"
#include "question/question.h"
#include "question/set.h"

const nm_word *nm_sets_words(void)
{
    static const nm_word words[] = {
#define SET(name, syntax, meaning) {#name, syntax, meaning},
#include "question/sets.def"
#undef SET
        {0},
    };
    return words;
}

void nm_sets_table(nm_buf *b)
{
    nm_put(b, "| `--perturb` | points |\n|---|---|\n");
    for (const nm_word *w = nm_sets_words(); w->name; w++)
        nm_put(b, "| `%s` | %s |\n", w->says, w->meaning);
}
