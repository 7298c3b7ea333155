/* solution_edits.h: random damage to solution files, and what of a text spells "infeasible", said again apart from
 * the readers. Included by fuzz_solutions.c and fuzz_verdicts.c. */
#ifndef NM_SOL_EDITS_H

#include "test.h"

#include "solution_seeds.h"

/* how many edits: -n N, else FUZZ=N, else so many */
static inline size_t t_edits(int argc, char **argv, size_t otherwise)
{
    const char *n = argc == 3 && strcmp(argv[1], "-n") == 0 ? argv[2] : getenv("FUZZ");
    return n ? (size_t)strtoul(n, NULL, 10) : otherwise;
}

/* ---- what spells "infeasible", said again ---- */

static bool begins(const char *s, const char *word) { return strncmp(s, word, strlen(word)) == 0; }
static bool line_is(const char *s, const char *word)
{
    s += strspn(s, " \t");
    if (!begins(s, word)) return false;
    s += strlen(word);
    s += strspn(s, " \t\r*");
    return *s == '\n' || *s == 0;
}
/* some line has these words, perhaps behind blanks */
static bool some_line(const char *text, const char *prefix, const char *word)
{
    for (const char *s = text; s; s = strchr(s, '\n') ? strchr(s, '\n') + 1 : NULL) {
        const char *first = s + strspn(s, " \t");
        if (begins(first, prefix) && line_is(first + strlen(prefix), word)) return true;
    }
    return false;
}

static bool glpk_spells(const char *text)
{
    char a, b;
    double x;
    for (const char *s = text; s; s = strchr(s, '\n') ? strchr(s, '\n') + 1 : NULL)
        if ((sscanf(s, "s mip %*d %*d %c %lf", &a, &x) == 2 && a == 'n') ||
            (sscanf(s, "s bas %*d %*d %c %c %lf", &a, &b, &x) == 3 && a == 'n'))
            return true;
    return false;
}

static bool spells(const char *solver, const char *text)
{
    if (strcmp(solver, "cbc") == 0)
        return begins(text, "Infeasible - objective value ") ||
               begins(text, "Integer infeasible - objective value ");
    if (strcmp(solver, "highs") == 0)
        return strchr(text, '\n') && line_is(strchr(text, '\n') + 1, "Infeasible");
    if (strcmp(solver, "highs pretty") == 0) return some_line(text, "Model status:", "Infeasible");
    if (strcmp(solver, "scip") == 0)
        return some_line(text, "solution status:", "infeasible") ||
               some_line(text, "solution status:", "[infeasible]") || strstr(text, "[infeasible]");
    if (strcmp(solver, "glpk") == 0) return glpk_spells(text);
    if (strcmp(solver, "glpk report") == 0)
        return some_line(text, "Status:", "INTEGER EMPTY") ||
               some_line(text, "Status:", "INFEASIBLE (FINAL)");
    if (strcmp(solver, "lp_solve") == 0) return some_line(text, "This problem is", "infeasible");
    if (strcmp(solver, "symphony") == 0)
        return some_line(text, "*", "Problem Infeasible") ||
               some_line(text, "*", "Problem Found Infeasible in Preprocessing");
    if (strcmp(solver, "mosek") == 0)
        return strstr(text, "PROBLEM STATUS") && strstr(text, "PRIMAL_INFEASIBLE");
    if (strcmp(solver, "cplex") == 0)
        return (strstr(text, "=\"3\"") || strstr(text, "103")) && strstr(text, "infeasible");
    if (strcmp(solver, "miplib") == 0) return line_is(text, "=infeas=");
    if (strcmp(solver, "cbc log") == 0)
        return strstr(text, "Problem is infeasible - ") || strstr(text, "Problem proven infeasible");
    const char *status = strcmp(solver, "gurobi json") == 0 ? strstr(text, "\"Status\"") : NULL;
    return status && strchr(status, ':') && strtod(strchr(status, ':') + 1, NULL) == 3;
}

/* ---- edits ---- */

typedef struct {
    char *s;
    size_t n;
} blob;

static void splice(blob *b, size_t at, size_t cut, const char *with, size_t n)
{
    char *out = malloc(b->n - cut + n + 1);
    if (!out) abort();
    memcpy(out, b->s, at);
    memcpy(out + at, with, n);
    memcpy(out + at + n, b->s + at + cut, b->n - at - cut);
    out[b->n - cut + n] = 0;
    free(b->s);
    *b = (blob){out, b->n - cut + n};
}

/* a random line of a text, with its end */
static const char *line_of(const char *s, size_t total, size_t *n)
{
    size_t at = t_below(total + 1);
    while (at > 0 && s[at - 1] != '\n') at--;
    const char *end = memchr(s + at, '\n', total - at);
    *n = end ? (size_t)(end - s) - at + 1 : total - at;
    return s + at;
}

static void edit(blob *b)
{
    static const char *const words[] = {"-1",
                                        "0",
                                        "1e400",
                                        "nan",
                                        "inf",
                                        "3",
                                        "103",
                                        "n",
                                        "n n",
                                        "99999999999999999999",
                                        "-0",
                                        "\"",
                                        "<",
                                        ">",
                                        ":",
                                        " ",
                                        "\n",
                                        "\t",
                                        "infeasible",
                                        "Infeasible",
                                        "Integer infeasible",
                                        " or unbounded",
                                        "INTEGER EMPTY",
                                        "optimal",
                                        "Optimal",
                                        "This problem is infeasible\n",
                                        "PRIMAL_INFEASIBLE",
                                        "x0",
                                        MARK,
                                        "#",
                                        "e o f\n",
                                        "\r\n",
                                        "<!DOCTYPE a>",
                                        "&lt;",
                                        "=infeas=",
                                        "Problem Infeasible"};
    const size_t at = t_below(b->n + 1), rest = b->n - at;
    switch (t_below(8)) {
    case 0:
        if (rest) b->s[at] = (char)(b->s[at] ^ 1 << t_below(8));
        break;
    case 1:
        if (rest) b->s[at] = (char)t_random();
        break;
    case 2: splice(b, at, t_below((rest < 40 ? rest : 40) + 1), "", 0); break;
    case 3:   /* a line of it elsewhere, or twice */
    case 4: { /* a line of another file */
        const char *s = samples[t_below(N_SAMPLES)].text;
        size_t n;
        const char *line = t_below(2) ? line_of(b->s, b->n, &n) : line_of(s, strlen(s), &n);
        char *copy = strndup(line, n);
        size_t to = at, cut = 0;
        while (to > 0 && b->s[to - 1] != '\n') to--;
        if (t_below(2) && memchr(b->s + to, '\n', b->n - to))
            cut = (size_t)((char *)memchr(b->s + to, '\n', b->n - to) - b->s) - to + 1;
        splice(b, to, cut, copy, strlen(copy));
        free(copy);
        break;
    }
    case 5: { /* a word for a word */
        size_t from = at, to;
        while (from < b->n && (unsigned char)b->s[from] <= ' ') from++;
        for (to = from; to < b->n && (unsigned char)b->s[to] > ' ';) to++;
        const char *w = words[t_below(sizeof words / sizeof *words)];
        splice(b, from, to - from, w, strlen(w));
        break;
    }
    default: {
        const char *w = words[t_below(sizeof words / sizeof *words)];
        splice(b, at, 0, w, strlen(w));
    }
    }
}
#endif
