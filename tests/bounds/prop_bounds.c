/* Bounds contain every traced value. Random networks (dense, convolutions with strides, pads, dilations and groups,
 * residual sums, concatenations, pools, norms, transposes; weights integer, dyadic, real, and spread over 60 binades)
 * over boxes that may have zero width, one side at zero or one ulp of width. The trace is computed in exact rational
 * arithmetic at corners, midpoints, random points and at the corners where the gradient of a unit says that it is
 * extreme, so that on stable networks the bounds are attained and a missing rounding term shows. Checked to the last
 * bit: lo <= value <= hi for interval and CROWN bounds, with and without all_rows, query rows included; mag >= |A||x|
 * + |b|; CROWN starting from interval bounds only shrinks them; no bound of CROWN's own run is looser than interval's
 * (up to the rounding of centres: 1e-13 of mag); the same run twice gives the same bytes. And the levels of sums. */
#include "random_networks.h"

enum { NETS = 300, POINTS = 8, STEEP = 10 };

typedef struct setup {
    gen g;
    nm_program *p;
    const double *lo, *hi;
    nm_bounds *interval, *crown, *rows;
    uint64_t seed;
    exact *e;
} setup;

static size_t n_tight,
    n_stable; /* how sharp the test is: values within 1e-9 of their bound, stable units */

static void free_exact(void *e) { x_free(e); }

static nm_bounds *bound(nm_job *job, const setup *s, int method)
{
    nm_bounds *b = nm_bounds_new(job, s->p, s->lo, s->hi);
    const int q = (int)s->p->n_blocks - 1;
    if (method == 0)
        nm_interval(job, b, 1, q + 1);
    else
        nm_crown(job, b, (nm_crown_opts){.all_rows = method == 2, .query_block = q});
    return b;
}

/* the first unit outside its bounds, or n_units */
static size_t outside(const setup *s, const nm_bounds *b)
{
    for (size_t k = 0; k < s->p->n_blocks; k++)
        for (size_t i = 0; i < s->p->blocks[k].n; i++) {
            const size_t u = s->p->blocks[k].first + i;
            if (x_cmp(s->e, u, b->lo[u]) < 0 || x_cmp(s->e, u, b->hi[u]) > 0) return u;
            const double v = mpq_get_d(s->e->v[u]);
            n_tight += k > 0 && (v - b->lo[u] < 1e-9 * fabs(v) || b->hi[u] - v < 1e-9 * fabs(v));
        }
    return s->p->n_units;
}

static bool magnitudes(const setup *s, const nm_bounds *b)
{
    bool ok = true;
    mpq_t sum;
    mpq_init(sum);
    for (size_t k = 1; k < s->p->n_blocks; k++)
        for (size_t i = 0; s->p->blocks[k].kind == NM_AFFINE && i < s->p->blocks[k].n; i++) {
            const double mag = b->mag[s->p->blocks[k].first + i];
            x_affine(s->p, &s->p->blocks[k], i, s->e, sum, true);
            if (isinf(mag)) continue;
            mpq_set_d(s->e->w, mag);
            ok &= mpq_cmp(sum, s->e->w) <= 0;
        }
    mpq_clear(sum);
    return ok;
}

static void check_point(const setup *s, const double *x, size_t wrong[3], bool *mag)
{
    const nm_bounds *const b[3] = {s->interval, s->crown, s->rows};
    x_eval(s->p, x, s->e);
    for (int m = 0; m < 3; m++) {
        const size_t u = outside(s, b[m]);
        if (u < s->p->n_units) wrong[m] = u;
        *mag &= magnitudes(s, b[m]);
    }
}

static void traces(nm_job *job, const setup *s)
{
    const size_t n = s->p->blocks[0].n, units = s->p->n_units;
    double *x = NM_RAW(job, double, n), *v = NM_ARRAY(job, double, units),
           *g = NM_RAW(job, double, units);
    size_t wrong[3] = {units, units, units};
    bool mag = true;
    for (int k = 0; k < POINTS; k++) {
        g_point(n, s->lo, s->hi, k, x);
        check_point(s, x, wrong, &mag);
    }
    for (int k = 0; k < STEEP; k++) {
        const nm_block
            *b = &s->p->blocks[s->p->n_blocks - 1 - (k < 6 ? 0 : t_below(s->p->n_blocks - 1))];
        g_point(n, s->lo, s->hi, k % 2 ? 2 : 4, x);
        d_eval(s->p, x, v);
        d_gradient(s->p, v, b->first + t_below(b->n), g);
        for (size_t i = 0; i < n; i++) x[i] = (k % 2 ? g[i] > 0 : g[i] < 0) ? s->hi[i] : s->lo[i];
        check_point(s, x, wrong, &mag);
    }
    CHECK(wrong[0] == units && wrong[1] == units && wrong[2] == units && mag,
          "interval unit %zu, crown unit %zu, all_rows unit %zu of %zu; mag %d; seed %llu",
          wrong[0], wrong[1], wrong[2], units, mag, (unsigned long long)s->seed);
}

/* the size of what is rounded in a unit; of a RELU or MAX, in what it reads */
static double size_of(const nm_program *p, const nm_bounds *b, const nm_block *k, size_t i)
{
    const size_t u = k->first + i;
    double a = fabs(b->lo[u]) + fabs(b->hi[u]) + b->mag[u];
    const size_t from = k->kind == NM_MAX ? k->ptr[i] : 0,
                 to = k->kind == NM_MAX ? k->ptr[i + 1] : 1;
    for (size_t t = from; k->src >= 0 && t < to; t++)
        a += b->mag[p->blocks[k->src].first + (k->kind == NM_MAX ? k->idx[t] : i)];
    return a;
}

static bool within(const nm_program *p, const nm_bounds *in, const nm_bounds *out, double slack)
{
    for (size_t k = 1; k < p->n_blocks; k++)
        for (size_t i = 0; i < p->blocks[k].n; i++) {
            const size_t u = p->blocks[k].first + i;
            const double a = size_of(p, out, &p->blocks[k], i), e = isfinite(a) ? slack * a : 0;
            if (in->lo[u] < out->lo[u] - e || in->hi[u] > out->hi[u] + e) return false;
        }
    return true;
}

static const char *disorder(nm_job *job, const setup *s)
{
    const int q = (int)s->p->n_blocks - 1;
    if (!within(s->p, s->crown, s->interval, 1e-13)) return "crown is looser than interval";
    if (!within(s->p, s->rows, s->interval, 1e-13)) return "all_rows is looser than interval";
    nm_bounds *again = bound(job, s, 0), *twice = bound(job, s, 1);
    const size_t bytes = s->p->n_units * sizeof(double);
    if (memcmp(twice->lo, s->crown->lo, bytes) || memcmp(twice->hi, s->crown->hi, bytes))
        return "not the same twice";
    nm_crown(job, again, (nm_crown_opts){.query_block = q});
    if (!within(s->p, again, s->interval, 0)) return "crown grew interval bounds";
    nm_interval(job, twice, 1, q + 1);
    if (!within(s->p, twice, s->crown, 0)) return "interval grew crown bounds";
    if (s->interval->empty || s->crown->empty || s->rows->empty) return "called empty";
    return NULL;
}

static void orders(nm_job *job, setup *s)
{
    const char *wrong = disorder(job, s);
    CHECK(!wrong, "%s, seed %llu", wrong, (unsigned long long)s->seed);
    for (size_t b = 1; b < s->p->n_blocks; b++) {
        size_t count[3] = {0};
        if (s->p->blocks[b].kind == NM_RELU) nm_bounds_count(s->crown, (int)b, count);
        n_stable += count[NM_ACTIVE] + count[NM_INACTIVE];
    }
}

static void one(nm_job *job, void *arg)
{
    setup *s = arg;
    t_seed = s->seed;
    const size_t pick = (size_t)s->seed;
    static const double push[] = {0, 0, 4, -1, 0.25};
    s->g = (gen){.kind = (g_numbers)(pick % 4), .push = push[pick % 5]};
    const nm_net *net = g_net(job,
                              g_text(job, &s->g, 1 + (int64_t)t_below(3), 1 + (int64_t)t_below(4),
                                     1 + (int64_t)t_below(4), t_below(7)));
    const nm_program *p = nm_lower(job, net);
    const nm_row *rows[20];
    for (size_t r = 0; r < 20; r++) rows[r] = g_row(job, &s->g, net->n_out, net->n_in);
    s->p = nm_program_with_rows(job, p, 1 + pick % 20, rows);
    double *lo = NM_RAW(job, double, net->n_in), *hi = NM_RAW(job, double, net->n_in);
    g_box((g_boxkind)(pick / 4 % N_BOXES), net->n_in, lo, hi);
    s->lo = lo;
    s->hi = hi;
    s->interval = bound(job, s, 0);
    s->crown = bound(job, s, 1);
    s->rows = bound(job, s, 2);
    s->e = x_new(s->p->n_units);
    nm_defer(job, free_exact, s->e);
    traces(job, s);
    orders(job, s);
}

/* A chain y = w4 relu(w3 relu(w2 relu(w1 x))) of scalars, exact at both ends of the box. */
static void chain(nm_job *job, const char *const w[4], double lo, double hi, const char *what)
{
    const char *text = nm_fmt(
        job,
        "{\"netmip\":\"network\",\"version\":1,\"input\":{\"shape\":[1]},\"layers\":["
        "{\"op\":\"dense\",\"weight\":[[%s]]},{\"op\":\"relu\"},{\"op\":\"dense\",\"weight\":[[%s]]"
        "},{\"op\":\"relu\"},"
        "{\"op\":\"dense\",\"weight\":[[%s]]},{\"op\":\"relu\"},{\"op\":\"dense\",\"weight\":[[%s]]"
        "}]}\n",
        w[0], w[1], w[2], w[3]);
    const nm_file f = {"chain.json", (const unsigned char *)text, strlen(text)};
    const nm_program *p = nm_lower(job, g_net(job, f));
    const nm_row row = {1, (const uint32_t[]){0}, (const double[]){1}, 0},
                 minus = {1, (const uint32_t[]){0}, (const double[]){-1}, 0};
    setup s = {.p = nm_program_with_rows(job, p, 2, (const nm_row *const[]){&row, &minus}),
               .lo = &lo,
               .hi = &hi};
    s.e = x_new(s.p->n_units);
    nm_defer(job, free_exact, s.e);
    for (int method = 0; method < 3; method++) {
        const nm_bounds *b = bound(job, &s, method);
        bool ok = true;
        for (int end = 0; end < 2; end++) {
            x_eval(s.p, end ? &hi : &lo, s.e);
            const size_t u = outside(&s, b);
            ok &= u == s.p->n_units;
            if (u < s.p->n_units)
                printf("unit %zu is %g, not in [%.17g,%.17g]\n", u, mpq_get_d(s.e->v[u]), b->lo[u],
                       b->hi[u]);
        }
        CHECK(ok, "%s, method %d", what, method);
    }
}

/* Underflow: products below 1e-308 that later or earlier layers make large again. */
static void underflow(nm_job *job, void *arg)
{
    (void)arg;
    chain(job, (const char *const[]){"1e-200", "1e-200", "1e200", "1e200"}, 0, 1,
          "a layer that underflows is not [0,0]");
    chain(job, (const char *const[]){"1e150", "1e150", "1e-170", "1e-150"}, 1, 2,
          "a coefficient of CROWN that underflows");
    chain(job, (const char *const[]){"1e-30", "1e30", "1e-30", "1e30"}, 1, 2,
          "a chain that does not underflow");
}

/* members below the level of a sum leave room, and those up to it do not, unless all of them do */
static void levels(void)
{
    enum { MOST = 60 };
    for (int round = 0; round < 3000; round++) {
        double y[MOST], lo[MOST], hi[MOST], below = 0, upto = 0, least = INFINITY, top = -INFINITY;
        const nm_sum s = {0, 1 + t_below(MOST), (double)t_below(200) / 8};
        double room = s.total;
        for (size_t i = 0; i < s.n; i++) {
            y[i] = (double)t_below(round % 2 ? 10 : 1000) / 4 - 100;
            lo[i] = (double)t_below(5) / 8 - 0.25;
            hi[i] = lo[i] + (double)t_below(5) / 8;
            room -= lo[i];
            least = y[i] < least ? y[i] : least;
            top = y[i] > top ? y[i] : top;
        }
        const double level = nm_sum_level(&s, y, 1, lo, hi);
        for (size_t i = 0; i < s.n; i++) {
            below += y[i] < level ? hi[i] - lo[i] : 0;
            upto += y[i] <= level ? hi[i] - lo[i] : 0;
        }
        CHECK((below < room || level == least) && (upto >= room || level == top),
              "round %d: level %g, below %g, up to it %g of %g", round, level, below, upto, room);
    }
}

int main(void)
{
    for (uint64_t seed = 1; seed <= NETS; seed++) {
        setup s = {.seed = seed};
        t_job(0, one, &s);
    }
    t_job(0, underflow, NULL);
    levels();
    CHECK(n_tight > 10000, "only %zu values near their bounds: the test is blunt", n_tight);
    CHECK(n_stable > 300, "only %zu stable units", n_stable);
    return t_done("prop_bounds");
}
