/* row_names.c: explains a row or a column of a model by its name: letters for its kind, then block, unit and part. The
 * words correspond to the formulas at the heads of rows/. */
#include "base/base.h"
#include "encoding/reader.h"

static const char *digits(const char *s, int64_t *x)
{
    const char *end = s;
    while (*end >= '0' && *end <= '9') end++;
    return nm_int_parse(s, end, x) ? end : NULL;
}

nm_modelname nm_modelname_parse(const char *name)
{
    nm_modelname n = {.block = -1, .unit = -1, .part = -1};
    size_t k = 0;
    while (name[k] >= 'a' && name[k] <= 'z' && k < sizeof n.kind - 1) k++;
    memcpy(n.kind, name, k);
    const char *s = name + k;
    if (*s == '_')
        s = digits(s + 1, &n.part); /* rq_0, rin_0: a row of the question */
    else if (*s && (s = digits(s, &n.block)) && *s == '_') {
        s = digits(s + 1, &n.unit);
        if (s && *s == '_') s = digits(s + 1, &n.part);
    }
    if (!s || (*s && strcmp(s, "_lo") && strcmp(s, "_up"))) n.kind[0] = 0;
    if (strcmp(n.kind, "x") == 0) n = (nm_modelname){"x", 0, n.block, -1};
    return n;
}

typedef struct {
    const char *kind;
    bool part;                    /* the name has a third number */
    const char *encoding, *words; /* encoding NULL: any */
} saying;

static const saying row_says[] = {
    {"rq", true, NULL, "the question: row %lld of the clause that a counterexample satisfies"},
    {"rin", true, NULL, "row %lld of the input set"},
    {"ra", true, NULL, "the maximum is at least its candidate %lld"},
    {"rb", true, NULL, "the maximum is its candidate %lld where z of it is 1"},
    {"rs", false, NULL, "one candidate of the maximum wins"},
    {"ra", false, "sos1", "v - s >= a: the unit minus its slack is its pre-activation, from below"},
    {"rb", false, "sos1", "v - s <= a: and from above; one of v, s is 0"},
    {"rb", false, "indicator", "if z = 1: v <= a, so the unit is its pre-activation"},
    {"rc", false, "indicator", "if z = 0: v <= 0, so the unit is 0"},
    {"rb", false, "partition", "v <= the parts of a that z lets through"},
    {"ra", false, NULL, "v >= a: the unit is at least its pre-activation"},
    {"rb", false, NULL, "v <= a - L (1 - z): where z = 1 the unit is its pre-activation"},
    {"rc", false, NULL, "v <= U z: where z = 0 the unit is 0"},
    {"rt", false, NULL, "the chord: v under the line from (L, 0) to (U, U)"},
    {"ri", false, NULL, "where z = 0 the pre-activation is at most 0"},
    {"rg", false, NULL, "a phase that this model's bounds assume"},
    {"rl", false, NULL, "v under its best line over the inputs, split by phase"},
    {"rh", true, NULL, "the hull of the unit's graph: its most violated row of round %lld"},
    {"rp", true, NULL, "part %lld of a is 0 where z = 0, from above"},
    {"rq", true, "partition", "part %lld of a is 0 where z = 0, from below"},
    {"rr", true, NULL, "part %lld of a is its group of terms where z = 1, from above"},
    {"rs", true, NULL, "part %lld of a is its group of terms where z = 1, from below"},
    {"rdp", true, NULL, "input %lld is above the image by its distance at most"},
    {"rdn", true, NULL, "input %lld is below the image by its distance at most"},
    {"rdq", true, NULL, "the difference of input %lld from the image, to be squared"},
    {"rball", true, NULL, "ball %lld of the input set: the distance is its radius at most"},
    {"rsum", true, NULL, "sum %lld of the generators, which are the inputs here"},
    {"rnothing", false, NULL, "nothing: readers want one row at least"}};

static const saying col_says[] = {
    {"x", false, NULL, "an input"},
    {"v", false, NULL, "the unit's value"},
    {"z", false, NULL, "the unit's phase: 1 active, 0 inactive"},
    {"z", true, NULL, "1 where candidate %lld wins"},
    {"s", false, NULL, "the unit's slack: how far its pre-activation is below 0"},
    {"p", true, NULL, "part %lld of the pre-activation where the unit is active"},
    {"d", false, NULL, "how far an input is from the image"},
    {"pix", false, NULL, "1 where a pixel may differ from the image"},
    {"b", false, NULL, "1 where an input may differ from the image"},
    {"q", false, NULL, "an input's difference from the image"},
    {"dist", false, NULL, "the largest difference of an input from the image"},
    {"tmargin", false, NULL, "the largest excess over the rows of the question"},
    {"mark", true, NULL, "the model's mark, 1: a solution that lists it answers this model"},
    {"nothing", false, NULL, "nothing: readers want one column at least"}};

/* Returns true if it is this kind, or this kind with the letters of a further distance. */
static bool is_kind(const char *kind, const char *of)
{
    static const char *const many[] = {"d", "b", "q", "dist", "pix", "rdp", "rdn", "rdq"};
    const size_t n = strlen(of);
    if (strcmp(kind, of) == 0) return true;
    for (size_t i = 0; i < sizeof many / sizeof *many; i++)
        if (strcmp(of, many[i]) == 0) return strncmp(kind, of, n) == 0 && strlen(kind) <= n + 2;
    return false;
}

static const char *say(nm_job *job, const saying *t, size_t n, nm_modelname k, const char *encoding)
{
    for (size_t i = 0; i < n; i++) {
        const size_t len = t[i].encoding ? strlen(t[i].encoding) : 0;
        if (!is_kind(k.kind, t[i].kind) || t[i].part != (k.part >= 0)) continue;
        if (len && (!encoding || strncmp(encoding, t[i].encoding, len))) continue;
        if (strcmp(k.kind, "rq") == 0 && (k.block >= 0) != (len > 0))
            continue; /* rq_0, and rq2_7_0 of a partition */
        if (!strstr(t[i].words, "%lld")) return t[i].words;
        nm_buf b = {.job = job};
        const char *at = strstr(t[i].words, "%lld");
        nm_put(&b, "%.*s%lld%s", (int)(at - t[i].words), t[i].words, (long long)k.part, at + 4);
        return b.s;
    }
    return "a name that netmip does not write";
}

const char *nm_explain_row(nm_job *job, nm_modelname k, const char *encoding)
{
    return say(job, row_says, sizeof row_says / sizeof *row_says, k, encoding);
}

const char *nm_explain_col(nm_job *job, const char *name, nm_modelname k)
{
    if (strncmp(name, "mark_", 5) == 0) k = (nm_modelname){"mark", -1, -1, 0};
    return say(job, col_says, sizeof col_says / sizeof *col_says, k, NULL);
}
