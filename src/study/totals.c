/* totals.c: records counted: verdicts, errors, seconds; the limits of the error that a random sample gives. */
#include "base/base.h"
#include "study/study.h"
#include "study/numbers.h"
#include "study/records.h"

bool nm_record_partial(const nm_json *record)
{
    const nm_json *x = nm_json_find(record, "partial");
    return x && nm_json_true(x);
}

void nm_totals_add(nm_job *job, nm_totals *t, const nm_json *r)
{
    const nm_json *said = nm_json_find(r, "verdict");
    const char *verdict = said ? nm_json_str(job, said, "verdict") : "";
    const int status = nm_status_of(verdict);
    const nm_json *label = nm_json_find(r, "label"), *cpu = nm_json_find(r, "cpu_seconds");
    t->samples++;
    t->violated += status == NM_VIOLATED;
    t->holds += status == NM_OK;
    t->unknown += status == NM_UNKNOWN;
    t->partial += nm_record_partial(r);
    if (strcmp(verdict, "error") == 0) {
        t->errors++;
        if (!t->error)
            t->error = (int)nm_json_int(job, nm_json_get(job, r, "code", "record"), "code");
    }
    if (label && nm_json_num(job, label, "label") !=
                     nm_json_num(job, nm_json_get(job, r, "predicted", "record"), "predicted"))
        t->misclassified++;
    if (cpu) t->cpu += nm_json_num(job, cpu, "cpu_seconds");
}

nm_limits nm_totals_limits(const nm_totals *t, size_t drawn, double confidence)
{
    const size_t hold = t->holds < drawn ? t->holds : drawn;
    const size_t found = t->violated < drawn ? t->violated : drawn;
    return nm_exact_limits(found, drawn - hold, drawn, confidence);
}
