/* page.h: a page of help or of the manual as pieces, and the two ways to format it: for a terminal, and as mdoc for
 * man. Private to command.
 *
 * A page is written in a small subset of Markdown: `# Section`, `## Part`, paragraphs, `- ` items, lines that begin
 * with four blanks and are kept as they are, and tables; a table of two columns becomes a list of terms. `code` is the
 * only inline markup. A line that is just {NAME} stands for that list of command.def, or for {verbs}, {pages},
 * {header}; one that is {NAME.json} for the members of schema/NAME.schema.json. */
#ifndef NM_COMMAND_PAGE_H
#define NM_COMMAND_PAGE_H

#include "command/command.h"
#include "command/flags.h"

typedef enum {
    NM_SECTION,
    NM_PART,
    NM_PARAGRAPH,
    NM_ITEM,
    NM_TERM,
    NM_LITERAL,
    NM_TABLE
} nm_piecekind;
typedef struct nm_piece {
    nm_piecekind kind;
    const char *text, *more; /* more: explanation of a term. LITERAL: lines, each with a newline */
    size_t rows, cols;       /* TABLE: the first row is its head */
    const char **cell;       /* [rows*cols] */
} nm_piece;
typedef struct nm_page {
    nm_job *job;
    nm_piece *piece;
    size_t n, cap;
} nm_page;

/* ---- page_pieces.c ------------------------------------------------------------------------------ */
void nm_page_add(nm_page *p, nm_piecekind kind, const char *text, const char *more);
void nm_page_append(nm_page *p, const nm_page *from, size_t start,
                    size_t end);                   /* pieces start to end-1 */
const char *nm_page_source(const char *name);      /* man/NAME.md; NULL: there is none */

/* ---- page.c ------------------------------------------------------------------------------------- */
void nm_page_read(nm_page *p, const char *source); /* adds the pieces of the source */
void nm_page_list(nm_page *p, const char *name);   /* adds a list of command.def */
/* Returns the lines of a literal piece. A command (a line that begins with a small letter) longer than `width` is
 * broken at blanks outside of quotes, with the shell's backslash. */
const char *nm_page_lines(nm_job *job, const char *text, size_t width);

/* ---- page_schema.c ------------------------------------------------------------------------------ */
void nm_page_schema(nm_page *p, const char *file); /* adds the members that the schema describes */
const char *nm_schema_source(nm_job *job, const char *name); /* schema/NAME.schema.json; refuses an unknown name */

/* ---- page_text.c, page_mdoc.c ------------------------------------------------------------------- */
size_t nm_page_width(void); /* COLUMNS, else the terminal's width, else 80 */
void nm_page_text(nm_buf *b, const nm_page *p, size_t width);
void nm_page_mdoc(nm_buf *b, const nm_page *p);

/* ---- compose.c: pages of verbs and topics ------------------------------------------------------- */
nm_page nm_page_brief(nm_job *job, const nm_verb *v); /* for --help */
nm_page nm_page_full(nm_job *job, const char *name, const char *section);

/* ---- manual.c ----------------------------------------------------------------------------------- */
void nm_manual_print(nm_buf *b, const char *name); /* as mdoc; refuses names of no page */

/* ---- completion.c ------------------------------------------------------------------------------- */
void nm_completion(nm_buf *b, const char *shell); /* bash, zsh or fish */

/* ---- generated from man/ and schema/: the sources ----------------------------------------------------------- */
extern const nm_word nm_sources[]; /* each has a name, NULL and the text */

#endif
