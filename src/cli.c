/* cli.c: the command line, from the OPT rows of menu.def: parsing, usage, and the question that it asks. */
#include "all.h"

#include <stdlib.h>

static const struct {
    const char *name, *value, *verbs, *help;
} rows[] = {
#define OPT(name, value, verbs, help) {#name, value, verbs, help},
#include "menu.def"
#undef OPT
};
enum { N_OPTS = sizeof rows / sizeof *rows };
_Static_assert((int)N_OPTS == (int)NM_N_OPTS, "a row of menu.def for every NM_O_ name");

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

/* option names are written with dashes, and stand in menu.def with underscores */
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

const nm_front *nm_cli_front(nm_job *job, const nm_cli *c)
{
    if (!nm_cli_has(c, NM_O_mean) && !nm_cli_has(c, NM_O_std) && !nm_cli_has(c, NM_O_channels))
        return NULL;
    nm_front *f = NM_NEW(job, nm_front);
    *f = (nm_front){nm_cli_get(c, NM_O_mean), nm_cli_get(c, NM_O_std),
                    nm_cli_get(c, NM_O_channels)};
    return f;
}

nm_net *nm_cli_net(nm_job *job, const nm_cli *c)
{
    const char *flag = c->value[NM_O_against];
    const nm_preface own = c->n_files > 1 ? nm_query_preface(job, c->file[1])
                                          : (nm_preface){NULL, NULL};
    const char *said = own.against;
    if (flag && said) nm_throw(job, NM_EUSE, "--against %s: %s names one, too", flag, c->file[1]);
    const nm_front *front = nm_cli_front(job, c); /* both networks read the same pixels */
    if (!front) front = own.front; /* should they differ, the question's reader says so */
    nm_net *net = nm_net_read_as(job, c->file[0], front);
    if (flag || said) net = nm_net_join(job, net, nm_net_read_as(job, flag ? flag : said, front));
    net->front = front;
    return net;
}

/* a question from a file of the VNN-LIB standard, with the flags that go beside one */
static nm_query *beside(nm_job *job, const nm_cli *c, const nm_net *net, const nm_ask *a)
{
    nm_query *q = nm_read_vnnlib(job, net, c->file[1]);
    q->guard = nm_cli_guard(c) ? nm_cli_num(job, c, NM_O_guard, 0) : 0;
    if (a->differ || (a->objective && strncmp(a->objective, "range:", 6) == 0) ||
        (net->second && nm_measure_open(q))) {
        const nm_measure m = nm_measure_of(job, net, a);
        if (!nm_measure_open(q))
            nm_throw(job, NM_EUNSUP,
                     "%s: speaks of outputs; this question is asked over a set of inputs alone",
                     c->file[1]);
        nm_measure_set(job, net, m, a, q);
        q->path = NULL; /* the file is a part of the question only: its text tells it from others */
        memset(q->hash, 0, sizeof q->hash);
    } else {
        q->objective = *nm_cli_pick(job, c, NM_O_objective, "feasible|worst") == 'w' ? NM_WORST
                                                                                     : NM_FEASIBLE;
    }
    nm_query_worst(job, q, c->file[1]);
    return q;
}

nm_query *nm_cli_question(nm_job *job, const nm_cli *c, const nm_net *net)
{
    const nm_ask a = {.image = c->value[NM_O_image],
                      .label = c->value[NM_O_label],
                      .labels = c->value[NM_O_labels],
                      .perturb = c->value[NM_O_perturb],
                      .domain = c->value[NM_O_domain],
                      .target = c->value[NM_O_target],
                      .margin = c->value[NM_O_margin],
                      .objective = c->value[NM_O_objective],
                      .guard = nm_cli_guard(c),
                      .differ = c->value[NM_O_differ]};
    if (c->n_files < 2) {
        nm_query *asked = nm_query_ask(job, net, &a);
        nm_query_range(job, net, asked);
        return asked;
    }
    const bool is_json = nm_query_is(nm_file_read(job, c->file[1]));
    const bool beside_json = a.margin || a.objective || a.guard || a.differ;
    if (a.image || a.label || a.labels || a.perturb || a.domain || a.target ||
        (a.margin && !a.differ) || (is_json && beside_json))
        nm_throw(job, NM_EUSE, "%s: a question from a file and one from flags", c->file[1]);
    nm_query *q = is_json ? nm_query_read(job, net, c->file[1]) : beside(job, c, net, &a);
    nm_query_range(job, net, q);
    return q;
}

void nm_cli_help(nm_buf *b)
{
    nm_put(b, "netmip compiles questions about neural networks into mixed-integer programs, and "
              "reads the answers back.\n\n");
#define VERB(name, use, help) nm_put(b, "  netmip %-8s%-30s %s\n", #name, use, help);
#include "menu.def"
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
