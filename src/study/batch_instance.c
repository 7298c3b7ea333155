/* batch_instance.c: the record of one row of a benchmark, and its counterexample as the VNN competition's checker reads
 * it.
 *
 * As `netmip verify` does it: a counterexample counts if the property's formulas, as they stand in the file, are surely
 * true there, strict comparisons included; what the evaluation of the network gives there is written beside it. The
 * row's time begins before its files are read. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "search/search.h"
#include "study/study.h"
#include "study/benchmark.h"
#include "study/records.h"

/* Puts an assignment in the competition's form: ((X_0 0.5)\n (X_1 ..) .. (Y_0 ..)) for VNN-LIB 1; as the standard
 * writes it for VNN-LIB 2. */
static void put_assignment(nm_job *job, nm_buf *out, const nm_asked *a, const double *x)
{
    nm_buf all = {.job = job};
    nm_asked_put(&all, a, x);
    nm_lines l = nm_lines_new(job, (nm_file){"assignment", (const unsigned char *)all.s, all.n});
    nm_span line, word[3];
    bool first = true;
    while (nm_lines_next(&l, &line)) {
        const bool scalar = nm_span_split(line, word, 3) == 3 && nm_span_is(word[1], "Real") &&
                            nm_span_is(word[2], "[]");
        if (!scalar) { /* VNN-LIB 2 */
            nm_put_bytes(out, all.s, all.n);
            return;
        }
        const nm_span value = nm_lines_need(&l, "its value");
        nm_put(out, "%s(%s %s)", first ? "(" : "\n ", nm_span_dup(job, word[0]),
               nm_span_dup(job, value));
        first = false;
    }
    nm_put(out, ")\n");
}

typedef struct {
    const nm_verdict *v;
    int status; /* of the verdict, after strict comparisons were looked at */
    const char *why, *witness;
    nm_proved proved;
    double limit, cpu, wall;
    bool partial;
} answered;

static void settle(nm_job *job, const nm_campaign *c, int64_t row, const nm_asked *a, answered *s)
{
    s->status = s->v->status;
    s->why = s->v->why;
    if (s->status != NM_VIOLATED) return;
    const double *x = nm_asked_settle(job, a, s->v->witness->icase, s->v->witness->x);
    if (!x) {
        s->status = NM_UNKNOWN;
        s->why = "the point that was found is, within rounding, a tie, which the property excludes";
        return;
    }
    nm_buf b = {.job = job};
    put_assignment(job, &b, a, x);
    s->witness = nm_fmt(job, "witness/%06lld.counterexample", (long long)row);
    nm_file_write(job, nm_fmt(job, "%s/%s", c->dir, s->witness), b.s, b.n);
}

static void put_record(nm_buf *b, const nm_campaign *c, int64_t row, const answered *s)
{
    const bool open = s->status == NM_UNKNOWN;
    nm_jo j = nm_record_start(b, c, row);
    if (s->limit > 0) nm_jo_num(&j, "time_limit", s->limit);
    nm_jo_str(&j, "verdict", nm_status_word(s->status));
    if (s->v->float32) nm_jo_str(&j, "arithmetic", "float32");
    if (s->partial) nm_jo_bool(&j, "partial", true);
    if (open && !s->partial && s->limit > 0 && s->wall >= s->limit)
        nm_jo_bool(&j, "timed_out", true);
    if (!open) nm_jo_str_if(&j, "proved_by", nm_settled_name(s->v->by));
    if (open) nm_jo_str_if(&j, "why", s->partial ? "interrupted" : s->why);
    nm_jo_str_if(&j, "witness", s->witness);
    nm_jo_str_if(&j, "proof", s->proved.proof);
    nm_jo_str_if(&j, "unproved", s->proved.unproved);
    nm_record_end(&j, s->v, s->cpu, s->wall);
}

int nm_instance_solve(nm_job *job, const nm_campaign *c, int64_t row, nm_buf *record)
{
    const nm_benchmark_row *t = &c->rows->row[row];
    answered s = {.limit = nm_benchmark_limit(c, row), .cpu = -nm_cpu(), .wall = -nm_wall()};
    const nm_named net = {NULL, nm_net_read(job, t->net_path)};
    const nm_asked a = nm_vnnlib_ask(job, t->property_path, 1, &net);
    nm_query_range(job, a.net, a.query);
    nm_record r = {0};
    nm_solve_opts o = c->solve;
    o.float32 |= a.query->float32;
    a.query->float32 = o.float32;
    if (c->proofs) o.record = &r;
    if (s.limit > 0) o.time_limit = fmax(s.limit - (nm_wall() + s.wall), 1e-3);
    s.v = nm_solve_query(job, a.net, a.query, &o);
    s.partial = nm_stopped(job) && s.v->status == NM_UNKNOWN;
    if (s.partial && nm_record_whole(job, c, row))
        return NM_UNKNOWN; /* keep the older, complete record */
    settle(job, c, row, &a, &s);
    if (!s.partial) s.proved = nm_sample_prove(job, c, row, &r, a.net, a.query, s.v, s.status);
    s.cpu += nm_cpu();
    s.wall += nm_wall();
    put_record(record, c, row, &s);
    return s.status;
}
