/* file.h: what readers of networks produce and what writers take. A reader builds an nm_graph, whose names network.c
 * resolves; a writer takes an nm_wnet, which says everything in the one way that files use. Private to network. */
#ifndef NM_NETWORK_FILE_FILE_H
#define NM_NETWORK_FILE_FILE_H

#include "network/operator.h"

/* ---- a graph as it was read: names not yet resolved --------------------------------------------- */
typedef struct nm_graph {  /* what a reader builds */
    const char *path, *format;
    const char *parts;     /* hashes of further files that were read, or NULL */
    const char *shape;     /* input shape taken from an image, as --input-shape would give it, or NULL */
    nm_order order;        /* of an image's axes, if the file states it */
    const double *lo, *hi; /* the range stated for the flat input, or NULL */
    int64_t opset;
    int64_t batch;         /* first dimension of all inputs if the file fixes one above 1, else 0 */
    bool one_is_said;      /* --input-shape asks for one sample: the batch must be taken apart */
    int64_t samples;       /* size of the batch of which one is read; 0: inputs are as in the file */
    bool any_case;         /* op names may come in any letter case */
    size_t n_consts, n_inputs, n_outputs, n_nodes, cap_consts, cap_inputs, cap_nodes;
    nm_value *consts, *inputs;
    const char **outputs;
    const nm_shape *stated; /* [n_outputs] their shapes in the file, 0: open dimensions; rank -1: none; or NULL */
    struct nm_rawnode {
        const char *name, *type;
        size_t n_in, n_out;
        const char **in, **out;
        int n_attrs;
        nm_attr *attrs;
        nm_keeps keeps;
    } *nodes;
} nm_graph;

/* ---- graph.c: what readers build ---------------------------------------------------------------- */
const char *nm_graph_const(nm_job *job, nm_graph *g, const char *name, nm_shape shape, nm_dtype type,
                           const double *x);                 /* its name */
struct nm_rawnode *nm_graph_node(nm_job *job, nm_graph *g, const char *type, const char *name, const char *out,
                                 size_t n_in, const char *const *in); /* valid until the next call */
const char *nm_graph_fresh(nm_job *job, const nm_graph *g, const char *base); /* base or base_1, ..: a new name */
void nm_graph_attr(nm_job *job, const nm_graph *g, struct nm_rawnode *n, nm_attr a);
void nm_graph_int(nm_job *job, const nm_graph *g, struct nm_rawnode *n, const char *name, int64_t i);
void nm_graph_ints(nm_job *job, const nm_graph *g, struct nm_rawnode *n, const char *name, size_t count,
                   const int64_t *list);

/* ---- network.c, prune.c, preprocess.c: from a graph to a network -------------------------------- */
nm_net *nm_net_new(nm_job *job, nm_graph *g, nm_file f);
void nm_graph_prune(nm_job *job, nm_graph *g);
void nm_front_check(nm_job *job, const nm_graph *g, const nm_front *f);
void nm_front_put(nm_job *job, nm_graph *g, const nm_front *f, nm_shape image); /* image: the input's axes */

/* ---- file/read_onnx.c, file/read_nnet.c, file/read_json_network.c: the readers ------------------ */
nm_graph *nm_read_onnx(nm_job *job, nm_file f, const nm_front *front); /* front: flags, or NULL */
nm_graph *nm_read_nnet(nm_job *job, nm_file f);
nm_graph *nm_read_netjson(nm_job *job, nm_file f);

/* ---- file/json_layer.c, file/json_constant.c: the state of reading netmip's own format ----------- */
typedef struct nm_netjson { /* a network in netmip's JSON while it is read */
    nm_job *job;
    nm_graph *g;
    const char *where, *dir;
    bool hwc, hwio, io;    /* axes: images, convolution kernels, matrices */
    nm_arrays *arrays;     /* the file of "arrays", or NULL */
    nm_arrays **open;      /* [n_open] files that constants refer to */
    size_t n_open, cap_open;
    nm_buf parts;          /* hashes of the files read */
    const char **made;     /* [n_made] the input and the value of each layer */
    size_t n_made, cap_made;
    struct nm_twin { const char *hwc, *chw; } *twin; /* [n_twin] images that exist in both orders of axes */
    size_t n_twin, cap_twin;
} nm_netjson;
bool nm_netjson_is_fraction(const char *attr);     /* true: the attribute is a real number */
const char *nm_netjson_layer(nm_netjson *r, const nm_json *layer, const char *name, const char *in);
/* Reads the constant x as `name`; an array of MATLAB gets at least `rank` dimensions; rank 0: it may be a vector. */
nm_value nm_netjson_const(nm_netjson *r, const nm_json *x, const char *name, int rank);
void nm_netjson_arrays(nm_netjson *r, const char *file);

/* ---- file/writable_network.c, file/plain_nodes.c: a network as a file has to say it -------------- */
/* integers that steer a node: an attribute or input k, whichever the file's opset wants */
typedef struct nm_wlist { const char *name; int k; size_t n; const int64_t *ints; } nm_wlist;
typedef struct nm_wnode {
    const char *type, *name;
    int n_in, *in, out;    /* values; -1: absent, or given by a list */
    int n_attrs;
    nm_attr *attrs;
    nm_wlist list[4];      /* by k */
    int n_lists;
} nm_wnode;
typedef struct nm_wnet {
    const nm_net *net;
    bool onnx;             /* true: for an ONNX file; false: for JSON */
    int opset;
    size_t n_values, cap_values, n_nodes, cap_nodes;
    nm_value *values;      /* those of the net, then constants made for the file */
    size_t *uses, n_uses;  /* [n_uses] number of nodes and outputs that use it; 0: it is not written */
    nm_wnode *nodes;       /* tails come last */
    const int *outputs;    /* [net->n_outputs] */
} nm_wnet;
nm_wnet *nm_wnet_new(nm_job *job, const nm_net *net, bool onnx);
const char *nm_wnet_name(nm_job *job, const nm_wnet *w, const char *base); /* base, extended until it is new */
int nm_wnet_const(nm_job *job, nm_wnet *w, const char *name, nm_shape shape, size_t n, double *x); /* its value */
nm_attr *nm_wnode_attr(const nm_wnode *n, const char *name); /* NULL: it has none */
bool nm_wnode_is(const nm_wnode *n, const char *type);
void nm_wnode_drop(nm_wnode *n, const char *attr);           /* which may be absent */
/* Rewrites a node in one way where ONNX has several: lists in n->list, current names, no attributes without effect. */
void nm_wnode_plain(nm_job *job, nm_wnet *w, nm_wnode *n);
/* Returns the Slice that gives output k of a Split. */
nm_wnode nm_wnode_part(nm_job *job, const nm_wnet *w, const nm_node *split, int k);

/* ---- file/write_json_network.c, file/write_onnx.c: the writers ---------------------------------- */
void nm_write_netjson(nm_job *job, nm_wnet *w, const char *path);
void nm_write_onnx(nm_job *job, nm_wnet *w, const char *path);

#endif
