/* verb_eval.c: netmip eval: the outputs for an image, to check that a network was read correctly. */
#include "base/base.h"
#include "data/data.h"
#include "network/network.h"
#include "question/question.h"
#include "command/command.h"
#include "command/flags.h"

/* Warns of means and images that seem to be in other units than pixels from 0 to 1, if the image does not show
 * units. */
static void check(nm_job *job, const nm_net *net, nm_tensor t, const char *what)
{
    double lo = INFINITY, hi = -INFINITY;
    for (size_t i = 0; i < t.n; i++) {
        lo = fmin(lo, t.x[i]);
        hi = fmax(hi, t.x[i]);
    }
    nm_check_means(job, net, fmin(lo, 0), fmax(hi, 1));
    if (!net->lo) nm_check_values(job, net, what, t.top > 0, lo, hi, 0, 1);
}

int nm_verb_eval(nm_job *job, const nm_cli *c, nm_buf *out)
{
    nm_cli_files(job, c, 1, 1, "a network");
    const nm_net *net = nm_net_read_as(job, c->file[0], nm_cli_front(job, c));
    if (nm_cli_dump(job, c, out, net, NULL)) return NM_OK;
    if (!nm_cli_has(c, NM_O_image))
        nm_throw(job, NM_EUSE, "netmip eval: --image FILE was expected");
    const nm_tensor t = nm_image_read(job, nm_net_form(net), nm_cli_get(c, NM_O_image));
    const double *x = t.x;
    check(job, net, t, nm_cli_get(c, NM_O_image));
    nm_net_range(job, net, x);
    const double *flat = nm_net_eval(job, net, x, false, NULL);
    const int64_t best = net->n_out == 1 || nm_net_gives_label(net) ? nm_net_label(net, flat) : -1;
    size_t n;
    const double *y = nm_net_outputs_eval(job, net, x, false, &n),
                 *y32 = nm_net_outputs_eval(job, net, x, true, &n);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(y[i]) || !isfinite(y32[i]))
            nm_throw(job, NM_EINPUT, "%s: output %zu is not finite in float%d", c->file[0], i,
                     isfinite(y[i]) ? 32 : 64);
    if (nm_cli_has(c, NM_O_json)) {
        nm_jo j = nm_jo_answer(out);
        if (best >= 0) nm_jo_int(&j, "predicted", best);
        nm_jo_object(&j, "outputs");
        nm_jo_nums(&j, "float64", y, n);
        nm_jo_nums(&j, "float32", y32, n);
        nm_jo_end(&j);
        nm_jo_done(&j);
        return NM_OK;
    }
    if (best >= 0) nm_put(out, "predicted %lld\n", (long long)best);
    for (size_t i = 0; i < n; i++) {
        nm_put(out, "output %zu: ", i);
        nm_put_num(out, y[i]);
        nm_put(out, " (float32: ");
        nm_put_num(out, y32[i]);
        nm_put(out, ")\n");
    }
    return NM_OK;
}
