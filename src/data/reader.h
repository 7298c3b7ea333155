/* reader.h: readers, one for each kind of file with arrays or pictures. Private to data. */
#ifndef NM_DATA_READER_H
#define NM_DATA_READER_H

#include "data/data.h"

/* ---- picture_samples.c, read_picture.c, read_png.c, read_jpeg.c, read_pnm.c: pictures ------------ */
typedef struct {
    size_t h, w, channels;
    bool wide;                   /* 16 bits a sample, big endian; else 8 */
    const unsigned char *sample; /* [h][w][channels] */
} nm_samples;
nm_tensor nm_picture(nm_job *job, nm_samples p);    /* [h,w] or [channels,h,w] */
void nm_picture_check(nm_job *job, const char *path, size_t h, size_t w); /* refuses impossible sizes */
bool nm_picture_is(nm_file f);                     /* PNG, JPEG, PGM or PPM, by its content */
nm_tensor nm_read_picture(nm_job *job, nm_file f);
nm_tensor nm_read_png(nm_job *job, nm_file f);
nm_tensor nm_read_jpeg(nm_job *job, nm_file f);
nm_tensor nm_read_pnm(nm_job *job, nm_file f);

/* ---- idx.c, cifar.c, csv.c: images and labels; index: which of them in the file ----------------- */
nm_tensor nm_read_idx(nm_job *job, nm_file f, int64_t index, bool labels);
bool nm_idx_is(nm_file f);                         /* by its first bytes */
int64_t nm_idx_count(nm_file f);                   /* as its header says, of a file that is IDX */
bool nm_cifar_is(nm_file f);
int64_t nm_cifar_count(nm_job *job, nm_file f);
nm_tensor nm_read_cifar(nm_job *job, nm_file f, int64_t index, bool labels);
nm_span nm_csv_text(nm_file f);
bool nm_csv_line(nm_span *rest, nm_span *line);    /* takes the next line; false: there is none */
bool nm_csv_says(nm_span line);                    /* it is neither blank nor a comment */
bool nm_csv_word(nm_span *rest, nm_span *word);    /* takes the next word, which may be empty; false: there is none */
bool nm_csv_is(nm_file f);                         /* by its name, and if it has no binary data */
nm_tensor nm_read_csv(nm_job *job, nm_file f, int64_t index);
nm_tensor nm_csv_table(nm_job *job, nm_file f);    /* all lines: [rows][numbers in each] */
int64_t nm_csv_count(nm_file f);                   /* lines that hold numbers */

/* ---- read_image.c: one image -------------------------------------------------------------------- */
nm_tensor nm_image_any(nm_job *job, nm_file f, int64_t index); /* as it is in the file; index -1: all of it */
nm_tensor nm_image_fit(nm_job *job, nm_imageform form, nm_tensor t, const char *what); /* fitted to the form */

/* ---- channels.c: images whose channels are not the network's -------------------------------------- */
/* Returns one channel of a colour picture that is grey, with a note, if the form takes one; else t as it is. */
nm_tensor nm_image_grey(nm_job *job, nm_imageform form, nm_tensor t, const char *what);
/* Refuses an image of the shape of t, whose elements are not looked at, that has not as many as the form, and says how
 * it could become one. */
void nm_image_check_size(nm_job *job, nm_imageform form, const nm_tensor *t, const char *what);

/* ---- mat_numbers.c: what MATLAB's files of all versions share ----------------------------------- */
enum { /* types of stored numbers and of elements, as level 5 numbers them */
    NM_MAT_INT8 = 1,
    NM_MAT_UINT8,
    NM_MAT_INT16,
    NM_MAT_UINT16,
    NM_MAT_INT32,
    NM_MAT_UINT32,
    NM_MAT_SINGLE,
    NM_MAT_DOUBLE = 9,
    NM_MAT_INT64 = 12,
    NM_MAT_UINT64,
    NM_MAT_MATRIX,
    NM_MAT_PACKED,
    NM_MAT_UTF8
};
uint64_t nm_mat_number(bool big, const unsigned char *p, size_t size);
size_t nm_mat_size(uint32_t type);                 /* bytes of a stored number; 0: not a number type */
const char *nm_mat_class(uint32_t class);          /* double is 6, single 7, int8 8, uint8 9, ... uint64 15 */
const char *nm_mat_refusal(nm_job *job, uint32_t class, bool complex); /* why it cannot be used, or NULL */
void nm_mat_fill(nm_job *job, nm_array *a, uint32_t class, uint32_t type, bool big, const unsigned char *p);

/* ---- peek.c: what the head of a file tells before the rest is read ------------------------------- */
/* Refuses a file whose head contradicts its size, or, if form is not NULL, whose images are not of the form's size.
 * is_list: all images are asked for; else that of the index, or -1. */
void nm_peek_images(nm_job *job, const nm_imageform *form, const char *path, int64_t index, bool is_list);
/* Returns the shape of an NPY file; rank 0: unknown. */
nm_shape nm_peek_labels(nm_job *job, const char *path);
/* Returns how many images of the form an array of the shape of t holds; refuses other shapes. */
int64_t nm_npy_count(nm_job *job, nm_imageform form, const char *path, const nm_tensor *t);

/* ---- npy.c, mat4.c, mat5.c, mat73.c, npz.c, arrays.c, open_arrays.c: arrays ---------------------- */
typedef struct { /* the head of an .npy file: its elements are at `at` */
    nm_shape shape;
    size_t n, at;
    const char *type;      /* as NumPy names it, without the byte order: f4, u1 */
    bool big, columns;     /* byte order; order of axes */
} nm_npyhead;
nm_npyhead nm_npy_head(nm_job *job, nm_file f, size_t size); /* f: the first bytes of a file of that size */
double *nm_row_major(nm_job *job, nm_shape s, const double *x);                 /* of column-major x */
bool nm_mat4_is(nm_file f);                        /* by its name and first header, as it has no magic number */
void nm_read_mat4(nm_job *job, nm_file f, nm_arrays *a);
void nm_read_mat5(nm_job *job, nm_file f, nm_arrays *a);
bool nm_mat73_is(nm_file f);
void nm_read_mat73(nm_job *job, nm_file f, nm_arrays *a);
void nm_read_npz(nm_job *job, nm_file f, nm_arrays *a);
nm_file nm_npz_member(nm_job *job, nm_file f, const char *name); /* an .npy file in it; name NULL: the only one */
nm_array *nm_arrays_add(nm_job *job, nm_arrays *a, const char *name);
nm_arrays *nm_arrays_read(nm_job *job, nm_file f);  /* .mat or .npz by content; NULL: neither */

#endif
