/* comments.c: records the origin of a model while the network is known: blocks and units with their bounds, for the map
 * and for comments in LP. */
#include "base/base.h"
#include "program/program.h"
#include "bounds/bounds.h"
#include "model/model.h"
#include "encoding/encoding.h"
#include "encoding/reader.h"
#include "encoding/rows.h"

static nm_mapunit unit_of(const nm_enc *e, size_t u, size_t pre)
{
    const int b = nm_program_block(e->b->p, u);
    const nm_bounds *k = e->b;
    return (nm_mapunit){b, u - k->p->blocks[b].first, k->lo[pre], k->hi[pre],
                        nm_by_name((nm_by)k->by[pre])};
}

void nm_notes_map(const nm_enc *e, nm_map *m)
{
    const nm_program *p = e->b->p;
    nm_mapblock *block = NM_ARRAY(e->job, nm_mapblock, (size_t)e->q + 1);
    for (int b = 0; b < e->q; b++)
        block[b] = (nm_mapblock){nm_kind_name(p->blocks[b].kind), p->blocks[b].name, p->blocks[b].n,
                                 p->blocks[b].src};
    m->units.n_blocks = (size_t)e->q;
    m->units.blocks = block;
    size_t n = e->n_units;
    for (int b = 1; b < e->q; b++)
        for (size_t i = 0; p->blocks[b].kind == NM_MAX && i < p->blocks[b].n; i++)
            n += e->col[p->blocks[b].first + i] >= 0;
    nm_mapunit *unit = NM_ARRAY(e->job, nm_mapunit, n + 1);
    m->units.n = 0; /* may be filled already, by the file for another solver */
    for (size_t i = 0; i < e->n_units; i++)
        unit[m->units.n++] = unit_of(e, e->unit[i].u, e->unit[i].pre);
    for (int b = 1; b < e->q; b++)
        for (size_t i = 0; p->blocks[b].kind == NM_MAX && i < p->blocks[b].n; i++) {
            const size_t u = p->blocks[b].first + i;
            if (e->col[u] >= 0) unit[m->units.n++] = unit_of(e, u, u);
        }
    m->units.unit = unit;
}

static const nm_mapunit *find(const nm_map *m, nm_modelname k)
{
    for (size_t i = 0; i < m->units.n; i++)
        if (m->units.unit[i].block == k.block && (int64_t)m->units.unit[i].unit == k.unit)
            return &m->units.unit[i];
    return NULL;
}

/* "unit 7 of block 2 (relu, /fc1/Relu), pre-activation in [-1.5, 2] by crown, unstable" */
void nm_notes_unit(nm_buf *b, const nm_map *m, nm_modelname k)
{
    const nm_mapunit *u = find(m, k);
    if (k.block < 0 || k.unit < 0 || (size_t)k.block >= m->units.n_blocks) return;
    const nm_mapblock *block = &m->units.blocks[k.block];
    nm_put(b, "unit %lld of block %lld (%s", (long long)k.unit, (long long)k.block, block->kind);
    if (block->name && *block->name) nm_put(b, ", %.60s", block->name);
    nm_put(b, ")");
    if (!u) return;
    nm_put(b, strcmp(block->kind, "relu") == 0 ? ", a in [" : ", in [");
    nm_put_num(b, u->lo);
    nm_put(b, ", ");
    nm_put_num(b, u->hi);
    nm_put(b, "] by %s", u->by);
    if (strcmp(block->kind, "relu") == 0)
        nm_put(b, u->lo >= 0 ? ", active" : u->hi <= 0 ? ", inactive" : ", unstable");
}

/* Makes the text printable, without what would end a comment. */
static const char *clean(nm_job *job, nm_buf *b)
{
    for (size_t i = 0; i < b->n; i++)
        if ((unsigned char)b->s[i] < ' ' || (unsigned char)b->s[i] > '~' || b->s[i] == '\\')
            b->s[i] = '?';
    if (b->n > 180) b->n = 180, b->s[b->n] = 0;
    return b->n ? nm_dup(job, b->s, b->n) : NULL;
}

static const char *row_note(nm_job *job, const nm_map *m, const char *name)
{
    nm_buf b = {.job = job};
    const nm_modelname k = nm_modelname_parse(name);
    nm_put(&b, "%s: %s", name, nm_explain_row(job, k, m->form.encoding));
    if (k.unit >= 0) nm_put(&b, "; "), nm_notes_unit(&b, m, k);
    return clean(job, &b);
}

static void put_line(nm_job *job, nm_buf *head, nm_buf *line)
{
    const char *s = clean(job, line);
    if (s) nm_put(head, "%s\n", s);
    line->n = 0;
}

static void put_head(nm_job *job, nm_buf *head, const nm_map *m, const nm_model *model)
{
    nm_buf b = {.job = job};
    const char *slash = strrchr(m->from.net_path, '/');
    nm_put(&b, "netmip %s: network %s, sha256 %.12s", m->from.version,
           slash ? slash + 1 : m->from.net_path, m->from.net_hash);
    put_line(job, head, &b);
    nm_put(&b, "question: target %s, objective %s, encoding %s, bounds hold for %s", m->asks.name,
           m->asks.objective, m->form.encoding,
           m->form.conditioned ? "counterexamples to the target" : "the input set");
    put_line(job, head, &b);
    nm_put(&b, "%zu rows, %zu columns, %zu nonzeros, %zu binaries; the objective's constant is ",
           model->n_rows, model->n_cols, model->n_nz, nm_model_binaries(model));
    nm_put_num(&b, m->file.constant);
    put_line(job, head, &b);
    nm_put(&b, "columns: x input, v unit's value, z its phase; rows by block and unit; netmip "
               "inspect explains each");
    put_line(job, head, &b);
    for (size_t i = 0; i < m->units.n_blocks; i++) {
        nm_put(&b, "block %zu: %s, %zu units, %s", i, m->units.blocks[i].kind, m->units.blocks[i].n,
               m->units.blocks[i].name);
        put_line(job, head, &b);
    }
    for (size_t i = 0; i < m->units.n; i++) {
        nm_put(&b, "v%d_%zu: ", m->units.unit[i].block, m->units.unit[i].unit);
        nm_notes_unit(
            &b, m, (nm_modelname){"v", m->units.unit[i].block, (int64_t)m->units.unit[i].unit, -1});
        put_line(job, head, &b);
    }
}

const nm_notes *nm_notes_new(nm_job *job, const nm_map *m, const nm_model *model)
{
    nm_notes *n = NM_NEW(job, nm_notes);
    nm_buf head = {.job = job};
    put_head(job, &head, m, model);
    n->head = head.s;
    n->row = NM_ARRAY(job, const char *, model->n_rows + 1);
    for (size_t r = 0; r < model->n_rows; r++) n->row[r] = row_note(job, m, model->rows[r].name);
    return n;
}
