/* text.c: text buffers, and the one printer and the one parser of numbers.
 *
 * Printing gives the shortest of 15, 16 and 17 significant digits that reads back to the same double
 * (Steele and White 1990, by search); integers below 2^53 are printed as integers. -0 prints 0, and what
 * is not finite is never printed: it is a broken invariant. Parsing takes a whole token and nothing but
 * decimal digits, point and exponent; the result must be finite. nm_run keeps the C locale, so that
 * strtod and printf cannot meet a decimal comma. */
#include "all.h"

#include <assert.h>
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

int nm_num_print(char out[32], double x)
{
    assert(isfinite(x));
    if (x == 0) return snprintf(out, 32, "0");
    if (fabs(x) < 9007199254740992.0 && x == floor(x)) return snprintf(out, 32, "%.0f", x);
    int n = 0;
    for (int digits = 15; digits <= 17; digits++) {
        n = snprintf(out, 32, "%.*g", digits, x);
        if (digits == 17 || strtod(out, NULL) == x) break;
    }
    return n;
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
