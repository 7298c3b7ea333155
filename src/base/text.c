/* text.c: text buffers, and the one printer and the one parser of numbers.
 *
 * Printing gives the shortest digits that read back to the same double (Steele and White 1990; digits.cc). Integers
 * below 2^53 are printed as integers, -0 as 0; a number that is not finite must never get here. For MPS there are
 * digits that also read back to the same double with CBC's reader, which rounds twice and so misses every fourth of the
 * shortest numbers by one ulp. Parsing takes a whole token, of nothing but decimal digits, point and exponent, and
 * gives the closest double (digits.cc), which must be finite. nm_run sets the C locale, so that printf, and strtod
 * inside cJSON, cannot meet a decimal comma. */
#include "base/base.h"

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

const char *nm_counted(nm_job *job, size_t n, const char *things)
{
    const size_t len = strlen(things);
    const bool ies = len > 3 && !strcmp(things + len - 3, "ies");
    if (n != 1) return nm_fmt(job, "%zu %s", n, things);
    return nm_fmt(job, "1 %.*s%s", (int)(len - (ies ? 3 : 1)), things, ies ? "y" : "");
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

static int count_digits(uint64_t d)
{
    int n = 1;
    for (; d >= 10000; d /= 10000) n += 4;
    return n + (d >= 10) + (d >= 100) + (d >= 1000);
}

/* Writes the n digits of d, padded with zeros on the left. */
static void spell(char *out, uint64_t d, int n)
{
    static const char pair[] = "0001020304050607080910111213141516171819202122232425262728293031323"
                               "3343536373839404142434445"
                               "4647484950515253545556575859606162636465666768697071727374757677787"
                               "9808182838485868788899091"
                               "9293949596979899";
    for (; n >= 2; n -= 2, d /= 100) memcpy(out + n - 2, pair + 2 * (d % 100), 2);
    if (n) out[0] = (char)('0' + d % 10);
}

static bool has_exponent(int n, int e) { return e < -4 || e >= (n > 15 ? n : 15); }

/* Writes the n digits of d, which stand for 0.d 10^(e + 1), as printf's %g would with a precision of max(15, n). */
static int layout(char out[32], bool minus, uint64_t d, int n, int e)
{
    char *p = out;
    if (minus) *p++ = '-';
    if (has_exponent(n, e)) {
        spell(p + 1, d, n);
        p[0] = p[1];
        p[1] = '.';
        p += n > 1 ? n + 1 : 1;
        *p++ = 'e';
        *p++ = e < 0 ? '-' : '+';
        const int a = abs(e), wide = a < 100 ? 2 : 3;
        spell(p, (uint64_t)a, wide);
        p += wide;
    } else if (e < 0) {
        memcpy(p, "0.000", 5);
        p += 1 - e; /* "0." and -e-1 zeros */
        spell(p, d, n);
        p += n;
    } else if (e + 1 >= n) {
        spell(p, d, n);
        memset(p + n, '0', (size_t)(e + 1 - n));
        p += e + 1;
    } else {
        spell(p + 1, d, n);
        memmove(p, p + 1, (size_t)e + 1);
        p[e + 1] = '.';
        p += n + 1;
    }
    *p = 0;
    return (int)(p - out);
}

/* Prints x if it is an integer below 2^53; returns true if so. */
static bool print_whole(char out[32], double x, int *n)
{
    assert(isfinite(x));
    if (!(fabs(x) < 9007199254740992.0) || x != (double)(int64_t)x) return false;
    const uint64_t d = (uint64_t)fabs(x);
    const int digits = count_digits(d);
    out[0] = '-';
    spell(out + (x < 0), d, digits);
    *n = digits + (x < 0);
    out[*n] = 0;
    return true;
}

int nm_num_print(char out[32], double x)
{
    int n;
    if (print_whole(out, x, &n)) return n;
    uint64_t d;
    const int e = nm_digits_shortest(x, &d);
    n = count_digits(d);
    return layout(out, x < 0, d, n, n - 1 + e);
}

const char *nm_num_text(nm_job *job, double x)
{
    char s[32];
    if (!isfinite(x)) return isnan(x) ? "nan" : x < 0 ? "-inf" : "inf";
    return nm_dup(job, s, (size_t)nm_num_print(s, x));
}

/* ---- digits for readers that round twice ---- */

/* Returns what CoinUtils 2.11 (CBC, SYMPHONY) makes of the digits of a number in MPS: it gathers integer part and
 * fraction in a double each, by v = v*10 + '0' + digit - '0', and multiplies by a rounded power of ten. Up to 53 bits
 * the gathering is exact. */
static double gathered(uint64_t d)
{
    if (d < 9007199254740900ULL) return (double)d;
    const double v = gathered(d / 10);
    return v * 10.0 + (double)('0' + (int)(d % 10)) - '0';
}

static double coin_reads(uint64_t d, int n, int e)
{
    static const double tenth[] = {1.0,     1.0e-1,  1.0e-2,  1.0e-3,  1.0e-4,  1.0e-5,
                                   1.0e-6,  1.0e-7,  1.0e-8,  1.0e-9,  1.0e-10, 1.0e-11,
                                   1.0e-12, 1.0e-13, 1.0e-14, 1.0e-15, 1.0e-16, 1.0e-17,
                                   1.0e-18, 1.0e-19, 1.0e-20, 1.0e-21, 1.0e-22, 1.0e-23};
    static const double power[] = {1.0e-9, 1.0e-8, 1.0e-7, 1.0e-6, 1.0e-5, 1.0e-4, 1.0e-3,
                                   1.0e-2, 1.0e-1, 1.0,    1.0e1,  1.0e2,  1.0e3,  1.0e4,
                                   1.0e5,  1.0e6,  1.0e7,  1.0e8,  1.0e9};
    static const uint64_t whole[] = {1,
                                     10,
                                     100,
                                     1000,
                                     10000,
                                     100000,
                                     1000000,
                                     10000000,
                                     100000000,
                                     1000000000,
                                     10000000000,
                                     100000000000,
                                     1000000000000,
                                     10000000000000,
                                     100000000000000,
                                     1000000000000000,
                                     10000000000000000,
                                     100000000000000000,
                                     1000000000000000000,
                                     10000000000000000000U};
    const bool exponent = has_exponent(n, e);
    const int after = exponent ? n - 1 : n - 1 - e; /* digits after the point */
    if (after > 23) return NAN;
    double v;
    if (e < 0 && !exponent) {
        v = gathered(d) * tenth[after];
    } else {
        const uint64_t unit = after < 20 ? whole[after] : 0, front = unit ? d / unit : 0;
        v = gathered(front) + gathered(d - front * unit) * tenth[after];
    }
    if (exponent) v *= abs(e) < 10 ? power[e + 9] : pow(10.0, e);
    return v;
}

/* Tries the shortest digits first, followed by zeros, which change nothing but how such a reader rounds; then nearby
 * numbers of 17 digits that round to x as well. Where neither works (one number in thirty) it prints the shortest. */
int nm_num_print_twice(char out[32], double x)
{
    int len;
    if (print_whole(out, x, &len)) return len;
    uint64_t d;
    int e = nm_digits_shortest(x, &d);
    const int n = count_digits(d);
    const double a = fabs(x);
    e += n - 1;
    const int most = has_exponent(n, e) ? 18 : 19; /* at most 25 characters, as SCIP itself writes */
    double back;
    uint64_t try = d;
    for (int k = n; k <= most; k++, try *= 10)
        if (coin_reads(try, k, e) == a) return layout(out, x < 0, try, k, e);
    for (int k = n; k < 17; k++) d *= 10;
    for (int step = 1; step <= 8; step++) {
        const uint64_t near = step & 1 ? d - (uint64_t)(step + 1) / 2 : d + (uint64_t)step / 2;
        if (count_digits(near) != 17) continue;
        try = near;
        for (int k = 17; k <= most; k++, try *= 10) {
            if (coin_reads(try, k, e) != a) continue;
            len = layout(out, x < 0, try, k, e);
            if (nm_num_parse(out, out + len, &back) && back == x) return len;
        }
    }
    return nm_num_print(out, x);
}

void nm_put_num(nm_buf *b, double x)
{
    char s[32];
    nm_put_bytes(b, s, (size_t)nm_num_print(s, x));
}

void nm_put_json(nm_buf *b, const char *s)
{
    nm_put_bytes(b, "\"", 1);
    for (;;) {
        size_t n = 0; /* characters that need no escape */
        while ((unsigned char)s[n] >= 0x20 && s[n] != 0x7f && s[n] != '"' && s[n] != '\\') n++;
        nm_put_bytes(b, s, n);
        s += n;
        if (!*s) break;
        const unsigned char c = (unsigned char)*s++;
        nm_put(b, c == '"' || c == '\\' ? "\\%c" : "\\u%04x", c);
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
    const bool plus = s < end && *s == '+';
    if (plus && end - s > 1 && s[1] == '-') return false;
    return nm_digits_read(s + plus, end, x) == end && isfinite(*x);
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

bool nm_fraction_parse(const char *s, const char *end, double *x)
{
    const char *slash = memchr(s, '/', (size_t)(end - s));
    double over = 1;
    if (!slash) return nm_num_parse(s, end, x);
    if (!nm_num_parse(s, slash, x) || !nm_num_parse(slash + 1, end, &over) || over == 0)
        return false;
    *x /= over;
    return isfinite(*x);
}
