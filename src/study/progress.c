/* progress.c: the progress of a folder of records in one line: counts, rate, time left, and what takes longest now. */
#include "base/base.h"
#include "study/records.h"

void nm_tally_add(nm_tally *t, int status)
{
    t->done++;
    t->holds += status == NM_OK;
    t->violated += status == NM_VIOLATED;
    t->unknown += status == NM_UNKNOWN;
    t->errors += status != NM_OK && status != NM_VIOLATED && status != NM_UNKNOWN;
}

const char *nm_duration(nm_job *job, double seconds)
{
    if (seconds < 0.95) return nm_fmt(job, "%.2g s", seconds);
    if (seconds < 99.5) return nm_fmt(job, "%.0f s", seconds);
    if (seconds < 99.5 * 60) return nm_fmt(job, "%.0f min", seconds / 60);
    return seconds < 48 * 3600 ? nm_fmt(job, "%.1f h", seconds / 3600)
                               : nm_fmt(job, "%.1f d", seconds / 86400);
}

static void put_rate(nm_buf *b, double rate)
{
    if (rate >= 9.95)
        nm_put(b, "; %.0f/s", rate);
    else if (rate >= 0.095)
        nm_put(b, "; %.2g/s", rate);
    else
        nm_put(b, "; %.2g/min", 60 * rate);
}

const char *nm_tally_text(nm_job *job, const nm_tally *t, size_t before, double seconds,
                          const nm_working *slowest)
{
    nm_buf b = {.job = job};
    nm_put(&b, "%zu/%zu: %zu hold, %zu violated, %zu unknown", t->done, t->all, t->holds,
           t->violated, t->unknown);
    if (t->errors) nm_put(&b, ", %s", nm_counted(job, t->errors, "errors"));
    const size_t made = t->done - before;
    if (made && seconds > 0 && t->done < t->all) {
        const double rate = (double)made / seconds;
        put_rate(&b, rate);
        nm_put(&b, ", %s left", nm_duration(job, (double)(t->all - t->done) / rate));
    }
    if (slowest)
        nm_put(&b, "; slowest: %s, %s", slowest->record, nm_duration(job, slowest->seconds));
    return b.s;
}
