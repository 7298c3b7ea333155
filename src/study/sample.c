/* sample.c: draws some samples of a set at random.
 *
 * All samples are put in order of their labels, in random order within a label, and every (count / n)-th is taken from
 * a random start (systematic sampling): each label is drawn in proportion, up to one, and each sample with the same
 * probability n / count, so that a share of the drawn ones is an unbiased estimate. The numbers are SplitMix64's
 * (Steele, Lea and Flood 2014), the same on every machine. */
#include "base/base.h"
#include "study/study.h"

#include <stdlib.h>

typedef struct {
    double label;
    uint64_t key;
    int64_t sample;
} entry;

static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* a number below n, each with the same probability */
static uint64_t below(uint64_t *state, uint64_t n)
{
    const uint64_t rest = (0 - n) % n; /* 2^64 mod n: as many numbers are thrown away */
    uint64_t x = next(state);
    while (x < rest) x = next(state);
    return x % n;
}

static int by_label(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->label != y->label) return x->label < y->label ? -1 : 1;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->sample > y->sample) - (x->sample < y->sample);
}

bool *nm_sample_draw(nm_job *job, size_t count, const double *label, size_t n, uint64_t seed)
{
    bool *drawn = NM_ARRAY(job, bool, count + 1);
    entry *e = NM_RAW(job, entry, count + 1);
    uint64_t state = seed;
    for (size_t i = 0; i < count; i++)
        e[i] = (entry){label ? label[i] : 0, next(&state), (int64_t)i};
    qsort(e, count, sizeof *e, by_label);
    const uint64_t start = n ? below(&state, count) : 0;
    for (size_t k = 0; k < n; k++) drawn[e[(start + k * count) / n].sample] = true;
    return drawn;
}
