#include "convert.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

// Two rows of source and three of target at a time are more streams than the hardware follows well, and in a narrow
// strip every row is on another page. What will be needed this many chunks later is fetched now, the source into the
// second cache, which has more room for what is under way; a prefetch never faults, so it may run over the end.
#define AHEAD 20

static inline __attribute__((always_inline)) void prefetch_chunk(const struct qzc_strip *s, int row, int chunk, int chunks)
{
    chunk += AHEAD;
    while (chunk >= chunks)
        chunk -= chunks, row += 2;
    if (row >= s->height)
        return;
    uintptr_t source = (uintptr_t)s->source + (uintptr_t)(row * s->source_stride + chunk * 256);
    for (int i = 0; i < 256; i += 64) {
        __builtin_prefetch((const void *)(source + (uintptr_t)i), 0, 2);
        __builtin_prefetch((const void *)(source + (uintptr_t)(s->source_stride + i)), 0, 2);
    }
    uintptr_t target = (uintptr_t)(row * s->stride + chunk * 64);
    __builtin_prefetch((const void *)((uintptr_t)s->planes[0] + target), 1);
    __builtin_prefetch((const void *)((uintptr_t)s->planes[0] + target + (uintptr_t)s->stride), 1);
    __builtin_prefetch((const void *)((uintptr_t)s->planes[1] + (uintptr_t)(row / 2 * s->stride + chunk * 64)), 1);
}

static inline __attribute__((always_inline)) void prefetch_444(const struct qzc_strip *s, int row, int chunk, int chunks)
{
    chunk += AHEAD;
    while (chunk >= chunks)
        chunk -= chunks, row++;
    if (row >= s->height)
        return;
    uintptr_t source = (uintptr_t)s->source + (uintptr_t)(row * s->source_stride + chunk * 256);
    for (int i = 0; i < 256; i += 64)
        __builtin_prefetch((const void *)(source + (uintptr_t)i), 0, 2);
    for (int i = 0; i < 3; i++)
        __builtin_prefetch((const void *)((uintptr_t)s->planes[i] + (uintptr_t)(row * s->stride + chunk * 64)), 1);
}

#define TARGET __attribute__((target("avx2")))
#define NAME(x) avx2_##x
#include "avx2.h"
#undef TARGET
#undef NAME

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,prefer-vector-width=512")))
#define NAME(x) bw_##x
#define DOT(p, c, b) _mm512_madd_epi16(_mm512_maddubs_epi16(p, c), _mm512_set1_epi16(1))
#define BIAS(b) _mm512_set1_epi16(b)
#define ADD_BIAS(x, b) _mm512_add_epi16(x, b)
#define PACK_CHROMA(a, b) _mm512_packs_epi32(a, b)
#include "avx512.h"
#undef TARGET
#undef NAME
#undef DOT
#undef BIAS
#undef ADD_BIAS
#undef PACK_CHROMA

#define TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,prefer-vector-width=512")))
#define NAME(x) vnni_##x
#define DOT(p, c, b) _mm512_dpbusd_epi32(b, p, c)
#define BIAS(b) _mm512_set1_epi32(b)
#define ADD_BIAS(x, b) ((void)(b), x)
#define PACK_CHROMA(a, b) _mm512_packus_epi32(a, b)
#include "avx512.h"

int qzc_convert_level(void)
{
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        return __builtin_cpu_supports("avx512vnni") ? 3 : 2;
    return __builtin_cpu_supports("avx2") ? 1 : 0;
}

void qzc_convert_nv12(int level, const struct qzc_strip *strip)
{
    if (level == 3)
        vnni_nv12(strip);
    else if (level == 2)
        bw_nv12(strip);
    else
        avx2_nv12(strip);
}

void qzc_convert_yuv444(int level, const struct qzc_strip *strip)
{
    if (level == 3)
        vnni_yuv444(strip);
    else if (level == 2)
        bw_yuv444(strip);
    else
        avx2_yuv444(strip);
}

#else

// Managed code has a portable version for every other architecture.
int qzc_convert_level(void)
{
    return 0;
}

void qzc_convert_nv12(int level, const struct qzc_strip *strip)
{
    (void)level, (void)strip;
}

void qzc_convert_yuv444(int level, const struct qzc_strip *strip)
{
    (void)level, (void)strip;
}
#endif
