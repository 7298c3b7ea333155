/* file.h: writers and readers of MPS and LP, and a model while it is read. Private to model. */
#ifndef NM_MODEL_FILE_FILE_H
#define NM_MODEL_FILE_FILE_H

#include "model/model.h"

/* ---- model.c ------------------------------------------------------------------------------------ */
/* Checks names and numbers: always for what every reader needs; user: names only for what the format needs. */
void nm_model_audit(nm_job *job, const nm_model *m, bool user, bool lp);

/* ---- file/write_mps.c, file/write_lp.c: the writers ---------------------------------------------- */
/* Write a model; return the number of rows in the file; hash: of the unpacked file. */
size_t nm_write_mps(nm_job *job, const nm_model *m, const char *path, nm_write_opts o, char hash[65]);
size_t nm_write_lp(nm_job *job, const nm_model *m, const char *path, nm_write_opts o, char hash[65]);

/* ---- file/assemble.c: a model while it is read -------------------------------------------------- */
typedef struct nm_modelentry { uint32_t row, j; double c; } nm_modelentry;
typedef struct nm_modelread {
    nm_job *job;
    const char *path;
    nm_lines l;
    nm_model *m;           /* columns, sets and products; rows are added at the end */
    nm_names cols, rows;
    nm_mrow *row;
    nm_modelentry *entry;
    bool *bounded;         /* [n_cols] */
    size_t n_rows, cap_rows, n_entries, cap_entries, n_bounded, cap_bounded;
} nm_modelread;
nm_modelread *nm_modelread_new(nm_job *job, nm_file f);
size_t nm_modelread_find(nm_modelread *r, const nm_names *t, nm_span name);
void nm_modelread_col(nm_modelread *r, nm_span name, bool is_int);
nm_mrow *nm_modelread_row(nm_modelread *r, nm_span name, double lo, double hi);
void nm_modelread_entry(nm_modelread *r, size_t row, uint32_t j, double c);
void nm_modelread_set(nm_modelread *r, nm_span name);                /* adds a set, without members so far */
void nm_modelread_member(nm_modelread *r, size_t j);
nm_model *nm_modelread_done(nm_modelread *r);

/* ---- file/read_lp.c, file/read_mps.c: the readers ----------------------------------------------- */
nm_model *nm_read_lpmodel(nm_job *job, nm_file f);
nm_model *nm_read_mps(nm_job *job, nm_file f);

/* ---- file/read_user.c: what the readers of users' models share ----------------------------------- */
#define NM_USER_INF 1e20     /* numbers of this size and more are infinite, as for solvers */
typedef struct nm_userread {
    nm_modelread *r;
    nm_usermodel u;
} nm_userread;
bool nm_user_number(nm_span s, double *x);                            /* also inf and infinity, with a sign */
_Noreturn void nm_user_refuse(const nm_lines *l, const char *what);   /* throws: `what` cannot be kept */
void nm_user_column(nm_modelread *r, nm_span name, bool is_int);      /* adds a column with bounds [0, infinity) */
/* Returns the model with its rows; entries of a row that name one column twice are added up (adds) or refused. */
nm_usermodel nm_user_done(nm_userread *s, bool adds);
nm_usermodel nm_read_user_mps(nm_job *job, nm_file f);
nm_usermodel nm_read_user_lp(nm_job *job, nm_file f);

#endif
