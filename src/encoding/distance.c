/* distance.c: a distance from the image as columns and rows: the objective of `closest`, and balls as input sets.
 *
 *   L-inf  d:    x_i - d <= c_i,  -x_i - d <= -c_i                                       sum: d
 *   L1     d_i:  x_i - d_i <= c_i, -x_i - d_i <= -c_i; if the box is on one side of c_i: +-(x_i - c_i) instead of d_i
 *   L0     b_i:  x_i - (hi_i - c_i) b_i <= c_i, -x_i - (c_i - lo_i) b_i <= -c_i, binary   sum: of b_i
 *   L2     d_i as in L1, s_i >= 2 a d_i - a^2 for numbers a that are added in rounds      sum: of s_i, a square
 * The rows of L2 are tangents of d_i^2: a relaxation, which is exact at the points where tangents were added. Solvers'
 * tolerances are absolute, and a small distance has an even smaller square; therefore d_i and s_i are in units of a
 * power of 2 that makes the distance about 32. If the dialect supports products, these replace d_i and s_i:
 *   L2     q_i:  x_i - q_i = c_i                                                         sum: of q_i^2
 * because a row or objective in differences loses no digits to the constants that an expanded (x_i - c_i)^2 has. If L0
 * counts pixels, the elements of a pixel share b. Names of the columns and rows of a second distance have a letter
 * after their kind: db7, rdpb_7. An input without a column is in no row of the question: it stays at the image. With
 * generators, x_i stands for x0_i + G_i g everywhere. Coefficients and right sides that act as big-M are rounded up, so
 * that every true point has values for its columns: lift is |x_i - c_i|, x_i != c_i, (x_i - c_i)^2. Cost: at most two
 * rows for each input, for L2 one more for each tangent. */
#include "base/base.h"
#include "question/question.h"
#include "model/model.h"
#include "encoding/encoding.h"
#include "encoding/rows.h"

/* Returns input i over columns. With generators, fixed ones and coefficients that readers would drop go into its
 * constant. */
static nm_form input_form(nm_enc *e, size_t i)
{
    const nm_gens *g = e->b->gens;
    const size_t from = g ? g->ptr[i] : 0, m = g ? g->ptr[i + 1] - from : 1;
    uint32_t *j = NM_RAW(e->job, uint32_t, m + 1);
    double *c = NM_RAW(e->job, double, m + 1), mag = 0;
    nm_form f = {0, j, c, g ? g->x0[i] : 0, g ? g->x0[i] : 0};
    if (!g && e->col[i] >= 0) j[f.n] = (uint32_t)e->col[i], c[f.n++] = 1;
    if (g)
        for (size_t k = 0; k < m; k++) {
            const size_t t = g->idx[from + k];
            const double w = g->w[from + k], lo = w * (w > 0 ? e->b->lo[t] : e->b->hi[t]),
                         hi = w * (w > 0 ? e->b->hi[t] : e->b->lo[t]);
            if (e->col[t] >= 0 && fabs(w) >= NM_COEF_MIN) {
                j[f.n] = (uint32_t)e->col[t];
                c[f.n++] = w;
                continue;
            }
            f.lo += lo;
            f.hi += hi;
            mag += fabs(f.lo) + fabs(f.hi) + fabs(lo) + fabs(hi);
        }
    const double fee = mag > 0 ? 2 * NM_ULP * mag + NM_TINY : 0;
    f.lo -= fee;
    f.hi += fee;
    if (fee > 0) f.lo = nm_down(f.lo), f.hi = nm_up(f.hi);
    return f;
}

static double reach_of(const nm_distance *d)
{
    double reach = 0;
    for (size_t i = 0; i < d->n; i++)
        reach = fmax(reach, fmax(d->hi[i] - d->centre[i], d->centre[i] - d->lo[i]));
    return reach;
}

/* Returns how many units make up one of the inputs' units, for distances of about this size. */
static double scale_for(double size)
{
    return size > 0x1p-15 && size < 32 ? ldexp(1, 5 - ilogb(size)) : 1;
}

/* Returns what the names of a further distance's columns and rows have after their kind: b, c, ..; bb, .. */
static const char *tag_of(const nm_enc *e)
{
    size_t k = 0;
    for (const nm_distance *d = e->distances; d; d = d->next) k++;
    char s[16] = "";
    for (size_t i = 0; k > 0 && i < sizeof s - 1; k /= 25, i++) s[i] = (char)('a' + k % 25);
    return nm_dup(e->job, s, strlen(s));
}

static nm_distance *add(nm_enc *e, const nm_ball *b)
{
    nm_distance *d = NM_NEW(e->job, nm_distance);
    const size_t n = e->b->gens ? e->b->gens->n_in : e->b->p->blocks[0].n;
    *d = (nm_distance){.norm = b->norm,
                       .n = n,
                       .centre = b->centre,
                       .pixels = b->pixels,
                       .total = -1,
                       .scale = 1,
                       .lo = e->b->lo + e->b->p->x_first,
                       .hi = e->b->hi + e->b->p->x_first,
                       .next = e->distances};
    d->tag = tag_of(e);
    d->in = NM_RAW(e->job, nm_form, n + 1);
    for (size_t i = 0; i < n; i++) d->in[i] = input_form(e, i);
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

/* Adds sign x_i - by col <= sign c_i, in the distance's units. */
static void row(nm_enc *e, const nm_distance *d, const char *kind, size_t i, double sign,
                uint32_t col, double by)
{
    const nm_form *f = &d->in[i];
    const double off = sign > 0 ? f->lo : -f->hi, rhs = sign * d->centre[i] - off, minus = -by;
    nm_enc_row(e, nm_fmt(e->job, "%s%s_%zu", kind, d->tag, i), f, sign * d->scale, 1, &col, &minus,
               d->scale * (off == 0 ? rhs : nm_up(rhs)));
}

/* Adds the column for how far an input moves; up, down: the most that it can move, 0: not at all. */
static void split(nm_enc *e, nm_distance *d, size_t i, double up, double down)
{
    const bool zero = d->norm == NM_L0;
    const char *name = nm_fmt(e->job, "%s%s%zu", zero ? "b" : "d", d->tag, i);
    const uint32_t j = nm_model_col(e->job, e->m, name, 0, zero ? 1 : d->scale * fmax(up, down),
                                    zero);
    d->col[i] = (int32_t)j;
    if (up > 0) row(e, d, "rdp", i, 1, j, zero ? fmax(up, NM_COEF_MIN) : 1);
    if (down > 0) row(e, d, "rdn", i, -1, j, zero ? fmax(down, NM_COEF_MIN) : 1);
}

/* Adds a constant: conditioned bounds exclude the image in this input. */
static void add_least(nm_distance *d, double by)
{
    d->least += d->norm == NM_L0   ? 1
                : d->norm == NM_L2 ? nm_down(nm_down(by) * nm_down(by))
                                   : nm_down(by);
}

static void measure_each(nm_enc *e, nm_distance *d)
{
    for (size_t i = 0; i < d->n; i++) {
        const double lo = d->lo[i], hi = d->hi[i], c = d->centre[i];
        const double up = hi > c ? nm_up(hi - c) : 0, down = lo < c ? nm_up(c - lo) : 0;
        const bool out = lo > c || hi < c, fixed = d->in[i].n == 0;
        if (out && (fixed || d->norm == NM_L0)) add_least(d, lo > c ? lo - c : c - hi);
        if (fixed || (out && d->norm == NM_L0)) continue;
        if (d->norm == NM_L0 || e->b->gens || (up > 0 && down > 0)) split(e, d, i, up, down);
        if (d->norm == NM_L2) {
            const double far = d->scale * fmax(up, down), top = nm_up(nm_up(far) * far);
            d->square[i] = (int32_t)nm_model_col(e->job, e->m, nm_fmt(e->job, "s%s%zu", d->tag, i),
                                                 0, top, false);
            put(d, (uint32_t)d->square[i], 1);
        } else if (d->col[i] >= 0) {
            put(d, (uint32_t)d->col[i], 1);
        } else {
            put(d, d->in[i].j[0], lo >= c ? 1 : -1);
            d->least += lo >= c ? -c : c;
            d->size += fabs(c);
        }
    }
}

/* Adds one binary for all elements of a pixel. */
static void measure_pixels(nm_enc *e, nm_distance *d)
{
    const nm_pixelset *p = d->pixels;
    for (size_t k = 0; k < p->n; k++) {
        bool out = false, moves = false;
        for (size_t m = p->ptr[k]; m < p->ptr[k + 1]; m++) {
            const size_t i = p->idx[m];
            out |= d->lo[i] > d->centre[i] || d->hi[i] < d->centre[i];
            moves |= d->in[i].n > 0;
        }
        d->least += out;
        if (out || !moves) continue;
        const uint32_t j = nm_model_col(e->job, e->m, nm_fmt(e->job, "pix%s%zu", d->tag, k), 0, 1,
                                        true);
        put(d, j, 1);
        for (size_t m = p->ptr[k]; m < p->ptr[k + 1]; m++) {
            const size_t i = p->idx[m];
            const double up = nm_up(d->hi[i] - d->centre[i]), down = nm_up(d->centre[i] - d->lo[i]);
            if (d->in[i].n == 0) continue;
            d->col[i] = (int32_t)j;
            if (d->hi[i] > d->centre[i]) row(e, d, "rdp", i, 1, j, fmax(up, NM_COEF_MIN));
            if (d->lo[i] < d->centre[i]) row(e, d, "rdn", i, -1, j, fmax(down, NM_COEF_MIN));
        }
    }
}

/* L2 by products: adds the differences. */
static void differ_each(nm_enc *e, nm_distance *d)
{
    d->is_quad = true;
    for (size_t i = 0; i < d->n; i++) {
        const double lo = d->lo[i], hi = d->hi[i], c = d->centre[i];
        const nm_form *f = &d->in[i];
        if (f->n == 0) {
            if (lo > c || hi < c) add_least(d, lo > c ? lo - c : c - hi);
            continue;
        }
        const uint32_t q = nm_model_col(e->job, e->m, nm_fmt(e->job, "q%s%zu", d->tag, i),
                                        nm_down(lo - c), nm_up(hi - c), false);
        const bool exact = f->lo == 0 && f->hi == 0;
        uint32_t *j = NM_RAW(e->job, uint32_t, f->n + 1);
        double *w = NM_RAW(e->job, double, f->n + 1), rhs = c - f->hi, top = c - f->lo;
        memcpy(j, f->j, f->n * sizeof *j);
        memcpy(w, f->c, f->n * sizeof *w);
        j[f->n] = q;
        w[f->n] = -1;
        rhs = rhs == 0 ? 0 : rhs;
        nm_model_row(e->job, e->m, nm_fmt(e->job, "rdq%s_%zu", d->tag, i),
                     exact ? rhs : nm_down(rhs), exact ? rhs : nm_up(top), f->n + 1, j, w);
        d->col[i] = (int32_t)q;
    }
}

/* Adds the squares of the differences to a row or (-1) to the objective. */
static void put_squares(nm_enc *e, const nm_distance *d, int64_t row)
{
    for (size_t i = 0; i < d->n; i++)
        if (d->col[i] >= 0)
            nm_model_quad(e->job, e->m, row, (uint32_t)d->col[i], (uint32_t)d->col[i], 1);
}

static void measure_all(nm_enc *e, nm_distance *d)
{
    const uint32_t j = nm_model_col(e->job, e->m, nm_fmt(e->job, "dist%s", d->tag), 0,
                                    nm_up(reach_of(d)), false);
    d->total = (int32_t)j;
    put(d, j, 1);
    for (size_t i = 0; i < d->n; i++) {
        if (d->in[i].n == 0) continue;
        if (d->hi[i] > d->centre[i]) row(e, d, "rdp", i, 1, j, 1);
        if (d->lo[i] < d->centre[i]) row(e, d, "rdn", i, -1, j, 1);
    }
}

/* Adds 2 a |x_i - c_i| - s_i <= a^2, in the distance's units. */
static void tangent(nm_enc *e, nm_distance *d, size_t i, double a)
{
    const bool own = d->col[i] >= 0;
    const uint32_t j[] = {own ? (uint32_t)d->col[i] : d->in[i].j[0], (uint32_t)d->square[i]};
    const double c = d->scale * d->centre[i], at = d->scale * a,
                 sign = own || d->lo[i] >= d->centre[i] ? 1 : -1,
                 shift = own ? 0 : sign * 2 * at * c;
    const double w[] = {sign * 2 * at * (own ? 1 : d->scale), -1},
                 rhs = nm_up(nm_up(at * at) + (own ? 0 : nm_up(shift)));
    if (2 * at > NM_COEF_MIN) /* leaving out a tangent only relaxes */
        nm_model_row(e->job, e->m, nm_fmt(e->job, "rdt%s%zu_%zu", d->tag, d->n_tangents, i),
                     -INFINITY, rhs, 2, j, w);
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

/* Adds tangents before any point is known: at an even share of the radius, and at three and nine times that. */
static void first_tangents(nm_enc *e, nm_distance *d, double radius)
{
    double n = 0;
    for (size_t i = 0; i < d->n; i++) n += d->square[i] >= 0;
    for (double a = fmin(radius, reach_of(d)) / sqrt(fmax(n, 1)), k = 0; k < 3; k++, a *= 3) {
        d->n_tangents++;
        for (size_t i = 0; i < d->n; i++)
            if (d->square[i] >= 0) tangent(e, d, i, a);
    }
}

static nm_distance *find(nm_enc *e, const nm_ball *b)
{
    for (nm_distance *d = e->distances; d; d = d->next)
        if (d->norm == b->norm && d->pixels == b->pixels &&
            memcmp(d->centre, b->centre, d->n * sizeof *d->centre) == 0)
            return d;
    nm_distance *d = add(e, b);
    if (b->norm == NM_L2 && !e->quadratic) d->scale = scale_for(fmin(b->radius, reach_of(d)));
    if (b->norm == NM_LINF)
        measure_all(e, d);
    else if (b->norm == NM_L2 && e->quadratic)
        differ_each(e, d);
    else if (b->pixels)
        measure_pixels(e, d);
    else
        measure_each(e, d);
    if (b->norm == NM_L2 && !d->is_quad) first_tangents(e, d, b->radius);
    return d;
}

void nm_distance_balls(nm_enc *e, const nm_case *c)
{
    for (size_t i = 0; i < c->n_balls; i++) {
        const nm_ball *b = &c->balls[i];
        const nm_distance *d = find(e, b);
        const double most = b->norm == NM_L2 ? nm_up(b->radius * b->radius) : b->radius,
                     room = most - d->least;
        const double fee = (double)(d->n + 8) * NM_ULP * (d->size + d->least + most);
        nm_model_row(e->job, e->m, nm_fmt(e->job, "rball_%zu", i), -INFINITY,
                     d->scale * d->scale *
                         (d->least == 0 && d->size == 0 ? room : nm_up(room + fee)),
                     d->n_terms, d->j, d->c);
        if (d->is_quad) put_squares(e, d, (int64_t)e->m->n_rows - 1);
    }
}

double nm_distance_objective(nm_enc *e, nm_norm norm, const double *centre)
{
    const nm_ball all = {norm, INFINITY, centre, NULL};
    const nm_distance *d = find(e, &all);
    for (size_t k = 0; k < d->n_terms; k++)
        e->m->cols[d->j[k]].obj += d->c[k] / (d->scale * d->scale);
    if (d->is_quad) put_squares(e, d, -1);
    return d->least;
}

void nm_distance_lift(const nm_enc *e, const double *input, double *x)
{
    for (const nm_distance *d = e->distances; d; d = d->next) {
        for (size_t i = 0; i < d->n; i++) {
            const double by = input[i] - d->centre[i], t = fabs(by);
            if (d->col[i] >= 0)
                x[d->col[i]] = d->pixels          ? fmax(x[d->col[i]], t != 0)
                               : d->norm == NM_L0 ? t != 0
                                                  : d->scale * (d->is_quad ? by : t);
            if (d->square[i] >= 0)
                x[d->square[i]] = nm_up(nm_up(d->scale * t) * nm_up(d->scale * t));
        }
        if (d->total >= 0) x[d->total] = nm_norm_of(d->norm, d->n, input, d->centre);
    }
}
