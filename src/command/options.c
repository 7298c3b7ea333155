/* options.c: parses the command line by the OPT and ALSO rows of command.def. */
#include "base/base.h"
#include "command/command.h"
#include "command/flags.h"

static const char *const names[] = {
#define OPT(name, group, kind, value, verbs, dflt, help) #name,
#include "command/command.def"
#undef OPT
};
_Static_assert(sizeof names / sizeof *names == NM_N_OPTS,
               "a row of command.def for every NM_O_ name");

const char *nm_cli_name(nm_job *job, nm_opt o)
{
    char *name = nm_dup(job, names[o], strlen(names[o]));
    for (char *s = name; *s; s++)
        if (*s == '_') *s = '-';
    return name;
}

const char *nm_cli_get(const nm_cli *c, nm_opt o) { return c->value[o]; }
const char *nm_cli_guard(const nm_cli *c)
{
    const char *say = c->value[NM_O_guard];
    return say && strcmp(say, "auto") ? say : NULL;
}

bool nm_cli_has(const nm_cli *c, nm_opt o) { return c->value[o] != NULL; }

/* Option names are written with dashes, but with underscores in command.def. */
static bool same(const char *arg, size_t n, const char *name)
{
    if (n != strlen(name)) return false;
    for (size_t i = 0; i < n; i++)
        if ((arg[i] == '-' ? '_' : arg[i]) != name[i]) return false;
    return true;
}

static int find(const char *arg, size_t n)
{
    for (int i = 0; i < (int)NM_N_OPTS; i++)
        if (same(arg, n, names[i])) return i;
    return -1;
}

/* Returns what stands behind the flag at i, by = or as the next word; NULL: nothing that could be its value. */
static const char *value_at(const nm_cli *c, int i)
{
    const char *eq = strchr(c->argv[i], '=');
    return eq ? eq + 1 : i + 1 < c->argc && c->argv[i + 1][0] != '-' ? c->argv[i + 1] : NULL;
}

/* Refuses the flag at i, of n letters, that no verb has; says what is meant, or which flag of the verb is nearest. */
static _Noreturn void unknown(nm_job *job, const nm_cli *c, int i, size_t n)
{
    const char *arg = c->argv[i], *foreign = nm_flag_foreign(job, c->verb, arg, n, value_at(c, i));
    if (foreign) nm_throw(job, NM_EUSE, "%s: unknown option; %s", arg, foreign);
    nm_word *known = NULL;
    size_t count = 0, cap = 0;
    for (const nm_flag *f = nm_flag_next(c->verb, NULL); f; f = nm_flag_next(c->verb, f))
        *NM_PUSH(job, known, count,
                 cap) = (nm_word){.name = nm_fmt(job, "--%s", nm_cli_name(job, f->opt))};
    *NM_PUSH(job, known, count, cap) = (nm_word){.name = "--help"};
    *NM_PUSH(job, known, count, cap) = (nm_word){0};
    const char *guess = nm_guess(job, arg, n, known);
    nm_throw(job, NM_EUSE, "%s: unknown option; %s", arg,
             guess ? guess : nm_fmt(job, "netmip %s --help lists its options", c->verb));
}

static void set(nm_job *job, nm_cli *c, nm_opt o, const char *arg, const char *value)
{
    const bool sweeps = o == NM_O_perturb && strcmp(c->verb, "batch") == 0;
    if (c->value[o] && o != NM_O_network && !sweeps)
        nm_throw(job, NM_EUSE, "%s is given twice", arg);
    if (o == NM_O_network) c->network[c->n_networks++] = value;
    if (sweeps) c->perturb[c->n_perturbs++] = value;
    c->value[o] = value;
}

/* Reads the flag at i and its value; returns where it ends. */
static int option(nm_job *job, nm_cli *c, int i)
{
    const char *arg = c->argv[i], *eq = strchr(arg, '=');
    const bool dash_o = strcmp(arg, "-o") == 0, is_long = strncmp(arg, "--", 2) == 0;
    const size_t n = eq ? (size_t)(eq - arg) : strlen(arg);
    const int o = dash_o ? (int)NM_O_output : is_long ? find(arg + 2, n - 2) : -1;
    if (o < 0) unknown(job, c, i, n);
    const nm_flag *f = nm_flag_find(c->verb, (nm_opt)o);
    if (!f) {
        const char *foreign = nm_flag_foreign(job, c->verb, arg, n, value_at(c, i));
        nm_throw(job, NM_EUSE, "%s: not an option of netmip %s, only of %s%s%s", arg, c->verb,
                 nm_flag_verbs(job, (nm_opt)o), foreign ? "; " : "", foreign ? foreign : "");
    }
    const bool is_switch = !*f->value;
    if (is_switch && eq) nm_throw(job, NM_EUSE, "%s: takes no value", arg);
    if (is_switch || (eq && !dash_o)) {
        set(job, c, f->opt, arg, is_switch ? "" : eq + 1);
        return i;
    }
    if (i + 1 >= c->argc) nm_throw(job, NM_EUSE, "%s: %s was expected after it", arg, f->value);
    set(job, c, f->opt, arg, c->argv[i + 1]);
    return i + 1;
}

void nm_cli_put(nm_job *job, nm_cli *c, const char *name, const char *value)
{
    const int o = find(name, strlen(name));
    if (o < 0)
        nm_throw(job, NM_EUSE, "%s: no such option; a flag of the command, without leading dashes, was expected", name);
    const nm_flag *f = NULL;
    for (const nm_verb *v = nm_verbs(); v->name && !f; v++) f = nm_flag_find(v->name, (nm_opt)o);
    const bool is_switch = f && !*f->value;
    if (!is_switch && !value) nm_throw(job, NM_EUSE, "%s: %s was expected", name, f ? f->value : "a value");
    if (is_switch && value && *value) nm_throw(job, NM_EUSE, "%s %s: takes no value", name, value);
    c->value[o] = is_switch ? "" : nm_dup(job, value, strlen(value));
}

/* true: of a verb that takes any number of files */
static bool takes_many(const char *verb)
{
    static const char *const verbs[] = {"decode", "check", "batch", "bench", "compare", "report"};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verb, verbs[i]) == 0) return true;
    return false;
}

void nm_cli_parse(nm_job *job, nm_cli *c, int argc, char **argv)
{
    c->argc = argc;
    c->argv = argv;
    c->verb = argv[1];
    c->file = NM_ARRAY(job, const char *, (size_t)argc + 2);
    c->network = NM_ARRAY(job, const char *, (size_t)argc);
    c->perturb = NM_ARRAY(job, const char *, (size_t)argc);
    for (int i = 2; i < argc; i++) {
        if (argv[i][0] == '-' && argv[i][1]) {
            i = option(job, c, i);
        } else {
            if (c->n_files == 2 && !takes_many(c->verb))
                nm_throw(job, NM_EUSE, "%s: one file too many", argv[i]);
            c->file[c->n_files++] = argv[i];
        }
    }
}

double nm_cli_num(nm_job *job, const nm_cli *c, nm_opt o, double dflt)
{
    const char *s = c->value[o];
    double x = dflt;
    if (s && (!nm_num_parse(s, s + strlen(s), &x) || x < 0))
        nm_throw(job, NM_EUSE, "--%s %s: a number of 0 or more was expected", nm_cli_name(job, o),
                 s);
    return x;
}

const char *nm_cli_pick(nm_job *job, const nm_cli *c, nm_opt o, const char *choices)
{
    const size_t first = strcspn(choices, "|");
    const char *s = c->value[o];
    if (!s) return nm_dup(job, choices, first);
    for (const char *at = choices; *at; at += strcspn(at, "|"), at += *at == '|')
        if (strlen(s) == strcspn(at, "|") && strncmp(at, s, strlen(s)) == 0) return s;
    const char *guess = nm_guess(job, s, strlen(s), nm_words_split(job, choices, "|"));
    nm_throw(job, NM_EUSE, "--%s %s: %s", nm_cli_name(job, o), s,
             guess ? guess : nm_fmt(job, "%s was expected", choices));
}
