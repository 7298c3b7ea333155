/* text.c: text buffers, and the one printer and the one parser of numbers.
 *
 * Printing gives the shortest of 15, 16 and 17 significant digits that reads back to the same double
 * (Steele and White 1990), by scaling in 64-bit mantissas where that decides and by search elsewhere; integers below
 * 2^53 are printed as integers. -0 prints 0, and what
 * is not finite is never printed: it is a broken invariant. Parsing takes a whole token and nothing but
 * decimal digits, point and exponent; the result must be finite. nm_run keeps the C locale, so that
 * strtod and printf cannot meet a decimal comma. */
#include "all.h"

#include <assert.h>
#include <float.h>
#include <stdlib.h>

#include <nettle/sha2.h>

static void reserve(nm_buf *b, size_t more)
{
    if (b->cap - b->n > more) return;
    size_t cap = b->cap ? b->cap : 256;
    while (cap - b->n <= more) cap = nm_mul(b->job, cap, 2);
    char *s = nm_raw(b->job, cap, 1);
    if (b->n) memcpy(s, b->s, b->n);
    s[b->n] = 0;
    b->s = s;
    b->cap = cap;
}

void nm_put_bytes(nm_buf *b, const void *p, size_t n)
{
    reserve(b, n);
    if (n) memcpy(b->s + b->n, p, n);
    b->n += n;
    b->s[b->n] = 0;
}

void nm_put(nm_buf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    const int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    reserve(b, (size_t)n + 1);
    vsnprintf(b->s + b->n, (size_t)n + 1, fmt, again);
    va_end(again);
    b->n += (size_t)n;
}

/* ---- the printer ---- */

static int by_search(char out[32], double x)
{
    int n = 0;
    for (int digits = 15; digits <= 17; digits++) {
        n = snprintf(out, 32, "%.*g", digits, x);
        if (digits == 17 || strtod(out, NULL) == x) break;
    }
    return n;
}

#if LDBL_MANT_DIG >= 64
static const long double ten[] = {1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,
                                  1e7L,  1e8L,  1e9L,  1e10L, 1e11L, 1e12L, 1e13L,
                                  1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L, 1e20L,
                                  1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L};

/* the digits of a P-digit integer d that stands for d 10^(e - P + 1), as printf's %g writes them */
static int layout(char out[32], bool minus, uint64_t d, int digits, int e)
{
    char text[20];
    for (int i = digits; i-- > 0; d /= 10) text[i] = (char)('0' + d % 10);
    while (digits > 1 && text[digits - 1] == '0') digits--;
    char *p = out;
    if (minus) *p++ = '-';
    if (e < -4) {
        *p++ = text[0];
        if (digits > 1) *p++ = '.';
        memcpy(p, text + 1, (size_t)digits - 1);
        p += digits - 1;
        *p++ = 'e';
        *p++ = '-';
        *p++ = (char)('0' - e / 10); /* two digits: e > -100 where this is used */
        *p++ = (char)('0' - e % 10);
        *p = 0;
        return (int)(p - out);
    }
    if (e < 0) {
        memcpy(p, "0.000", 5);
        p += 1 - e; /* "0." and -e-1 zeros */
    }
    for (int i = 0; i < digits; i++) {
        *p++ = text[i];
        if (i == e && i + 1 < digits) *p++ = '.';
    }
    for (int i = digits; i <= e; i++) *p++ = '0';
    *p = 0;
    return (int)(p - out);
}

/* The same text as by_search, much faster, or 0. Powers of ten up to 10^27 are exact in 64-bit mantissas, the scaled
 * value is off by 2^-63 at most: 0.01 of the last of 17 digits, a tenth of that for every digit less, and what is left
 * after subtraction by 2^-10 of an ulp. What lies nearer to a rounding decision is left to the search, so the result
 * does not depend on the arithmetic. */
static int by_scaling(char out[32], double x)
{
    const double a = fabs(x);
    uint64_t bits;
    memcpy(&bits, &a, 8);
    if (!(a >= 1e-9 && a < 1e14) || (bits << 12) == 0) return 0;
    double next;
    bits++;
    memcpy(&next, &bits, 8);
    const long double ulp = (long double)next - a;
    int e = (int)floor(log10(a));
    if (a * ten[16 - e] >= ten[17]) e++;
    if (a * ten[16 - e] < ten[16]) e--;
    const long double scaled = a * ten[16 - e];
    for (int digits = 15; digits <= 17; digits++) {
        const long double t = scaled / ten[17 - digits], low = floorl(t), part = t - low;
        static const long double unsure[] = {0.0004L, 0.004L, 0.04L};
        if (fabsl(part - 0.5L) < unsure[digits - 15]) return 0;
        const long double d = part < 0.5L ? low : low + 1;
        if (d >= ten[digits] || d < ten[digits - 1]) return 0;
        const long double off = fabsl(d / ten[digits - 1 - e] - a) / ulp;
        if (off < 0.495L) return layout(out, x < 0, (uint64_t)d, digits, e);
        if (off < 0.505L) return 0;
    }
    return 0;
}
#else
static int by_scaling(char out[32], double x)
{
    (void)out;
    (void)x;
    return 0;
}
#endif

int nm_num_print(char out[32], double x)
{
    assert(isfinite(x));
    if (x == 0) return snprintf(out, 32, "0");
    if (fabs(x) < 9007199254740992.0 && x == floor(x)) return snprintf(out, 32, "%.0f", x);
    const int n = by_scaling(out, x);
    return n ? n : by_search(out, x);
}

void nm_put_num(nm_buf *b, double x)
{
    char s[32];
    nm_put_bytes(b, s, (size_t)nm_num_print(s, x));
}

void nm_put_json(nm_buf *b, const char *s)
{
    nm_put_bytes(b, "\"", 1);
    for (; *s; s++) {
        const unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            nm_put(b, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            nm_put(b, "\\u%04x", c);
        else
            nm_put_bytes(b, s, 1);
    }
    nm_put_bytes(b, "\"", 1);
}

static const char *digits(const char *s, const char *end)
{
    while (s < end && *s >= '0' && *s <= '9') s++;
    return s;
}

bool nm_num_parse(const char *s, const char *end, double *x)
{
    char small[64];
    const size_t n = (size_t)(end - s);
    const char *p = s + (s < end && (*s == '+' || *s == '-'));
    const char *whole = digits(p, end), *q = whole;
    size_t count = (size_t)(whole - p);
    if (q < end && *q == '.') {
        const char *frac = digits(q + 1, end);
        count += (size_t)(frac - q - 1);
        q = frac;
    }
    if (count == 0) return false;
    if (q < end && (*q == 'e' || *q == 'E')) {
        const char *e = q + 1 + (q + 1 < end && (q[1] == '+' || q[1] == '-'));
        q = digits(e, end);
        if (q == e) return false;
    }
    if (q != end) return false;
    if (n <
        sizeof small) { /* strtod wants a NUL; longer tokens lie in NUL-ended files and end at a non-digit */
        memcpy(small, s, n);
        small[n] = 0;
        s = small;
    }
    *x = strtod(s, NULL);
    return isfinite(*x);
}

bool nm_int_parse(const char *s, const char *end, int64_t *x)
{
    const char *p = s + (s < end && *s == '-');
    if (p == end || digits(p, end) != end || end - p > 18) return false;
    int64_t v = 0;
    for (; p < end; p++) v = 10 * v + (*p - '0');
    *x = *s == '-' ? -v : v;
    return true;
}

void nm_sha256(const void *p, size_t n, char hex[65])
{
    struct sha256_ctx ctx;
    uint8_t sum[SHA256_DIGEST_SIZE];
    sha256_init(&ctx);
    sha256_update(&ctx, n, p);
    sha256_digest(&ctx, sizeof sum, sum);
    for (size_t i = 0; i < sizeof sum; i++) snprintf(hex + 2 * i, 3, "%02x", sum[i]);
}
