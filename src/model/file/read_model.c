/* read_model.c: a model file of our own, read back: MPS or LP, by its name. */
#include "base/base.h"
#include "model/model.h"
#include "model/file/file.h"

nm_model *nm_model_read(nm_job *job, const char *path)
{
    const bool lp = nm_is_lp(job, path);
    const nm_file f = nm_file_read(job, path);
    return lp ? nm_read_lpmodel(job, f) : nm_read_mps(job, f);
}
