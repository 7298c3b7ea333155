/* benchexec.c: results as BenchExec writes them, for its table-generator and for whoever reads its tables.
 *
 * The format is BenchExec's result XML, version 3.0 of its DTD (doc/result.dtd of github.com/sosy-lab/benchexec). A
 * file is about one configuration of a tool; a run has the columns status, category, cputime, walltime and others of
 * ours. A question that holds is `true`, one with a counterexample is `false`. Categories are BenchExec's: correct and
 * wrong against a known answer, missing where none is known, unknown, and error for a timeout as well. The time in the
 * file is that of the folder's first run. Left out: memory and the time of each run, which records do not say; the
 * environment; and the machine's name, since records may be of several: the system is that of whoever writes the
 * file. */
#define _GNU_SOURCE
#include "base/base.h"
#include "study/study.h"
#include "study/benchexec.h"
#include "study/html.h"
#include "study/plot.h"

#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static void put_attribute(nm_buf *b, const char *key, const char *value)
{
    if (!value || !*value) return;
    nm_put(b, " %s=\"", key);
    nm_put_xml(b, value);
    nm_put(b, "\"");
}

static void put_needed(nm_buf *b, const char *key, const char *value)
{
    if (value && *value)
        put_attribute(b, key, value);
    else
        nm_put(b, " %s=\"\"", key);
}

static void put_column(nm_buf *b, const char *title, const char *value, bool hidden)
{
    nm_put(b, "    <column");
    put_attribute(b, "title", title);
    put_needed(b, "value", value);
    nm_put(b, "%s/>\n", hidden ? " hidden=\"true\"" : "");
}

/* ---- the system ---- */

static const char *processor(nm_job *job)
{
    static const char path[] = "/proc/cpuinfo";
    if (!nm_file_exists(path)) return "unknown";
    nm_lines l = nm_lines_new(job, nm_file_read(job, path));
    nm_span line, rest;
    while (nm_lines_next(&l, &line))
        if (nm_span_after(line, "model name", &rest) && rest.s < rest.end && *rest.s == ':')
            return nm_span_dup(job, nm_span_trim((nm_span){rest.s + 1, rest.end}));
    return "unknown";
}

static void put_system(nm_job *job, nm_buf *b)
{
    struct utsname u;
    const long cores = sysconf(_SC_NPROCESSORS_ONLN), pages = sysconf(_SC_PHYS_PAGES),
               size = sysconf(_SC_PAGESIZE);
    nm_put(b, "  <systeminfo>\n    <os");
    put_needed(b, "name", uname(&u) == 0 ? nm_fmt(job, "%s %s", u.sysname, u.release) : "");
    nm_put(b, "/>\n    <cpu cores=\"%ld\"", cores);
    put_needed(b, "model", processor(job));
    nm_put(b, "/>\n    <ram size=\"%.0fB\"/>\n    <environment/>\n  </systeminfo>\n",
           (double)pages * (double)size);
}

/* ---- runs ---- */

static const char *status_of(const nm_xml_run *r)
{
    return r->timed_out               ? "TIMEOUT"
           : r->failed                ? "ERROR"
           : r->status == NM_OK       ? "true"
           : r->status == NM_VIOLATED ? "false"
                                      : "unknown";
}

static const char *category_of(const nm_xml_run *r)
{
    if (r->timed_out || r->failed) return "error";
    if (r->status == NM_UNKNOWN) return "unknown";
    return r->expected == NM_UNKNOWN ? "missing" : r->expected == r->status ? "correct" : "wrong";
}

static void put_seconds(nm_buf *b, const char *title, double x)
{
    if (isfinite(x)) put_column(b, title, nm_fmt(b->job, "%.6fs", x), false);
}

static void put_run(nm_buf *b, const nm_xml_result *all, const nm_xml_run *r)
{
    nm_put(b, "  <run");
    put_attribute(b, "name", r->name);
    put_attribute(b, "files", r->files ? nm_fmt(b->job, "[%s]", r->files) : NULL);
    nm_put(b, " properties=\"robustness\"");
    if (r->expected != NM_UNKNOWN)
        put_attribute(b, "expectedVerdict", r->expected == NM_OK ? "true" : "false");
    put_attribute(b, "logfile", r->log);
    nm_put(b, ">\n");
    put_column(b, "status", status_of(r), false);
    put_column(b, "category", category_of(r), true);
    put_seconds(b, "cputime", r->cpu);
    put_seconds(b, "walltime", r->wall);
    for (size_t i = 0; all->title && all->title[i]; i++)
        if (r->value[i] && *r->value[i]) put_column(b, all->title[i], r->value[i], false);
    nm_put(b, "  </run>\n");
}

/* ---- the file ---- */

static void put_times(nm_job *job, nm_buf *b, const char *first)
{
    struct stat s = {0};
    struct tm t;
    char date[64] = "", start[64] = "";
    if (stat(first, &s) == 0 && gmtime_r(&s.st_mtime, &t)) {
        strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S UTC", &t);
        strftime(start, sizeof start, "%Y-%m-%dT%H:%M:%S+00:00", &t);
    }
    put_needed(b, "date", nm_fmt(job, "%s", date));
    put_needed(b, "starttime", nm_fmt(job, "%s", start));
}

void nm_xml_write(nm_job *job, const nm_xml_result *r, const char *path)
{
    static const char *const own[] = {"status", "cputime", "walltime", NULL};
    const char *const *const lists[] = {own, r->title};
    nm_buf b = {.job = job};
    nm_put(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
               "<!DOCTYPE result PUBLIC \"+//IDN sosy-lab.org//DTD BenchExec result 3.0//EN\" "
               "\"https://www.sosy-lab.org/benchexec/result-3.0.dtd\">\n<result");
    put_needed(&b, "benchmarkname", r->benchmark);
    put_attribute(&b, "name", r->name);
    put_times(job, &b, r->first);
    put_needed(&b, "tool", r->tool);
    nm_put(&b, " toolmodule=\"scripts.benchexec.netmip\"");
    put_needed(&b, "version", r->version);
    put_attribute(&b, "options", r->options);
    if (r->seconds > 0) put_attribute(&b, "timelimit", nm_fmt(job, "%gs", r->seconds));
    if (r->bytes > 0) put_attribute(&b, "memlimit", nm_fmt(job, "%.0fB", r->bytes));
    nm_put(&b, " generator=\"netmip " NM_VERSION "\">\n  <columns>\n");
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; lists[k] && lists[k][i]; i++) {
            nm_put(&b, "    <column");
            put_attribute(&b, "title", lists[k][i]);
            nm_put(&b, "/>\n");
        }
    nm_put(&b, "  </columns>\n");
    put_system(job, &b);
    for (size_t i = 0; i < r->n; i++) put_run(&b, r, &r->run[i]);
    nm_put(&b, "</result>\n");
    nm_file_write(job, path, b.s, b.n);
}
