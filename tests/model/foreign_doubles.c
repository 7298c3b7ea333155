/* foreign_doubles.c: 10^5 doubles through each foreign reader that is here: which of them hold the bits that we wrote.
 *
 * A model's costs, bounds, coefficients and right-hand sides are doubles of six kinds: every binade that a file can
 * hold (coefficients from 1e-8 to 1e15, the rest from 1e-290 to 1e19, which readers take for infinite from 1e20 on;
 * subnormal numbers are left out: none of the readers promises them), integers to 2^53, powers of two and their
 * neighbours, random mantissas of 17 digits, float32, few digits and the neighbours of those. It is written as MPS and
 * LP, for readers at large and for GLPK's, with the digits that CoinUtils rounds best (nm_num_print_twice) and the
 * shortest ones, and read back in process.
 *
 * Measured with Debian 12 and expected here: GLPK 5.0 and HiGHS 1.15 are exact in both formats, CoinUtils 2.11 (CBC and
 * Clp; SYMPHONY has its reader) in LP. Its MPS reader is up to 2 ulps off, takes costs below 1e-14 for 0, and a box of
 * less width than that for a point, so that boxes here are wider. GLPK's takes costs and coefficients below 1e-12 for
 * 0; lp_solve 5.5 rounds these to 12 digits. HiGHS runs in node (scripts/highs.js). */
#define _GNU_SOURCE
#include "test.h"

#include <Cbc_C_Interface.h>
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include <Clp_C_Interface.h>
#pragma GCC diagnostic pop
#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

enum { COLS = 25000, ROWS = 250, PER = COLS / ROWS, PARTS = 5 };
static const char *const part_name[PARTS] = {"costs", "lower", "upper", "coefficients", "sides"};
typedef struct {
    double *part[PARTS]; /* [COLS] each, of the last [ROWS] */
} numbers;
static size_t size_of(int part) { return part == 4 ? ROWS : COLS; }

/* ---- what is written ---- */

static double draw(size_t kind, double least, double most)
{
    for (;;) {
        double x;
        switch (kind % 6) {
        case 0:
            x = ldexp(1 + (double)(t_random() >> 12) * 0x1p-52, (int)t_below(2040) - 1020);
            break;
        case 1: x = (double)(t_random() >> (11 + t_below(52))); break;
        case 2:
            x = nextafter(ldexp(1, (int)t_below(120) - 60), t_below(2) ? 0 : 1e300);
            if (t_below(3) == 0) x = ldexp(1, ilogb(x));
            break;
        case 3: x = t_uniform(0.1, 10); break;
        case 4: x = (float)ldexp(t_uniform(1, 2), (int)t_below(60) - 30); break;
        default: {
            char s[40];
            snprintf(s, sizeof s, "%llue%d", (unsigned long long)(t_random() % 999999),
                     (int)t_below(24) - 14);
            x = strtod(s, NULL);
            if (t_below(3) == 0) x = nextafter(x, t_below(2) ? 0 : 1e300);
        }
        }
        if (x >= least && x <= most) return t_below(2) ? x : -x;
        if (kind % 6 == 0) kind = t_below(2) ? 0 : 3;
    }
}

static numbers room(nm_job *job)
{
    numbers v;
    for (int p = 0; p < PARTS; p++) v.part[p] = NM_ARRAY(job, double, size_of(p));
    return v;
}

static nm_model *fill(nm_job *job, numbers *v)
{
    nm_model *m = nm_model_new(job, "doubles");
    *v = room(job);
    for (size_t j = 0; j < COLS; j++) {
        double lo = draw(j, 1e-290, 1e19), hi = draw(j / 6, 1e-290, 1e19);
        while (fabs(hi - lo) < 1e-8) hi = draw(1 + j, 1e-290, 1e19);
        if (lo > hi) {
            const double t = lo;
            lo = hi, hi = t;
        }
        v->part[0][j] = draw(j, 1e-290, 1e19);
        v->part[1][j] = lo, v->part[2][j] = hi;
        v->part[3][j] = draw(j / 36, 1e-8, 1e15);
        nm_model_col(job, m, nm_fmt(job, "x%zu", j), lo, hi, false);
        m->cols[j].obj = v->part[0][j];
    }
    for (size_t r = 0; r < ROWS; r++) {
        uint32_t at[PER];
        for (size_t k = 0; k < PER; k++) at[k] = (uint32_t)(r * PER + k);
        v->part[4][r] = draw(r, 1e-290, 1e19);
        nm_model_row(job, m, nm_fmt(job, "r%zu", r), -INFINITY, v->part[4][r], PER, at,
                     v->part[3] + r * PER);
    }
    return m;
}

/* ---- readers: each fills v, or says that it is not here ---- */

typedef enum { READ, ABSENT, REFUSED } outcome;

static void take(numbers *v, const double *const part[PARTS])
{
    for (int p = 0; p < PARTS; p++)
        for (size_t i = 0; part[p] && i < size_of(p); i++) v->part[p][i] = part[p][i];
}

static outcome by_cbc(const char *path, bool lp, numbers *v)
{
    Cbc_Model *m = Cbc_newModel();
    Cbc_setParameter(m, "log", "0");
    const int bad = (lp ? Cbc_readLp : Cbc_readMps)(m, path);
    const bool ok = !bad && Cbc_getNumCols(m) == COLS && Cbc_getNumRows(m) == ROWS &&
                    Cbc_getNumElements(m) == COLS;
    if (ok)
        take(v, (const double *[]){Cbc_getObjCoefficients(m), Cbc_getColLower(m),
                                   Cbc_getColUpper(m), Cbc_getElements(m), Cbc_getRowUpper(m)});
    Cbc_deleteModel(m);
    return ok ? READ : REFUSED;
}

static outcome by_clp(const char *path, bool lp, numbers *v)
{
    if (lp) return ABSENT;
    Clp_Simplex *m = Clp_newModel();
    Clp_setLogLevel(m, 0);
    const int bad = Clp_readMps(m, path, 1, 0);
    const bool ok = !bad && Clp_numberColumns(m) == COLS && Clp_numberRows(m) == ROWS &&
                    Clp_getNumElements(m) == COLS;
    if (ok)
        take(v, (const double *[]){Clp_objective(m), Clp_columnLower(m), Clp_columnUpper(m),
                                   Clp_getElements(m), Clp_rowUpper(m)});
    Clp_deleteModel(m);
    return ok ? READ : REFUSED;
}

/* a function of a library that is opened at run time */
#define FROM(lib, type, name, ...)                                                                 \
    type (*name)(__VA_ARGS__) = (type(*)(__VA_ARGS__))(uintptr_t)dlsym(lib, #name)

static outcome by_glpk(const char *path, bool lp, numbers *v)
{
    void *lib = dlopen("libglpk.so.40", RTLD_NOW);
    if (!lib) return ABSENT;
    FROM(lib, void *, glp_create_prob, void);
    FROM(lib, void, glp_delete_prob, void *);
    FROM(lib, int, glp_term_out, int);
    FROM(lib, int, glp_read_mps, void *, int, const void *, const char *);
    FROM(lib, int, glp_read_lp, void *, const void *, const char *);
    FROM(lib, int, glp_get_num_cols, void *);
    FROM(lib, int, glp_get_num_rows, void *);
    FROM(lib, int, glp_get_mat_col, void *, int, int *, double *);
    FROM(lib, int, glp_get_row_type, void *, int);
    FROM(lib, double, glp_get_col_lb, void *, int);
    FROM(lib, double, glp_get_col_ub, void *, int);
    FROM(lib, double, glp_get_obj_coef, void *, int);
    FROM(lib, double, glp_get_row_ub, void *, int);
    glp_term_out(0);
    void *m = glp_create_prob();
    const int bad = lp ? glp_read_lp(m, NULL, path) : glp_read_mps(m, 2, NULL, path);
    const int first = bad || glp_get_row_type(m, 1) != 1
                          ? 1
                          : 2; /* the objective is a free row, perhaps */
    const bool ok = !bad && glp_get_num_cols(m) == COLS && glp_get_num_rows(m) == ROWS + first - 1;
    int ind[ROWS + 3];
    double val[ROWS + 3];
    for (int j = 1; ok && j <= COLS; j++) {
        v->part[0][j - 1] = glp_get_obj_coef(m, j);
        v->part[1][j - 1] = glp_get_col_lb(m, j);
        v->part[2][j - 1] = glp_get_col_ub(m, j);
        for (int k = glp_get_mat_col(m, j, ind, val); k > 0; k--)
            if (ind[k] >= first) v->part[3][j - 1] = val[k];
    }
    for (int r = 0; ok && r < ROWS; r++) v->part[4][r] = glp_get_row_ub(m, r + first);
    glp_delete_prob(m);
    return ok ? READ : REFUSED;
}

static outcome by_lpsolve(const char *path, bool lp, numbers *v)
{
    void *lib = lp ? NULL : dlopen("/usr/lib/lp_solve/liblpsolve55.so", RTLD_NOW);
    if (!lib) return ABSENT;
    FROM(lib, void *, read_freeMPS, const char *, int);
    FROM(lib, void, delete_lp, void *);
    FROM(lib, int, get_Ncolumns, void *);
    FROM(lib, int, get_Nrows, void *);
    FROM(lib, double, get_lowbo, void *, int);
    FROM(lib, double, get_upbo, void *, int);
    FROM(lib, double, get_rh, void *, int);
    FROM(lib, double, get_mat, void *, int, int);
    void *m = read_freeMPS(path, 0);
    const bool ok = m && get_Ncolumns(m) == COLS && get_Nrows(m) == ROWS;
    for (int j = 1; ok && j <= COLS; j++) {
        v->part[0][j - 1] = get_mat(m, 0, j);
        v->part[1][j - 1] = get_lowbo(m, j);
        v->part[2][j - 1] = get_upbo(m, j);
        v->part[3][j - 1] = get_mat(m, 1 + (j - 1) / PER, j);
    }
    for (int r = 0; ok && r < ROWS; r++) v->part[4][r] = get_rh(m, r + 1);
    if (m) delete_lp(m);
    return ok ? READ : REFUSED;
}

/* costs, lower, upper, row lower, row upper, starts, indices, values behind three counts (scripts/highs.js) */
static outcome by_highs(const char *path, bool lp, numbers *v)
{
    enum { TOTAL = 3 + 3 * COLS + 2 * ROWS + (COLS + 1) + 2 * COLS };
    static double all[TOTAL + 1];
    char command[800], out[256];
    (void)lp;
    snprintf(out, sizeof out, "%s.highs", path);
    snprintf(command, sizeof command, "node scripts/highs.js --doubles %s %s 2>/dev/null", path,
             out);
    const int code = system(command);
    FILE *f = code == 0 ? fopen(out, "rb") : NULL;
    const size_t n = f ? fread(all, sizeof *all, TOTAL + 1, f) : 0;
    if (f) fclose(f);
    unlink(out);
    if (code) return WIFEXITED(code) && WEXITSTATUS(code) == 127 ? ABSENT : REFUSED;
    if ((n != TOTAL && n != TOTAL - 1) || all[0] != COLS || all[1] != ROWS || all[2] != COLS)
        return REFUSED;
    const double *cost = all + 3;
    take(v, (const double *[]){cost, cost + COLS, cost + 2 * COLS, all + n - COLS,
                               cost + 3 * COLS + ROWS});
    return READ;
}

/* ---- the comparison ---- */

static double ulps(double a, double b)
{
    if (a == b) return 0;
    if (a == 0 || b == 0 || (a < 0) != (b < 0) || !isfinite(b)) return INFINITY;
    const double unit = ldexp(1, ilogb(fmax(fabs(a), fabs(b))) - 52);
    return fabs(a - b) / unit;
}

static const struct {
    const char *name;
    outcome (*read)(const char *path, bool lp, numbers *v);
    double mps, lp; /* ulps that it may be off; -1: not asked */
    double drop;    /* smaller costs and coefficients are taken for 0 */
    double share;   /* of numbers that may differ in MPS */
} readers[] = {{"CBC", by_cbc, 2, 0, 1e-14, 0.15},
               {"Clp", by_clp, 2, -1, 1e-14, 0.15},
               {"GLPK", by_glpk, 0, 0, 1e-12, 0},
               {"lp_solve", by_lpsolve, 1 << 16, -1, 1e-11, 1},
               {"HiGHS", by_highs, 0, 0, 0, 0}};

static void compare(nm_job *job, size_t k, const char *path, bool lp, const char *digits,
                    const numbers *want)
{
    numbers got = room(job);
    const outcome o = readers[k].read(path, lp, &got);
    const char *what = lp ? "LP" : "MPS";
    if (o == ABSENT) {
        printf("SKIP %s is not here\n", readers[k].name);
        t_skipped++;
        return;
    }
    if (!CHECK(o == READ, "%s does not read our %s of %s digits", readers[k].name, what, digits))
        return;
    size_t n = 0, off = 0, dropped = 0;
    double far = 0, far_of[PARTS] = {0};
    for (int p = 0; p < PARTS; p++)
        for (size_t i = 0; i < size_of(p); i++, n++) {
            const double a = want->part[p][i], b = got.part[p][i], u = ulps(a, b);
            if (b == 0 && fabs(a) < readers[k].drop) {
                dropped++;
                continue;
            }
            off += u > 0;
            far_of[p] = fmax(far_of[p], u);
            far = fmax(far, u);
        }
    printf("%-9s %-4s %-8s %zu doubles, %6zu differ, by %g ulps at most, %zu taken for 0",
           readers[k].name, what, digits, n, off, far, dropped);
    for (int p = 0; p < PARTS && far > 0; p++)
        printf("%s %s %g", p ? "," : ";", part_name[p], far_of[p]);
    printf("\n");
    CHECK(far <= (lp ? readers[k].lp : readers[k].mps), "%s, %s: %g ulps", readers[k].name, what,
          far);
    CHECK(lp || (double)off <= readers[k].share * (double)n, "%s: %zu of %zu differ",
          readers[k].name, off, n);
}

static void body(nm_job *job, void *arg)
{
    (void)arg;
    numbers want;
    char hash[65];
    nm_model *m = fill(job, &want);
    const char *dir = getenv("TMPDIR"), *stem = nm_fmt(job, "%s/netmip-doubles-%d",
                                                       dir && *dir ? dir : "/tmp", (int)getpid());
    static const struct {
        const char *suffix, *dialect;
    } files[] = {{".mps", "generic"}, {".glpk.mps", "glpk"}, {".lp", "generic"}};
    for (size_t i = 0; i < 3; i++) {
        const char *path = nm_fmt(job, "%s%s", stem, files[i].suffix);
        const bool lp = i == 2;
        const nm_dialect *d = nm_dialect_find(job, files[i].dialect);
        nm_write_model(job, m, path, (nm_write_opts){.dialect = d}, hash);
        for (size_t k = 0; k < sizeof readers / sizeof *readers; k++)
            if (!lp || readers[k].lp >= 0)
                compare(job, k, path, lp, d->twice && !lp ? "chosen" : "shortest", &want);
        unlink(path);
    }
}

int main(void)
{
    t_job(0, body, NULL);
    return t_done("doubles");
}
