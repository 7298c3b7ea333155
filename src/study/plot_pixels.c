/* plot_pixels.c: a pen that draws plots into a PNG: anti-aliased strokes, and letters made of strokes.
 *
 * A stroke covers a pixel by width/2 + 1/2 minus the distance from the pixel's centre to the segment, clipped to [0,1]:
 * exact for a box filter and lines wider than a pixel. A polyline takes the largest coverage of its segments, so that
 * joints are not painted twice. Letters are drawn on a grid of 5 x 9 (two rows below the base line), 6 wide with their
 * gap; each is a list of polylines. Cost: the pixels near each segment. Left out: kerning, letters beyond ASCII (drawn
 * as a box). */
#include "base/base.h"
#include "data/data.h"
#include "study/plot.h"

struct nm_pixels {
    nm_job *job;
    size_t w, h;
    unsigned char *p; /* [h][w][3] */
    float *cover;     /* [h][w] coverage by the current stroke */
};

/* points as two digits, x and y, y upwards with the base line at 2; blanks separate polylines */
/* clang-format off */
static const char *const letters[95] = {
    /* space ! " # */ "", "2824 2322", "1816 3836", "1218 3238 0444 0646",
    /* $ % & ' */ "4616060515354433031321 2129", "0248 0807171808 3332424333", "4217180718271605032232 3244", "2826",
    /* ( ) * + */ "38261432 ", "18263412", "2327 0446 0644", "2327 0545",
    /* , - . / */ "222110", "0545", "2223", "0248",
    /* 0 1 2 3 */ "0307183847433212 03 0703", "0728221232 22", "07183847460202 0242", "071838474635 1535443312 0312",
    /* 4 5 6 7 */ "323804 0444", "48080535443212 0312", "471807031232434435 350504", "084822",
    /* 8 9 : ; */ "153546473818070615 1504031232434435", "031232434738180706154546", "2323 2626", "222110 2626",
    /* < = > ? */ "470543", "0646 0444", "074503", "071838474625 2524 2322",
    /* @ */ "3335151333434738180703123242",
    /* A B C D */ "022842 1434", "0208384746350535444332 3202", "4738180703123243", "02082847432202",
    /* E F G H */ "480802 0242 0535", "480802 0535", "4738180703123243454525", "0208 4248 0545",
    /* I J K L */ "1838 1232 2822", "4843321203", "0208 4804 1642", "080242",
    /* M N O P */ "0208254842", "02084248", "180703123243473818", "020838474635 3505",
    /* Q R S T */ "180703123243473818 2442", "020838474635 3505 2542", "47381807061535444332 321203", "0848 2822",
    /* U V W X */ "080312324348", "082248", "0812253248", "0248 0842",
    /* Y Z [ \ */ "0825 4825 2522", "08480242", "38181030", "0842",
    /* ] ^ _ ` */ "18383010", "062846", "0141", "1827",
    /* a b c d */ "063645423203040545 42", "0208 0516364543321203", "46160503123242", "4842 4536160503123243",
    /* e f g h */ "044445361605031232", "38282722 1636", "4640301000 4536160503123243", "0208 0516364542",
    /* i j k l */ "2226 2829", "26211010 2829", "0208 4603 1542", "182822 1232",
    /* m n o p */ "0206 051625 2223 25364542", "0206 0516364542", "160503123243453616", "0006 0516364543321203",
    /* q r s t */ "4640 4536160503123243", "0206 05163646", "463616050414344443321202", "28233242 1636",
    /* u v w x */ "060312324346 4642", "062246", "0612243246", "0246 0642",
    /* y z { | */ "0622 4610", "06460242", "38272524 1424 2523 2332", "2820",
    /* } ~ */ "18272534 2534 2523 2312", "04162446"};
/* clang-format on */

nm_pixels *nm_pixels_new(nm_job *job, size_t w, size_t h)
{
    nm_pixels *v = NM_NEW(job, nm_pixels);
    *v = (nm_pixels){job, w, h, NM_RAW(job, unsigned char, w *h * 3), NM_ARRAY(job, float, w *h)};
    memset(v->p, 255, w * h * 3);
    return v;
}

typedef struct {
    size_t x0, x1, y0, y1;
} window; /* of pixels */

static size_t clip(double x, size_t n) { return x <= 0 ? 0 : x >= (double)n ? n : (size_t)x; }

static void segment(nm_pixels *v, double ax, double ay, double bx, double by, double width,
                    window *all)
{
    const double r = 0.5 * width + 1, dx = bx - ax, dy = by - ay, len = dx * dx + dy * dy;
    const window w = {clip(fmin(ax, bx) - r, v->w), clip(fmax(ax, bx) + r + 1, v->w),
                      clip(fmin(ay, by) - r, v->h), clip(fmax(ay, by) + r + 1, v->h)};
    for (size_t i = w.y0; i < w.y1; i++)
        for (size_t j = w.x0; j < w.x1; j++) {
            const double x = (double)j + 0.5 - ax, y = (double)i + 0.5 - ay;
            double t = len > 0 ? (x * dx + y * dy) / len : 0;
            t = t < 0 ? 0 : t > 1 ? 1 : t;
            const double c = 0.5 * width + 0.5 - hypot(x - t * dx, y - t * dy);
            float *at = &v->cover[i * v->w + j];
            if (c > *at) *at = (float)(c > 1 ? 1 : c);
        }
    if (w.x0 < all->x0) all->x0 = w.x0;
    if (w.x1 > all->x1) all->x1 = w.x1;
    if (w.y0 < all->y0) all->y0 = w.y0;
    if (w.y1 > all->y1) all->y1 = w.y1;
}

static void paint(nm_pixels *v, unsigned color, const window *w)
{
    for (size_t i = w->y0; i < w->y1; i++)
        for (size_t j = w->x0; j < w->x1; j++) {
            float *c = &v->cover[i * v->w + j];
            unsigned char *p = v->p + (i * v->w + j) * 3;
            for (int k = 0; k < 3 && *c > 0; k++) {
                const double ink = color >> (16 - 8 * k) & 255;
                p[k] = (unsigned char)(p[k] + (ink - p[k]) * (double)*c + 0.5);
            }
            *c = 0;
        }
}

/* Draws the visible parts of a dashed segment; `walked`, the length so far, continues from segment to segment. */
static void dashed(nm_pixels *v, nm_stroke s, double ax, double ay, double bx, double by,
                   double *walked, window *all)
{
    static const double on[] = {0, 8, 2}, off[] = {0, 4, 3};
    const double len = hypot(bx - ax, by - ay), period = on[s.dash] + off[s.dash];
    for (double t = 0; t < len;) {
        const double phase = fmod(*walked + t, period);
        const double next = phase < on[s.dash] ? on[s.dash] - phase : period - phase;
        const double u = t + next < len ? t + next : len;
        if (phase < on[s.dash])
            segment(v, ax + (bx - ax) * t / len, ay + (by - ay) * t / len, ax + (bx - ax) * u / len,
                    ay + (by - ay) * u / len, s.width, all);
        t = u + 1e-9;
    }
    *walked += len;
}

static void line(void *to, nm_stroke s, size_t n, const double *x, const double *y)
{
    nm_pixels *v = to;
    window w = {v->w, 0, v->h, 0};
    double walked = 0;
    for (size_t i = 0; i + 1 < n; i++)
        if (s.dash)
            dashed(v, s, x[i], y[i], x[i + 1], y[i + 1], &walked, &w);
        else
            segment(v, x[i], y[i], x[i + 1], y[i + 1], s.width, &w);
    paint(v, s.color, &w);
}

static void letter(nm_pixels *v, const char *s, double x, double y, double size, bool upright,
                   window *w)
{
    double px = 0, py = 0;
    bool down = false;
    for (; *s; s++) {
        if (*s == ' ') {
            down = false;
            continue;
        }
        const double gx = (s[0] - '0') * size, gy = (s[1] - '0' - 2) * size;
        const double qx = upright ? x - gy : x + gx, qy = upright ? y - gx : y - gy;
        if (down)
            segment(v, px, py, qx, qy, 1.3, w);
        else if (s[2] == ' ' || !s[2]) /* a dot */
            segment(v, qx, qy, qx, qy, 1.3, w);
        down = true;
        px = qx;
        py = qy;
        s++;
    }
}

static void text(void *to, double x, double y, int anchor, bool upright, const char *s)
{
    nm_pixels *v = to;
    const double size = 1.3, step = 6 * size;
    window w = {v->w, 0, v->h, 0};
    double back = anchor < 0 ? 0 : ((double)strlen(s) * step - 2 * size) / (anchor ? 1 : 2);
    for (; *s; s++) {
        const char *as = *s >= 32 && *s < 127 ? letters[*s - 32] : "0208484202";
        letter(v, as, upright ? x : x - back, upright ? y + back : y, size, upright, &w);
        back -= step;
    }
    paint(v, 0x000000, &w);
}

const nm_pen nm_pixels_pen = {line, text};

void nm_pixels_save(nm_job *job, const nm_pixels *v, const char *path)
{
    nm_png_write(job, path, v->w, v->h, false, v->p);
}
