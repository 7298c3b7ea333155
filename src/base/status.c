/* status.c: the words for verdicts, wherever one is written or read. */
#include "base/base.h"

static const struct {
    int status;
    const char *word;
} words[] = {{NM_OK, "holds"}, {NM_VIOLATED, "violated"}, {NM_UNKNOWN, "unknown"}};
enum { N_WORDS = sizeof words / sizeof *words };

const char *nm_status_word(int status)
{
    size_t k = 0;
    while (k + 1 < N_WORDS && words[k].status != status) k++;
    return words[k].word;
}

int nm_status_of(const char *word)
{
    for (size_t k = 0; k < N_WORDS; k++)
        if (strcmp(words[k].word, word) == 0) return words[k].status;
    return -1;
}
