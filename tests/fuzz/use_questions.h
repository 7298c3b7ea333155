/* use_questions.h: what fuzz_readers.c does with questions that name their networks, with certificates, and with
 * networks that flags ask to be read in another way. Included by it alone. */

#include "proof/proof.h"

static nm_net *small_net(nm_job *job)
{
    static const char text[] =
        "{\"netmip\":\"network\",\"version\":1,\"input\":{\"shape\":[2]},\"layers\":[{\"op\":"
        "\"dense\",\"weight\":[[1,-1],[0.5,2],[-1,1]],\"bias\":[0,-1,0.25]},{\"op\":\"relu\"},"
        "{\"op\":\"dense\",\"weight\":[[1,-1,0.5],[0.5,2,1]],\"bias\":[0,-1]},{\"op\":\"relu\"},"
        "{\"op\":\"dense\",\"weight\":[[1,-1],[-0.5,2]],\"bias\":[0,-0.5]}]}";
    const nm_file f = {"small", (const unsigned char *)text, sizeof text - 1};
    return nm_net_new(job, nm_read_netjson(job, f), f);
}

/* ---- VNN-LIB with networks ---- */

typedef struct {
    const char *path;
    size_t n;
    nm_named given[2];
} asking;

static void ask(nm_job *job, void *arg)
{
    const asking *a = arg;
    const nm_asked q = nm_vnnlib_ask(job, a->path, a->n, a->given);
    nm_buf b = {.job = job};
    for (size_t i = 0; i < q.query->n_cases && i < 4; i++) {
        const nm_case *c = &q.query->cases[i];
        double *x = NM_RAW(job, double, q.query->n_in + 1);
        for (size_t k = 0; k < q.query->n_in; k++) {
            if (!isfinite(c->lo[k]) || !isfinite(c->hi[k])) return;
            x[k] = (c->lo[k] + c->hi[k]) / 2;
        }
        nm_asked_put(&b, &q, x);
        nm_asked_settle(job, &q, i, x);
    }
}

/* alone, and with one network or two; a refusal of those counts as none */
static void use_vnnlib(nm_job *job, nm_file f)
{
    const char *path = path_of(job, f);
    nm_net *net = small_net(job);
    asking a[] = {{path, 1, {{NULL, net}}}, {path, 2, {{"f", net}, {"h", net}}}};
    for (size_t k = 0; k < 2; k++) nm_run(job, ask, &a[k]);
    nm_buf b = {.job = job};
    nm_query_print(&b, nm_read_vnnlib(job, NULL, path));
}

/* ---- certificates ---- */

/* A certificate of a question that holds, or of one that does not, by its last words. What follows its hashes is read;
 * a claim that is false is never accepted. */
static void use_proof(nm_job *job, nm_file f)
{
    static const char ends[] = "(assert (<= X_0 1))(assert (>= X_0 -1))(assert (<= X_1 1))"
                               "(assert (>= X_1 -1))",
                      names[] = "(declare-const X_0 Real)(declare-const X_1 Real)"
                                "(declare-const Y_0 Real)(declare-const Y_1 Real)";
    nm_net *net = small_net(job);
    const bool odd = f.n && f.data[f.n - 1] == ' ';
    const char *q_text = nm_fmt(job, "%s%s(assert (or (<= Y_0 %s) (>= Y_1 9)))", names, ends,
                                odd ? "-2" : "-3");
    const nm_query *q = nm_read_vnnlib(
        job, net, path_of(job, (nm_file){"q", (const unsigned char *)q_text, strlen(q_text)}));
    nm_buf b = {.job = job};
    nm_put(&b, "netmip proof 1\nnetwork %s\nquestion %s\n", net->hash, nm_query_hash(job, q));
    nm_put_bytes(&b, f.data, f.n);
    const nm_file proof = {"fuzz", (const unsigned char *)b.s, b.n};
    const nm_checked r = nm_proof_check(job, net, NULL, q, proof, false);
    const nm_checked exact = nm_proof_check(job, net, NULL, q, proof, true);
    require(!exact.accepted || exact.claim == (odd ? NM_VIOLATED : NM_OK), "a false claim is not accepted");
    require(!r.accepted || (exact.accepted && r.claim == exact.claim), "what doubles prove is proven exactly");
    require(r.accepted || (r.line > 0 && r.why), "a rejected step has a line and a reason");
    if (!r.accepted) nm_throw(job, NM_EAUDIT, "%s", r.why);
}

/* ---- networks as flags ask for them ---- */

typedef struct {
    nm_file f;
    const nm_front *front;
} reading_as;

static void read_as(nm_job *job, void *arg)
{
    const reading_as *r = arg;
    const nm_net *net = nm_net_of(job, r->f, r->front);
    nm_buf b = {.job = job};
    nm_net_print(&b, net);
    if (r->front) nm_put(&b, "%s", nm_front_text(job, r->front));
}

/* Reads the network with flags, which may not fit it: a refusal counts as none. */
static void read_with_flags(nm_job *job, nm_file f)
{
    static const nm_front fronts[] = {{.mean = "0.5", .std = "2"},
                                      {.shape = "1,2"},
                                      {.shape = "4,2", .mean = "0.5"},
                                      {.output = "y"},
                                      {.n_asked = 2},
                                      {.n_asked = 8},
                                      {.channels = "last"}};
    nm_front image = {
        .image = nm_fmt(job, "%s",
                        path_of(job, (nm_file){"i", (const unsigned char *)"P5 2 1 255\nab", 13}))};
    for (size_t k = 0; k <= sizeof fronts / sizeof *fronts; k++) {
        reading_as r = {f, k ? &fronts[k - 1] : &image};
        nm_run(job, read_as, &r);
    }
    reading_as plain = {f, NULL};
    nm_run(job, read_as, &plain);
}

/* ---- a list of CIFAR-10's kind, and pictures of other channels than the network's ---- */

static void use_cifar(nm_job *job, nm_file f)
{
    f.path = "fuzz.bin";
    require(nm_cifar_is(f), "a name that ends in .bin");
    for (int64_t i = 0; i < nm_cifar_count(job, f); i++) {
        check_tensor(nm_read_cifar(job, f, i, false));
        check_tensor(nm_read_cifar(job, f, i, true));
    }
}

typedef struct {
    nm_imageform form;
    const char *path;
} fitting;

static void fit(nm_job *job, void *arg)
{
    const fitting *a = arg;
    check_tensor(nm_image_read(job, a->form, a->path));
    check_tensor(nm_image_read(job, a->form, nm_fmt(job, "%s:0", a->path)));
}

/* Reads the picture for networks of several shapes; a refusal counts as none. */
static void use_picture(nm_job *job, nm_file f)
{
    static const nm_imageform forms[] = {{.n = 4, .shape = {.rank = 4, .dim = {1, 1, 2, 2}}},
                                         {.n = 12, .shape = {.rank = 4, .dim = {1, 3, 2, 2}}},
                                         {.n = 12, .shape = {.rank = 4, .dim = {1, 2, 2, 3}}},
                                         {.n = 8, .shape = {.rank = 2, .dim = {1, 8}}}};
    for (size_t k = 0; k < 4; k++) {
        fitting a = {forms[k], path_of(job, f)};
        nm_run(job, fit, &a);
    }
    nm_image_shape(job, path_of(job, f));
    check_tensor(nm_image_any(job, f, -1));
}
