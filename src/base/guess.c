/* guess.c: which known word a mistyped one was meant to be.
 *
 * The distance between two words is the number of letters that have to be inserted, deleted or replaced, a swap of two
 * neighbours counting as one (Damerau 1964, Levenshtein 1966; no letter is changed twice), upper and lower case alike.
 * The nearest word is suggested if its distance is at most a third of the length of what was written, leading dashes
 * not counted: a more distant word would be no help. Cost: the product of the lengths, for each known word. */
#include "base/base.h"

#include <ctype.h>

enum { LONGEST = 40 }; /* letters; longer words are not compared */

static int plain(char c) { return c == '_' ? '-' : tolower((unsigned char)c); }

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

/* Returns the distance of two words of at most LONGEST letters. */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
    size_t d[LONGEST + 1][LONGEST + 1];
    for (size_t i = 0; i <= n; i++) d[i][0] = i;
    for (size_t k = 0; k <= m; k++) d[0][k] = k;
    for (size_t i = 1; i <= n; i++)
        for (size_t k = 1; k <= m; k++) {
            const bool same = plain(a[i - 1]) == plain(b[k - 1]);
            d[i][k] = least(least(d[i - 1][k], d[i][k - 1]) + 1, d[i - 1][k - 1] + !same);
            if (i > 1 && k > 1 && plain(a[i - 1]) == plain(b[k - 2]) &&
                plain(a[i - 2]) == plain(b[k - 1]))
                d[i][k] = least(d[i][k], d[i - 2][k - 2] + 1);
        }
    return d[n][m];
}

const char *nm_guess(nm_job *job, const char *s, size_t n, const nm_word *words)
{
    const nm_word *best = NULL;
    size_t dashes = 0, most;
    while (dashes < n && s[dashes] == '-') dashes++;
    if (n > LONGEST) return NULL;
    most = (n - dashes) / 3;
    for (const nm_word *w = words; w->name; w++) {
        const size_t len = strlen(w->name);
        const size_t far = len <= LONGEST ? distance(s, n, w->name, len) : LONGEST;
        if (far > most || (best && far == most)) continue;
        best = w;
        most = far;
    }
    return best ? nm_fmt(job, "did you mean %s?", best->says ? best->says : best->name) : NULL;
}

const nm_word *nm_words_split(nm_job *job, const char *text, const char *cut)
{
    size_t n = 0, cap = 0;
    nm_word *w = NULL;
    for (const char *s = text; *s;) {
        const size_t len = strcspn(s, cut);
        *NM_PUSH(job, w, n, cap) = (nm_word){.name = nm_dup(job, s, len)};
        s += len;
        s += strspn(s, cut);
    }
    *NM_PUSH(job, w, n, cap) = (nm_word){0};
    return w;
}

const char *nm_words_list(nm_job *job, const nm_word *words)
{
    nm_buf b = {.job = job};
    nm_put(&b, "%s", "");
    for (const nm_word *w = words; w->name; w++)
        nm_put(&b, w == words ? "%s" : ", %s", w->says ? w->says : w->name);
    return b.s;
}

const char *nm_words_help(nm_job *job, const char *s, size_t n, const nm_word *words)
{
    const char *guess = nm_guess(job, s, n, words);
    return guess ? guess : nm_fmt(job, "one of %s was expected", nm_words_list(job, words));
}
