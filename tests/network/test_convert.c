/* A network written as JSON and as ONNX, and read again, is the same function: equal outputs in float64 at every point,
 * for random networks of every kind and for hand-made ones that try the writers: shared constants, names that collide
 * with those that the reader makes, attributes that are no float32, integers as attribute and as input in opsets on
 * both sides of the change, several inputs, outputs that are inputs or constants. What was written once and is written
 * again is the same file. */
#define _GNU_SOURCE
#include "random_networks.h"

#include <unistd.h>

enum { NETS = 150, POINTS = 4 };
typedef struct {
    uint64_t seed;
    const char *text;
} arg_t;

static char dir[] = "/tmp/netmip-convert-XXXXXX";
static size_t n_inline, n_shared, n_double, n_refused;

static bool equal(nm_job *job, const nm_net *a, const nm_net *b)
{
    if (a->n_in != b->n_in || a->n_out != b->n_out) return false;
    double *x = NM_ARRAY(job, double, a->n_in);
    for (int k = 0; k < POINTS; k++) {
        for (size_t i = 0; i < a->n_in; i++) x[i] = k ? t_uniform(-2, 2) : 0;
        const double *y = nm_net_eval(job, a, x, false, NULL),
                     *z = nm_net_eval(job, b, x, false, NULL);
        for (size_t i = 0; i < a->n_out; i++)
            if (!(y[i] == z[i]) && !(isnan(y[i]) && isnan(z[i]))) return false;
    }
    return true;
}

static bool same_file(nm_job *job, const char *a, const char *b)
{
    const nm_file f = nm_file_read(job, a), g = nm_file_read(job, b);
    return f.n == g.n && memcmp(f.data, g.data, f.n) == 0;
}

static size_t count(nm_file f, const char *word)
{
    size_t n = 0;
    for (const char *s = strstr((const char *)f.data, word); s; s = strstr(s + 1, word)) n++;
    return n;
}

/* ONNX holds attributes as float32: what is finer can be said in JSON alone */
static bool is_single(const nm_net *net)
{
    for (size_t n = 0; n < net->n_nodes; n++)
        for (int k = 0; k < net->nodes[n].n_attrs; k++) {
            const nm_attr *a = &net->nodes[n].attrs[k];
            if (a->kind == NM_A_FLOAT && a->f != (double)(float)a->f) return false;
        }
    return true;
}

static void convert(nm_job *job, void *arg)
{
    const arg_t *a = arg;
    gen g = {.kind = (g_numbers)(a->seed % 4), .all_out = a->seed % 3 == 0};
    t_seed = a->seed;
    const nm_file f = a->text
                          ? (nm_file){"hand.json", (const unsigned char *)a->text, strlen(a->text)}
                          : g_text(job, &g, 1 + (int64_t)t_below(3), 2 + (int64_t)t_below(3), 3,
                                   2 + t_below(7));
    const nm_net *net = g_net(job, f);
    const char *json = nm_fmt(job, "%s/a.json", dir), *onnx = nm_fmt(job, "%s/a.onnx", dir);
    const char *json2 = nm_fmt(job, "%s/b.json", dir), *onnx2 = nm_fmt(job, "%s/b.onnx.gz", dir);
    nm_net_write(job, net, json);
    if (!is_single(net)) {
        CHECK(equal(job, net, nm_net_read(job, json)), "as JSON, seed %llu",
              (unsigned long long)a->seed);
        const int code = nm_net_save(job, net, onnx); /* what is folded away may go through */
        CHECK(code == NM_EUNSUP || (code == NM_OK && equal(job, net, nm_net_read(job, onnx))),
              "a double attribute in ONNX: %d, seed %llu", code, (unsigned long long)a->seed);
        n_refused += code == NM_EUNSUP;
        return;
    }
    nm_net_write(job, net, onnx);
    const nm_net *from_json = nm_net_read(job, json), *from_onnx = nm_net_read(job, onnx);
    CHECK(equal(job, net, from_json), "as JSON, seed %llu: %.300s", (unsigned long long)a->seed,
          (const char *)f.data);
    CHECK(equal(job, net, from_onnx), "as ONNX, seed %llu: %.300s", (unsigned long long)a->seed,
          (const char *)f.data);
    CHECK(nm_net_save(job, from_json, json2) == NM_OK &&
              nm_net_save(job, from_onnx, onnx2) == NM_OK,
          "%s", nm_job_message(job));
    CHECK(same_file(job, json, json2), "JSON again, seed %llu", (unsigned long long)a->seed);
    CHECK(same_file(job, onnx, onnx2), "ONNX again, seed %llu", (unsigned long long)a->seed);
    nm_net_write(job, from_onnx, json2); /* across, and back */
    CHECK(equal(job, net, nm_net_read(job, json2)), "ONNX as JSON, seed %llu",
          (unsigned long long)a->seed);
    CHECK((net->lo != NULL) == (from_json->lo != NULL), "the range is kept");
    CHECK(nm_net_save(job, net, "x.txt") == NM_EUSE, "a name that says no format");
    const nm_file w = nm_file_read(job, json);
    n_inline += count(w, "\"weight\": ") + count(w, "\"scale\": ");
    n_shared += count(w, "\"constants\"");
    for (size_t v = 0; v < from_onnx->n_values; v++)
        n_double += from_onnx->values[v].type == NM_F64;
}

#define NET(input, more) "{\"netmip\":\"network\",\"version\":1,\"input\":" input "," more "}"
#define VEC              "{\"shape\":[1,2]}"
#define IMG              "{\"shape\":[1,2,3,3]}"

static const char *const hand[] = {
    NET(VEC, "\"layers\":[]"),
    NET(VEC, "\"layers\":[{\"op\":\"relu\",\"name\":\"r\"}],\"outputs\":[\"x\",\"r\",\"x\"]"),
    NET(VEC,
        "\"constants\":{\"c\":[[1.5,-2]]},\"layers\":[{\"op\":\"add\",\"inputs\":[\"x\",\"c\"]}],"
        "\"outputs\":[\"add_0\",\"c\"]"),
    /* a constant that two layers read, and one on the left */
    NET(VEC, "\"constants\":{\"w\":[[1,0.1],[-0.3,2]]},\"layers\":[{\"op\":\"matmul\",\"inputs\":["
             "\"x\",\"w\"]},"
             "{\"op\":\"relu\"},{\"op\":\"matmul\",\"inputs\":[\"relu_1\",\"w\"]},{\"op\":\"sub\","
             "\"inputs\":[\"w\","
             "\"matmul_2\"]},{\"op\":\"flatten\",\"axis\":0}]"),
    /* the names that the reader makes for constants in a layer are those of layers */
    NET(VEC, "\"layers\":[{\"op\":\"relu\",\"name\":\"g.weight\"},{\"op\":\"relu\",\"name\":\"g."
             "bias_\"},"
             "{\"op\":\"identity\",\"inputs\":[],\"value\":[[1,2],[3,4]],\"name\":\"w\"},{\"op\":"
             "\"gemm\",\"name\":\"g\","
             "\"inputs\":[\"g.weight\",\"w\"]},{\"op\":\"add\",\"inputs\":[\"g\",\"g.bias_\"]}]"),
    NET(VEC,
        "\"layers\":[{\"op\":\"gemm\",\"alpha\":0.1,\"beta\":0.3,\"weight\":[[1,-0.7],[0.3,1]],"
        "\"bias\":[1,0.2]},"
        "{\"op\":\"relu\"},{\"op\":\"gemm\",\"alpha\":0.5,\"weight\":[[1],[0.25]],\"bias\":[1]}]"),
    NET(VEC, "\"constants\":{\"a\":[[1,0.3],[2,0.1]]},\"layers\":[{\"op\":\"transpose\",\"perm\":["
             "1,0]},{\"op\":\"gemm\","
             "\"inputs\":[\"a\",\"transpose_0\"],\"alpha\":0.7}]"),
    NET(IMG, "\"layers\":[{\"op\":\"batchnormalization\",\"scale\":[1,0.3],\"bias\":[0,1],\"mean\":"
             "[0.5,0],\"var\":[1,2],"
             "\"epsilon\":1e-5,\"momentum\":0.9}]"),
    NET(IMG, "\"layers\":[{\"op\":\"batchnormalization\",\"scale\":[1,2],\"bias\":[0,1],\"mean\":["
             "0.5,0],\"var\":[1,2]}]"),
    NET(IMG, "\"layers\":[{\"op\":\"pad\",\"pads\":[0,0,1,0,0,0,0,2]},{\"op\":\"squeeze\",\"axes\":"
             "[0]},{\"op\":"
             "\"unsqueeze\",\"axes\":[0,2]},{\"op\":\"reshape\",\"shape\":[0,-1]},{\"op\":"
             "\"dropout\",\"ratio\":0.1},"
             "{\"op\":\"squeeze\"},{\"op\":\"cast\",\"to\":11}]"),
    NET(IMG, "\"opset\":10,\"layers\":[{\"op\":\"pad\",\"pads\":[0,0,1,0,0,0,0,2]},{\"op\":"
             "\"squeeze\",\"axes\":[0]}]"),
    NET(IMG, "\"opset\":15,\"layers\":[{\"op\":\"pad\",\"pads\":[0,0,1,0,0,0,0,2]},{\"op\":"
             "\"squeeze\",\"axes\":[0]}]"),
    NET("[{\"name\":\"a\",\"shape\":[1,2],\"min\":0,\"max\":[[1,2]]},{\"name\":\"b\",\"shape\":[2],"
        "\"min\":-1,\"max\":1}]",
        "\"layers\":[{\"op\":\"add\",\"inputs\":[\"b\",\"a\"]},{\"op\":\"mul\",\"value\":0.1}]"),
    NET("{\"shape\":[]}", "\"layers\":[{\"op\":\"mul\",\"value\":3},{\"op\":\"reshape\",\"shape\":["
                          "]},{\"op\":\"relu\"}]"),
    NET("{\"name\":\"odd \\\" \\\\ \\u00e9 \\u0001\",\"shape\":[1,2]}",
        "\"layers\":[{\"op\":\"relu\",\"name\":\"\\u4e00\"}]"),
    NET(VEC, "\"layers\":[{\"op\":\"dense\",\"weight\":[[1e-320,4.9e-324],[1.7976931348623157e308,"
             "0.1]]}]"),
};

int main(void)
{
    if (!mkdtemp(dir)) return 1;
    for (size_t i = 0; i < sizeof hand / sizeof *hand; i++) t_job(0, convert, &(arg_t){i, hand[i]});
    for (uint64_t s = 1; s <= NETS; s++) t_job(0, convert, &(arg_t){s, NULL});
    CHECK(n_inline > 300 && n_shared > 3 && n_double > 100 && n_refused > 3,
          "%zu constants in layers, %zu files with others, %zu doubles", n_inline, n_shared,
          n_double);
    static const char *const files[] = {"a.json", "a.onnx", "b.json", "b.onnx.gz"};
    for (size_t i = 0; i < 4; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%s", dir, files[i]);
        unlink(path);
    }
    CHECK(rmdir(dir) == 0, "nothing else is left in %s", dir);
    return t_done("test_convert");
}
