/* file_part.c: parts of files in place of files of images or labels:
 *
 *   FILE.npz:NAME          an array, as np.savez and the data sets of Keras have them
 *   FILE.csv:columns=A-B   the numbers A to B of each line, from 1; also A, and A- up to the last one: for tables with
 *                          labels in a column, as ERAN and Kaggle have them. A first line of words is left out then.
 * A file whose name is the whole text comes first. Left out: columns by their names, and in any other order. */
#include "base/base.h"
#include "data/data.h"
#include "data/reader.h"

static const char COLUMNS[] = ":columns=";

/* Returns where a part is named behind an existing file, or NULL: the path is a file's. */
static const char *part_in(nm_job *job, const char *path, const char *mark, size_t of_file)
{
    const char *at = NULL;
    for (const char *p = path; (p = strstr(p, mark)); p++) at = p;
    if (!at || !at[strlen(mark)] || nm_file_exists(path)) return NULL;
    return nm_file_exists(nm_dup(job, path, (size_t)(at - path) + of_file)) ? at + strlen(mark) : NULL;
}

static const char *array_in(nm_job *job, const char *path) { return part_in(job, path, ".npz:", 4); }
static const char *columns_in(nm_job *job, const char *path) { return part_in(job, path, COLUMNS, 0); }

const char *nm_file_of_part(nm_job *job, const char *path)
{
    const char *array = array_in(job, path), *columns = columns_in(job, path);
    if (array) return nm_dup(job, path, (size_t)(array - path) - 1);
    return columns ? nm_dup(job, path, (size_t)(columns - path) - strlen(COLUMNS)) : path;
}

/* ---- columns ---- */

typedef struct {
    size_t first, last; /* from 1 */
} range;

static range read_range(nm_job *job, const char *path, const char *s)
{
    const char *end = s + strlen(s), *dash = strchr(s, '-');
    int64_t a = 0, b = INT64_MAX;
    const bool good = nm_int_parse(s, dash ? dash : end, &a) && (!dash || !dash[1] || nm_int_parse(dash + 1, end, &b));
    if (!dash) b = a;
    if (!good || a < 1 || b < a)
        nm_throw(job, NM_EUSE, "%s: columns=A-B, columns=A- or columns=A was expected, with numbers from 1", path);
    return (range){(size_t)a, (size_t)b};
}

/* Returns whether there is no number in a line, as in one of names; a damaged one of numbers is no such line. */
static bool is_names(nm_span line)
{
    double x;
    for (nm_span word; nm_csv_word(&line, &word);)
        if (nm_num_parse(word.s, word.end, &x)) return false;
    return true;
}

static void put_columns(nm_buf *out, nm_file f, int line, nm_span s, range r)
{
    size_t n = 0;
    for (nm_span word; nm_csv_word(&s, &word) && n < r.last;) {
        if (++n < r.first) continue;
        if (n > r.first) nm_put_bytes(out, ",", 1);
        nm_put_bytes(out, word.s, (size_t)(word.end - word.s));
    }
    if (n < r.first || (r.last < SIZE_MAX / 2 && n < r.last))
        nm_throw_at(out->job, NM_EINPUT, f.path, line, 1, "a line of %zu columns; column %zu was expected", n,
                    n < r.first ? r.first : r.last);
}

/* Returns the file with these columns alone; its lines keep their numbers. */
static nm_file cut(nm_job *job, nm_file f, range r)
{
    nm_buf out = {.job = job};
    bool any = false;
    nm_span rest = nm_csv_text(f), line;
    for (int at = 1; nm_csv_line(&rest, &line); at++) {
        if (nm_csv_says(line)) {
            if (any || !is_names(line)) put_columns(&out, f, at, line, r);
            any = true;
        }
        nm_put_bytes(&out, "\n", 1);
    }
    if (!out.n) return f;
    return (nm_file){f.path, (const unsigned char *)out.s, out.n};
}

nm_file nm_images_file(nm_job *job, const char *path)
{
    const char *array = array_in(job, path), *columns = columns_in(job, path);
    const nm_file f = nm_file_read(job, nm_file_of_part(job, path));
    const bool zip = f.n >= 4 && !memcmp(f.data, "PK\3\4", 4) && nm_has_suffix(f.path, ".npz");
    if (array || zip) return nm_npz_member(job, f, array);
    if (!columns) return f;
    if (!nm_csv_is(f)) nm_throw(job, NM_EUSE, "%s: columns are for CSV and text", path);
    return cut(job, f, read_range(job, path, columns));
}
