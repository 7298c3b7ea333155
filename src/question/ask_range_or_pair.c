/* ask_range_or_pair.c: questions that are not about one label: the range of a linear form of the outputs, and how much
 * two networks over the same inputs (pair.c) differ. Only the clauses are made here; they can be asked over any input
 * set.
 *
 *   range:FORM        the minimum and the maximum of FORM(y), each as a row to be minimised (goal)
 *   worst, two nets   the largest |y1_i - y2_i|: the maxima of y1_i - y2_i and of y2_i - y1_i over all i
 *   differ D          a counterexample has |y1_i - y2_i| >= D for some i: 2n clauses of one row
 *   differ class      a counterexample has y1_i >= y1_k + M for all k and y2_j >= y2_k + M for all k, with i != j:
 *                     n (n-1) clauses of 2 (n-1) rows. With margin M = 0 ties count: where the first network ties i and
 *                     j, either is its class, so networks that agree everywhere still "differ" on such a boundary.
 *
 * Left out: differences of more than two networks; norms of the difference other than the largest element. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"
#include "question/part.h"

static _Noreturn void usage(nm_job *job, const char *what) { nm_throw(job, NM_EUSE, "%s", what); }

static bool is_range(const nm_ask *a)
{
    return a->objective && strncmp(a->objective, "range:", 6) == 0;
}

static void refuse_labels(nm_job *job, const nm_ask *a, bool margin)
{
    if (a->target) usage(job, "--target: this question is not about one label");
    if (a->label) usage(job, "--label: this question is not about one label");
    if (a->labels) usage(job, "--labels: this question is not about one label");
    if (a->margin && !margin) usage(job, "--margin: this question has none");
}

nm_measure nm_measure_of(nm_job *job, const nm_net *net, const nm_ask *a)
{
    if (a->differ && !net->second)
        usage(job, "--differ: a second network (--against NET) was expected");
    if (is_range(a)) {
        if (a->differ) usage(job, "--differ and --objective range:FORM: one of them was expected");
        refuse_labels(job, a, false);
        return NM_OF_FORM;
    }
    if (!net->second) return NM_MARGIN;
    const bool worst = a->objective && strcmp(a->objective, "worst") == 0,
               classes = a->differ && strcmp(a->differ, "class") == 0;
    if (a->objective && !worst && strcmp(a->objective, "feasible"))
        nm_throw(job, NM_EUNSUP,
                 "--objective %s: two networks can be asked for worst, feasible or range:FORM",
                 a->objective);
    if (worst == (a->differ != NULL))
        usage(job, "--against: --differ D, --differ class, or --objective worst or range:FORM was "
                   "expected");
    refuse_labels(job, a, classes);
    if (net->first->n_out != net->second->n_out)
        nm_throw(job, NM_EINPUT, "%s has %zu outputs, but %s has %zu; equal numbers were expected",
                 net->first->path, net->first->n_out, net->second->path, net->second->n_out);
    return worst ? NM_OF_DIFFERENCE : classes ? NM_CLASSES : NM_DIFFERS;
}

/* Returns true if the only clause is 0 <= 0, which every point satisfies: a file that constrains inputs alone. */
bool nm_measure_open(const nm_query *q)
{
    for (size_t i = 0; i < q->n_cases; i++) {
        const nm_case *c = &q->cases[i];
        if (c->n_clauses > 1) return false;
        if (c->n_clauses == 1 &&
            (c->clauses->n_rows != 1 || c->clauses->rows->n || c->clauses->rows->rhs < 0))
            return false;
    }
    return true;
}

/* x_i - x_j <= rhs */
static nm_row pair(nm_job *job, size_t i, size_t j, double rhs)
{
    uint32_t *var = NM_RAW(job, uint32_t, 2);
    double *coef = NM_RAW(job, double, 2);
    var[0] = (uint32_t)i, var[1] = (uint32_t)j;
    coef[0] = 1, coef[1] = -1;
    return (nm_row){2, var, coef, rhs == 0 ? 0 : rhs};
}

static const char *name(nm_job *job, const nm_query *q, size_t icase, const char *what)
{
    return q->n_cases == 1 ? what : nm_fmt(job, "%s_%zu", what, icase);
}

static void range_clauses(nm_job *job, const nm_ask *a, nm_query *q)
{
    const nm_row least = nm_form_parse(job, "--objective range", a->objective + 6, q->n_out,
                                       q->n_in);
    if (least.n == 0)
        usage(job, "--objective range: a form of outputs was expected; this one is constant");
    double *minus = NM_RAW(job, double, least.n);
    for (size_t k = 0; k < least.n; k++) minus[k] = -least.coef[k];
    const nm_row most = {least.n, least.var, minus, least.rhs == 0 ? 0 : -least.rhs};
    nm_buf b = {.job = job};
    nm_form_put(&b, &least, q->n_out);
    if (least.rhs != 0) nm_put(&b, least.rhs > 0 ? " - " : " + "), nm_put_num(&b, fabs(least.rhs));
    q->form = b.s;
    for (size_t i = 0; i < q->n_cases; i++) {
        nm_row *rows = NM_RAW(job, nm_row, 2);
        nm_clause *c = NM_ARRAY(job, nm_clause, 2);
        rows[0] = least, rows[1] = most;
        c[0] = (nm_clause){.n_rows = 1,
                           .rows = rows,
                           .label = -1,
                           .name = name(job, q, i, "min"),
                           .goal = NM_LEAST};
        c[1] = (nm_clause){.n_rows = 1,
                           .rows = rows + 1,
                           .label = -1,
                           .name = name(job, q, i, "max"),
                           .goal = NM_MOST};
        q->cases[i].n_clauses = 2;
        q->cases[i].clauses = c;
    }
}

/* Makes clauses for y1_i - y2_i and its opposite, for every i. */
static void difference_clauses(nm_job *job, const nm_net *net, nm_query *q, double rhs,
                               nm_goal goal)
{
    const size_t n = net->first->n_out;
    for (size_t k = 0; k < q->n_cases; k++) {
        nm_row *rows = NM_RAW(job, nm_row, 2 * n);
        nm_clause *c = NM_ARRAY(job, nm_clause, 2 * n);
        for (size_t i = 0; i < 2 * n; i++) {
            const size_t y = i / 2;
            rows[i] = i % 2 ? pair(job, y, n + y, rhs) : pair(job, n + y, y, rhs);
            c[i] = (nm_clause){.n_rows = 1, .rows = &rows[i], .label = -1, .goal = goal};
            c[i].name = name(job, q, k, nm_fmt(job, i % 2 ? "%zubelow" : "%zuabove", y));
        }
        q->cases[k].n_clauses = 2 * n;
        q->cases[k].clauses = c;
    }
}

static void class_clauses(nm_job *job, const nm_net *net, nm_query *q, double margin)
{
    const size_t n = net->first->n_out;
    if (n < 2) usage(job, "--differ class: networks of two outputs or more were expected");
    nm_row *beats = NM_ARRAY(job, nm_row, 2 * n * n); /* [net][i][k]: i beats k */
    for (size_t i = 0; i < 2 * n; i++)
        for (size_t k = 0; k < n; k++) beats[i * n + k] = pair(job, i / n * n + k, i, -margin);
    nm_clause *c = NM_ARRAY(job, nm_clause, n * (n - 1));
    size_t at = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            if (i == j) continue;
            nm_row *rows = NM_RAW(job, nm_row, 2 * n);
            size_t r = 0;
            for (size_t k = 0; k < n; k++) {
                if (k != i) rows[r++] = beats[i * n + k];
                if (k != j) rows[r++] = beats[(n + j) * n + k];
            }
            c[at++] = (nm_clause){
                .n_rows = r, .rows = rows, .label = -1, .name = nm_fmt(job, "%zu_%zu", i, j)};
        }
    for (size_t k = 0; k < q->n_cases; k++) {
        nm_clause *own = NM_RAW(job, nm_clause, at);
        memcpy(own, c, at * sizeof *own);
        for (size_t i = 0; i < at; i++) own[i].name = name(job, q, k, c[i].name);
        q->cases[k].n_clauses = at;
        q->cases[k].clauses = own;
    }
}

static double positive(nm_job *job, const char *flag, const char *s)
{
    double x;
    if (!nm_num_parse(s, s + strlen(s), &x) || !(x > 0))
        nm_throw(job, NM_EUSE, "%s %s: a number above 0 was expected", flag, s);
    return x;
}

void nm_measure_set(nm_job *job, const nm_net *net, nm_measure m, const nm_ask *a, nm_query *q)
{
    double margin = 0;
    q->objective = m == NM_OF_FORM || m == NM_OF_DIFFERENCE ? NM_RANGE : NM_FEASIBLE;
    if (q->objective == NM_RANGE && q->guard != 0)
        usage(job, "--guard: this question is not a decision");
    switch (m) {
    case NM_OF_FORM: range_clauses(job, a, q); break;
    case NM_OF_DIFFERENCE:
        q->form = "largest difference";
        difference_clauses(job, net, q, 0, NM_MOST);
        break;
    case NM_DIFFERS:
        difference_clauses(job, net, q, -positive(job, "--differ", a->differ), NM_NO_GOAL);
        break;
    case NM_CLASSES:
        if (a->margin &&
            (!nm_num_parse(a->margin, a->margin + strlen(a->margin), &margin) || margin < 0))
            nm_throw(job, NM_EUSE, "--margin %s: 0 or more was expected", a->margin);
        nm_net_want_label(job, net->first);
        nm_net_want_label(job, net->second);
        class_clauses(job, net, q, margin);
        break;
    default: break;
    }
}
