/* wire.h: networks as files say them. Included by all.h alone. */
#ifndef NM_WIRE_H
#define NM_WIRE_H

/* ---- wnet.c, wplain.c, write/, convert.c: a network as a file says it ---------------------------------- */
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
void nm_write_netjson(nm_job *job, nm_wnet *w, const char *path);
void nm_write_onnx(nm_job *job, nm_wnet *w, const char *path);
void nm_net_write(nm_job *job, const nm_net *net, const char *path);       /* .json or .onnx, by suffix */

#endif
