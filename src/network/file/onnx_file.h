/* onnx_file.h: an ONNX model while it is read: its messages as unpacked by protobuf-c, files beside it, and the nodes
 * of one flat graph, into which functions and branches are expanded. Private to network. */
#ifndef NM_NETWORK_FILE_ONNX_FILE_H
#define NM_NETWORK_FILE_ONNX_FILE_H

#include "network/file/file.h"

#include "onnx.pb-c.h"

typedef struct nm_onnx {
    nm_job *job;
    nm_file f;             /* the model's own file, unpacked */
    NmPb__Model *model;
    int64_t opset;
    struct nm_beside { const char *name; nm_file f; } *beside; /* [n_beside] files of tensors */
    size_t n_beside, cap_beside;
    nm_buf parts;          /* hashes of those files */
    size_t n_nodes, cap_nodes, n_dense, cap_dense, n_sparse, cap_sparse; /* of the main graph and expanded into it */
    NmPb__Node **nodes;
    NmPb__Tensor **dense;
    NmPb__SparseTensor **sparse;
    size_t n_inputs;
    nm_value *inputs;      /* those that are not constants */
    const char *shape;     /* of the first one, from an image, as --input-shape would give it; or NULL */
    bool one_is_said, all_is_said; /* --input-shape asks for one sample of a batch, or for the whole batch */
    nm_names taken;        /* names of all values, anywhere in the model */
} nm_onnx;

/* ---- onnx_external.c: tensors in files beside the model ----------------------------------------- */
/* Returns the `want` bytes of tensor t, whose name is `name`. */
const uint8_t *nm_onnx_external(nm_onnx *o, const NmPb__Tensor *t, const char *name, size_t want);

/* ---- onnx_tensor.c: element types and tensors --------------------------------------------------- */
const char *nm_onnx_type_name(nm_job *job, int code);        /* as ONNX calls it */
bool nm_onnx_type(int code, nm_dtype *type);                 /* false: not supported */
nm_value nm_onnx_tensor(nm_onnx *o, const NmPb__Tensor *t, const char *name);
nm_value nm_onnx_sparse(nm_onnx *o, const NmPb__SparseTensor *t, const char *name); /* made dense */

/* ---- onnx_input.c: inputs, and the sizes of their open dimensions -------------------------------- */
void nm_onnx_inputs(nm_onnx *o, const nm_front *front);
void nm_onnx_batch(const nm_onnx *o, nm_graph *g); /* sets g->batch if the inputs are a fixed batch */
void nm_onnx_range(const nm_onnx *o, const nm_front *front, nm_graph *g); /* g's range, if inputs are integers */
void nm_onnx_outputs(const nm_onnx *o, nm_graph *g); /* the shapes of outputs that the file states */

/* ---- onnx_graph.c: the nodes that given values need ---------------------------------------------- */
/* Marks the nodes [n_nodes] needed, also through graphs inside nodes; `read` gets all names that they read. */
bool *nm_onnx_needed(nm_onnx *o, size_t n, const char *const *values, nm_names *read);
nm_graph *nm_onnx_graph(nm_onnx *o, size_t n, const char *const *outputs);
const NmPb__Attribute *nm_onnx_attr(const NmPb__Node *n, const char *name); /* or NULL */
const char *nm_onnx_node_name(nm_onnx *o, const NmPb__Node *n, size_t index); /* index: in its list */

/* ---- onnx_copy.c: nodes of another scope are copied into the graph ------------------------------- */
typedef struct nm_onnxscope { /* a body, and what its names are called in the graph */
    nm_names from;
    const char **to;       /* [from.n] */
    size_t cap;
    const char *prefix;    /* put before the names of local values */
    bool is_closed;        /* an unknown name is an error, reported with `what` */
    const char *what;
    const NmPb__Node *call; /* its attributes are what references refer to, or NULL */
    const NmPb__Function *function; /* has the defaults of those attributes */
} nm_onnxscope;
void nm_onnx_take(nm_onnx *o, const NmPb__Graph *g);         /* records all names in it and in graphs inside it */
void nm_onnx_bind(nm_onnx *o, nm_onnxscope *s, const char *local, const char *name); /* name NULL: makes a new one */
const char *nm_onnx_renamed(const nm_onnx *o, const nm_onnxscope *s, const char *name);
/* Appends copies of the nodes to the graph, under the names that were bound. */
void nm_onnx_put(nm_onnx *o, const nm_onnxscope *s, size_t n, NmPb__Node *const *nodes);
void nm_onnx_identity(nm_onnx *o, const char *from, const char *to);

/* ---- onnx_functions.c, onnx_branches.c: what is expanded into the graph -------------------------- */
void nm_onnx_functions(nm_onnx *o, size_t n, const char *const *outputs); /* calls of the model's own functions */
void nm_onnx_branches(nm_onnx *o, size_t n, const char *const *outputs);  /* the branches that If nodes take */

#endif
