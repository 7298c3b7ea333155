/* With --arithmetic float32, what is said holds whatever the order of float32 sums. Random networks (dense layers, some
 * with huge terms that cancel, constants that cancel, scales, norms, ReLUs and leaky ones, residual sums) are evaluated
 * here, by this file's own float32: each sum of products in a random order, by a random tree, with or without fma,
 * smallest or largest terms first, norms computed in two ways. At each of these the outputs lie within interval and
 * CROWN bounds; solve, with stages and encodings left out at random, never says holds below the least output that was
 * seen, and never that a point violates in every order which does not in one. On boxes of one point the reals hold
 * where float32 must not: this is counted, so that the test is known to have teeth. */
#include "test.h"

#include "search/search.h"
#include "search/state.h"

enum { NETS = 250 / T_SHARE, MOST = 12, LAYERS = 9, POINTS = 6, ORDERS = 12 };

typedef enum { DENSE, ADDED, SCALED, NORM, RELU, LEAKY, RESIDUAL } kind;
typedef struct {
    kind kind;
    size_t in, out, from; /* from: RESIDUAL, the layer that is added */
    float w[MOST][MOST], b[MOST], s[4][MOST], leak, eps; /* s: scale, shift, mean, variance */
} layer;
typedef struct {
    uint64_t seed;
    size_t n_in, n_layers;
    layer l[LAYERS];
    nm_net *net;
    const nm_program *p;
    double lo[MOST], hi[MOST];
    double least[MOST], most[MOST]; /* of each output, over the runs */
} setup;

static size_t n_teeth, n_holds, n_violated, n_every, n_inside, n_lines;

/* ---- float32, in any order ---- */

static float any_product_sum(size_t n, const float *a, const float *x, float start)
{
    float part[2 * MOST + 2];
    size_t left = 0;
    const size_t how = t_below(5);
    if (how == 0) { /* a chain of fma */
        float s = start;
        for (size_t i = 0; i < n; i++) s = fmaf(a[i], x[i], s);
        return s;
    }
    for (size_t i = 0; i < n; i++) part[left++] = a[i] * x[i];
    part[left++] = start;
    if (how == 1 || how == 2) /* by size, from either end */
        for (size_t i = 1; i < left; i++)
            for (size_t k = i; k > 0 && (how == 1 ? fabsf(part[k]) < fabsf(part[k - 1])
                                                  : fabsf(part[k]) > fabsf(part[k - 1]));
                 k--) {
                const float t = part[k];
                part[k] = part[k - 1];
                part[k - 1] = t;
            }
    while (left > 1) {
        const size_t i = how < 3 ? 0 : t_below(left);
        const float t = part[i];
        part[i] = part[--left];
        const size_t k = how < 3 ? (left > 1 ? 1 : 0) : t_below(left);
        if (how < 3) { /* keep the order: add the first two */
            part[0] = t + part[left == 1 ? 0 : 1];
            for (size_t m = 1; m + 1 < left; m++) part[m] = part[m + 1];
            if (left > 1) part[left - 1] = part[left];
        } else {
            part[k] += t;
        }
    }
    return part[0];
}

static float normed(const layer *l, size_t i, float x)
{
    const float root = sqrtf(l->s[3][i] + l->eps);
    if (t_below(2)) return (x - l->s[2][i]) / root * l->s[0][i] + l->s[1][i];
    const float by = l->s[0][i] / root;
    return t_below(2) ? fmaf(x, by, l->s[1][i] - l->s[2][i] * by)
                      : x * by + (l->s[1][i] - l->s[2][i] * by);
}

static void run(const setup *s, const double *x, float *y)
{
    float v[LAYERS + 1][MOST];
    for (size_t i = 0; i < s->n_in; i++) v[0][i] = (float)x[i];
    for (size_t k = 0; k < s->n_layers; k++) {
        const layer *l = &s->l[k];
        const float *in = v[k];
        float *out = v[k + 1];
        for (size_t i = 0; i < l->out; i++) {
            switch (l->kind) {
            case DENSE: out[i] = any_product_sum(l->in, l->w[i], in, l->b[i]); break;
            case ADDED: out[i] = in[i] + l->b[i]; break;
            case SCALED: out[i] = in[i] * l->b[i]; break;
            case NORM: out[i] = normed(l, i, in[i]); break;
            case RELU: out[i] = in[i] > 0 ? in[i] : 0; break;
            case LEAKY: out[i] = in[i] > 0 ? in[i] : in[i] * l->leak; break;
            default: out[i] = in[i] + v[l->from][i];
            }
        }
    }
    memcpy(y, v[s->n_layers], s->l[s->n_layers - 1].out * sizeof *y);
}

/* ---- a random network, here and as text ---- */

static float some(bool wild)
{
    const float x = (float)t_uniform(-1, 1);
    return wild && t_below(3) == 0 ? x * 4096 : t_below(4) ? x : roundf(8 * x) / 8;
}

static void numbers(nm_buf *b, const char *key, size_t n, const float *x)
{
    if (key) nm_put(b, "\"%s\":", key);
    for (size_t i = 0; i < n; i++) {
        nm_put(b, i ? "," : "[");
        nm_put_num(b, (double)x[i]);
    }
    nm_put(b, "]");
}

static void put_layer(nm_buf *b, size_t k, const layer *l)
{
    static const char *const name[] = {"dense", "add",       "mul", "batchnormalization",
                                       "relu",  "LeakyRelu", "add"};
    static const char *const what[] = {"s", "b", "m", "v"};
    const char *in = k ? nm_fmt(b->job, "n%zu", k) : "x";
    for (size_t t = 0; l->kind == NORM && t < 4; t++) {
        nm_put(b, "{\"op\":\"identity\",\"inputs\":[],\"name\":\"%s%zu\",", what[t], k);
        numbers(b, "value", l->out, l->s[t]);
        nm_put(b, "},\n");
    }
    nm_put(b, "{\"op\":\"%s\",\"name\":\"n%zu\",\"inputs\":[\"%s\"", name[l->kind], k + 1, in);
    if (l->kind == NORM)
        nm_put(b, ",\"s%zu\",\"b%zu\",\"m%zu\",\"v%zu\"],\"epsilon\":", k, k, k, k),
            nm_put_num(b, (double)l->eps);
    else if (l->kind == RESIDUAL)
        nm_put(b, ",\"%s\"]", l->from ? nm_fmt(b->job, "n%zu", l->from) : "x");
    else
        nm_put(b, "]");
    if (l->kind == DENSE) {
        nm_put(b, ",\"weight\":[");
        for (size_t i = 0; i < l->out; i++)
            nm_put(b, i ? "," : ""), numbers(b, NULL, l->in, l->w[i]);
        nm_put(b, "],"), numbers(b, "bias", l->out, l->b);
    }
    if (l->kind == ADDED || l->kind == SCALED)
        nm_put(b, ",\"value\":["), numbers(b, NULL, l->out, l->b), nm_put(b, "]");
    if (l->kind == LEAKY) nm_put(b, ",\"alpha\":"), nm_put_num(b, (double)l->leak);
    nm_put(b, "}");
}

static void draw_layer(setup *s, size_t k, bool last)
{
    layer *l = &s->l[k];
    const size_t n = k ? s->l[k - 1].out : s->n_in;
    const bool wild = s->seed % 3 == 0, wild_weights = wild && t_below(2);
    *l = (layer){.kind = k == 0 || last ? DENSE : (kind)t_below(7),
                 .in = n,
                 .out = n,
                 .leak = (float)t_uniform(0, 1)};
    l->eps = t_below(2) ? 1e-5f : 0;
    if (l->kind == DENSE) l->out = last ? 2 : 1 + t_below(MOST);
    for (size_t i = 0; i < l->out; i++) {
        for (size_t j = 0; j < l->in; j++) l->w[i][j] = some(wild_weights);
        l->b[i] = some(wild && t_below(2));
        if (l->kind == ADDED && (s->l[k - 1].kind == ADDED || s->l[k - 1].kind == DENSE))
            l->b[i] = -s->l[k - 1].b[i];
        for (size_t t = 0; t < 4; t++)
            l->s[t][i] = t < 3 ? some(wild && t == 2) : (float)t_uniform(0.1, 3);
        if (wild && t_below(2))
            l->s[1][i] = l->s[2][i] * l->s[0][i] / sqrtf(l->s[3][i] + l->eps); /* they cancel */
    }
    if (l->kind != RESIDUAL) return;
    l->from = k; /* of equal size: itself, unless an earlier one is found */
    for (size_t t = 0; t < k; t++)
        if ((t ? s->l[t - 1].out : s->n_in) == n) l->from = t;
}

/* two inputs of nearly the same value, whose products cancel in units that are exact by their hull */
static void draw_pair(setup *s)
{
    const float at = (float)t_uniform(0.5, 2);
    for (size_t i = 0; i < s->l[0].out; i++) {
        s->l[0].w[i][1] = -s->l[0].w[i][0];
        s->l[0].b[i] = 0;
    }
    s->l[1].kind = RELU;
    s->l[1].out = s->l[0].out;
    for (size_t i = 0; i < 2; i++) {
        s->lo[i] = (double)at;
        s->hi[i] = (double)(at + ldexpf(1, -22));
    }
}

static void draw(nm_job *job, setup *s)
{
    nm_buf b = {.job = job};
    const bool pair = s->seed % 5 == 1;
    s->n_in = pair ? 2 : 1 + t_below(MOST);
    s->n_layers = pair ? 3 : 2 + t_below(LAYERS - 1);
    nm_put(&b,
           "{\"netmip\":\"network\",\"version\":1,\"input\":{\"name\":\"x\",\"shape\":[1,%zu]},"
           "\"layers\":[\n",
           s->n_in);
    for (size_t k = 0; k < s->n_layers; k++) {
        draw_layer(s, k, k + 1 == s->n_layers);
        if (pair && k == 1) draw_pair(s);
    }
    for (size_t k = 0; k < s->n_layers; k++) {
        if (k) nm_put(&b, ",\n");
        put_layer(&b, k, &s->l[k]);
    }
    nm_put(&b, "]}");
    const nm_file f = {"net", (const unsigned char *)b.s, b.n};
    s->net = nm_net_new(job, nm_read_netjson(job, f), f);
    s->p = nm_lower_float32(job, s->net);
    static const double widths[] = {0, 0, 0, 1e-5, 0.05, 1};
    const double width = t_below(2) ? widths[t_below(6)] : exp2(t_uniform(-24, -8));
    for (size_t i = 0; !pair && i < s->n_in; i++) {
        s->lo[i] = (double)(float)t_uniform(-1, 1);
        s->hi[i] = (double)(float)(s->lo[i] + width);
    }
}

/* ---- what must be true ---- */

static nm_bounds *bounds_by(nm_job *job, const setup *s, bool crown)
{
    nm_bounds *b = nm_bounds_new(job, s->p, s->lo, s->hi);
    if (crown)
        nm_crown(job, b, (nm_crown_opts){.query_block = -1, .all_rows = true});
    else
        nm_interval(job, b, 1, (int)s->p->n_blocks);
    return b;
}

static void sample(nm_job *job, setup *s)
{
    const nm_bounds *const b[] = {bounds_by(job, s, false), bounds_by(job, s, true)};
    for (size_t i = 0; i < MOST; i++) s->least[i] = INFINITY, s->most[i] = -INFINITY;
    size_t wrong = 0;
    for (size_t k = 0; k < POINTS * ORDERS; k++) {
        double x[MOST];
        float y[MOST];
        for (size_t i = 0; i < s->n_in; i++)
            x[i] = fmin(s->hi[i],
                        fmax(s->lo[i], (double)(float)(k % 3 == 0   ? t_uniform(s->lo[i], s->hi[i])
                                                       : t_below(2) ? s->lo[i]
                                                                    : s->hi[i])));
        if (k < ORDERS) memcpy(x, s->lo, sizeof x);
        run(s, x, y);
        for (size_t i = 0; i < s->net->n_out; i++) {
            const int32_t u = s->p->out[i];
            s->least[i] = fmin(s->least[i], (double)y[i]);
            s->most[i] = fmax(s->most[i], (double)y[i]);
            for (int m = 0; m < 2; m++)
                wrong += !((double)y[i] >= b[m]->lo[u] && (double)y[i] <= b[m]->hi[u]);
            n_inside++;
        }
    }
    CHECK(wrong == 0, "%zu outputs beyond their bounds; seed %llu", wrong,
          (unsigned long long)s->seed);
}

/* alpha, and the hull dual with lines over units' own inputs and the network's, for outputs and their negatives */
static void duals(nm_job *job, const setup *s)
{
    static const double signs[] = {1, -1};
    const size_t n = 2 * s->net->n_out;
    nm_row *row = NM_ARRAY(job, nm_row, n);
    const nm_row *rows[2 * MOST];
    uint32_t *at = NM_RAW(job, uint32_t, n), *units = NM_RAW(job, uint32_t, n);
    double enough[2 * MOST];
    for (size_t i = 0; i < n; i++) {
        at[i] = (uint32_t)(i / 2), units[i] = (uint32_t)i, enough[i] = INFINITY;
        row[i] = (nm_row){1, &at[i], &signs[i % 2], 0};
        rows[i] = &row[i];
    }
    const nm_program *p = nm_program_with_rows(job, s->p, n, rows);
    nm_bounds *b = nm_bounds_new(job, p, s->lo, s->hi);
    nm_crown(job, b, (nm_crown_opts){.query_block = (int)p->n_blocks - 1});
    const nm_alpha *a = nm_alpha_run(job, b, n, units, enough, 10, NULL, NULL);
    const nm_lines_of *lines = nm_lines_of_new(job, b, 1 << 20);
    for (size_t i = 0; i < n; i++) {
        const nm_alpha *h = nm_hull_run(job, lines, b, (uint32_t)i, INFINITY,
                                        (nm_hull_opts){20, 0.1, 0.1}, NULL, NULL);
        const double seen = i % 2 ? -s->most[i / 2] : s->least[i / 2];
        CHECK(a->lo[i] <= seen && h->lo[0] <= seen,
              "row %zu: alpha %.9g, hull %.9g, seen %.9g; seed %llu", i, a->lo[i], h->lo[0], seen,
              (unsigned long long)s->seed);
        n_lines += lines->n > 0;
        nm_bounds *some = nm_bounds_copy(job, b);
        nm_bounds_meet(some, p->blocks[p->n_blocks - 1].first + i, -INFINITY, seen, NM_BY_NOTHING);
        nm_propagate(some, NULL);
        CHECK(!some->empty, "row %zu: propagation says that %.9g is not attained; seed %llu", i, seen,
              (unsigned long long)s->seed);
    }
}

/* Is some output 0 at most t? */
static nm_query *below(nm_job *job, const setup *s, double t)
{
    nm_buf b = {.job = job};
    for (size_t i = 0; i < s->n_in; i++) nm_put(&b, "(declare-const X_%zu Real)", i);
    for (size_t i = 0; i < s->net->n_out; i++) nm_put(&b, "(declare-const Y_%zu Real)", i);
    for (size_t i = 0; i < s->n_in; i++) {
        nm_put(&b, "(assert (>= X_%zu ", i), nm_put_num(&b, s->lo[i]);
        nm_put(&b, "))(assert (<= X_%zu ", i), nm_put_num(&b, s->hi[i]), nm_put(&b, "))");
    }
    nm_put(&b, "(assert (<= Y_0 "), nm_put_num(&b, t), nm_put(&b, "))");
    const char *dir = nm_temp_new(job), *path = nm_fmt(job, "%s/q.vnnlib", dir);
    nm_file_write(job, path, b.s, b.n);
    return nm_query_read(job, s->net, path);
}

static nm_solve_opts options(nm_job *job)
{
    static const char *const encodings[] = {NULL,          "bigm",  "hull",
                                            "partition:2", "relax", "aggregate"};
    static const char *const levels[] = {"alpha", "crown", "interval", "alpha"};
    nm_solve_opts o = {.bounds = nm_levels_read(job, "test", levels[t_below(4)]),
                       .threads = 1,
                       .seed = 1,
                       .float32 = true};
    o.form.encoding = encodings[t_below(5)];
    o.form.fold = t_below(4) > 0;
    o.form.two_sided = t_below(2);
    o.stages = (nm_stage_opts){t_below(2), t_below(2), t_below(3) == 0,
                               t_below(2), t_below(2), true};
    return o;
}

static void ask(nm_job *job, const setup *s, double t)
{
    nm_query *q = below(job, s, t);
    nm_solve_opts o = options(job);
    const nm_verdict *v = nm_solve_query(job, s->net, q, &o);
    n_holds += v->status == NM_OK;
    n_violated += v->status == NM_VIOLATED;
    CHECK(v->status != NM_OK || t < s->least[0], "holds at %.9g, but %.9g was seen; seed %llu", t,
          s->least[0], (unsigned long long)s->seed);
    for (size_t k = 0;
         v->status == NM_VIOLATED && v->witness->orders == NM_EVERY_ORDER && k < ORDERS; k++) {
        float y[MOST];
        run(s, v->witness->x, y);
        n_every++;
        CHECK((double)y[0] <= t, "%.9g in an order, not %.9g in every; seed %llu", (double)y[0], t,
              (unsigned long long)s->seed);
    }
    o.float32 = false;
    if (t == s->least[0] && v->status == NM_UNKNOWN &&
        memcmp(s->lo, s->hi, s->n_in * sizeof *s->lo) == 0)
        n_teeth += nm_solve_query(job, s->net, q, &o)->status == NM_OK;
}

static void one(nm_job *job, void *arg)
{
    setup *s = arg;
    t_seed = s->seed;
    draw(job, s);
    sample(job, s);
    duals(job, s);
    const nm_bounds *b = bounds_by(job, s, true);
    const double lo = b->lo[s->p->out[0]], gap = s->least[0] - lo;
    ask(job, s, s->least[0]);
    ask(job, s, nextafter(s->least[0], INFINITY));
    ask(job, s, lo - 0.01 * fabs(lo) - 1e-6);
    ask(job, s, lo + 0.5 * gap);
    ask(job, s, s->least[0] + 1e-3 * fabs(s->least[0]));
}

int main(int argc, char **argv)
{
    static setup s;
    const uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1,
                   n = argc > 2 ? strtoull(argv[2], NULL, 10) : NETS;
    for (uint64_t k = first; k < first + n; k++) {
        memset(&s, 0, sizeof s);
        s.seed = k;
        t_job(NM_OK, one, &s);
    }
    printf("%zu outputs within bounds; %zu rows with hulls; %zu hold, %zu violated, %zu replays in "
           "every order; %zu where only the reals hold\n",
           n_inside, n_lines, n_holds, n_violated, n_every, n_teeth);
    if (n >= NETS) CHECK(n_holds > NETS && n_every > NETS && n_teeth > NETS / 50, "the test has teeth");
    return t_done("prop_float32");
}
