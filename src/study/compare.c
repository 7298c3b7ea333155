/* compare.c: netmip compare: campaigns side by side, from their folders alone. */
#include "base/base.h"
#include "study/study.h"
#include "study/plot.h"
#include "study/results.h"
#include "study/sheet.h"

enum { SHOWN = 20 }; /* rows of changed verdicts in text */

typedef struct {
    nm_job *job;
    size_t n;
    const nm_results *r;
    nm_sheet campaigns, differences, pairs, changes, contradictions;
} comparison;

/* ---- verdicts that cannot all be true ---- */

static nm_sheet contradictions(nm_job *job, const nm_results *r, size_t n)
{
    static const char *const columns[] = {
        "#sample",           "first",  "verdict",          "second",
        "verdict of second", "record", "record of second", NULL};
    nm_sheet s = nm_sheet_new(job, "contradictions", "Verdicts that cannot both be true", columns);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++) {
            const nm_related how = nm_results_related(&r[i], &r[j]);
            for (size_t k = 0; k < r[i].n; k++) {
                const nm_outcome *a = &r[i].row[k], *b = nm_results_find(&r[j], a->sample);
                if (!b || !nm_outcomes_contradict(how, a, b)) continue;
                const nm_results *of[] = {&r[i], &r[j]};
                nm_sheet_str(&s, nm_fmt(job, "%lld", (long long)a->sample));
                for (size_t e = 0; e < 2; e++) {
                    nm_sheet_str(&s, of[e]->dir);
                    nm_sheet_str(&s, e ? b->verdict : a->verdict);
                }
                for (size_t e = 0; e < 2; e++)
                    nm_sheet_str(&s, nm_fmt(job, "%s/records/%06lld.json", of[e]->dir,
                                            (long long)a->sample));
            }
        }
    return s;
}

/* ---- said ---- */

static void put_part(nm_buf *out, const nm_sheet *s, size_t most)
{
    nm_sheet some = *s;
    const size_t rows = nm_sheet_rows(s), shown = rows < most ? rows : most;
    if (!rows) return;
    nm_put(out, "\n%s:\n", s->title);
    some.n = shown * s->n_columns;
    nm_sheet_text(out, &some);
    if (shown < rows)
        nm_put(out, "and %zu more; -o DIR writes %s.csv with all of them\n", rows - shown, s->name);
}

static void put_text(nm_buf *out, const comparison *c)
{
    nm_sheet_text(out, &c->campaigns);
    put_part(out, &c->differences, (size_t)-1);
    put_part(out, &c->pairs, (size_t)-1);
    put_part(out, &c->changes, SHOWN);
    put_part(out, &c->contradictions, SHOWN);
}

/* a table as a list of objects, whose members are its columns in one word; numbers as numbers, percentages unrounded */
static void put_rows(nm_jo *j, const nm_sheet *s, const char *key, const char *const *member)
{
    nm_jo_line(j);
    nm_jo_list(j, key);
    for (size_t i = 0; i < s->n; i++) {
        const size_t c = i % s->n_columns;
        const char *text = s->cell[i].text;
        if (!c) nm_jo_line(j), nm_jo_object(j, NULL);
        if (!nm_sheet_is_number(s, c))
            nm_jo_str(j, member[c], text);
        else
            nm_jo_raw(j, member[c], s->cell[i].exact ? s->cell[i].exact : *text ? text : "null");
        if (c + 1 == s->n_columns) nm_jo_end(j);
    }
    nm_jo_end(j);
}

/* what differs, or changes: a value for each campaign, in their order */
static void put_values(nm_jo *j, const nm_sheet *s, const char *key, size_t n_first,
                       const char *const *member, const char *values)
{
    nm_jo_line(j);
    nm_jo_list(j, key);
    for (size_t i = 0; i < s->n; i++) {
        const size_t c = i % s->n_columns;
        const char *text = s->cell[i].text;
        if (!c) nm_jo_line(j), nm_jo_object(j, NULL);
        if (c == n_first) nm_jo_list(j, values);
        if (c >= n_first || !nm_sheet_is_number(s, c))
            nm_jo_str(j, c < n_first ? member[c] : NULL, text);
        else
            nm_jo_raw(j, member[c], *text ? text : "null");
        if (c + 1 == s->n_columns) nm_jo_end(j), nm_jo_end(j);
    }
    nm_jo_end(j);
}

static void put_json(nm_buf *out, const comparison *c)
{
    static const char *const campaign[] = {"campaign",
                                           "network",
                                           "within",
                                           "samples",
                                           "test_error_percent",
                                           "error_at_least_percent",
                                           "error_at_most_percent",
                                           "limits",
                                           "holds",
                                           "violated",
                                           "unknown",
                                           "errors",
                                           "left",
                                           "mean_seconds",
                                           "median_seconds",
                                           "sgm_seconds",
                                           "cpu_seconds",
                                           "time_limit"};
    static const char *const pair[] = {"first",      "second",      "samples",        "changed",
                                       "only_first", "only_second", "contradictions", "wall_median",
                                       "wall_sgm",   "cpu_median",  "cpu_sgm"};
    static const char *const wrong[] = {"sample",         "first",        "first_verdict", "second",
                                        "second_verdict", "first_record", "second_record"};
    static const char *const what[] = {"what"}, *const sample[] = {"sample", "label"},
                             *const row[] = {"sample", "network", "property"};
    const bool rows = c->r[0].is_benchmark;
    nm_jo j = nm_jo_answer(out);
    put_rows(&j, &c->campaigns, "campaigns", campaign);
    put_values(&j, &c->differences, "differences", 1, what, "values");
    put_rows(&j, &c->pairs, "pairs", pair);
    put_values(&j, &c->changes, "changes", rows ? 3 : 2, rows ? row : sample, "verdicts");
    put_rows(&j, &c->contradictions, "contradictions", wrong);
    nm_jo_done(&j);
}

static void write_all(const comparison *c, const char *dir)
{
    const nm_sheet *const sheets[] = {&c->campaigns, &c->differences, &c->pairs, &c->changes,
                                      &c->contradictions};
    nm_folder_make(c->job, dir);
    for (size_t i = 0; i < sizeof sheets / sizeof *sheets; i++) {
        nm_buf b = {.job = c->job};
        nm_sheet_csv(&b, sheets[i]);
        nm_file_write(c->job, nm_fmt(c->job, "%s/%s.csv", dir, sheets[i]->name), b.s, b.n);
    }
    const nm_plot times = nm_times_plot(c->job, c->r, c->n, false);
    nm_plot_write(c->job, &times, nm_fmt(c->job, "%s/times.svg", dir));
}

int nm_campaigns_compare(nm_job *job, size_t n, const char *const *dirs, const nm_compared *how,
                         nm_buf *out)
{
    nm_results *r = NM_RAW(job, nm_results, n);
    for (size_t i = 0; i < n; i++) r[i] = nm_results_read(job, dirs[i]);
    for (size_t i = 1; i < n; i++)
        if (!nm_results_alike(r, i + 1))
            nm_throw(job, NM_EUSE,
                     "%s and %s: their samples are not the same; campaigns about images, or about one benchmark with "
                     "the same files, were expected",
                     dirs[0], dirs[i]);
    const comparison c = {job,
                          n,
                          r,
                          nm_campaigns_sheet(job, r, n),
                          nm_differences_sheet(job, r, n),
                          nm_pairs_sheet(job, r, n),
                          nm_changes_sheet(job, r, n),
                          contradictions(job, r, n)};
    const size_t wrong = nm_sheet_rows(&c.contradictions);
    if (wrong)
        nm_warn(job, "%zu verdicts cannot be true together: sample %s is %s in %s, and %s in %s",
                wrong, c.contradictions.cell[0].text, c.contradictions.cell[2].text,
                c.contradictions.cell[5].text, c.contradictions.cell[4].text,
                c.contradictions.cell[6].text);
    if (how->dir) write_all(&c, how->dir);
    if (how->json)
        put_json(out, &c);
    else if (!strcmp(how->format, "csv"))
        nm_sheet_csv(out, &c.campaigns);
    else if (!strcmp(how->format, "md"))
        nm_sheet_markdown(out, &c.campaigns);
    else if (!strcmp(how->format, "latex"))
        nm_sheet_latex(out, &c.campaigns);
    else
        put_text(out, &c);
    return wrong ? NM_EAUDIT : NM_OK;
}
