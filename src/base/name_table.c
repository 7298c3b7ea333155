/* name_table.c: names numbered in the order in which they were added, found by hashing (FNV-1a, open addressing, at
 * most half full). */
#include "base/base.h"

static size_t place(const nm_names *t, nm_span s)
{
    uint64_t h = 1469598103934665603ULL;
    for (const char *p = s.s; p < s.end; p++) h = (h ^ (unsigned char)*p) * 1099511628211ULL;
    size_t i = (size_t)h & t->mask;
    while (t->slot[i]) {
        const char *name = t->name[t->slot[i] - 1];
        if (strlen(name) == (size_t)(s.end - s.s) && memcmp(name, s.s, (size_t)(s.end - s.s)) == 0)
            break;
        i = (i + 1) & t->mask;
    }
    return i;
}

int64_t nm_names_find(const nm_names *t, nm_span s)
{
    return t->slot ? (int64_t)t->slot[place(t, s)] - 1 : -1;
}

bool nm_names_add(nm_job *job, nm_names *t, nm_span s)
{
    if (2 * (t->n + 1) > t->mask) {
        t->mask = t->mask ? 2 * t->mask + 1 : 63;
        t->slot = NM_ARRAY(job, uint32_t, t->mask + 1);
        for (size_t k = 0; k < t->n; k++)
            t->slot[place(t, nm_span_of(t->name[k]))] = (uint32_t)k + 1;
    }
    const size_t i = place(t, s);
    if (t->slot[i]) return false;
    *NM_PUSH(job, t->name, t->n, t->cap) = nm_dup(job, s.s, (size_t)(s.end - s.s));
    t->slot[i] = (uint32_t)t->n;
    return true;
}
