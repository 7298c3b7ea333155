/* options.c: the command line, from the OPT rows of command.def: parsing, usage, and the question that it asks. */
#include "base/base.h"
#include "command/command.h"
#include "command/flags.h"

static const struct {
    const char *name, *value, *verbs, *help;
} rows[] = {
#define OPT(name, value, verbs, help) {#name, value, verbs, help},
#include "command/command.def"
#undef OPT
};
enum { N_OPTS = sizeof rows / sizeof *rows };
_Static_assert((int)N_OPTS == (int)NM_N_OPTS, "a row of command.def for every NM_O_ name");

const char *nm_cli_name(nm_job *job, nm_opt o)
{
    char *name = nm_dup(job, rows[o].name, strlen(rows[o].name));
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

/* option names are written with dashes, and stand in command.def with underscores */
static bool same(const char *arg, size_t n, const char *name)
{
    if (n != strlen(name)) return false;
    for (size_t i = 0; i < n; i++)
        if ((arg[i] == '-' ? '_' : arg[i]) != name[i]) return false;
    return true;
}

static int find(const char *arg, size_t n)
{
    for (int i = 0; i < N_OPTS; i++)
        if (same(arg, n, rows[i].name)) return i;
    return -1;
}

static bool takes(const char *verbs, const char *verb)
{
    const size_t n = strlen(verb);
    for (const char *s = strstr(verbs, verb); s; s = strstr(s + 1, verb))
        if ((s == verbs || s[-1] == ' ') && (s[n] == ' ' || s[n] == 0)) return true;
    return false;
}

static void set(nm_job *job, nm_cli *c, int o, const char *arg, const char *value)
{
    if (!takes(rows[o].verbs, c->verb))
        nm_throw(job, NM_EUSE, "%s: not an option of netmip %s", arg, c->verb);
    if (c->value[o]) nm_throw(job, NM_EUSE, "%s stands twice", arg);
    c->value[o] = value;
}

static int option(nm_job *job, nm_cli *c, int i)
{
    const char *arg = c->argv[i], *name = arg + 2, *eq = strchr(arg, '=');
    const bool dash_o = strcmp(arg, "-o") == 0;
    if (!dash_o && strncmp(arg, "--", 2))
        nm_throw(job, NM_EUSE, "%s: unknown option; see netmip --help", arg);
    const int o = dash_o ? (int)NM_O_output : find(name, eq ? (size_t)(eq - name) : strlen(name));
    if (o < 0) nm_throw(job, NM_EUSE, "%s: unknown option; see netmip --help", arg);
    const bool is_switch = !*rows[o].value;
    if (is_switch && eq) nm_throw(job, NM_EUSE, "%s: takes no value", arg);
    if (is_switch || (eq && !dash_o)) {
        set(job, c, o, arg, is_switch ? "" : eq + 1);
        return i;
    }
    if (i + 1 >= c->argc)
        nm_throw(job, NM_EUSE, "%s: %s was expected after it", arg, rows[o].value);
    set(job, c, o, arg, c->argv[i + 1]);
    return i + 1;
}

void nm_cli_put(nm_job *job, nm_cli *c, const char *name, const char *value)
{
    const int o = find(name, strlen(name));
    if (o < 0)
        nm_throw(job, NM_EUSE, "%s: no such option; a flag of the command, without its dashes, was expected", name);
    const bool is_switch = !*rows[o].value;
    if (!is_switch && !value) nm_throw(job, NM_EUSE, "%s: %s was expected", name, rows[o].value);
    if (is_switch && value && *value) nm_throw(job, NM_EUSE, "%s %s: takes no value", name, value);
    c->value[o] = is_switch ? "" : nm_dup(job, value, strlen(value));
}

void nm_cli_parse(nm_job *job, nm_cli *c, int argc, char **argv)
{
    c->argc = argc;
    c->argv = argv;
    c->verb = argv[1];
    c->file = NM_ARRAY(job, const char *, (size_t)argc + 2);
    for (int i = 2; i < argc; i++) {
        if (argv[i][0] == '-' && argv[i][1]) {
            i = option(job, c, i);
        } else {
            if (c->n_files == 2 && strcmp(c->verb, "decode") && strcmp(c->verb, "bench"))
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
    nm_throw(job, NM_EUSE, "--%s %s: %s was expected", nm_cli_name(job, o), s, choices);
}

void nm_cli_help(nm_buf *b)
{
    nm_put(b, "netmip compiles questions about neural networks into mixed-integer programs, and "
              "reads the answers back.\n\n");
#define VERB(name, use, help) nm_put(b, "  netmip %-8s%-30s %s\n", #name, use, help);
#include "command/command.def"
#undef VERB
    nm_put(b, "\n"
              "QUERY is a .vnnlib file, a .json question, or --image with --perturb and the flags "
              "below.\n\n");
    for (int i = 0; i < N_OPTS; i++) {
        char name[64];
        snprintf(name, sizeof name, "--%s %s", rows[i].name, rows[i].value);
        for (char *s = name + 2; *s && *s != ' '; s++)
            if (*s == '_') *s = '-';
        nm_put(b, "  %-28s %s\n", name, rows[i].help);
    }
    nm_put(b, "\nexit codes: 0 done, or holds; 10 violated (witness replayed); 11 unknown; 2 "
              "usage; 3 bad input; 4 unsupported;\n"
              "            5 I/O or memory; 6 audit failed (solution breaks the model, or the "
              "witness does not replay)\n");
}
