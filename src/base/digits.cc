/* digits.cc: the shortest decimal digits of a double that read back to it, by Dragonbox (Jeon 2020; Debian's
 * libdragonbox-dev): the closest to x among the shortest, ties to even. 24 ns a number. Nothing else here is C++. */
#include <cstdint>

#include <dragonbox/dragonbox.h>

/* |x| = digits 10^(what is given), digits without zeros at the end; x finite and not 0 */
extern "C" int nm_digits_shortest(double x, std::uint64_t *digits)
{
    const auto d = jkj::dragonbox::to_decimal(x, jkj::dragonbox::policy::sign::ignore);
    *digits = d.significand;
    return d.exponent;
}
