/* question_flags.c: reads the networks and the question that the command line names. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "command/command.h"
#include "command/flags.h"

const nm_front *nm_cli_front(nm_job *job, const nm_cli *c)
{
    nm_front *f = NM_NEW(job, nm_front);
    const char *images = nm_cli_get(c, NM_O_images);
    *f = (nm_front){.mean = nm_cli_get(c, NM_O_mean),
                    .std = nm_cli_get(c, NM_O_std),
                    .channels = nm_cli_get(c, NM_O_channels),
                    .shape = nm_cli_get(c, NM_O_input_shape),
                    .output = nm_cli_get(c, NM_O_output_name),
                    .image = images ? nm_fmt(job, "%s:0", images) : nm_cli_get(c, NM_O_image)};
    return nm_front_says(f) || f->image ? f : NULL;
}

/* Reads the network; if it has a fixed batch, as many samples as the question's file asks about. */
static nm_net *read_asked(nm_job *job, const nm_cli *c, const nm_front *front)
{
    const nm_file f = c->bytes.data ? c->bytes : nm_file_read(job, c->file[0]);
    nm_net *net = nm_net_of(job, f, front);
    if (!net->batch || c->n_files < 2) return net;
    nm_front asked = front ? *front : (nm_front){0};
    asked.n_asked = nm_query_asked(job, c->file[1]);
    return asked.n_asked && asked.n_asked != net->n_in ? nm_net_of(job, f, &asked) : net;
}

nm_net *nm_cli_net(nm_job *job, const nm_cli *c)
{
    const char *flag = c->value[NM_O_against];
    const nm_preface own = c->n_files > 1 ? nm_query_preface(job, c->file[1])
                                          : (nm_preface){NULL, NULL};
    const char *said = own.against;
    if (flag && said) nm_throw(job, NM_EUSE, "--against %s: %s also names a second network", flag, c->file[1]);
    const nm_front *front = nm_cli_front(job, c); /* both networks read the same pixels */
    if (!front || !nm_front_says(front))
        front = own.front ? own.front
                          : front; /* if the question's differ, its reader refuses them */
    nm_net *net = read_asked(job, c, front);
    if (!flag && !said) return net;
    nm_front again = net->front ? *net->front : (nm_front){0};
    again.n_asked = net->n_in;
    return nm_net_join(job, net, nm_net_read_as(job, flag ? flag : said, &again));
}

/* Reads a question from a VNN-LIB file together with the flags that can complete it. */
static nm_query *beside(nm_job *job, const nm_cli *c, const nm_net *net, const nm_ask *a)
{
    nm_query *q = nm_read_vnnlib(job, net, c->file[1]);
    q->guard = nm_cli_guard(c) ? nm_cli_num(job, c, NM_O_guard, 0) : 0;
    if (a->differ || (a->objective && strncmp(a->objective, "range:", 6) == 0) ||
        (net->second && nm_measure_open(q))) {
        const nm_measure m = nm_measure_of(job, net, a);
        if (!nm_measure_open(q))
            nm_throw(job, NM_EUNSUP,
                     "%s: has conditions on outputs; this question needs a file about inputs only",
                     c->file[1]);
        nm_measure_set(job, net, m, a, q);
        q->path = NULL; /* the file is only a part of the question, so its hash would not identify it */
        memset(q->hash, 0, sizeof q->hash);
    } else {
        q->objective = *nm_cli_pick(job, c, NM_O_objective, "feasible|worst") == 'w' ? NM_WORST
                                                                                     : NM_FEASIBLE;
    }
    nm_query_worst(job, q, c->file[1]);
    return q;
}

static nm_query *question(nm_job *job, const nm_cli *c, const nm_net *net)
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
                      .array = c->image.x ? &c->image : NULL,
                      .differ = c->value[NM_O_differ]};
    if (c->n_files < 2) {
        nm_query *asked = nm_query_ask(job, net, &a);
        nm_query_range(job, net, asked);
        return asked;
    }
    const bool is_json = nm_query_is(nm_file_read(job, c->file[1]));
    const bool beside_json = a.margin || a.objective || a.guard || a.differ;
    if (a.image || a.array || a.label || a.labels || a.perturb || a.domain || a.target ||
        (a.margin && !a.differ) || (is_json && beside_json))
        nm_throw(job, NM_EUSE, "%s: a question from this file and one from flags; only one was expected", c->file[1]);
    nm_query *q = is_json ? nm_query_read(job, net, c->file[1]) : beside(job, c, net, &a);
    nm_query_range(job, net, q);
    return q;
}

nm_query *nm_cli_question(nm_job *job, const nm_cli *c, const nm_net *net)
{
    nm_query *q = question(job, c, net);
    q->own_guard = nm_cli_guard(c) != NULL;
    q->net = nm_dup(job, net->path, strlen(net->path));
    memcpy(q->net_hash, net->hash, sizeof q->net_hash);
    return q;
}
