/* html.c: a page that needs no network: style, script, plots, pictures and tables as CSV are in it.
 *
 * All text goes through nm_put_xml. End tags that HTML lets out (of rows and cells) are left out, which makes large
 * tables half as long. Without a script the page shows the same; the script sorts and filters tables. Its security
 * policy lets nothing be fetched. */
#include "base/base.h"
#include "study/html.h"
#include "study/plot.h"
#include "study/sheet.h"

static void base64(nm_buf *b, const char *s, size_t n)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = (const unsigned char *)s;
    for (size_t i = 0; i < n; i += 3) {
        const unsigned x = (unsigned)p[i] << 16 | (i + 1 < n ? (unsigned)p[i + 1] << 8 : 0) |
                           (i + 2 < n ? p[i + 2] : 0);
        const char four[4] = {digit[x >> 18], digit[x >> 12 & 63],
                              i + 1 < n ? digit[x >> 6 & 63] : '=',
                              i + 2 < n ? digit[x & 63] : '='};
        nm_put_bytes(b, four, 4);
    }
}

void nm_html_open(nm_buf *b, const char *title)
{
    nm_put(b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
              "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src "
              "data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
              "<meta name=\"generator\" content=\"netmip " NM_VERSION "\">\n<title>");
    nm_put_xml(b, title);
    nm_put(b, "</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n");
    nm_put_bytes(b, nm_page_css, strlen(nm_page_css));
    nm_put(b, "</style>\n</head>\n<body>\n<main>\n<h1>");
    nm_put_xml(b, title);
    nm_put(b, "</h1>\n");
}

void nm_html_close(nm_buf *b)
{
    nm_put(b, "</main>\n<script>\n");
    nm_put_bytes(b, nm_page_js, strlen(nm_page_js));
    nm_put(b, "</script>\n</body>\n</html>\n");
}

void nm_html_section(nm_buf *b, int level, const char *id, const char *title)
{
    nm_put(b, "<section");
    if (id) nm_put(b, " id=\""), nm_put_xml(b, id), nm_put(b, "\"");
    nm_put(b, ">\n<h%d>", level);
    nm_put_xml(b, title);
    nm_put(b, "</h%d>\n", level);
}

void nm_html_end(nm_buf *b) { nm_put(b, "</section>\n"); }

void nm_html_say(nm_buf *b, const char *tag, const char *text)
{
    nm_put(b, "<%s>", tag);
    nm_put_xml(b, text);
    nm_put(b, "</%.*s>\n", (int)strcspn(tag, " "), tag);
}

static void put_cell(nm_buf *b, const nm_sheet *s, const nm_sheetcell *c, size_t column)
{
    nm_put(b, nm_sheet_is_number(s, column) ? "<td class=n>" : "<td>");
    if (c->link) nm_put(b, "<a href=\""), nm_put_xml(b, c->link), nm_put(b, "\">");
    nm_put_xml(b, c->shown ? c->shown : c->text);
    if (c->link) nm_put(b, "</a>");
}

static void put_csv_link(nm_buf *b, const nm_sheet *s)
{
    nm_buf csv = {.job = s->job};
    nm_sheet_csv(&csv, s);
    nm_put(b, "<p class=csv><a download=\"%s.csv\" href=\"data:text/csv;charset=utf-8;base64,",
           s->name);
    base64(b, csv.s, csv.n);
    nm_put(b, "\">%s.csv</a>\n", s->name);
}

void nm_html_sheet(nm_buf *b, const nm_sheet *s, bool folded)
{
    const char *title = nm_fmt(s->job, "%s (%zu)", s->title, nm_sheet_rows(s));
    nm_put(b, folded ? "<details><summary>" : "<div class=part>");
    if (folded) nm_put_xml(b, title), nm_put(b, "</summary>\n");
    nm_put(b, "<div class=wide tabindex=0 role=region aria-label=\"");
    nm_put_xml(b, s->title);
    nm_put(b, "\">\n<table id=\"%s\">\n<caption>", s->name);
    nm_put_xml(b, s->title);
    nm_put(b, "</caption>\n<thead><tr>");
    for (size_t c = 0; c < s->n_columns; c++) {
        nm_put(b, nm_sheet_is_number(s, c) ? "<th scope=col class=n>" : "<th scope=col>");
        nm_put_xml(b, nm_sheet_head(s, c));
    }
    nm_put(b, "</thead>\n<tbody>\n");
    for (size_t i = 0; i < s->n; i++) {
        if (i % s->n_columns == 0) nm_put(b, "<tr>");
        put_cell(b, s, &s->cell[i], i % s->n_columns);
        if ((i + 1) % s->n_columns == 0) nm_put(b, "\n");
    }
    nm_put(b, "</tbody>\n</table>\n</div>\n");
    put_csv_link(b, s);
    nm_put(b, folded ? "</details>\n" : "</div>\n");
}

void nm_html_plot(nm_buf *b, const nm_plot *p, const char *says)
{
    nm_put(b, "<figure class=plot>\n<div class=wide tabindex=0 role=region aria-label=\"");
    nm_put_xml(b, p->title);
    nm_put(b, "\">\n");
    nm_plot_put(b, p);
    nm_put(b, "</div>\n<figcaption>");
    nm_put_xml(b, says);
    nm_put(b, "</figcaption>\n</figure>\n");
}

void nm_html_picture(nm_buf *b, const nm_buf *png, const char *alt, const char *caption)
{
    nm_put(b, "<figure class=picture><img alt=\"");
    nm_put_xml(b, alt);
    nm_put(b, "\" src=\"data:image/png;base64,");
    base64(b, png->s, png->n);
    nm_put(b, "\"><figcaption>");
    nm_put_xml(b, caption);
    nm_put(b, "</figcaption></figure>\n");
}
