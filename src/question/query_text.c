/* query_text.c: a question as text: for a reader, and as the JSON that says all itself, which every map carries and
 * which reads back to the same text. Its hash is that text's. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"

const char *nm_objective_name(nm_job *job, const nm_query *q)
{
    if (q->objective == NM_CLOSEST) return nm_fmt(job, "closest:%s", nm_norm_name(q->norm));
    return q->objective == NM_RANGE ? "range" : q->objective == NM_WORST ? "worst" : "feasible";
}

/* x_i as an image of generators g_k */
static void print_gens(nm_buf *b, const nm_gens *g)
{
    for (size_t k = 0; k < g->n; k++) {
        nm_put(b, "  ");
        nm_put_num(b, g->lo[k]);
        nm_put(b, " <= G_%zu <= ", k);
        nm_put_num(b, g->hi[k]);
        nm_put(b, "\n");
    }
    for (size_t s = 0; s < g->n_sums; s++) {
        nm_put(b, "  G_%zu + .. + G_%zu == ", g->sums[s].first,
               g->sums[s].first + g->sums[s].n - 1);
        nm_put_num(b, g->sums[s].total);
        nm_put(b, "\n");
    }
    for (size_t r = 0; r < g->n_rows; r++) {
        for (size_t k = 0; k < g->rows[r].n; k++) {
            nm_put(b, k ? " + " : "  ");
            nm_put_num(b, g->rows[r].coef[k]);
            nm_put(b, " G_%u", g->rows[r].var[k]);
        }
        nm_put(b, " <= ");
        nm_put_num(b, g->rows[r].rhs);
        nm_put(b, "\n");
    }
    for (size_t i = 0; i < g->n_in; i++) {
        nm_put(b, "  X_%zu == ", i);
        nm_put_num(b, g->x0[i]);
        for (size_t k = g->ptr[i]; k < g->ptr[i + 1]; k++) {
            nm_put(b, " + ");
            nm_put_num(b, g->w[k]);
            nm_put(b, " G_%u", g->idx[k]);
        }
        nm_put(b, "\n");
    }
}

static void print_row(nm_buf *b, const nm_query *q, const nm_row *r)
{
    for (size_t k = 0; k < r->n; k++) {
        nm_put(b, k ? " + " : "");
        nm_put_num(b, r->coef[k]);
        if (r->var[k] < q->n_out)
            nm_put(b, " Y_%u", r->var[k]);
        else
            nm_put(b, " X_%zu", r->var[k] - q->n_out);
    }
    nm_put(b, r->n ? " <= " : "0 <= ");
    nm_put_num(b, r->rhs);
    nm_put(b, "\n");
}

void nm_query_print(nm_buf *b, const nm_query *q)
{
    if (q->front) nm_put(b, "pixels are read by %s\n", nm_front_text(b->job, q->front));
    nm_put(b, "inputs %zu outputs %zu cases %zu\n", q->n_in, q->n_out, q->n_cases);
    for (size_t i = 0; i < q->n_cases; i++) {
        const nm_case *c = &q->cases[i];
        nm_put(b, "case %zu%s\n", i, c->empty ? " empty" : "");
        for (size_t k = 0; k < q->n_in; k++) {
            nm_put(b, "  ");
            nm_put_num(b, c->lo[k]);
            nm_put(b, " <= X_%zu <= ", k);
            nm_put_num(b, c->hi[k]);
            nm_put(b, "\n");
        }
        if (c->gens) print_gens(b, c->gens);
        for (size_t k = 0; k < c->n_in_rows; k++) {
            nm_put(b, "  ");
            print_row(b, q, &c->in_rows[k]);
        }
        for (size_t k = 0; k < c->n_balls; k++) {
            if (c->balls[k].pixels)
                nm_put(b, "  pixels that differ from the image <= ");
            else
                nm_put(b, "  %s distance from the image <= ", nm_norm_name(c->balls[k].norm));
            nm_put_num(b, c->balls[k].radius);
            nm_put(b, "\n");
        }
        for (size_t t = 0; t < c->n_clauses; t++) {
            nm_put(b, " clause %s\n", c->clauses[t].name);
            const nm_clause *k = &c->clauses[t];
            for (size_t r = 0; r < k->n_rows; r++) {
                nm_put(b, "  ");
                print_row(b, q, &k->rows[r]);
                if (!k->inner || k->inner[r] == k->rows[r].rhs) continue;
                nm_put(b, "  of a witness: <= ");
                nm_put_num(b, k->inner[r]);
                nm_put(b, "\n");
            }
        }
    }
}

static void write_nums(nm_buf *b, const double *x, size_t n)
{
    nm_put(b, "[");
    for (size_t i = 0; i < n; i++) {
        if (i) nm_put(b, ",");
        nm_put_num(b, x[i]);
    }
    nm_put(b, "]");
}

static void write_rows(nm_buf *b, size_t n, const nm_row *rows)
{
    nm_put(b, "[");
    for (size_t r = 0; r < n; r++) {
        nm_put(b, r ? ",{\"var\":[" : "{\"var\":[");
        for (size_t k = 0; k < rows[r].n; k++) nm_put(b, k ? ",%u" : "%u", rows[r].var[k]);
        nm_put(b, "],\"coef\":");
        write_nums(b, rows[r].coef, rows[r].n);
        nm_put(b, ",\"rhs\":");
        nm_put_num(b, rows[r].rhs);
        nm_put(b, "}");
    }
    nm_put(b, "]");
}

static void write_sizes(nm_buf *b, const char *key, const size_t *x, size_t n)
{
    nm_put(b, ",\"%s\":[", key);
    for (size_t i = 0; i < n; i++) nm_put(b, i ? ",%zu" : "%zu", x[i]);
    nm_put(b, "]");
}

static void write_gens(nm_buf *b, const nm_gens *g)
{
    const size_t entries = g->ptr[g->n_in];
    nm_put(b, ",\"gens\":{\"lo\":");
    write_nums(b, g->lo, g->n);
    nm_put(b, ",\"hi\":");
    write_nums(b, g->hi, g->n);
    nm_put(b, ",\"at\":");
    write_nums(b, g->at, g->n);
    nm_put(b, ",\"is_image\":%s,\"x0\":", g->is_image ? "true" : "false");
    write_nums(b, g->x0, g->n_in);
    write_sizes(b, "ptr", g->ptr, g->n_in + 1);
    nm_put(b, ",\"idx\":[");
    for (size_t k = 0; k < entries; k++) nm_put(b, k ? ",%u" : "%u", g->idx[k]);
    nm_put(b, "],\"w\":");
    write_nums(b, g->w, entries);
    nm_put(b, ",\"sums\":[");
    for (size_t s = 0; s < g->n_sums; s++) {
        nm_put(b, s ? ",[%zu,%zu," : "[%zu,%zu,", g->sums[s].first, g->sums[s].n);
        nm_put_num(b, g->sums[s].total);
        nm_put(b, "]");
    }
    nm_put(b, "],\"rows\":");
    write_rows(b, g->n_rows, g->rows);
    write_sizes(b, "kernel", g->kernel, 4);
    nm_put(b, "}");
}

/* the pixel of each input */
static void write_pixels(nm_buf *b, const nm_pixelset *p, size_t n)
{
    uint32_t *of = NM_RAW(b->job, uint32_t, n + 1);
    for (size_t k = 0; k < p->n; k++)
        for (size_t m = p->ptr[k]; m < p->ptr[k + 1]; m++) of[p->idx[m]] = (uint32_t)k;
    for (size_t i = 0; i < n; i++) nm_put(b, i ? ",%u" : ",\"pixels\":[%u", of[i]);
    nm_put(b, "]");
}

/* around the image, or each around its own centre */
static void write_balls(nm_buf *b, const nm_query *q, const nm_case *c)
{
    nm_put(b, ",\"balls\":[");
    for (size_t k = 0; k < c->n_balls; k++) {
        nm_put(b, k ? ",{\"norm\":\"%s\",\"radius\":" : "{\"norm\":\"%s\",\"radius\":",
               nm_norm_name(c->balls[k].norm));
        nm_put_num(b, c->balls[k].radius);
        if (!q->image || memcmp(c->balls[k].centre, q->image, q->n_in * sizeof *q->image))
            nm_put(b, ",\"centre\":"), write_nums(b, c->balls[k].centre, q->n_in);
        if (c->balls[k].pixels) write_pixels(b, c->balls[k].pixels, q->n_in);
        nm_put(b, "}");
    }
    nm_put(b, "]");
}

static void write_front(nm_buf *b, const nm_front *f)
{
    const char *const name[] = {"mean", "std", "channels"},
                      *value[] = {f->mean, f->std, f->channels};
    for (int k = 0; k < 3; k++)
        if (value[k]) nm_put(b, ",\"%s\":", name[k]), nm_put_json(b, value[k]);
}

void nm_query_write(nm_buf *b, const nm_query *q)
{
    nm_put(b,
           "{\"netmip\":\"query\",\"version\":1,\n"
           "\"n_in\":%zu,\"n_out\":%zu,\"label\":%lld,\"predicted\":%lld,\"objective\":\"%s\","
           "\"guard\":",
           q->n_in, q->n_out, (long long)q->label, (long long)q->predicted,
           nm_objective_name(b->job, q));
    nm_put_num(b, q->guard);
    if (q->form) nm_put(b, ",\"form\":"), nm_put_json(b, q->form);
    if (q->front) write_front(b, q->front);
    nm_put(b, ",\"shape\":[");
    for (int i = 0; i < q->shape.rank; i++)
        nm_put(b, i ? ",%lld" : "%lld", (long long)q->shape.dim[i]);
    nm_put(b, "],\"image\":");
    if (q->image)
        write_nums(b, q->image, q->n_in);
    else
        nm_put(b, "null");
    nm_put(b, ",\"cases\":[");
    for (size_t i = 0; i < q->n_cases; i++) {
        const nm_case *c = &q->cases[i];
        nm_put(b, i ? ",\n{\"lo\":" : "\n{\"lo\":");
        write_nums(b, c->lo, q->n_in);
        nm_put(b, ",\"hi\":");
        write_nums(b, c->hi, q->n_in);
        if (c->gens) write_gens(b, c->gens);
        nm_put(b, ",\"in_rows\":");
        write_rows(b, c->n_in_rows, c->in_rows);
        if (c->n_balls) write_balls(b, q, c);
        nm_put(b, ",\"clauses\":[");
        for (size_t t = 0; t < c->n_clauses; t++) {
            nm_put(b, t ? ",{\"name\":" : "{\"name\":");
            nm_put_json(b, c->clauses[t].name);
            nm_put(b, ",\"label\":%lld,", (long long)c->clauses[t].label);
            if (c->clauses[t].goal)
                nm_put(b, "\"goal\":\"%s\",", c->clauses[t].goal == NM_LEAST ? "least" : "most");
            nm_put(b, "\"rows\":");
            write_rows(b, c->clauses[t].n_rows, c->clauses[t].rows);
            if (c->clauses[t].inner)
                nm_put(b, ",\"inner\":"), write_nums(b, c->clauses[t].inner, c->clauses[t].n_rows);
            nm_put(b, "}");
        }
        nm_put(b, "]}");
    }
    nm_put(b, "]}");
}

const char *nm_query_hash(nm_job *job, const nm_query *q)
{
    if (*q->hash) return q->hash;
    char *hash = NM_RAW(job, char, 65);
    const nm_mark mark = nm_mark_get(job);
    nm_buf b = {.job = job};
    nm_query_write(&b, q);
    nm_sha256(b.s, b.n, hash);
    nm_mark_release(job, mark);
    return hash;
}
