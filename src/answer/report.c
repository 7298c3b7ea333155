/* report.c: verdicts as JSON (absent members: not applicable) and as text. */
#include "base/base.h"
#include "data/data.h"
#include "question/question.h"
#include "judge/judge.h"
#include "search/search.h"
#include "answer/answer.h"

static const char *status_name(int status)
{
    return status == NM_OK ? "holds" : status == NM_VIOLATED ? "violated" : "unknown";
}

/* Returns whether a target cannot be the answer: nothing below the point that was found is left in it. */
static bool beaten(const nm_query *q, const nm_verdict *v, const nm_target *t)
{
    if ((q->objective != NM_WORST && q->objective != NM_CLOSEST) || !v->has_objective) return false;
    const double low = q->objective == NM_CLOSEST ? t->bound : fmax(t->bound, t->margin_lo);
    return low >= v->objective - 1e-6 * (1 + fabs(v->objective)); /* false where low is no number */
}

/* Returns what became of a target, one word for each fate: "unknown" was tried and failed, "open" is left to the model
 * that was just written, "not examined" was left, bounds apart, when another target was violated. */
static const char *fate(const nm_query *q, const nm_verdict *v, const nm_target *t, bool compiled)
{
    if (t->status == NM_OK && v->has_range) return "done";
    if (t->status == NM_OK || t->status == NM_VIOLATED) return status_name(t->status);
    if (compiled) return "open";
    if (beaten(q, v, t)) return "closed by the incumbent";
    const bool early = v->status == NM_VIOLATED && q->objective == NM_FEASIBLE && !t->rows;
    return early ? "not examined" : status_name(t->status);
}

static void member(nm_buf *b, const char *key, double x)
{
    if (!isfinite(x)) return;
    nm_put(b, ", \"%s\": ", key);
    nm_put_num(b, x);
}

/* a label says which target, but where cases share it */
static void put_targets(nm_buf *b, const nm_query *q, const nm_verdict *v, bool compiled)
{
    nm_put(b, ", \"targets\": [");
    for (size_t i = 0; i < v->n_targets; i++) {
        const nm_target *t = &v->targets[i];
        nm_put(b, i ? ", {" : "{");
        if (t->label >= 0) nm_put(b, "\"label\": %lld, ", (long long)t->label);
        if (t->label < 0 || q->n_cases > 1)
            nm_put(b, "\"name\": "), nm_put_json(b, t->name), nm_put(b, ", ");
        nm_put(b, "\"status\": \"%s\"",
               v->has_range && t->status == NM_OK ? "done" : status_name(t->status));
        const char *what = fate(q, v, t, compiled);
        if (t->status == NM_UNKNOWN && strcmp(what, "unknown"))
            nm_put(b, ", \"fate\": \"%s\"", what);
        if (t->by) nm_put(b, ", \"by\": \"%s\"", nm_settled_name(t->by));
        if (!v->has_range && !(t->status == NM_OK && t->margin_lo <= 0))
            member(b, "margin_lo", t->margin_lo);
        if (q->objective == NM_CLOSEST) member(b, "distance_lo", t->bound);
        if (t->file) nm_put(b, ", \"file\": "), nm_put_json(b, t->file);
        nm_put(b, "}");
    }
    nm_put(b, "]");
}

static void put_witness(nm_buf *b, const nm_query *q, const nm_replay *r, const nm_files *f)
{
    nm_put(b, ", \"witness\": {%s", r->is_violated ? "" : "\"counterexample\": false, ");
    if (f->witness) nm_put(b, "\"file\": "), nm_put_json(b, f->witness), nm_put(b, ", ");
    if (f->image) nm_put(b, "\"image\": "), nm_put_json(b, f->image), nm_put(b, ", ");
    if (f->picture) nm_put(b, "\"picture\": "), nm_put_json(b, f->picture), nm_put(b, ", ");
    if (f->generators)
        nm_put(b, "\"%s\": ", f->is_kernel ? "kernel" : "generators"),
            nm_put_json(b, f->generators), nm_put(b, ", ");
    nm_put(b, "\"margin64\": ");
    nm_put_num(b, r->margin64);
    member(b, "error64", r->err64);
    member(b, "margin32", r->margin32);
    if (q->image) {
        nm_put(b, ", \"distance\": {\"linf\": ");
        nm_put_num(b, r->linf);
        member(b, "l1", r->l1);
        member(b, "l2", r->l2);
        nm_put(b, ", \"l0\": %zu}", r->l0);
    }
    nm_put(b, "}");
}

static void put_layers(nm_buf *b, const nm_verdict *v)
{
    nm_put(b, ", \"layers\": [");
    for (size_t i = 0; i < v->n_layers; i++) {
        const nm_layer *l = &v->layers[i];
        nm_put(b,
               "%s{\"block\": %d, \"units\": %zu, \"inactive\": %zu, \"active\": %zu, "
               "\"unstable\": %zu}",
               i ? ", " : "", l->block, l->units, l->inactive, l->active, l->unstable);
    }
    nm_put(b, "]");
}

static void put_model(nm_buf *b, const nm_verdict *v)
{
    size_t rows = 0, cols = 0, nz = 0, bins = 0;
    for (size_t i = 0; i < v->n_targets; i++) {
        rows += v->targets[i].rows;
        cols += v->targets[i].cols;
        nz += v->targets[i].nz;
        bins += v->targets[i].bins;
    }
    if (rows)
        nm_put(
            b,
            ", \"model\": {\"rows\": %zu, \"columns\": %zu, \"nonzeros\": %zu, \"binaries\": %zu}",
            rows, cols, nz, bins);
}

static void put_times(nm_buf *b, const nm_verdict *v)
{
    nm_put(b,
           ", \"cpu_seconds\": {\"read\": %.6f, \"bounds\": %.6f, \"attack\": %.6f, \"encode\": "
           "%.6f, \"write\": %.6f, \"solver\": %.6f}",
           v->cpu_read, v->cpu_bounds, v->cpu_attack, v->cpu_encode, v->cpu_write, v->cpu_solver);
}

/* Whether what is said to hold was proven here, or is a solver's word: then whose, and what covers its tolerances. */
static void put_certified(nm_buf *b, const nm_verdict *v)
{
    nm_put(b, ", \"certified\": %s", v->certified ? "true" : "false");
    if (v->certified || !v->solver) return;
    nm_put(b, ", \"solver\": ");
    nm_put_json(b, v->solver);
    member(b, "guard", v->guard);
    if (v->tolerance.primal > 0) {
        nm_put(b, ", \"tolerances\": {\"primal\": ");
        nm_put_num(b, v->tolerance.primal);
        member(b, "integrality", v->tolerance.integral);
        nm_put(b, "}");
    }
}

void nm_report_json(nm_buf *b, const nm_query *q, const nm_verdict *v, const nm_files *f,
                    bool compiled)
{
    nm_put(b, "{");
    if (!compiled)
        nm_put(b, "\"verdict\": \"%s\"",
               v->has_range && v->status == NM_OK ? "done" : status_name(v->status));
    if (!compiled && v->by) nm_put(b, ", \"proved_by\": \"%s\"", nm_settled_name(v->by));
    if (!compiled && (v->status == NM_OK || v->has_objective || v->has_range)) put_certified(b, v);
    if (!compiled && v->status == NM_UNKNOWN && v->why)
        nm_put(b, ", \"why\": "), nm_put_json(b, v->why);
    if (!compiled && q->image && q->label >= 0)
        nm_put(b, ", \"predicted\": %lld, \"label\": %lld", (long long)q->predicted,
               (long long)q->label);
    put_targets(b, q, v, compiled);
    if (!compiled && v->witness) put_witness(b, q, v->witness, f);
    if (!compiled && v->has_objective) {
        nm_put(b, ", \"objective\": {\"value\": ");
        nm_put_num(b, v->objective);
        member(b, "bound", v->bound);
        if (q->objective == NM_CLOSEST) nm_put(b, ", \"norm\": \"%s\"", nm_norm_name(q->norm));
        if (v->tie > 0) member(b, "tolerance", NM_TIE_TOL), member(b, "strict", v->tie);
        nm_put(b, "}");
    }
    if (!compiled && v->has_range) nm_range_json(b, q, v);
    if (!compiled && v->has_claim) member(b, "claimed_bound", v->claim);
    put_layers(b, v);
    put_model(b, v);
    put_times(b, v);
    nm_put(b, "}\n");
    const char *at = strstr(b->s, "{, ");
    if (at == b->s) memmove(b->s + 1, b->s + 3, b->n - 2), b->n -= 2;
}

static void text_targets(nm_buf *b, const nm_query *q, const nm_verdict *v, bool compiled)
{
    for (size_t i = 0; i < v->n_targets; i++) {
        const nm_target *t = &v->targets[i];
        nm_put(b, "  target %-4s %-8s", t->name, fate(q, v, t, compiled));
        if (t->by && t->status != NM_UNKNOWN) nm_put(b, " by %s", nm_settled_name(t->by));
        if (!v->has_range && isfinite(t->margin_lo) && !(t->status == NM_OK && t->margin_lo <= 0))
            nm_put(b, "  margin >= %.6g", t->margin_lo);
        if (q->objective == NM_CLOSEST && isfinite(t->bound))
            nm_put(b, "  distance >= %.9g", t->bound);
        if (t->rows)
            nm_put(b, "  model: %zu rows, %zu columns, %zu nonzeros, %zu binaries", t->rows,
                   t->cols, t->nz, t->bins);
        if (t->file) nm_put(b, "  %s", t->file);
        nm_put(b, "\n");
    }
    if (q->image && q->label >= 0)
        nm_put(b, "  label %lld, predicted %lld\n", (long long)q->label, (long long)q->predicted);
    for (size_t i = 0; i < v->n_layers; i++)
        nm_put(b, "  relu block %d: %zu units, %zu inactive, %zu active, %zu unstable\n",
               v->layers[i].block, v->layers[i].units, v->layers[i].inactive, v->layers[i].active,
               v->layers[i].unstable);
}

static void text_witness(nm_buf *b, const nm_query *q, const nm_verdict *v, const nm_files *f)
{
    const nm_replay *r = v->witness;
    const char *what = r->is_violated             ? "witness"
                       : q->objective == NM_WORST ? "worst point found"
                                                  : "nearest miss"; /* no counterexample */
    nm_put(b, "  %s: target %s, margin %.9g (float64, +- %.1e), %.9g (float32)\n", what,
           q->cases[r->icase].clauses[r->iclause].name, r->margin64, r->err64, r->margin32);
    if (q->image)
        nm_put(b, "  distance: linf %.6g, l1 %.6g, l2 %.6g, l0 %zu\n", r->linf, r->l1, r->l2,
               r->l0);
    if (f->witness) nm_put(b, "  written: %s", f->witness);
    if (f->image) nm_put(b, ", %s", f->image);
    if (f->picture) nm_put(b, ", %s", f->picture);
    if (f->generators) nm_put(b, ", %s", f->generators);
    if (f->witness) nm_put(b, "\n");
    if (q->image && r->is_violated) nm_draw_text(b, q->shape, q->image, r->x);
}

void nm_report_text(nm_buf *b, const nm_query *q, const nm_verdict *v, const nm_files *f,
                    bool compiled)
{
    if (!compiled) {
        nm_put(b, "%s", v->has_range && v->status == NM_OK ? "done" : status_name(v->status));
        if (v->status != NM_UNKNOWN && v->by) nm_put(b, " by %s", nm_settled_name(v->by));
        if (v->status == NM_UNKNOWN && v->why) nm_put(b, ": %s", v->why);
        nm_put(b, "\n");
        if (v->status == NM_OK && !v->certified && v->solver)
            nm_put(b,
                   "  not certified: this is the word of %s; a guard of %.3g covers its tolerances "
                   "of %g (rows) and "
                   "%g (binaries)\n",
                   v->solver, v->guard, v->tolerance.primal, v->tolerance.integral);
    }
    if (!compiled && v->has_objective) {
        if (q->objective == NM_CLOSEST)
            nm_put(b, "  nearest counterexample: %s distance %.9g", nm_norm_name(q->norm),
                   v->objective);
        else
            nm_put(b, "  worst margin %.9g", v->objective);
        if (isfinite(v->bound)) nm_put(b, ", proven to be at least %.9g", v->bound);
        if (v->tie > 0)
            nm_put(b, "; a tie within %g, strictly violated at %.9g", NM_TIE_TOL, v->tie);
        nm_put(b, "\n");
    }
    if (!compiled && v->has_range) nm_range_text(b, q, v);
    if (!compiled && v->has_claim)
        nm_put(b, "  the solver's own bound: %.9g, not certified\n", v->claim);
    text_targets(b, q, v, compiled);
    if (!compiled && v->witness) text_witness(b, q, v, f);
    nm_put(b,
           "  cpu seconds: read %.3f, bounds %.3f, attack %.3f, encode %.3f, write %.3f, solver "
           "%.3f\n",
           v->cpu_read, v->cpu_bounds, v->cpu_attack, v->cpu_encode, v->cpu_write, v->cpu_solver);
}

/* kernels of a blur side by side, a row for each output channel, an entry as 16 x 16 points, the largest white */
static void draw_kernels(nm_job *job, const char *path, const size_t k[4], const double *g)
{
    enum { ZOOM = 16 };
    const size_t h = k[0] * (k[2] + 1) - 1, w = k[1] * (k[3] + 1) - 1;
    double *x = NM_ARRAY(job, double, h *w), top = 0;
    for (size_t i = 0; i < k[0] * k[1] * k[2] * k[3]; i++)
        if (g[i] > top) top = g[i];
    for (size_t o = 0; o < k[0]; o++)
        for (size_t i = 0; i < k[1]; i++)
            for (size_t a = 0; a < k[2]; a++)
                for (size_t b = 0; b < k[3]; b++)
                    x[(o * (k[2] + 1) + a) * w + i * (k[3] + 1) + b] =
                        g[((o * k[1] + i) * k[2] + a) * k[3] + b] / top;
    double *big = NM_RAW(job, double, nm_mul(job, h * w, ZOOM * ZOOM));
    for (size_t i = 0; i < h * w * ZOOM * ZOOM; i++)
        big[i] = x[i / (w * ZOOM) / ZOOM * w + i % (w * ZOOM) / ZOOM];
    nm_draw_image(job, path, nm_shape_of(2, (int64_t[]){(int64_t)(h * ZOOM), (int64_t)(w * ZOOM)}),
                  big);
}

static void write_gens(nm_job *job, const char *dir, const nm_gens *g, const double *x, nm_files *f)
{
    const size_t *k = g->kernel;
    f->is_kernel = k[0] > 0;
    f->generators = nm_fmt(job, "%s/%s.npy", dir, f->is_kernel ? "kernel" : "generators");
    const nm_shape flat = nm_shape_of(1, (int64_t[]){(int64_t)g->n}),
                   four = nm_shape_of(
                       4, (int64_t[]){(int64_t)k[0], (int64_t)k[1], (int64_t)k[2], (int64_t)k[3]});
    nm_write_npy(job, f->generators, f->is_kernel ? four : flat, x);
    if (f->is_kernel) draw_kernels(job, nm_fmt(job, "%s/kernel.png", dir), k, x);
}

nm_files nm_report_files(nm_job *job, const char *dir, const nm_query *q, const nm_replay *r)
{
    nm_files f = {0};
    if (!dir || !r) return f;
    f.witness = nm_fmt(job, "%s/witness.npy", dir);
    const nm_shape flat = nm_shape_of(1, (int64_t[]){(int64_t)q->n_in});
    nm_write_npy(job, f.witness,
                 q->shape.rank && nm_shape_size(job, q->shape) == q->n_in ? q->shape : flat, r->x);
    f.image = nm_fmt(job, "%s/witness.png", dir);
    if (!nm_draw_image(job, f.image, q->shape, r->x)) f.image = NULL;
    f.picture = nm_fmt(job, "%s/picture.png", dir);
    if (!q->image || !nm_draw_triptych(job, f.picture, q->shape, q->image, r->x)) f.picture = NULL;
    if (r->g) write_gens(job, dir, q->cases[r->icase].gens, r->g, &f);
    return f;
}
