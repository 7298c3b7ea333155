/* check_point.c: checks a solver's point against the model file that it answers: names the row, bound, integer and set
 * that it violates most, and compares the objective that the file claims with that of the point. The model is read from
 * its file, so that exactly what the solver saw is checked. Sums are plain float64: their own rounding is about 1e-16
 * of a row's largest term. */
#include "base/base.h"
#include "model/model.h"
#include "solver/solver.h"
#include "encoding/encoding.h"
#include "answer/answer.h"

typedef struct {
    double by;        /* size of the violation; 0: none */
    const char *name; /* NULL: the model has none of this kind */
    double at, lo, hi;
} miss;

struct nm_pointcheck {
    const char *model;
    bool has_point;
    miss row, bound, whole, set;
    double claimed, found; /* objectives without the map's constant; NaN: not given */
};

static void take(miss *m, const char *name, double at, double lo, double hi)
{
    const double by = fmax(0, fmax(lo - at, at - hi));
    if (m->name && !(by > m->by)) return;
    *m = (miss){by, name, at, lo, hi};
}

/* Returns true if row r must hold at x, and sets its value there. */
static bool activity(const nm_model *m, size_t r, const double *x, double *value)
{
    const nm_mrow *row = &m->rows[r];
    if (row->when >= 0 && (x[row->when] > 0.5) != row->on) return false;
    double s = 0;
    for (size_t k = row->start; k < nm_row_end(m, r); k++) s += m->c[k] * x[m->j[k]];
    for (size_t k = 0; k < m->n_quad; k++)
        if (m->quad[k].row == (int64_t)r) s += m->quad[k].c * x[m->quad[k].i] * x[m->quad[k].j];
    *value = s;
    return true;
}

static double second_largest(const nm_sos1 *s, const double *x)
{
    double first = 0, second = 0;
    for (size_t k = 0; k < s->n; k++) {
        const double a = fabs(x[s->j[k]]);
        second = a > first ? first : fmax(second, a);
        first = fmax(first, a);
    }
    return second;
}

static void compare(nm_pointcheck *p, const nm_model *m, const double *x)
{
    double value;
    for (size_t r = 0; r < m->n_rows; r++)
        if (activity(m, r, x, &value))
            take(&p->row, m->rows[r].name, value, m->rows[r].lo, m->rows[r].hi);
    for (size_t j = 0; j < m->n_cols; j++) {
        const nm_col *c = &m->cols[j];
        take(&p->bound, c->name, x[j], c->lo, c->hi);
        if (c->is_int) take(&p->whole, c->name, x[j], round(x[j]), round(x[j]));
    }
    for (size_t k = 0; k < m->n_sos; k++)
        take(&p->set, m->sos[k].name, second_largest(&m->sos[k], x), 0, 0);
    p->found = nm_model_objective(m, x);
}

nm_pointcheck *nm_point_check(nm_job *job, const nm_map *map, const char *map_path, const nm_sol *s,
                              const char *sol_path)
{
    nm_pointcheck *p = NM_NEW(job, nm_pointcheck);
    *p = (nm_pointcheck){.has_point = s->has_values, .claimed = s->objective, .found = NAN};
    const char *base = strrchr(map->file.path, '/');
    p->model = nm_fmt(job, "%s%s", nm_path_dir(job, map_path), base ? base + 1 : map->file.path);
    if (!nm_file_exists(p->model)) p->model = map->file.path;
    if (!nm_file_exists(p->model))
        nm_throw(job, NM_EIO, "%s: does not exist; --check reads the model beside %s", p->model,
                 map_path);
    if (!s->has_values) return p;
    const nm_model *m = nm_model_read(job, p->model);
    const char **cols = NM_RAW(job, const char *, m->n_cols + 1);
    for (size_t j = 0; j < m->n_cols; j++) cols[j] = m->cols[j].name;
    compare(p, m, nm_sol_columns(job, s, m->n_cols, cols, sol_path));
    return p;
}

static void text_miss(nm_buf *b, const char *what, const miss *m)
{
    if (!m->name) return;
    if (m->by == 0) {
        nm_put(b, "  %s: none is missed\n", what);
        return;
    }
    nm_put(b, "  %s: %s is missed by %.3g; it is ", what, m->name, m->by);
    nm_put_num(b, m->at);
    nm_put(b, m->at < m->lo ? ", and at least " : ", and at most ");
    nm_put_num(b, m->at < m->lo ? m->lo : m->hi);
    nm_put(b, " was asked for\n");
}

void nm_point_text(nm_buf *b, const nm_pointcheck *p)
{
    nm_put(b, "check against %s\n", p->model);
    if (!p->has_point) {
        nm_put(b, "  the solution has no values: there is nothing to check\n");
        return;
    }
    text_miss(b, "rows", &p->row);
    text_miss(b, "bounds", &p->bound);
    text_miss(b, "sets", &p->set);
    if (p->whole.name && p->whole.by > 0) {
        nm_put(b, "  integers: %s is off by %.3g; it is ", p->whole.name, p->whole.by);
        nm_put_num(b, p->whole.at);
        nm_put(b, "\n");
    } else if (p->whole.name) {
        nm_put(b, "  integers: none is missed\n");
    }
    nm_put(b, "  objective: ");
    if (isnan(p->claimed))
        nm_put(b, "none is claimed");
    else
        nm_put_num(b, p->claimed), nm_put(b, " is claimed");
    nm_put(b, ", the point has ");
    nm_put_num(b, p->found);
    if (!isnan(p->claimed)) nm_put(b, " (%.3g apart)", fabs(p->claimed - p->found));
    nm_put(b, "\n");
}

static void json_miss(nm_jo *j, const char *key, const miss *m)
{
    if (!m->name) return;
    nm_jo_object(j, key);
    nm_jo_str(j, "name", m->name);
    nm_jo_num(j, "missed_by", m->by);
    nm_jo_num(j, "value", m->at);
    nm_jo_end(j);
}

void nm_point_json(nm_jo *j, const char *key, const nm_pointcheck *p)
{
    nm_jo_object(j, key);
    nm_jo_str(j, "model", p->model);
    nm_jo_bool(j, "has_point", p->has_point);
    json_miss(j, "row", &p->row);
    json_miss(j, "bound", &p->bound);
    json_miss(j, "integer", &p->whole);
    json_miss(j, "set", &p->set);
    nm_jo_num_if(j, "objective_claimed", p->claimed);
    nm_jo_num_if(j, "objective", p->found);
    nm_jo_end(j);
}
