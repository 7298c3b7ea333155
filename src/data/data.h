/* data.h, the door of data: arrays and pictures in files, and the shapes of both. The content of a file decides which
 * reader reads it. This room knows no network: what an image is read for is passed in as an nm_imageform. */
#ifndef NM_DATA_H
#define NM_DATA_H

#include "base/base.h"

/* ---- shape.c: shapes of arrays, all of them row-major ------------------------------------------- */
#define NM_MAXRANK 8         /* dimensions of a tensor */
/* element types; those after NM_BF16 are integers whose arithmetic wraps around: they may only be moved and cast */
typedef enum {
    NM_F32, NM_F64, NM_I64, NM_BOOL, NM_F16, NM_BF16, NM_U4, NM_I4, NM_U8, NM_I8, NM_U16, NM_I16, NM_U32, NM_U64
} nm_dtype;
typedef enum { NM_OPEN, NM_CHW, NM_HWC } nm_order; /* order of an image's axes; NM_OPEN: unknown */
typedef struct nm_shape { int rank; int64_t dim[NM_MAXRANK]; nm_order order; } nm_shape;
typedef struct nm_tensor {
    nm_shape shape;
    size_t n;
    double *x;             /* [n] */
    double top;            /* the value that becomes 1: 255 for bytes, 65535 for 16 bits; 0: floats, not scaled */
    nm_dtype type;         /* the type in the file */
} nm_tensor;
const char *nm_dtype_name(nm_dtype t);
size_t nm_shape_size(nm_job *job, nm_shape s);
nm_shape nm_shape_of(int rank, const int64_t *dim);
bool nm_shape_eq(nm_shape a, nm_shape b);
const char *nm_shape_print(nm_job *job, nm_shape s);
size_t nm_broadcast_at(nm_shape out, nm_shape in, size_t i); /* the element of `in` that is broadcast to element i */

/* ---- image_layout.c: which axes of a shape are an image's ---------------------------------------- */
typedef struct nm_layout { size_t c, h, w; bool last; } nm_layout; /* last: channels come last */
static inline size_t nm_layout_at(const nm_layout *l, size_t c, size_t i, size_t j)
{
    return l->last ? (i * l->w + j) * l->c + c : (c * l->h + i) * l->w + j;
}
/* Uses the shape's order, or if that is open its numbers, if they are unambiguous; false: no image, or ambiguous. */
bool nm_layout_find(nm_shape s, nm_layout *l);
bool nm_layout_try(nm_shape s, nm_order order, nm_layout *l); /* in that order; false: not an image */
const char *nm_layout_why(nm_job *job, nm_shape s);           /* why nm_layout_find failed, as the end of a sentence */
bool nm_shape_flat(nm_shape s);                                /* one axis at most is longer than 1 */
nm_shape nm_layout_shape(const nm_layout *l);                 /* of rank 3, with its order */
bool nm_layout_eq(const nm_layout *a, const nm_layout *b);    /* true: both make the same pixels of the same elements */

/* ---- read_image.c: one image ---------------------------------------------------------------------- */
typedef struct nm_imageform { /* the input that an image is read for */
    size_t n;              /* its elements: an image of another size is refused */
    nm_shape shape;        /* its order of axes may be known */
    nm_shape stated;       /* the shape in the network's file: others are refused; rank 0: not stated */
    bool is_no_image;      /* its operators do not read it as an image: channels are not moved */
    nm_order flat;         /* of a flat input: how it lists a picture's channels; NM_OPEN: not said */
} nm_imageform;
/* Reads FILE[:INDEX]; divides bytes by 255; x has as many elements as the form. */
nm_tensor nm_image_read(nm_job *job, nm_imageform form, const char *spec);
bool nm_image_is_picture(nm_job *job, const char *path); /* a single one, such as a PNG */
nm_shape nm_image_shape(nm_job *job, const char *spec); /* its shape in its file */
int64_t nm_spec_split(nm_job *job, const char *spec, char **path); /* the index, or -1 if there is none */

/* ---- describe_images.c: any file of images, labels or numbers ------------------------------------- */
bool nm_describe_images(nm_buf *b, nm_file f); /* in words; false: it is none */

/* ---- dataset.c: many images or labels in one file ------------------------------------------------- */
typedef struct nm_dataset { /* IDX, NPY, CSV, CIFAR-10 .bin */
    nm_file f;
    char hash[65];
    int64_t count;
    const double *label;   /* [count] for labels, else NULL */
    nm_tensor all;         /* all images of an NPY file; for other files x is NULL */
} nm_dataset;
nm_dataset nm_dataset_open(nm_job *job, nm_imageform form, const char *path); /* refuses all but lists of images */
nm_tensor nm_dataset_get(nm_job *job, nm_imageform form, const nm_dataset *d, int64_t index);
nm_dataset nm_labels_open(nm_job *job, const char *path);  /* labels; refuses what is not a list of integers */
int64_t nm_dataset_label(nm_job *job, const nm_dataset *d, int64_t index);
int64_t nm_label_read(nm_job *job, const char *path, int64_t index); /* 0 or more; throws if it is not a label */

/* ---- arrays.c, open_arrays.c: arrays with names: .mat, .npz ------------------------------------- */
typedef struct nm_array {  /* one of several in a file */
    const char *name;
    nm_tensor t;
    const char *why;       /* why it cannot be used, or NULL */
} nm_array;
typedef struct nm_arrays {
    const char *path, *format;
    char hash[65];
    size_t n, cap;
    nm_array *a;
} nm_arrays;
const nm_tensor *nm_arrays_get(nm_job *job, const nm_arrays *a, const char *name, const char *where);
bool nm_arrays_are(nm_file f); /* by its content */
nm_arrays *nm_arrays_open(nm_job *job, const char *path);

/* ---- file_part.c: FILE.npz:NAME, FILE.csv:columns=A-B, in place of a file ------------------------- */
nm_file nm_images_file(nm_job *job, const char *path); /* reads it, or the file of this name, or a .npz's only array */
const char *nm_file_of_part(nm_job *job, const char *path); /* the file that the part is of; else the path itself */

/* ---- npy.c: one array --------------------------------------------------------------------------- */
nm_tensor nm_read_npy(nm_job *job, nm_file f);
double *nm_permuted(nm_job *job, nm_shape s, const int *perm, const double *x); /* result's axis d: axis perm[d] of s */
/* Puts a whole .npy file: its header, and n bytes of elements of the type descr, as they stand in the file. */
void nm_npy_put(nm_buf *b, const char *descr, nm_shape shape, const void *bytes, size_t n);
void nm_npy_doubles(nm_buf *b, nm_shape shape, const double *x); /* the same for doubles */
void nm_write_npy(nm_job *job, const char *path, nm_shape shape, const double *x);

/* ---- write_zip.c: files in one: .npz ------------------------------------------------------------ */
void nm_zip_write(nm_job *job, const char *path, size_t n, const nm_file *f); /* path: the name in the archive */

/* ---- draw_picture.c: pictures ------------------------------------------------------------------- */
/* Both return false, and write nothing, if the shape is not a picture's. */
bool nm_draw_image(nm_job *job, const char *path, nm_shape shape, const double *x);
bool nm_draw_triptych(nm_job *job, const char *path, nm_shape shape, const double *a, const double *b);
void nm_draw_text(nm_buf *out, nm_shape shape, const double *a, const double *b);
nm_buf nm_triptych_png(nm_job *job, nm_shape shape, const double *a, const double *b); /* its bytes; none: no picture */

/* ---- foreign_file.c: names of formats that netmip does not read --------------------------------- */
const char *nm_sniff(nm_job *job, nm_file f);       /* what kind of file it is, for a message, or NULL */

#endif
