/* file.h: what readers of networks hand over and writers take. A reader builds an nm_graph, whose names network.c
 * resolves; a writer takes an nm_wnet, the network said in the few ways that a file has. Private to network. */
#ifndef NM_NETWORK_FILE_FILE_H
#define NM_NETWORK_FILE_FILE_H

#include "network/operator.h"

/* ---- a graph as it was read: names not yet resolved --------------------------------------------- */
typedef struct nm_graph {  /* what a reader hands over: names not yet resolved */
    const char *path, *format;
    const char *parts;     /* hashes of further files that it was read from, or NULL */
    const char *shape;     /* what an image said of the input's open dimensions, as --input-shape says it, or NULL */
    nm_order order;        /* of images, where the file has a member for it */
    const double *lo, *hi; /* the range stated for the flat input, or NULL */
    int64_t opset;
    int64_t batch;         /* the first dimension of all inputs, where the file fixes one of more than 1; else 0 */
    bool one_is_said;      /* by --input-shape: the batch must be taken apart */
    int64_t samples;       /* of the batch, of which the inputs are one now; 0: they are as the file has them */
    bool any_case;         /* op names may come in any letter case */
    size_t n_consts, n_inputs, n_outputs, n_nodes, cap_consts, cap_inputs, cap_nodes;
    nm_value *consts, *inputs;
    const char **outputs;
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
                                 size_t n_in, const char *const *in); /* valid until the next one */
const char *nm_graph_fresh(nm_job *job, const nm_graph *g, const char *base); /* base, or base_1, ..: no value's name */
void nm_graph_attr(nm_job *job, const nm_graph *g, struct nm_rawnode *n, nm_attr a);
void nm_graph_int(nm_job *job, const nm_graph *g, struct nm_rawnode *n, const char *name, int64_t i);
void nm_graph_ints(nm_job *job, const nm_graph *g, struct nm_rawnode *n, const char *name, size_t count,
                   const int64_t *list);

/* ---- network.c, prune.c, preprocess.c: from a graph to a network -------------------------------- */
nm_net *nm_net_new(nm_job *job, nm_graph *g, nm_file f);
void nm_graph_prune(nm_job *job, nm_graph *g);
void nm_front_check(nm_job *job, const nm_graph *g, const nm_front *f);
void nm_front_put(nm_job *job, nm_graph *g, const nm_front *f, nm_shape image); /* of the settled net's input */

/* ---- file/read_onnx.c, file/read_nnet.c, file/read_json_network.c: the readers ------------------ */
nm_graph *nm_read_onnx(nm_job *job, nm_file f, const nm_front *front); /* front: NULL, or how it is to be read */
nm_graph *nm_read_nnet(nm_job *job, nm_file f);
nm_graph *nm_read_netjson(nm_job *job, nm_file f);

/* ---- file/json_layer.c, file/json_constant.c: netmip's own networks while they are read --------- */
typedef struct nm_netjson { /* netmip's own network while it is read */
    nm_job *job;
    nm_graph *g;
    const char *where, *dir;
    bool hwc, hwio, io;    /* axes: images, convolution kernels, matrices */
    nm_arrays *arrays;     /* the file of "arrays", or NULL */
    nm_arrays **open;      /* [n_open] files that constants named */
    size_t n_open, cap_open;
    nm_buf parts;          /* hashes of the files read */
    const char **made;     /* [n_made] the input and the value of each layer */
    size_t n_made, cap_made;
    struct nm_twin { const char *hwc, *chw; } *twin; /* [n_twin] images that are there in both orders of axes */
    size_t n_twin, cap_twin;
} nm_netjson;
bool nm_netjson_is_fraction(const char *attr);     /* an attribute that is no integer */
const char *nm_netjson_layer(nm_netjson *r, const nm_json *layer, const char *name, const char *in);
/* the constant x, known as `name`; of MATLAB's arrays it has `rank` dimensions at least, and may be a vector for 0 */
nm_value nm_netjson_const(nm_netjson *r, const nm_json *x, const char *name, int rank);
void nm_netjson_arrays(nm_netjson *r, const char *file);

/* ---- file/writable_network.c, file/plain_nodes.c: a network as a file says it ------------------- */
/* integers that steer a node: an attribute, or input k, as the file's opset wants it */
typedef struct nm_wlist { const char *name; int k; size_t n; const int64_t *ints; } nm_wlist;
typedef struct nm_wnode {
    const char *type, *name;
    int n_in, *in, out;    /* values; -1: absent, or a list's */
    int n_attrs;
    nm_attr *attrs;
    nm_wlist list[4];      /* by k */
    int n_lists;
} nm_wnode;
typedef struct nm_wnet {
    const nm_net *net;
    bool onnx;             /* for an ONNX file, else for JSON */
    int opset;
    size_t n_values, cap_values, n_nodes, cap_nodes;
    nm_value *values;      /* those of the net, then constants made for the file */
    size_t *uses, n_uses;  /* [n_uses] by nodes and outputs; 0: not written */
    nm_wnode *nodes;       /* those that questions leave out at the outputs last */
    const int *outputs;    /* [net->n_outputs] */
} nm_wnet;
nm_wnet *nm_wnet_new(nm_job *job, const nm_net *net, bool onnx);
const char *nm_wnet_name(nm_job *job, const nm_wnet *w, const char *base); /* base, made longer until it is new */
int nm_wnet_const(nm_job *job, nm_wnet *w, const char *name, nm_shape shape, size_t n, double *x); /* its value */
nm_attr *nm_wnode_attr(const nm_wnode *n, const char *name); /* NULL: it has none */
bool nm_wnode_is(const nm_wnode *n, const char *type);
void nm_wnode_drop(nm_wnode *n, const char *attr);           /* which may be absent */
/* one of the ways that ONNX has: lists apart, names of today, what says nothing left out */
void nm_wnode_plain(nm_job *job, nm_wnet *w, nm_wnode *n);
/* output k of a Split: the Slice that gives it */
nm_wnode nm_wnode_part(nm_job *job, const nm_wnet *w, const nm_node *split, int k);

/* ---- file/write_json_network.c, file/write_onnx.c: the writers ---------------------------------- */
void nm_write_netjson(nm_job *job, nm_wnet *w, const char *path);
void nm_write_onnx(nm_job *job, nm_wnet *w, const char *path);

#endif
