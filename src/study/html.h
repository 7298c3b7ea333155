/* html.h: a page of HTML in one file: pieces that escape what they are given. Private to study. */
#ifndef NM_STUDY_HTML_H
#define NM_STUDY_HTML_H

#include "study/plot.h"
#include "study/sheet.h"

/* ---- report.css, report.js: their text ---------------------------------------------------------- */
extern const char nm_page_css[], nm_page_js[];

/* ---- html.c ------------------------------------------------------------------------------------- */
void nm_html_open(nm_buf *b, const char *title);
void nm_html_close(nm_buf *b);
void nm_html_section(nm_buf *b, int level, const char *id, const char *title); /* id: or NULL */
void nm_html_end(nm_buf *b);                               /* of a section */
void nm_html_say(nm_buf *b, const char *tag, const char *text);
void nm_html_sheet(nm_buf *b, const nm_sheet *s, bool folded); /* folded: opened by a click; with a link to its CSV */
void nm_html_plot(nm_buf *b, const nm_plot *p, const char *says); /* says: a caption, and what it shows in words */
void nm_html_picture(nm_buf *b, const nm_buf *png, const char *alt, const char *caption);

#endif
