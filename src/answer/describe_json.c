/* describe_json.c: says what a JSON file of netmip's own is that is neither network, question nor map: a manifest is
 * listed, target by target; of the others it is told what they are, and which verb reads them. */
#include "base/base.h"
#include "answer/answer.h"

#include <cJSON.h>

static const char *text(nm_job *job, const nm_json *o, const char *key, const char *path)
{
    return nm_json_str(job, nm_json_get(job, o, key, path), path);
}

static void manifest(nm_buf *out, const nm_json *j, const char *path)
{
    nm_job *job = out->job;
    nm_put(out,
           "%s: manifest of models that netmip compile wrote; netmip decode reads it with their "
           "solutions\n",
           path);
    nm_put(out, "network %s\ncombined: %s\n", text(job, j, "net", path),
           text(job, j, "combine", path));
    const nm_json *list = nm_json_get(job, j, "targets", path);
    for (const nm_json *t = cJSON_IsArray(list) ? list->child : NULL; t; t = t->next) {
        const nm_json *model = nm_json_find(t, "model"), *cubes = nm_json_find(t, "cubes");
        nm_put(out, "target %-4s %-8s", text(job, t, "target", path), text(job, t, "status", path));
        if (model) nm_put(out, "  %s", nm_json_str(job, model, path));
        nm_put(out, "\n");
        size_t k = 0;
        for (const nm_json *c = cubes ? cubes->child : NULL; c; c = c->next)
            nm_put(out, "  branch %zu: %s\n", ++k, text(job, c, "model", path));
    }
}

/* Returns what an answer of netmip's is, which has a version and no kind; or NULL: it is none. */
static const char *answer(const nm_json *j)
{
    static const struct {
        const char *member, *what;
    } rows[] = {
        {"covers", "the summary of a campaign; netmip report shows the results in its folder"},
        {"configurations", "the summary of a comparison of solvers; netmip report shows the results in its folder"},
        {"verdict", "an answer that netmip printed as JSON; netmip help json lists its members"},
    };
    if (!cJSON_IsNumber(nm_json_find(j, "version"))) return NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (nm_json_find(j, rows[i].member)) return rows[i].what;
    return NULL;
}

bool nm_describe_json(nm_buf *out, nm_file f, bool as_json)
{
    static const struct {
        const char *kind, *what;
    } rows[] = {
        {"bounds", "bounds of units, as netmip bounds -o writes them; --known-bounds reads them"},
        {"bench", "a comparison of solvers that is asked for; netmip bench reads it"},
        {"comparison",
         "a comparison of solvers that was begun; netmip report shows the results in its folder"},
        {"suite", "what a folder of models is made from; netmip suite reads it"},
        {"campaign",
         "the question of a campaign; netmip batch --status and --join read its folder"},
        {"record",
         "the record of one sample of a campaign; netmip report shows the results in its folder"},
        {"run",
         "the record of one run of a comparison; netmip report shows the results in its folder"},
        {"worker", "the sign that a worker of a campaign is alive"},
    };
    const size_t blank = strspn((const char *)f.data, " \t\r\n");
    if (blank >= f.n || f.data[blank] != '{') return false;
    const nm_json *j = nm_json_parse(out->job, f), *is = nm_json_find(j, "netmip");
    const char *kind = cJSON_IsString(is) ? is->valuestring : "";
    const char *what = is ? NULL : answer(j);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(kind, rows[i].kind) == 0) what = rows[i].what;
    const bool is_manifest = strcmp(kind, "manifest") == 0;
    if (!is_manifest && !what) {
        nm_close(out->job, j);
        return false;
    }
    if (as_json) nm_throw(out->job, NM_EUSE, "--json: %s is JSON already", f.path);
    if (is_manifest)
        manifest(out, j, f.path);
    else
        nm_put(out, "%s: %s\n", f.path, what);
    return true;
}
