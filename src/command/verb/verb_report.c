/* verb_report.c: one page of campaigns and comparisons. Pictures of counterexamples need the network, which says how
 * images are read, and the images: the command line that campaign.json keeps is read for that. Where they are gone, the
 * page says so and is made without them. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "study/study.h"
#include "command/command.h"
#include "command/flags.h"

typedef struct {
    nm_reported *to;
    nm_imageform form;
} source;

static void find_images(nm_job *job, void *arg)
{
    source *s = arg;
    const nm_campaign_file f = nm_campaign_read(job, s->to->dir);
    if (f.instances) return; /* counterexamples of a benchmark are no images */
    nm_cli c = {.verb = "batch"};
    for (const nm_said *said = f.flags; said->key; said++)
        nm_cli_put(job, &c, said->key, said->value);
    s->form = nm_net_form(nm_net_read_as(job, f.net, nm_cli_front(job, &c)));
    s->to->images = f.images;
}

static nm_reported folder_of(nm_job *job, const char *dir)
{
    nm_reported r = {.dir = dir, .why = "no witnesses are saved"};
    if (!nm_campaign_is(job, dir) || !nm_file_exists(nm_fmt(job, "%s/witness", dir))) return r;
    source *s = NM_NEW(job, source);
    s->to = &r;
    const int failed = nm_run(job, find_images, s);
    if (failed) {
        r.why = nm_message_of(job, failed);
        nm_note(job, "%s: no pictures: %s", dir, r.why);
    } else if (r.images) {
        r.form = &s->form;
    }
    return r;
}

int nm_verb_report(nm_job *job, const nm_cli *c, nm_buf *out)
{
    nm_cli_files(job, c, 1, c->argc, "a folder of a campaign or a comparison, or several,");
    const char *path = nm_cli_has(c, NM_O_output) ? nm_cli_get(c, NM_O_output) : "report.html";
    if (!nm_has_suffix(path, ".html"))
        nm_throw(job, NM_EUSE, "-o %s: a name that ends in .html was expected", path);
    size_t n;
    const char **dir = nm_study_folders(job, (size_t)c->n_files, c->file, &n);
    nm_reported *folder = NM_RAW(job, nm_reported, n);
    for (size_t i = 0; i < n; i++) folder[i] = folder_of(job, dir[i]);
    nm_report_write(job, n, folder, path);
    nm_put(out, "written: %s\n", path);
    return NM_OK;
}
