// 256-bit halves of a chunk.

struct NAME(constants) {
    __m256i y, cb, cr, luma_bias, luma_factor, chroma_bias, chroma_factor, in_order, pairs;
};

static TARGET struct NAME(constants) NAME(prepare)(const struct qzc_strip *s)
{
    int32_t c[3];
    memcpy(c, s->coefficients, sizeof c);
    return (struct NAME(constants)) {
        .y = _mm256_set1_epi32(c[0]), .cb = _mm256_set1_epi32(c[1]), .cr = _mm256_set1_epi32(c[2]),
        .luma_bias = _mm256_set1_epi16(QZC_LUMA_BIAS), .luma_factor = _mm256_set1_epi16(QZC_LUMA_FACTOR),
        .chroma_bias = _mm256_set1_epi16(QZC_CHROMA_BIAS), .chroma_factor = _mm256_set1_epi16(QZC_CHROMA_FACTOR),
        // Packing works inside 128-bit lanes; this puts the groups of four samples back in order.
        .in_order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7),
        .pairs = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15)),
    };
}

static inline __attribute__((always_inline)) TARGET __m256i NAME(dot)(__m256i pixels, __m256i coefficients)
{
    return _mm256_madd_epi16(_mm256_maddubs_epi16(pixels, coefficients), _mm256_set1_epi16(1));
}

// 32 samples of one plane, out of 32 pixels.
static inline __attribute__((always_inline)) TARGET __m256i NAME(plane)(__m256i p0, __m256i p1, __m256i p2, __m256i p3, __m256i coefficients, __m256i bias, __m256i factor, __m256i order, int chroma)
{
    __m256i a = NAME(dot)(p0, coefficients), b = NAME(dot)(p1, coefficients), c = NAME(dot)(p2, coefficients), d = NAME(dot)(p3, coefficients);
    __m256i low = chroma ? _mm256_packs_epi32(a, b) : _mm256_packus_epi32(a, b);
    __m256i high = chroma ? _mm256_packs_epi32(c, d) : _mm256_packus_epi32(c, d);
    low = _mm256_mulhi_epu16(_mm256_add_epi16(low, bias), factor);
    high = _mm256_mulhi_epu16(_mm256_add_epi16(high, bias), factor);
    return _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), order);
}

static inline __attribute__((always_inline)) TARGET uint64_t NAME(put)(uint8_t *to, __m256i samples)
{
    uint32_t differs = ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(samples, _mm256_loadu_si256((const __m256i *)to)));
    if (differs != 0)
        _mm256_storeu_si256((__m256i *)to, samples);
    return differs;
}

static inline __attribute__((always_inline)) TARGET __m256i NAME(halve)(__m256i a, __m256i b)
{
    __m256 fa = _mm256_castsi256_ps(a), fb = _mm256_castsi256_ps(b);
    return _mm256_avg_epu8(_mm256_castps_si256(_mm256_shuffle_ps(fa, fb, 0x88)), _mm256_castps_si256(_mm256_shuffle_ps(fa, fb, 0xdd)));
}

static inline __attribute__((always_inline)) TARGET uint64_t NAME(half_nv12)(
    const uint8_t *s0, const uint8_t *s1, uint8_t *y0, uint8_t *y1, uint8_t *uv, const struct NAME(constants) *k)
{
    __m256i a0 = _mm256_loadu_si256((const __m256i *)s0), a1 = _mm256_loadu_si256((const __m256i *)(s0 + 32)), a2 = _mm256_loadu_si256((const __m256i *)(s0 + 64)), a3 = _mm256_loadu_si256((const __m256i *)(s0 + 96));
    __m256i b0 = _mm256_loadu_si256((const __m256i *)s1), b1 = _mm256_loadu_si256((const __m256i *)(s1 + 32)), b2 = _mm256_loadu_si256((const __m256i *)(s1 + 64)), b3 = _mm256_loadu_si256((const __m256i *)(s1 + 96));
    uint64_t differs = NAME(put)(y0, NAME(plane)(a0, a1, a2, a3, k->y, k->luma_bias, k->luma_factor, k->in_order, 0));
    differs |= NAME(put)(y1, NAME(plane)(b0, b1, b2, b3, k->y, k->luma_bias, k->luma_factor, k->in_order, 0));

    __m256i left = NAME(halve)(_mm256_avg_epu8(a0, b0), _mm256_avg_epu8(a1, b1));
    __m256i right = NAME(halve)(_mm256_avg_epu8(a2, b2), _mm256_avg_epu8(a3, b3));
    __m256i low = _mm256_packs_epi32(NAME(dot)(left, k->cb), NAME(dot)(left, k->cr));
    __m256i high = _mm256_packs_epi32(NAME(dot)(right, k->cb), NAME(dot)(right, k->cr));
    low = _mm256_mulhi_epu16(_mm256_add_epi16(low, k->chroma_bias), k->chroma_factor);
    high = _mm256_mulhi_epu16(_mm256_add_epi16(high, k->chroma_bias), k->chroma_factor);
    __m256i paired = _mm256_shuffle_epi8(_mm256_packus_epi16(low, high), k->pairs);
    return differs | NAME(put)(uv, _mm256_permutevar8x32_epi32(paired, k->in_order));
}

static inline __attribute__((always_inline)) TARGET uint64_t NAME(chunk_nv12)(
    const uint8_t *s0, const uint8_t *s1, uint8_t *y0, uint8_t *y1, uint8_t *uv, const struct NAME(constants) *k)
{
    uint64_t left = NAME(half_nv12)(s0, s1, y0, y1, uv, k);
    return left | NAME(half_nv12)(s0 + 128, s1 + 128, y0 + 32, y1 + 32, uv + 32, k) << 32;
}

static inline __attribute__((always_inline)) TARGET uint64_t NAME(half_444)(
    const uint8_t *source, uint8_t *y, uint8_t *cb, uint8_t *cr, const struct NAME(constants) *k)
{
    __m256i p0 = _mm256_loadu_si256((const __m256i *)source), p1 = _mm256_loadu_si256((const __m256i *)(source + 32)), p2 = _mm256_loadu_si256((const __m256i *)(source + 64)), p3 = _mm256_loadu_si256((const __m256i *)(source + 96));
    uint64_t differs = NAME(put)(y, NAME(plane)(p0, p1, p2, p3, k->y, k->luma_bias, k->luma_factor, k->in_order, 0));
    differs |= NAME(put)(cb, NAME(plane)(p0, p1, p2, p3, k->cb, k->chroma_bias, k->chroma_factor, k->in_order, 1));
    return differs | NAME(put)(cr, NAME(plane)(p0, p1, p2, p3, k->cr, k->chroma_bias, k->chroma_factor, k->in_order, 1));
}

static inline __attribute__((always_inline)) TARGET uint64_t NAME(chunk_444)(
    const uint8_t *source, uint8_t *y, uint8_t *cb, uint8_t *cr, const struct NAME(constants) *k)
{
    return NAME(half_444)(source, y, cb, cr, k) | NAME(half_444)(source + 128, y + 32, cb + 32, cr + 32, k) << 32;
}

#include "strip.h"
