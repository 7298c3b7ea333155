/* test_threads.c: jobs in threads of their own, at once: the same networks and questions, shared, and others, not
 * shared; every answer is the one that a thread alone gives. `make tsan` runs it under -fsanitize=thread. Libraries
 * that are not compiled so (Clp, cJSON, libpng) it sees only where they call the C library. */
#include "test.h"

#include <pthread.h>

enum { THREADS = 3, ROUNDS = 1, ASKS = 5 };

typedef struct {
    const nm_net *net;
    const nm_query *query[ASKS]; /* shared */
    char *want[ASKS];            /* what one thread found */
} shared;

typedef struct {
    const shared *s;
    int failed, done;
} worker;

static const struct {
    const char *perturb, *objective;
} asked[ASKS] = {{"linf:0.02", "feasible"},
                 {"linf:0.01", "worst"},
                 {"linf:0.08", "feasible"},
                 {"linf:0.001", "range:Y_1-Y_0"},
                 {"brightness:0.05", "feasible"}};

static const nm_query *make(nm_job *job, const nm_net *net, size_t i)
{
    nm_options *o;
    const nm_query *q;
    int code = nm_options_new(job, &o);
    if (!code) code = nm_options_set(o, "image", "models/digits-test-images.idx3.gz:5");
    if (!code) code = nm_options_set(o, "perturb", asked[i].perturb);
    if (!code) code = nm_options_set(o, "objective", asked[i].objective);
    if (!code) code = nm_query_make(job, net, o, &q);
    return code ? NULL : q;
}

/* the answer as a text: all that does not depend on the clock */
static int answer(nm_job *job, const nm_net *net, const nm_query *q, char text[200])
{
    nm_options *o;
    const nm_result *r;
    const nm_units *u;
    const nm_mips *m;
    int code = nm_options_new(job, &o);
    if (!code)
        code = nm_options_set(o, "no-solve",
                              NULL); /* how far CBC gets in its process is not the matter here */
    if (!code) code = nm_solve(job, net, q, o, &r);
    if (!code) code = nm_bound_units(job, net, q, NULL, &u);
    if (!code) code = nm_compile(job, net, q, NULL, &m);
    if (code) return code;
    snprintf(text, 200, "%d %s %.17g %.17g %.17g %.17g %zu", nm_result_status(r),
             nm_result_by(r) ? nm_result_by(r) : "", nm_result_value(r), nm_result_least(r),
             nm_result_margin(r), nm_units_output_lo(u, 0)[3], nm_mips_count(m));
    return NM_OK;
}

static void *work(void *arg)
{
    worker *w = arg;
    for (size_t k = 0; k < ROUNDS * ASKS; k++) {
        nm_job *job = nm_job_new();
        const bool own = k % 3 == 0; /* its own network, else the one of all */
        const nm_net *net = w->s->net;
        char text[200] = "";
        int code = own ? nm_net_load(job, "models/digits-mlp.onnx", NULL, &net) : NM_OK;
        const nm_query *q = code ? NULL : own ? make(job, net, k % ASKS) : w->s->query[k % ASKS];
        if (q) code = answer(job, net, q, text);
        w->failed += code != NM_OK || strcmp(text, w->s->want[k % ASKS]) != 0;
        w->done++;
        nm_job_free(job);
    }
    return NULL;
}

/* models of open targets are solved in processes: CBC, and trees */
static void *solve(void *arg)
{
    worker *w = arg;
    nm_job *job = nm_job_new();
    const nm_net *net;
    nm_options *o;
    const nm_result *r;
    int code = nm_net_load(job, "models/digits-mlp.onnx", NULL, &net);
    const nm_query *q = code ? NULL : make(job, net, 2);
    if (q) code = nm_options_new(job, &o);
    if (q && !code) code = nm_options_set(o, "threads", "2");
    if (q && !code) code = nm_options_set(o, "no-branch", "");
    if (q && !code) code = nm_options_set(o, "time-limit", "2");
    if (q && !code) code = nm_solve(job, net, q, o, &r);
    w->failed = code != NM_OK || !q;
    w->done = 1;
    nm_job_free(job);
    return NULL;
}

static void at_once(const shared *s, void *(*body)(void *), const char *what)
{
    pthread_t thread[THREADS];
    worker w[THREADS];
    for (size_t t = 0; t < THREADS; t++) {
        w[t] = (worker){.s = s};
        CHECK(pthread_create(&thread[t], NULL, body, &w[t]) == 0);
    }
    for (size_t t = 0; t < THREADS; t++) {
        pthread_join(thread[t], NULL);
        CHECK(w[t].failed == 0 && w[t].done > 0, "%s: %d of %d", what, w[t].failed, w[t].done);
    }
}

int main(void)
{
    nm_job *job = nm_job_new();
    shared s;
    CHECK(nm_net_load(job, "models/digits-mlp.onnx", NULL, &s.net) == NM_OK, "%s",
          nm_job_message(job));
    for (size_t i = 0; i < ASKS; i++) {
        s.want[i] = NM_ARRAY(job, char, 200);
        s.query[i] = make(job, s.net, i);
        CHECK(s.query[i] && answer(job, s.net, s.query[i], s.want[i]) == NM_OK, "%s",
              nm_job_message(job));
    }
    at_once(&s, work, "answers");
    at_once(&s, solve, "models");
    nm_job_free(job);
    return t_done("test_threads");
}
