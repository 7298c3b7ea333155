/* start_point.c: gives the values of a model's columns at a point of the input set: the attack's best one, the
 * question's image, or an input from a file, moved into the box. They are computed by the Program in float64, as advice
 * for a solver; no verdict depends on them. */
#include "base/base.h"
#include "data/data.h"
#include "program/program.h"
#include "network/network.h"
#include "question/question.h"
#include "model/model.h"
#include "encoding/encoding.h"
#include "search/search.h"
#include "search/state.h"

/* Returns the point [inputs, or the generators of the case's set]. */
static const double *point(nm_state *s, const nm_target *t)
{
    const nm_case *c = &s->q->cases[t->icase];
    const nm_bounded *k = &s->cases[t->icase];
    const double *start = nm_case_start(s->q, c);
    const char *say = s->o->files.start;
    if (strcmp(say, "image") == 0) {
        if (!s->q->image) nm_throw(s->job, NM_EUSE, "--start image: the question has no image");
        return start;
    }
    if (strcmp(say, "attack")) {
        if (c->gens)
            nm_throw(
                s->job, NM_EUNSUP,
                "--start %s: this input set is given by generators; image or attack was expected",
                say);
        return nm_image_read(s->job, nm_net_form(s->net), say).x;
    }
    const double *x = nm_attack_least(s->job, k->b, k->work.c, t->iclause, k->row[t->iclause],
                                      start, (nm_attack_opts){NM_ATTACK_STEPS, 2, s->o->seed, false, 0});
    if (!x) nm_throw(s->job, NM_EUNSUP, "--start attack: it found no point");
    return x;
}

double *nm_start_of(nm_state *s, const nm_target *t, const nm_encoded *e)
{
    const nm_case *c = &s->q->cases[t->icase], *over = s->cases[t->icase].work.c;
    const size_t n = nm_case_width(s->q, c);
    const double *from = point(s, t);
    double *x = NM_RAW(s->job, double, n), moved = 0;
    memcpy(x, from, n * sizeof *x);
    if (!c->gens)
        for (size_t k = 0; k < c->n_balls; k++) nm_ball_project(s->job, &c->balls[k], n, x);
    for (size_t i = 0; i < n; i++) {
        x[i] = fmin(fmax(x[i], over->lo[i]), over->hi[i]);
        moved = fmax(moved, fabs(x[i] - from[i]));
    }
    if (moved > 0)
        nm_note(s->job, "target %s: the start is outside the input set; it was moved by %.3g",
                t->name, moved);
    double *v = nm_encode_lift(s->job, e->enc, nm_trace(s->job, e->enc->b->p, x));
    if (e->map->file.tag) v[e->model->n_cols - 1] = 1; /* the mark */
    const char *who = NULL;
    const double off = nm_model_check(e->enc->m, v, &who);
    if (off > 1e-9)
        nm_note(
            s->job,
            "target %s: the start violates %s by %.3g: it is not a counterexample, and a solver may drop it",
            t->name, who, off);
    return v;
}
