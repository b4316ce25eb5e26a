// The walk over a strip, the same for every level: included once for each, with CHUNK_NV12 and CHUNK_444 (functions
// that convert one chunk and return a bit for each byte column that changed), TARGET and NAME(x) defined.

// The right edge: the rest of the row, and its last pixel over and over.
static TARGET const uint8_t *NAME(tail)(uint8_t *scratch, const uint8_t *row, int pixels)
{
    uint32_t last;
    memcpy(scratch, row, (size_t)pixels * 4);
    memcpy(&last, row + (size_t)(pixels - 1) * 4, 4);
    for (int i = pixels; i < QZC_CHUNK; i++)
        memcpy(scratch + (size_t)i * 4, &last, 4);
    return scratch;
}

static TARGET void NAME(publish)(const struct qzc_strip *s, int mb_row, int chunks, const uint64_t *seen)
{
    uint64_t *words = s->changed + (ptrdiff_t)mb_row * s->words_per_row;
    for (int c = 0; c < chunks; c++) {
        uint64_t m = seen[c];
        if (m == 0)
            continue;
        int at = s->first_chunk + c;
        uint64_t blocks = (uint64_t)((m & 0xffff) != 0) | (uint64_t)((m >> 16 & 0xffff) != 0) << 1
            | (uint64_t)((m >> 32 & 0xffff) != 0) << 2 | (uint64_t)(m >> 48 != 0) << 3;
        words[at >> 4] |= blocks << ((at & 15) * 4);
    }
}

static TARGET void NAME(nv12)(const struct qzc_strip *s)
{
    _Alignas(64) uint8_t scratch[2][QZC_CHUNK * 4];
    uint64_t seen[QZC_MAX_CHUNKS];
    int whole = s->width / QZC_CHUNK, rest = s->width % QZC_CHUNK, chunks = whole + (rest != 0);
    struct NAME(constants) k = NAME(prepare)(s);
    for (int c = 0; c < AHEAD && whole > 0; c++)
        prefetch_chunk(s, 0, c - AHEAD, whole);
    for (int row = 0; row < s->rows; row += 2) {
        if (row % 16 == 0)
            memset(seen, 0, (size_t)chunks * sizeof *seen);
        int above = row < s->height ? row : s->height - 1, below = row + 1 < s->height ? row + 1 : s->height - 1;
        const uint8_t *s0 = s->source + above * s->source_stride, *s1 = s->source + below * s->source_stride;
        uint8_t *y = s->planes[0] + row * s->stride, *uv = s->planes[1] + row / 2 * s->stride;
        for (int c = 0; c < whole; c++) {
            prefetch_chunk(s, row, c, whole);
            seen[c] |= NAME(chunk_nv12)(s0 + c * 256, s1 + c * 256, y + c * 64, y + s->stride + c * 64, uv + c * 64, &k);
        }
        if (rest != 0)
            seen[whole] |= NAME(chunk_nv12)(NAME(tail)(scratch[0], s0 + whole * 256, rest), NAME(tail)(scratch[1], s1 + whole * 256, rest),
                y + whole * 64, y + s->stride + whole * 64, uv + whole * 64, &k);
        if (row % 16 == 14)
            NAME(publish)(s, row / 16, chunks, seen);
    }
}

static TARGET void NAME(yuv444)(const struct qzc_strip *s)
{
    _Alignas(64) uint8_t scratch[QZC_CHUNK * 4];
    uint64_t seen[QZC_MAX_CHUNKS];
    int whole = s->width / QZC_CHUNK, rest = s->width % QZC_CHUNK, chunks = whole + (rest != 0);
    struct NAME(constants) k = NAME(prepare)(s);
    for (int row = 0; row < s->rows; row++) {
        if (row % 16 == 0)
            memset(seen, 0, (size_t)chunks * sizeof *seen);
        const uint8_t *source = s->source + (row < s->height ? row : s->height - 1) * s->source_stride;
        ptrdiff_t at = row * s->stride;
        for (int c = 0; c < whole; c++) {
            prefetch_444(s, row, c, whole);
            seen[c] |= NAME(chunk_444)(source + c * 256, s->planes[0] + at + c * 64, s->planes[1] + at + c * 64, s->planes[2] + at + c * 64, &k);
        }
        if (rest != 0)
            seen[whole] |= NAME(chunk_444)(NAME(tail)(scratch, source + whole * 256, rest), s->planes[0] + at + whole * 64,
                s->planes[1] + at + whole * 64, s->planes[2] + at + whole * 64, &k);
        if (row % 16 == 15)
            NAME(publish)(s, row / 16, chunks, seen);
    }
}
