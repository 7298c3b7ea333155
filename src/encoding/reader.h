/* reader.h: explains a model to people: the names of rows and columns, what moves the question. Private to encoding. */
#ifndef NM_ENCODING_READER_H
#define NM_ENCODING_READER_H

#include "encoding/encoding.h"

/* ---- row_names.c -------------------------------------------------------------------------------- */
typedef struct nm_modelname { char kind[12]; int64_t block, unit, part; } nm_modelname; /* -1: the name has none */
nm_modelname nm_modelname_parse(const char *name);                   /* kind "": netmip writes no such name */
const char *nm_explain_row(nm_job *job, nm_modelname k, const char *encoding);
const char *nm_explain_col(nm_job *job, const char *name, nm_modelname k);

/* ---- comments.c --------------------------------------------------------------------------------- */
void nm_notes_unit(nm_buf *b, const nm_map *m, nm_modelname k);

/* ---- influence.c -------------------------------------------------------------------------------- */
double *nm_model_gains(nm_job *job, const nm_model *m, const nm_modelname *row, const nm_modelname *col); /* [n_cols] */

#endif
