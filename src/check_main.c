/* check_main.c: netmip-check, the checker of certificates as a program of its own.
 *
 * It holds the readers of networks, questions and images, the lowering, the judge, and proof: nothing that bounds,
 * searches, or makes models, and no solver. Its flags are those of `netmip check` about one network, with the same
 * names and meaning; its answer and exit codes are the same. Left out: --against, --differ, --objective, --json and
 * --batch. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "proof/proof.h"

#include <stdlib.h>

typedef struct {
    nm_ask ask;
    nm_front front;
    const char **file;     /* a network, perhaps a question, certificates */
    size_t n_files, first; /* the first certificate */
    bool exact;
} said;

typedef struct {
    int argc, code;
    char **argv;
    nm_buf out;
} run_t;

static const char usage[] =
    "netmip-check NET QUESTION PROOF..\n"
    "netmip-check NET --image FILE[:INDEX] --perturb SET [--label N | --labels FILE] PROOF..\n\n"
    "Checks certificates that netmip solve --proof or netmip batch --proofs wrote; more flags, as "
    "of netmip check:\n"
    "--exact --domain --target --margin --guard --mean --std --channels --input-shape --output-name.\n"
    "Exit code: 0 accepted: holds; 10 accepted: violated; 6 one is rejected; 2 to 5 as netmip's.\n";

/* Sets a flag; returns false if there is none of that name. */
static bool set(said *s, const char *name, size_t n, const char *value)
{
    const struct {
        const char *name, **to;
    } flag[] = {{"image", &s->ask.image},         {"label", &s->ask.label},
                {"labels", &s->ask.labels},       {"perturb", &s->ask.perturb},
                {"domain", &s->ask.domain},       {"target", &s->ask.target},
                {"margin", &s->ask.margin},       {"guard", &s->ask.guard},
                {"mean", &s->front.mean},         {"std", &s->front.std},
                {"channels", &s->front.channels}, {"input-shape", &s->front.shape},
                {"output-name", &s->front.output}};
    for (size_t i = 0; i < sizeof flag / sizeof *flag; i++)
        if (strlen(flag[i].name) == n && !strncmp(flag[i].name, name, n))
            return *flag[i].to = value, true;
    return false;
}

static said parse(nm_job *job, int argc, char **argv)
{
    said s = {.file = NM_ARRAY(job, const char *, (size_t)argc + 1)};
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i], *equals = strchr(word, '=');
        if (strncmp(word, "--", 2)) {
            s.file[s.n_files++] = word;
            continue;
        }
        if (!strcmp(word, "--exact")) {
            s.exact = true;
            continue;
        }
        const char *value = equals ? equals + 1 : i + 1 < argc ? argv[i + 1] : NULL;
        const size_t n = equals ? (size_t)(equals - word) - 2 : strlen(word) - 2;
        if (!value || !set(&s, word + 2, n, value))
            nm_throw(job, NM_EUSE, "%s: %s; see netmip-check --help", word,
                     value ? "there is no such flag here" : "a value was expected");
        i += !equals;
    }
    s.first = s.ask.perturb || s.ask.image ? 1 : 2;
    if (s.n_files <= s.first)
        nm_throw(job, NM_EUSE, "%s were expected; see netmip-check --help",
                 s.first == 1 ? "beside --image and --perturb, a network and certificates"
                              : "a network, a question and certificates");
    return s;
}

static const nm_query *question(nm_job *job, const said *s, const nm_net *net)
{
    nm_query *q;
    if (s->first == 1)
        q = nm_query_ask(job, net, &s->ask);
    else if (nm_query_is(nm_file_read(job, s->file[1])))
        q = nm_query_read(job, net, s->file[1]);
    else
        q = nm_read_vnnlib(job, net, s->file[1]);
    nm_query_range(job, net, q);
    return q;
}

/* Reads the network; one with a fixed batch, as many samples as the question's file asks about. */
static const nm_net *network(nm_job *job, said *s)
{
    s->front.image = s->ask.image;
    const nm_file f = nm_file_read(job, s->file[0]);
    const nm_preface own = s->first == 2 ? nm_query_preface(job, s->file[1])
                                         : (nm_preface){NULL, NULL};
    if (own.against)
        nm_throw(job, NM_EUNSUP, "netmip-check: a question about one network was expected");
    nm_front front = own.front && !nm_front_says(&s->front) ? *own.front : s->front;
    const nm_net *net = nm_net_of(job, f, nm_front_says(&front) || front.image ? &front : NULL);
    if (!net->batch || s->first == 1) return net;
    front.n_asked = nm_query_asked(job, s->file[1]);
    return front.n_asked && front.n_asked != net->n_in ? nm_net_of(job, f, &front) : net;
}

static void run(nm_job *job, void *arg)
{
    run_t *r = arg;
    r->out = (nm_buf){.job = job};
    for (int i = 1; i < r->argc; i++)
        if (!strcmp(r->argv[i], "--help") || !strcmp(r->argv[i], "--version")) {
            nm_put(&r->out, "%s", r->argv[i][2] == 'h' ? usage : NM_VERSION "\n");
            return;
        }
    said s = parse(job, r->argc, r->argv);
    const nm_net *net = network(job, &s);
    const nm_query *q = question(job, &s, net);
    for (size_t i = s.first; i < s.n_files; i++) {
        const char *path = s.file[i];
        const nm_checked c = nm_proof_check(job, net, NULL, q, nm_file_read(job, path), s.exact);
        if (c.accepted)
            nm_put(&r->out, "accepted: %s (%s, %s)\n", nm_status_word(c.claim),
                   nm_counted(job, c.clauses, "clauses"), nm_counted(job, c.steps, "steps"));
        else
            nm_put(&r->out, "rejected: %s:%d: %s\n", path, c.line, c.why);
        const int code = c.accepted ? c.claim : NM_EAUDIT;
        if (i == s.first || code == NM_EAUDIT) r->code = code;
    }
}

int main(int argc, char **argv)
{
    nm_job *job = nm_job_new();
    if (!job) return fprintf(stderr, "netmip-check: out of memory\n"), NM_EIO;
    run_t r = {.argc = argc, .code = NM_OK, .argv = argv};
    const int thrown = nm_run(job, run, &r);
    if (thrown) fprintf(stderr, "netmip-check: %s\n", nm_job_message(job));
    int code = thrown ? thrown : r.code;
    if (!thrown && (fwrite(r.out.s, 1, r.out.n, stdout) != r.out.n || fflush(stdout))) {
        fprintf(stderr, "netmip-check: cannot write the answer\n");
        code = NM_EIO;
    }
    nm_job_free(job);
    return code;
}
