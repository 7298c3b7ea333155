/* digits.cc: the shortest decimal digits that read back to a double, by Dragonbox (Jeon 2020; Debian's
 * libdragonbox-dev): among the shortest the closest to x, ties to even; 24 ns a number. And the double closest to
 * decimal digits, ties to even, by fast_float (Lemire 2021; libfast-float-dev). Beside this file, only
 * solver/clp_interrupt.cc is C++. */
#include <cstdint>

#include <dragonbox/dragonbox.h>
#include <fast_float/fast_float.h>

/* Returns e where |x| = digits 10^e, digits without trailing zeros; x must be finite and not 0. */
extern "C" int nm_digits_shortest(double x, std::uint64_t *digits)
{
    const auto d = jkj::dragonbox::to_decimal(x, jkj::dragonbox::policy::sign::ignore);
    *digits = d.significand;
    return d.exponent;
}

/* Reads -1.5e-3 and the like, also inf and nan; returns where it ends, or NULL. */
extern "C" const char *nm_digits_read(const char *s, const char *end, double *x)
{
    const auto r = fast_float::from_chars(s, end, *x);
    return r.ec == std::errc::invalid_argument ? nullptr : r.ptr;
}
