/* distance.c: a distance from the image as columns and rows: the objective of `closest`, and balls as input sets.
 *
 *   L-inf  d:    x_i - d <= c_i,  -x_i - d <= -c_i                                       sum: d
 *   L1     d_i:  x_i - d_i <= c_i, -x_i - d_i <= -c_i; none where the box lies on one side: there +-(x_i - c_i)
 *   L0     b_i:  x_i - (hi_i - c_i) b_i <= c_i, -x_i - (c_i - lo_i) b_i <= -c_i, binary   sum: of b_i
 *   L2     d_i as in L1, s_i >= 2 a d_i - a^2 for numbers a that are added in rounds      sum: of s_i, a square
 * The rows of L2 are tangents of d_i^2: a relaxation, exact at the points where it was tightened. A file in a dialect
 * that says products has, instead of d_i and s_i,
 *   L2     q_i:  x_i - q_i = c_i                                                         sum: of q_i^2
 * for a row or an objective of differences loses no digits to the constants that (x_i - c_i)^2 multiplied out has.
 * An input without a column appears in no row of the question: it stays at the image. Coefficients and right sides of
 * big-M kind are rounded up, so that every true point keeps its columns: lift is |x_i - c_i|, x_i != c_i, (x_i -
 * c_i)^2. Cost: two rows an input at most, for L2 one more a tangent. */
#include "all.h"

static nm_distance *add(nm_enc *e, nm_norm norm, const double *centre)
{
    nm_distance *d = NM_NEW(e->job, nm_distance);
    const size_t n = e->b->p->blocks[0].n;
    *d = (nm_distance){.norm = norm, .n = n, .centre = centre, .total = -1, .next = e->distances};
    d->col = NM_RAW(e->job, int32_t, 2 * n);
    d->square = d->col + n;
    for (size_t i = 0; i < 2 * n; i++) d->col[i] = -1;
    d->j = NM_RAW(e->job, uint32_t, n + 1);
    d->c = NM_RAW(e->job, double, n + 1);
    e->distances = d;
    return d;
}

static void put(nm_distance *d, uint32_t j, double c)
{
    d->j[d->n_terms] = j;
    d->c[d->n_terms++] = c;
}

/* sign x_i - by col <= sign c_i */
static void row(nm_enc *e, const char *kind, size_t i, double sign, uint32_t col, double by,
                double centre)
{
    const uint32_t j[] = {(uint32_t)e->col[i], col};
    const double c[] = {sign, -by};
    nm_model_row(e->job, e->m, nm_fmt(e->job, "%s_%zu", kind, i), -INFINITY,
                 sign * centre == 0 ? 0 : sign * centre, 2, j, c);
}

/* the column of an input that may go both ways; up, down: how far, 0 for not at all */
static void split(nm_enc *e, nm_distance *d, size_t i, double up, double down)
{
    const double c = d->centre[i];
    const bool zero = d->norm == NM_L0;
    const char *name = nm_fmt(e->job, zero ? "b%zu" : "d%zu", i);
    const uint32_t j = nm_model_col(e->job, e->m, name, 0, zero ? 1 : fmax(up, down), zero);
    d->col[i] = (int32_t)j;
    if (up > 0) row(e, "rdp", i, 1, j, zero ? fmax(up, NM_COEF_MIN) : 1, c);
    if (down > 0) row(e, "rdn", i, -1, j, zero ? fmax(down, NM_COEF_MIN) : 1, c);
}

/* conditioned bounds exclude the image there */
static void add_least(nm_distance *d, double by)
{
    d->least += d->norm == NM_L0   ? 1
                : d->norm == NM_L2 ? nm_down(nm_down(by) * nm_down(by))
                                   : nm_down(by);
}

static void measure_each(nm_enc *e, nm_distance *d)
{
    for (size_t i = 0; i < d->n; i++) {
        const double lo = e->b->lo[i], hi = e->b->hi[i], c = d->centre[i];
        const double up = hi > c ? nm_up(hi - c) : 0, down = lo < c ? nm_up(c - lo) : 0;
        const bool out = lo > c || hi < c;
        if (out && (e->col[i] < 0 || d->norm == NM_L0)) add_least(d, lo > c ? lo - c : c - hi);
        if (e->col[i] < 0 || (out && d->norm == NM_L0)) continue;
        if (d->norm == NM_L0 || (up > 0 && down > 0)) split(e, d, i, up, down);
        if (d->norm == NM_L2) {
            const double top = nm_up(nm_up(fmax(up, down)) * fmax(up, down));
            d->square[i] = (int32_t)nm_model_col(e->job, e->m, nm_fmt(e->job, "s%zu", i), 0, top,
                                                 false);
            put(d, (uint32_t)d->square[i], 1);
        } else if (d->col[i] >= 0) {
            put(d, (uint32_t)d->col[i], 1);
        } else {
            put(d, (uint32_t)e->col[i], lo >= c ? 1 : -1);
            d->least += lo >= c ? -c : c;
            d->size += fabs(c);
        }
    }
}

/* L2 in products: the differences */
static void differ_each(nm_enc *e, nm_distance *d)
{
    d->is_quad = true;
    for (size_t i = 0; i < d->n; i++) {
        const double lo = e->b->lo[i], hi = e->b->hi[i], c = d->centre[i];
        if (e->col[i] < 0) {
            if (lo > c || hi < c) add_least(d, lo > c ? lo - c : c - hi);
            continue;
        }
        const uint32_t q = nm_model_col(e->job, e->m, nm_fmt(e->job, "q%zu", i), nm_down(lo - c),
                                        nm_up(hi - c), false);
        const uint32_t j[] = {(uint32_t)e->col[i], q};
        const double w[] = {1, -1}, rhs = c == 0 ? 0 : c;
        nm_model_row(e->job, e->m, nm_fmt(e->job, "rdq_%zu", i), rhs, rhs, 2, j, w);
        d->col[i] = (int32_t)q;
    }
}

/* their squares, in a row or (-1) in the objective */
static void put_squares(nm_enc *e, const nm_distance *d, int64_t row)
{
    for (size_t i = 0; i < d->n; i++)
        if (d->col[i] >= 0)
            nm_model_quad(e->job, e->m, row, (uint32_t)d->col[i], (uint32_t)d->col[i], 1);
}

static void measure_all(nm_enc *e, nm_distance *d)
{
    double reach = 0;
    for (size_t i = 0; i < d->n; i++)
        reach = fmax(reach, fmax(e->b->hi[i] - d->centre[i], d->centre[i] - e->b->lo[i]));
    const uint32_t j = nm_model_col(e->job, e->m, "dist", 0, nm_up(reach), false);
    d->total = (int32_t)j;
    put(d, j, 1);
    for (size_t i = 0; i < d->n; i++) {
        if (e->col[i] < 0) continue;
        if (e->b->hi[i] > d->centre[i]) row(e, "rdp", i, 1, j, 1, d->centre[i]);
        if (e->b->lo[i] < d->centre[i]) row(e, "rdn", i, -1, j, 1, d->centre[i]);
    }
}

/* 2 a |x_i - c_i| - s_i <= a^2 */
static void tangent(nm_enc *e, nm_distance *d, size_t i, double a)
{
    const double c = d->centre[i];
    const bool own = d->col[i] >= 0;
    const uint32_t j[] = {(uint32_t)(own ? d->col[i] : e->col[i]), (uint32_t)d->square[i]};
    const double sign = own || e->b->lo[i] >= c ? 1 : -1, shift = own ? 0 : sign * 2 * a * c;
    const double w[] = {sign * 2 * a, -1}, rhs = nm_up(nm_up(a * a) + shift);
    if (2 * a > NM_COEF_MIN) /* a tangent less: looser */
        nm_model_row(e->job, e->m, nm_fmt(e->job, "rdt%zu_%zu", d->n_tangents, i), -INFINITY, rhs,
                     2, j, w);
}

void nm_distance_tangent(nm_enc *e, const double *x)
{
    for (nm_distance *d = e->distances; d; d = d->next) {
        if (d->norm != NM_L2 || d->is_quad) continue;
        d->n_tangents++;
        for (size_t i = 0; i < d->n; i++)
            if (d->square[i] >= 0) tangent(e, d, i, fabs(x[i] - d->centre[i]));
    }
}

/* before any point is known: an even share of the radius, or three and nine times that */
static void first_tangents(nm_enc *e, nm_distance *d, double radius)
{
    double n = 0, reach = 0;
    for (size_t i = 0; i < d->n; i++) {
        n += d->square[i] >= 0;
        reach = fmax(reach, fmax(e->b->hi[i] - d->centre[i], d->centre[i] - e->b->lo[i]));
    }
    for (double a = (radius < INFINITY ? radius : reach) / sqrt(fmax(n, 1)), k = 0; k < 3;
         k++, a *= 3) {
        d->n_tangents++;
        for (size_t i = 0; i < d->n; i++)
            if (d->square[i] >= 0) tangent(e, d, i, a);
    }
}

static nm_distance *find(nm_enc *e, nm_norm norm, const double *centre, double radius)
{
    for (nm_distance *d = e->distances; d; d = d->next)
        if (d->norm == norm && d->centre == centre) return d;
    nm_distance *d = add(e, norm, centre);
    if (norm == NM_LINF)
        measure_all(e, d);
    else if (norm == NM_L2 && e->quadratic)
        differ_each(e, d);
    else
        measure_each(e, d);
    if (norm == NM_L2 && !d->is_quad) first_tangents(e, d, radius);
    return d;
}

void nm_distance_balls(nm_enc *e, const nm_case *c)
{
    for (size_t i = 0; i < c->n_balls; i++) {
        const nm_ball *b = &c->balls[i];
        const nm_distance *d = find(e, b->norm, b->centre, b->radius);
        const double most = b->norm == NM_L2 ? nm_up(b->radius * b->radius) : b->radius,
                     room = most - d->least;
        const double fee = (double)(d->n + 8) * NM_ULP * (d->size + d->least + most);
        nm_model_row(e->job, e->m, nm_fmt(e->job, "rball_%zu", i), -INFINITY,
                     d->least == 0 && d->size == 0 ? room : nm_up(room + fee), d->n_terms, d->j,
                     d->c);
        if (d->is_quad) put_squares(e, d, (int64_t)e->m->n_rows - 1);
    }
}

double nm_distance_objective(nm_enc *e, nm_norm norm, const double *centre)
{
    const nm_distance *d = find(e, norm, centre, INFINITY);
    for (size_t k = 0; k < d->n_terms; k++) e->m->cols[d->j[k]].obj += d->c[k];
    if (d->is_quad) put_squares(e, d, -1);
    return d->least;
}

void nm_distance_lift(const nm_enc *e, const double *input, double *x)
{
    for (const nm_distance *d = e->distances; d; d = d->next) {
        for (size_t i = 0; i < d->n; i++) {
            const double by = input[i] - d->centre[i], t = fabs(by);
            if (d->col[i] >= 0) x[d->col[i]] = d->norm == NM_L0 ? t != 0 : d->is_quad ? by : t;
            if (d->square[i] >= 0) x[d->square[i]] = nm_up(t * t);
        }
        if (d->total >= 0) x[d->total] = nm_norm_of(d->norm, d->n, input, d->centre);
    }
}
