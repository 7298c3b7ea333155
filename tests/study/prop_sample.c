/* prop_sample.c: random samples and their confidence limits: the limits against scipy's beta.ppf; each sample is drawn
 * as often as the others, labels in proportion; and of 2,000 draws from a set whose error is known, the limits hold it
 * in as many as they promise. */
#include "test.h"

typedef struct {
    size_t k, n;
    double confidence, lo, hi;
} known;

static bool near(double x, double y) { return fabs(x - y) <= 1e-11 * fmax(1e-3, fabs(y)); }

static void limits(nm_job *job, void *arg)
{
    static const known list[] = {
        {0, 10, 0.95, 0.0, 0.3084971078187608},
        {10, 10, 0.95, 0.6915028921812392, 1.0},
        {1, 10, 0.95, 0.0025285785444617865, 0.4450161170281954},
        {5, 10, 0.95, 0.18708602844739855, 0.8129139715526015},
        {2, 50, 0.95, 0.004881433426164383, 0.1371376256039674},
        {438, 10000, 0.95, 0.03987233145960344, 0.04799604424205434},
        {1, 10000, 0.99, 5.01254056726572e-07, 0.0007427741123960361},
        {9999, 10000, 0.99, 0.999257225887604, 0.9999994987459433},
        {3000, 10000, 0.5, 0.2968720785623019, 0.30315368009574667},
        {70, 1000000, 0.999, 4.56962823000861e-05, 0.00010203551489292092},
        {500000, 1000000, 0.95, 0.49901951919531184, 0.5009804808046882},
    };
    (void)job;
    (void)arg;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        const known *a = &list[i];
        const nm_limits l = nm_exact_limits(a->k, a->k, a->n, a->confidence);
        CHECK(near(l.lo, a->lo), "%zu of %zu: %.17g, not %.17g", a->k, a->n, l.lo, a->lo);
        CHECK(near(l.hi, a->hi), "%zu of %zu: %.17g, not %.17g", a->k, a->n, l.hi, a->hi);
        const nm_limits wide = nm_exact_limits(a->k / 2, (a->k + a->n) / 2, a->n, a->confidence);
        CHECK(wide.lo <= l.lo && wide.hi >= l.hi, "what is open widens the limits");
    }
}

enum { COUNT = 1000, LABELS = 7, DRAWN = 80, DRAWS = 2000 };

static void draws(nm_job *job, void *arg)
{
    double label[COUNT];
    bool violated[COUNT], holds[COUNT];
    size_t of[LABELS] = {0}, times[COUNT] = {0}, covered = 0, wrong = 0;
    (void)arg;
    for (size_t i = 0; i < COUNT; i++) { /* labels of different sizes and errors */
        const size_t l = t_below(t_below(LABELS) + 1);
        label[i] = (double)l;
        of[l]++;
        violated[i] = t_uniform(0, 1) < 0.02 + 0.03 * (double)l;
        holds[i] = !violated[i] && t_uniform(0, 1) < 0.97;
        wrong += violated[i];
    }
    for (size_t d = 0; d < DRAWS; d++) {
        const nm_mark mark = nm_mark_get(job);
        const bool *drawn = nm_sample_draw(job, COUNT, label, DRAWN, d),
                   *again = nm_sample_draw(job, COUNT, label, DRAWN, d);
        size_t n = 0, sure = 0, possible = 0, in[LABELS] = {0};
        for (size_t i = 0; i < COUNT; i++) {
            if (drawn[i] != again[i]) CHECK(false, "the same seed, another sample");
            if (!drawn[i]) continue;
            n++;
            times[i]++;
            in[(size_t)label[i]]++;
            sure += violated[i];
            possible += !holds[i];
        }
        CHECK(n == DRAWN, "%zu", n);
        for (size_t l = 0; l < LABELS; l++)
            CHECK(fabs((double)in[l] - (double)(of[l] * DRAWN) / COUNT) < 1, "label %zu: %zu", l,
                  in[l]);
        const nm_limits limit = nm_exact_limits(sure, possible, DRAWN, 0.95);
        covered += limit.lo <= (double)wrong / COUNT && (double)wrong / COUNT <= limit.hi;
        nm_mark_release(job, mark);
    }
    CHECK(covered >= DRAWS * 95 / 100, "the limits hold in %zu of %d draws", covered, DRAWS);
    const double mean = (double)DRAWS * DRAWN / COUNT; /* 160; its standard deviation is 12.1 */
    for (size_t i = 0; i < COUNT; i++)
        CHECK(fabs((double)times[i] - mean) < 62, "sample %zu was drawn %zu times", i, times[i]);
}

static void all_or_one(nm_job *job, void *arg)
{
    (void)arg;
    for (size_t count = 1; count < 20; count++)
        for (size_t n = 1; n <= count; n++) {
            const bool *drawn = nm_sample_draw(job, count, NULL, n, n);
            size_t m = 0;
            for (size_t i = 0; i < count; i++) m += drawn[i];
            CHECK(m == n, "%zu of %zu: %zu", n, count, m);
        }
}

int main(void)
{
    t_job(NM_OK, limits, NULL);
    t_job(NM_OK, draws, NULL);
    t_job(NM_OK, all_or_one, NULL);
    return t_done("prop_sample");
}
