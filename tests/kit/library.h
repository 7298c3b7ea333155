/* library.h: what tests of netmip.h share: networks, options and questions in one call, each checked. */
#ifndef NM_TEST_LIBRARY_H
#define NM_TEST_LIBRARY_H
#include "test.h"

static inline const nm_net *load(nm_job *job, const char *path)
{
    const nm_net *net;
    CHECK(nm_net_load(job, path, NULL, &net) == NM_OK, "%s", nm_job_message(job));
    return net;
}

/* options from pairs of texts, NULL last */
static inline nm_options *options(nm_job *job, const char *const *pair)
{
    nm_options *o;
    CHECK(nm_options_new(job, &o) == NM_OK);
    for (; *pair; pair += 2)
        CHECK(nm_options_set(o, pair[0], pair[1]) == NM_OK, "%s", nm_job_message(job));
    return o;
}
#define OPTIONS(job, ...) options(job, (const char *const[]){__VA_ARGS__, NULL})

/* a question around an image [n] */
static inline const nm_query *ask(nm_job *job, const nm_net *net, const double *x, nm_options *o)
{
    const nm_query *q;
    CHECK(nm_options_image(o, x, 1, (int64_t[]){(int64_t)nm_net_inputs(net)}) == NM_OK);
    CHECK(nm_query_make(job, net, o, &q) == NM_OK, "%s", nm_job_message(job));
    return q;
}

static inline bool says(nm_job *job, const char *text)
{
    return strstr(nm_job_message(job), text) != NULL;
}

#endif
