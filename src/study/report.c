/* report.c: one page of any number of folders: what campaigns say together, then a section each. It is made from
 * records alone, whenever it is asked for, and the same records give the same bytes. Cost: reading them; the page holds
 * at most 20,000 rows of samples and 2 MB of pictures. */
#include "base/base.h"
#include "study/study.h"
#include "study/html.h"
#include "study/plot.h"
#include "study/records.h"
#include "study/report.h"
#include "study/results.h"
#include "study/sheet.h"

enum { MOST_ROWS = 20000, MOST_BYTES = 2000000, MOST_CHANGES = 2000 };

bool nm_campaign_is(nm_job *job, const char *dir)
{
    if (nm_file_exists(nm_fmt(job, "%s/%s", dir, NM_CAMPAIGN_FILE))) return true;
    if (!nm_file_exists(nm_fmt(job, "%s/bench.json", dir)))
        nm_throw(job, NM_EIO,
                 "%s: is no folder of a campaign or a comparison: it has no %s and no bench.json",
                 dir, NM_CAMPAIGN_FILE);
    return false;
}

/* ---- the head of the page ---- */

static void put_contents(nm_buf *b, size_t n, const nm_reported *folder, bool together)
{
    if (n < 2) return;
    nm_put(b, "<nav aria-label=\"Contents\"><ul>\n");
    if (together) nm_put(b, "<li><a href=\"#together\">Side by side</a>\n");
    for (size_t i = 0; i < n; i++) {
        nm_put(b, "<li><a href=\"#campaign-%zu\">", i + 1);
        nm_put_xml(b, folder[i].dir);
        nm_put(b, "</a>\n");
    }
    nm_put(b, "</ul></nav>\n");
}

static void put_together(nm_buf *b, const nm_results *r, size_t n)
{
    nm_job *job = b->job;
    const nm_sheet differ = nm_differences_sheet(job, r, n), pairs = nm_pairs_sheet(job, r, n),
                   changes = nm_changes_sheet(job, r, n);
    const nm_plot cactus = nm_cactus_plot(job, r, n), times = nm_times_plot(job, r, n, true);
    size_t wrong = 0;
    nm_html_section(b, 2, "together", "Side by side");
    for (size_t i = 1; i < n; i++) wrong += nm_results_pair(&r[0], &r[i]).contradictions;
    if (wrong)
        nm_html_say(
            b, "p",
            nm_fmt(job, "%zu verdicts cannot be true together; netmip compare names them.", wrong));
    nm_html_sheet(b, &differ, false);
    nm_html_sheet(b, &pairs, false);
    nm_html_plot(
        b, &cactus,
        "How many samples were each decided within a time. Times below 0.01 s are drawn there.");
    nm_html_plot(b, &times,
                 "Each dot is a sample: its seconds in the first campaign, and in another.");
    if (nm_sheet_rows(&changes) <= MOST_CHANGES)
        nm_html_sheet(b, &changes, nm_sheet_rows(&changes) > 20);
    else
        nm_html_say(b, "p",
                    nm_fmt(job,
                           "The verdicts of %zu samples differ; netmip compare -o DIR lists them.",
                           nm_sheet_rows(&changes)));
    nm_html_end(b);
}

static void put_head(nm_buf *b, const nm_results *r, size_t n)
{
    if (!n) return;
    const nm_sheet all = nm_campaigns_sheet(b->job, r, n);
    for (size_t i = 0; i < n; i++) nm_html_say(b, "p class=headline", nm_headline(&r[i]));
    nm_html_sheet(b, &all, false);
}

/* ---- the page ---- */

void nm_report_write(nm_job *job, size_t n, const nm_reported *folder, const char *path)
{
    nm_results *r = NM_RAW(job, nm_results, n);
    nm_room room = {MOST_ROWS, MOST_BYTES};
    nm_buf b = {.job = job};
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (nm_campaign_is(job, folder[i].dir)) r[m++] = nm_results_read(job, folder[i].dir);
    nm_html_open(&b, n == 1 ? nm_fmt(job, "Report of %s", folder[0].dir)
                            : nm_fmt(job, "Report of %zu folders", n));
    put_head(&b, r, m);
    const bool together = m > 1 && nm_results_alike(r, m);
    put_contents(&b, n, folder, together);
    if (together) put_together(&b, r, m);
    for (size_t i = 0, k = 0; i < n; i++)
        if (k < m && !strcmp(r[k].dir, folder[i].dir))
            nm_put_campaign(&b, &r[k++], &folder[i], i + 1, &room);
        else
            nm_put_bench(&b, folder[i].dir, path, i + 1);
    nm_html_close(&b);
    nm_file_write(job, path, b.s, b.n);
}
