/* use_models.h: what fuzz_readers does with models, maps of embeddings, lists of images and labels that were read. */
/* a user's model: numbers are numbers, and ends over its rows lie within its own */
static void use_model(nm_job *job, const nm_model *m)
{
    int64_t *col = NM_RAW(job, int64_t, m->n_cols + 1);
    double *lo = NM_RAW(job, double, m->n_cols + 1), *hi = NM_RAW(job, double, m->n_cols + 1);
    for (size_t k = 0; k < m->n_nz; k++)
        require(!isnan(m->c[k]) && m->j[k] < m->n_cols, "an entry is a column's number");
    for (size_t j = 0; j < m->n_cols; j++) {
        require(m->cols[j].lo <= m->cols[j].hi, "a column has a box");
        col[j] = (int64_t)j;
    }
    for (size_t r = 0; r < m->n_rows; r++)
        require(m->rows[r].lo <= m->rows[r].hi, "a row has sides");
    nm_embed_box(job, "fuzz", m, m->n_cols, col, lo, hi);
    for (size_t j = 0; j < m->n_cols; j++)
        require(lo[j] <= hi[j] &&
                    (m->cols[j].is_int || (lo[j] >= m->cols[j].lo && hi[j] <= m->cols[j].hi)),
                "a box is made smaller");
}

static void use_embedding(nm_job *job, const char *path)
{
    nm_buf b = {.job = job};
    const nm_embedding *e = nm_embedding_read(job, path);
    if (e) nm_embedding_print(&b, e);
}

/* a list of images: each of them is whole, alone and in the list */
static void use_images(nm_job *job, const char *path)
{
    const nm_imageform form = {.n = 4, .shape = {.rank = 4, .dim = {1, 1, 2, 2}}};
    const nm_dataset d = nm_dataset_open(job, form, path);
    for (int64_t i = 0; i < d.count && i < 3; i++) {
        check_tensor(nm_dataset_get(job, form, &d, i));
        check_tensor(nm_image_read(job, form, nm_fmt(job, "%s:%lld", path, (long long)i)));
    }
}

static void use_list(nm_job *job, const char *path)
{
    const nm_dataset d = nm_labels_open(job, path);
    for (int64_t i = 0; i < d.count && i < 9; i++)
        require(nm_dataset_label(job, &d, i) >= 0, "a label is a class");
}
