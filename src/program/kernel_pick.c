/* kernel_pick.c: picks the fastest build of kernel.c that this processor can run. All give the same bytes. */
#include "program/program.h"
#include "program/kernel.h"

#if defined(__x86_64__)
extern const nm_kernels nm_kernels_avx512, nm_kernels_avx2;
const nm_kernels *nm_kernels_pick(void)
{
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f")) return &nm_kernels_avx512;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &nm_kernels_avx2;
    return &nm_kernels_generic;
}
#elif defined(__aarch64__)
extern const nm_kernels nm_kernels_neon;
const nm_kernels *nm_kernels_pick(void) { return &nm_kernels_neon; }
#else
const nm_kernels *nm_kernels_pick(void) { return &nm_kernels_generic; }
#endif
