/* xpress_csv.c: Xpress's .asc file (writesol), written from its public description (no such file was available): a line
 * of comma-separated fields for every row, then for every column: sequence number, name, type (C for a column; N, L, G,
 * E, R for rows), basis status, activity, and more that is not read. Strings may be in double quotes. No status, and
 * perhaps nonzeros only: it gives a point that replay may accept, and never a proof. Files with fewer fields (which
 * flags can ask for) are refused. */
#include "base/base.h"
#include "solver/solver.h"
#include "solver/format.h"

/* Splits off the first 5 fields, without quotes; returns false if there are fewer or a quote is not closed. */
static bool fields(nm_span line, nm_span out[5])
{
    const char *p = line.s;
    for (int i = 0; i < 5; i++) {
        while (p < line.end && *p == ' ') p++;
        const bool quoted = p < line.end && *p == '"';
        const char *from = p + quoted;
        for (p = from; p < line.end && *p != (quoted ? '"' : ',');) p++;
        if (quoted && p == line.end) return false;
        out[i] = quoted ? (nm_span){from, p} : nm_span_trim((nm_span){from, p});
        if (quoted) p++;
        while (p < line.end && *p == ' ') p++;
        if (p == line.end) return i == 4;
        if (*p++ != ',') return false;
    }
    return true;
}

static bool entry(nm_span line, nm_span f[5])
{
    int64_t number;
    return fields(line, f) && nm_int_parse(f[0].s, f[0].end, &number) && f[2].end - f[2].s == 1 &&
           strchr("CNLGER", *f[2].s) && *f[2].s && f[3].end - f[3].s <= 2;
}

static int sniff(const char *text, size_t n)
{
    nm_span f[5];
    return entry(nm_first_line(text, n), f) ? 70 : 0;
}

static void read_file(nm_job *job, nm_file file, nm_sol *s)
{
    nm_lines l = nm_lines_new(job, file);
    nm_span line, f[5];
    nm_sol_status(s, job, nm_span_of("a solution without a status"), NM_SOL_FEASIBLE);
    s->sparse = true;
    while (nm_lines_next(&l, &line)) {
        if (!entry(line, f)) nm_lines_bad(&l, "number, name, type, status and activity");
        if (*f[2].s == 'C')
            nm_sol_value(&l, s, f[1], f[4], -1);
        else if (s->n)
            nm_lines_bad(&l, "columns after the rows");
    }
}

const nm_soldialect nm_sol_xpresscsv = {"xpress csv", sniff, read_file, false, false};
