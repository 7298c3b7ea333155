/* norm.c: distances from the image: their names, their value rounded up, and the nearest point behind a hyperplane.
 *
 * Nearest point: min ||x - x0|| with g (x - x0) <= -d over a box. Let r_i, the room, be how far x_i can move in the
 * direction that helps. Then the step is  t_i = min(r, r_i) for L-inf  and  min(m |g_i|, r_i) for L2, with r or m found
 * by bisection; L1 uses the largest |g_i| first, L0 the largest |g_i| r_i. It serves for upper bounds only, as a
 * suggestion that the judge then checks. Cost: 60 passes, or a sort. */
#include "base/base.h"
#include "question/question.h"
#include "question/part.h"

#include <stdlib.h>

static const char *const names[] = {"linf", "l1", "l2", "l0"};

const char *nm_norm_name(nm_norm norm) { return names[norm]; }

bool nm_norm_find(const char *s, nm_norm *norm)
{
    for (size_t i = 0; i < 4; i++)
        if (strcmp(s, names[i]) == 0) {
            *norm = (nm_norm)i;
            return true;
        }
    return false;
}

double nm_norm_of(nm_norm norm, size_t n, const double *x, const double *c)
{
    double sum = 0, most = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = fabs(x[i] - c[i]);
        if (d > most) most = d;
        sum += norm == NM_L0 ? d != 0 : norm == NM_L1 ? d : d * d;
    }
    const double grown = 1 + (double)(n + 8) * NM_ULP;
    if (norm == NM_L0) return sum;
    if (most == 0) return 0;
    if (norm == NM_LINF) return nm_up(most);
    if (norm == NM_L1) return nm_up(sum * grown);
    return nm_up(sqrt(sum * grown + (double)n * NM_TINY) * (1 + 4 * NM_ULP));
}

double nm_norm_below(nm_norm norm, double v)
{
    return norm == NM_L0 ? v - 1 : v * (1 - 0.25 * NM_NEAR_GAP);
}

typedef struct {
    double key, gain, room;
    size_t i;
} step;

static int by_key(const void *a, const void *b)
{
    const step *p = a, *q = b;
    if (p->key != q->key) return p->key > q->key ? -1 : 1;
    return p->i < q->i ? -1 : p->i > q->i;
}

/* L1 and L0: uses up whole rooms in order of merit, the last one partly. */
static void greedy(nm_norm norm, size_t n, step *s, double d)
{
    for (size_t k = 0; k < n; k++) s[k].key = norm == NM_L1 ? s[k].gain : s[k].gain * s[k].room;
    qsort(s, n, sizeof *s, by_key);
    for (size_t k = 0; k < n; k++) {
        const double most = s[k].gain * s[k].room;
        if (d <= 0)
            s[k].room = 0;
        else if (most > d && s[k].gain > 0)
            s[k].room = fmin(s[k].room, d / s[k].gain);
        d -= most;
    }
}

static double length(nm_norm norm, const step *s, double m)
{
    return fmin(s->room, norm == NM_LINF ? m : m * s->gain);
}

/* L-inf and L2: finds the step by bisection. */
static void bisect(nm_norm norm, size_t n, step *s, double d)
{
    double lo = 0, hi = 0;
    for (size_t k = 0; k < n; k++)
        if (s[k].gain > 0) hi = fmax(hi, norm == NM_LINF ? s[k].room : s[k].room / s[k].gain);
    for (int t = 0; t < 60; t++) {
        const double mid = 0.5 * lo + 0.5 * hi;
        double sum = 0;
        for (size_t k = 0; k < n; k++) sum += s[k].gain * length(norm, &s[k], mid);
        *(sum >= d ? &hi : &lo) = mid;
    }
    for (size_t k = 0; k < n; k++) s[k].room = length(norm, &s[k], hi);
}

bool nm_norm_nearest(nm_job *job, nm_norm norm, size_t n, const double *x0, const double *lo,
                     const double *hi, const double *g, double d, double *x)
{
    const nm_mark mark = nm_mark_get(job);
    step *s = NM_RAW(job, step, n + 1);
    double most = 0;
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        x[i] = x0[i];
        if (g[i] == 0) continue;
        s[m] = (step){0, fabs(g[i]), g[i] > 0 ? x0[i] - lo[i] : hi[i] - x0[i], i};
        most += s[m].gain * s[m].room;
        m += s[m].room > 0;
    }
    const bool reached = most >= d;
    if (reached) (norm == NM_LINF || norm == NM_L2 ? bisect : greedy)(norm, m, s, d);
    for (size_t k = 0; k < m; k++) {
        const size_t i = s[k].i;
        x[i] = g[i] > 0 ? fmax(lo[i], x0[i] - s[k].room) : fmin(hi[i], x0[i] + s[k].room);
    }
    nm_mark_release(job, mark);
    return reached;
}
