/* sheet.h: a table as data: rows of cells, said as text, CSV, Markdown, LaTeX or HTML. Private to study. */
#ifndef NM_STUDY_SHEET_H
#define NM_STUDY_SHEET_H

#include "base/base.h"

/* ---- sheet.c ------------------------------------------------------------------------------------ */
typedef struct nm_sheetcell {
    const char *text, *shown; /* shown: on a page, if it is shorter there; or NULL */
    const char *exact;     /* the number with all its digits, where the text is rounded; or NULL */
    const char *link;      /* relative, or NULL */
} nm_sheetcell;
typedef struct nm_sheet {
    nm_job *job;
    const char *name, *title; /* name: of files and in links */
    size_t n_columns, n, cap;
    const char *const *column; /* [n_columns] one that begins with # holds numbers; the # is not its name */
    nm_sheetcell *cell;        /* [n] row after row */
} nm_sheet;
nm_sheet nm_sheet_new(nm_job *job, const char *name, const char *title, const char *const *columns); /* NULL ends */
void nm_sheet_str(nm_sheet *s, const char *text); /* the next cell; it is copied */
void nm_sheet_link(nm_sheet *s, const char *text, const char *link);
void nm_sheet_int(nm_sheet *s, size_t x);
void nm_sheet_num(nm_sheet *s, double x);                /* all its digits, on a page five; NaN: empty */
void nm_sheet_low(nm_sheet *s, double x);                /* the same of a lower bound: a page shows no more than it */
void nm_sheet_fixed(nm_sheet *s, double x, int decimals);
void nm_sheet_percent(nm_sheet *s, size_t part, size_t whole); /* empty where there is no whole */
bool nm_sheet_is_number(const nm_sheet *s, size_t column);
const char *nm_sheet_head(const nm_sheet *s, size_t column);
size_t nm_sheet_rows(const nm_sheet *s);
void nm_sheet_text(nm_buf *b, const nm_sheet *s); /* in columns */
void nm_sheet_csv(nm_buf *b, const nm_sheet *s);
void nm_sheet_markdown(nm_buf *b, const nm_sheet *s);
void nm_sheet_latex(nm_buf *b, const nm_sheet *s); /* for package booktabs */
void nm_csv_cell(nm_buf *b, const char *s); /* free text, quoted if necessary, on one line */

#endif
