/* report.c: prints the facts of a verdict (facts.c) as JSON, and as text. Each line of text is a pattern that contains
 * facts as {KEY} or {GROUP.KEY}. */
#include "base/base.h"
#include "data/data.h"
#include "question/question.h"
#include "judge/judge.h"
#include "answer/answer.h"

/* ---- JSON ---- */

static void put(nm_jo *j, const nm_fact *f)
{
    if (!f->in_json) return;
    switch (f->kind) {
    case NM_FACT_TEXT: nm_jo_str(j, f->key, f->text); return;
    case NM_FACT_NUMBER: nm_jo_num(j, f->key, f->number); return;
    case NM_FACT_COUNT: nm_jo_int(j, f->key, f->count); return;
    case NM_FACT_FLAG: nm_jo_bool(j, f->key, f->flag); return;
    case NM_FACT_SECONDS: nm_jo_fixed(j, f->key, f->number, 6); return;
    case NM_FACT_GROUP: nm_jo_object(j, f->key); break;
    case NM_FACT_LIST: nm_jo_list(j, f->key); break;
    }
    for (const nm_fact *k = f->first; k; k = k->next) put(j, k);
    nm_jo_end(j);
}

void nm_report_json(nm_buf *b, const nm_fact *facts, const nm_pointcheck *check)
{
    nm_jo j = nm_jo_answer(b);
    for (const nm_fact *f = facts->first; f; f = f->next) put(&j, f);
    if (check) nm_point_json(&j, "check", check);
    nm_jo_done(&j);
}

/* ---- text ---- */

/* Prints a fact in words: its caption has exactly the conversion that its kind needs, or names what is counted. */
static void say(nm_buf *b, const nm_fact *f)
{
    switch (f->kind) {
    case NM_FACT_TEXT: nm_put(b, f->caption, f->text); break;
    case NM_FACT_NUMBER:
    case NM_FACT_SECONDS: nm_put(b, f->caption, f->number); break;
    case NM_FACT_COUNT:
        if (strchr(f->caption, '%'))
            nm_put(b, f->caption, (long long)f->count);
        else
            nm_put(b, "%s", nm_counted(b->job, (size_t)f->count, f->caption));
        break;
    default: break; /* a flag or a group has no words */
    }
}

/* Prints a line by its pattern. A {KEY} and the text before it are printed only if KEY is a fact with a caption; the
 * text before the first {KEY} begins the line. {KEY|TEXT} adds TEXT after the fact. If no fact applies, there is no
 * line. */
static void put_line(nm_buf *b, const nm_fact *group, const char *pattern)
{
    const char *const open = strchr(pattern, '{');
    size_t n = 0;
    for (const char *at = pattern, *key = open, *end; key; at = end + 1, key = strchr(at, '{')) {
        end = strchr(key, '}');
        const size_t length = strcspn(key + 1, "|}");
        const nm_fact *f = nm_fact_find(group, nm_dup(b->job, key + 1, length));
        if (!f || !f->caption) continue;
        nm_put_bytes(b, n ? at : pattern, (size_t)(n ? key - at : open - pattern));
        say(b, f);
        if (key[1 + length] == '|') nm_put_bytes(b, key + length + 2, (size_t)(end - key) - length - 2);
        n++;
    }
    if (n) nm_put(b, "\n");
}

static void put_lines(nm_buf *b, const nm_fact *list, const char *pattern)
{
    for (const nm_fact *f = list->first; f; f = f->next) put_line(b, f, pattern);
}

/* Prints a line for each target; of many, none for those that hold or were not examined, which are counted instead. */
static void put_targets(nm_buf *b, const nm_fact *list)
{
    enum { MANY = 100 };
    size_t n = 0, hold = 0, rest = 0;
    for (const nm_fact *f = list->first; f; f = f->next) n++;
    for (const nm_fact *f = list->first; f; f = f->next) {
        const nm_fact *fate = nm_fact_find(f, "fate");
        if (n > MANY && fate && strcmp(fate->text, "holds") == 0)
            hold++;
        else if (n > MANY && fate && strcmp(fate->text, "not examined") == 0)
            rest++;
        else
            put_line(b, f,
                     "  {name} {fate} {settled}  {margin_lo}  {distance_lo}  "
                     "model: {rows}, {columns}, {nonzeros}, {binaries}  {file}");
    }
    if (hold + rest)
        nm_put(b, "  of %s, %zu hold and %zu were not examined; --json lists them\n",
               nm_counted(b->job, n, "targets"), hold, rest);
}

void nm_report_text(nm_buf *b, const nm_fact *facts, const nm_query *q, const nm_replay *witness)
{
    put_line(b, facts, "{verdict} {settled}: {why}, {arithmetic}");
    put_line(b, facts, "  not certified: {solver}; {guard} {tolerances.primal} and {tolerances.integrality}");
    put_line(b, facts, "  not certified: {assumed}");
    put_line(b, facts,
             "  {objective.value}, {objective.bound}: {objective.why}; {objective.tolerance}, {objective.strict}");
    put_line(b, facts, "  {range.of}");
    put_line(
        b, facts,
        "  min: {range.min} ({range.min_target}, {range.min_error|)}, {range.lo}{range.min_none}  {range.min_file}");
    put_line(
        b, facts,
        "  max: {range.max} ({range.max_target}, {range.max_error|)}, {range.hi}{range.max_none}  {range.max_file}");
    put_line(b, facts, "  {claimed_bound}");
    put_targets(b, nm_fact_find(facts, "targets"));
    put_line(b, facts, "  {label}, {predicted}");
    put_lines(b, nm_fact_find(facts, "layers"), "  {block}: {units}, {inactive}, {active}, {unstable}");
    put_line(b, facts,
             "  {witness.what} {witness.target}, {witness.margin64} ({witness.error64|)}, {witness.margin32}, "
             "{witness.orders}");
    put_line(
        b, facts,
        "  distance: {witness.distance.linf}, {witness.distance.l1}, {witness.distance.l2}, {witness.distance.l0}");
    put_line(b, facts,
             "  written: {witness.file}, {witness.image}, {witness.picture}, {witness.kernel}, {witness.generators}");
    if (nm_fact_find(facts, "witness") && q->image && witness->is_violated)
        nm_draw_text(b, q->shape, q->image, witness->x);
    put_line(b, facts,
             "  cpu seconds: {cpu_seconds.read}, {cpu_seconds.bounds}, {cpu_seconds.attack}, {cpu_seconds.encode}, "
             "{cpu_seconds.write}, {cpu_seconds.solver}");
}
