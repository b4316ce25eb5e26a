// 512-bit chunks, included twice: with VNNI's four-byte dot product, and without it. TARGET and NAME as in strip.h;
// DOT is the sum over the four bytes of each pixel, with the bias already in it (BIAS, ADD_BIAS) where that is free.

struct NAME(constants) {
    __m512i y, cb, cr, luma_bias, luma_factor, chroma_bias, chroma_factor, in_order, pairs;
};

static TARGET struct NAME(constants) NAME(prepare)(const struct qzc_strip *s)
{
    int32_t c[3];
    memcpy(c, s->coefficients, sizeof c);
    return (struct NAME(constants)) {
        .y = _mm512_set1_epi32(c[0]), .cb = _mm512_set1_epi32(c[1]), .cr = _mm512_set1_epi32(c[2]),
        .luma_bias = BIAS(QZC_LUMA_BIAS), .luma_factor = _mm512_set1_epi16(QZC_LUMA_FACTOR),
        .chroma_bias = BIAS(QZC_CHROMA_BIAS), .chroma_factor = _mm512_set1_epi16(QZC_CHROMA_FACTOR),
        // Packing works inside 128-bit lanes; this puts the groups of four samples back in order.
        .in_order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
        // Inside a lane: four Cb, four Cr, four Cb, four Cr → pairs.
        .pairs = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15)),
    };
}

static inline __attribute__((always_inline)) TARGET __m512i NAME(scale)(__m512i sums, __m512i bias, __m512i factor)
{
    return _mm512_mulhi_epu16(ADD_BIAS(sums, bias), factor);
}

// 64 samples of one plane, out of 64 pixels.
static inline __attribute__((always_inline)) TARGET __m512i NAME(plane)(__m512i p0, __m512i p1, __m512i p2, __m512i p3, __m512i coefficients, __m512i bias, __m512i factor, __m512i order, int chroma)
{
    __m512i a = DOT(p0, coefficients, bias), b = DOT(p1, coefficients, bias), c = DOT(p2, coefficients, bias), d = DOT(p3, coefficients, bias);
    __m512i low = NAME(scale)(chroma ? PACK_CHROMA(a, b) : _mm512_packus_epi32(a, b), bias, factor);
    __m512i high = NAME(scale)(chroma ? PACK_CHROMA(c, d) : _mm512_packus_epi32(c, d), bias, factor);
    return _mm512_permutexvar_epi32(order, _mm512_packus_epi16(low, high));
}

static inline __attribute__((always_inline)) TARGET uint64_t NAME(put)(uint8_t *to, __m512i samples)
{
    __mmask64 differs = _mm512_cmpneq_epu8_mask(samples, _mm512_loadu_si512(to));
    if (differs != 0)
        _mm512_storeu_si512(to, samples);
    return differs;
}

static inline __attribute__((always_inline)) TARGET __m512i NAME(halve)(__m512i a, __m512i b)
{
    __m512 fa = _mm512_castsi512_ps(a), fb = _mm512_castsi512_ps(b);
    return _mm512_avg_epu8(_mm512_castps_si512(_mm512_shuffle_ps(fa, fb, 0x88)), _mm512_castps_si512(_mm512_shuffle_ps(fa, fb, 0xdd)));
}

static inline __attribute__((always_inline)) TARGET uint64_t NAME(chunk_nv12)(
    const uint8_t *s0, const uint8_t *s1, uint8_t *y0, uint8_t *y1, uint8_t *uv, const struct NAME(constants) *k)
{
    __m512i a0 = _mm512_loadu_si512(s0), a1 = _mm512_loadu_si512(s0 + 64), a2 = _mm512_loadu_si512(s0 + 128), a3 = _mm512_loadu_si512(s0 + 192);
    __m512i b0 = _mm512_loadu_si512(s1), b1 = _mm512_loadu_si512(s1 + 64), b2 = _mm512_loadu_si512(s1 + 128), b3 = _mm512_loadu_si512(s1 + 192);
    uint64_t differs = NAME(put)(y0, NAME(plane)(a0, a1, a2, a3, k->y, k->luma_bias, k->luma_factor, k->in_order, 0));
    differs |= NAME(put)(y1, NAME(plane)(b0, b1, b2, b3, k->y, k->luma_bias, k->luma_factor, k->in_order, 0));

    __m512i left = NAME(halve)(_mm512_avg_epu8(a0, b0), _mm512_avg_epu8(a1, b1));
    __m512i right = NAME(halve)(_mm512_avg_epu8(a2, b2), _mm512_avg_epu8(a3, b3));
    __m512i low = PACK_CHROMA(DOT(left, k->cb, k->chroma_bias), DOT(left, k->cr, k->chroma_bias));
    __m512i high = PACK_CHROMA(DOT(right, k->cb, k->chroma_bias), DOT(right, k->cr, k->chroma_bias));
    low = NAME(scale)(low, k->chroma_bias, k->chroma_factor);
    high = NAME(scale)(high, k->chroma_bias, k->chroma_factor);
    __m512i paired = _mm512_shuffle_epi8(_mm512_packus_epi16(low, high), k->pairs);
    return differs | NAME(put)(uv, _mm512_permutexvar_epi32(k->in_order, paired));
}

static inline __attribute__((always_inline)) TARGET uint64_t NAME(chunk_444)(
    const uint8_t *source, uint8_t *y, uint8_t *cb, uint8_t *cr, const struct NAME(constants) *k)
{
    __m512i p0 = _mm512_loadu_si512(source), p1 = _mm512_loadu_si512(source + 64), p2 = _mm512_loadu_si512(source + 128), p3 = _mm512_loadu_si512(source + 192);
    uint64_t differs = NAME(put)(y, NAME(plane)(p0, p1, p2, p3, k->y, k->luma_bias, k->luma_factor, k->in_order, 0));
    differs |= NAME(put)(cb, NAME(plane)(p0, p1, p2, p3, k->cb, k->chroma_bias, k->chroma_factor, k->in_order, 1));
    return differs | NAME(put)(cr, NAME(plane)(p0, p1, p2, p3, k->cr, k->chroma_bias, k->chroma_factor, k->in_order, 1));
}

#include "strip.h"
