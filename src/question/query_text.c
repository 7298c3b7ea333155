/* query_text.c: a question as text: for people, and as self-contained JSON, which every map carries and which reads
 * back to the same text. The question's hash is the hash of that text. */
#include "base/base.h"
#include "network/network.h"
#include "question/question.h"

const char *nm_objective_name(nm_job *job, const nm_query *q)
{
    if (q->objective == NM_CLOSEST) return nm_fmt(job, "closest:%s", nm_norm_name(q->norm));
    return q->objective == NM_RANGE ? "range" : q->objective == NM_WORST ? "worst" : "feasible";
}

/* Prints x_i as an affine image of the generators g_k. */
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
    const bool pixels = q->front && (q->front->mean || q->front->std || q->front->channels);
    if (q->front)
        nm_put(b, "%s read by %s\n", pixels ? "pixels are" : "the network is",
               nm_front_text(b->job, q->front));
    nm_put(b, "inputs %zu outputs %zu cases %zu%s\n", q->n_in, q->n_out, q->n_cases,
           q->float32 ? " arithmetic float32" : "");
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

static void write_rows(nm_jo *j, const char *key, size_t n, const nm_row *rows)
{
    nm_jo_list(j, key);
    for (size_t r = 0; r < n; r++) {
        nm_jo_object(j, NULL);
        nm_jo_list(j, "var");
        for (size_t k = 0; k < rows[r].n; k++) nm_jo_int(j, NULL, rows[r].var[k]);
        nm_jo_end(j);
        nm_jo_nums(j, "coef", rows[r].coef, rows[r].n);
        nm_jo_num(j, "rhs", rows[r].rhs);
        nm_jo_end(j);
    }
    nm_jo_end(j);
}

static void write_sizes(nm_jo *j, const char *key, const size_t *x, size_t n)
{
    nm_jo_list(j, key);
    for (size_t i = 0; i < n; i++) nm_jo_int(j, NULL, (int64_t)x[i]);
    nm_jo_end(j);
}

static void write_indices(nm_jo *j, const char *key, const uint32_t *x, size_t n)
{
    nm_jo_list(j, key);
    for (size_t i = 0; i < n; i++) nm_jo_int(j, NULL, x[i]);
    nm_jo_end(j);
}

static void write_gens(nm_jo *j, const nm_gens *g)
{
    const size_t entries = g->ptr[g->n_in];
    nm_jo_object(j, "gens");
    nm_jo_nums(j, "lo", g->lo, g->n);
    nm_jo_nums(j, "hi", g->hi, g->n);
    nm_jo_nums(j, "at", g->at, g->n);
    nm_jo_bool(j, "is_image", g->is_image);
    nm_jo_nums(j, "x0", g->x0, g->n_in);
    write_sizes(j, "ptr", g->ptr, g->n_in + 1);
    write_indices(j, "idx", g->idx, entries);
    nm_jo_nums(j, "w", g->w, entries);
    nm_jo_list(j, "sums");
    for (size_t s = 0; s < g->n_sums; s++) {
        nm_jo_list(j, NULL);
        nm_jo_int(j, NULL, (int64_t)g->sums[s].first);
        nm_jo_int(j, NULL, (int64_t)g->sums[s].n);
        nm_jo_num(j, NULL, g->sums[s].total);
        nm_jo_end(j);
    }
    nm_jo_end(j);
    write_rows(j, "rows", g->n_rows, g->rows);
    write_sizes(j, "kernel", g->kernel, 4);
    nm_jo_end(j);
}

/* Writes the pixel of each input. */
static void write_pixels(nm_jo *j, const nm_pixelset *p, size_t n)
{
    uint32_t *of = NM_RAW(j->b->job, uint32_t, n + 1);
    for (size_t k = 0; k < p->n; k++)
        for (size_t m = p->ptr[k]; m < p->ptr[k + 1]; m++) of[p->idx[m]] = (uint32_t)k;
    write_indices(j, "pixels", of, n);
}

/* Writes the balls: around the image, or each with its own centre. */
static void write_balls(nm_jo *j, const nm_query *q, const nm_case *c)
{
    nm_jo_list(j, "balls");
    for (size_t k = 0; k < c->n_balls; k++) {
        nm_jo_object(j, NULL);
        nm_jo_str(j, "norm", nm_norm_name(c->balls[k].norm));
        nm_jo_num(j, "radius", c->balls[k].radius);
        if (!q->image || memcmp(c->balls[k].centre, q->image, q->n_in * sizeof *q->image))
            nm_jo_nums(j, "centre", c->balls[k].centre, q->n_in);
        if (c->balls[k].pixels) write_pixels(j, c->balls[k].pixels, q->n_in);
        nm_jo_end(j);
    }
    nm_jo_end(j);
}

static void write_clauses(nm_jo *j, const nm_case *c)
{
    nm_jo_list(j, "clauses");
    for (size_t t = 0; t < c->n_clauses; t++) {
        const nm_clause *k = &c->clauses[t];
        nm_jo_object(j, NULL);
        nm_jo_str(j, "name", k->name);
        nm_jo_int(j, "label", k->label);
        if (k->goal) nm_jo_str(j, "goal", k->goal == NM_LEAST ? "least" : "most");
        write_rows(j, "rows", k->n_rows, k->rows);
        if (k->inner) nm_jo_nums(j, "inner", k->inner, k->n_rows);
        nm_jo_end(j);
    }
    nm_jo_end(j);
}

static void write_cases(nm_jo *j, const nm_query *q)
{
    nm_jo_list(j, "cases");
    for (size_t i = 0; i < q->n_cases; i++) {
        const nm_case *c = &q->cases[i];
        nm_jo_line(j);
        nm_jo_object(j, NULL);
        nm_jo_nums(j, "lo", c->lo, q->n_in);
        nm_jo_nums(j, "hi", c->hi, q->n_in);
        if (c->gens) write_gens(j, c->gens);
        write_rows(j, "in_rows", c->n_in_rows, c->in_rows);
        if (c->n_balls) write_balls(j, q, c);
        write_clauses(j, c);
        nm_jo_end(j);
    }
    nm_jo_end(j);
}

void nm_query_write(nm_buf *b, const nm_query *q)
{
    nm_jo j = nm_jo_new(b);
    nm_jo_object(&j, NULL);
    nm_jo_tight(&j);
    nm_jo_str(&j, "netmip", "query");
    nm_jo_int(&j, "version", 1);
    nm_jo_line(&j);
    nm_jo_int(&j, "n_in", (int64_t)q->n_in);
    nm_jo_int(&j, "n_out", (int64_t)q->n_out);
    nm_jo_int(&j, "label", q->label);
    nm_jo_int(&j, "predicted", q->predicted);
    nm_jo_str(&j, "objective", nm_objective_name(b->job, q));
    nm_jo_num(&j, "guard", q->guard);
    if (q->float32) nm_jo_str(&j, "arithmetic", "float32");
    nm_jo_str_if(&j, "form", q->form);
    if (q->front) {
        nm_jo_str_if(&j, "mean", q->front->mean);
        nm_jo_str_if(&j, "std", q->front->std);
        nm_jo_str_if(&j, "channels", q->front->channels);
        nm_jo_str_if(&j, "input_shape", q->front->shape);
        nm_jo_str_if(&j, "output_name", q->front->output);
    }
    nm_jo_list(&j, "shape");
    for (int i = 0; i < q->shape.rank; i++) nm_jo_int(&j, NULL, q->shape.dim[i]);
    nm_jo_end(&j);
    if (q->image)
        nm_jo_nums(&j, "image", q->image, q->n_in);
    else
        nm_jo_null(&j, "image");
    write_cases(&j, q);
    nm_jo_end(&j);
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
