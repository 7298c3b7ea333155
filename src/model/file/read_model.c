/* read_model.c: reads a model file, MPS or LP by its name: one that netmip wrote, or a user's. */
#include "base/base.h"
#include "model/model.h"
#include "model/file/file.h"

nm_model *nm_model_read(nm_job *job, const char *path)
{
    const bool lp = nm_is_lp(job, path);
    const nm_file f = nm_file_read(job, path);
    return lp ? nm_read_lpmodel(job, f) : nm_read_mps(job, f);
}

nm_usermodel nm_model_read_user(nm_job *job, const char *path)
{
    const bool lp = nm_is_lp(job, path);
    const nm_file f = nm_file_read(job, path);
    return lp ? nm_read_user_lp(job, f) : nm_read_user_mps(job, f);
}
