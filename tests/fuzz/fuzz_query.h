/* fuzz_query.h: what fuzz_readers.c promises of questions in JSON. Included by it alone. */
typedef struct {
    const nm_net *net;
    nm_file f;
    bool same;
} reading;

static void read_query(nm_job *job, void *arg)
{
    reading *r = arg;
    const nm_query *q = nm_read_queryjson(job, r->net, r->f);
    nm_buf a = {.job = job}, b = {.job = job};
    nm_query_print(&a, q);
    a.n = 0;
    nm_query_write(&a, q);
    const nm_file again = {"again", (const unsigned char *)a.s, a.n};
    nm_query_write(&b, nm_query_parse(job, nm_json_parse(job, again), "again"));
    r->same = a.n == b.n && memcmp(a.s, b.s, a.n) == 0;
    nm_queryjson_print(job, &b, r->f, false);
}

/* a question reads back from its own text; with a network, and without one where it says all itself */
static void use_query(nm_job *job, nm_file f)
{
    static const char tiny[] =
        "{\"netmip\":\"network\",\"version\":1,\"input\":{\"shape\":[2]},\"layers\":["
        "{\"op\":\"dense\",\"weight\":[[1,-1],[0.5,2]],\"bias\":[0,-1]}]}";
    const nm_file n = {"tiny", (const unsigned char *)tiny, sizeof tiny - 1};
    nm_net *net = nm_net_new(job, nm_read_netjson(job, n), n);
    if (memchr(f.data, '@', f.n)) net = nm_net_join(job, net, net);
    nm_query_is(f);
    for (int with = 0; with < 2; with++) {
        reading r = {with ? net : NULL, f, NULL};
        const int code = nm_run(job, read_query, &r);
        require(code != NM_OK || r.same, "a question reads back as it was");
        if (code && with)
            nm_throw(job, code == NM_EUSE ? NM_EINPUT : code, "%s", nm_message_of(job, code));
    }
}
