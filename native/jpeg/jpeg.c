// A still picture as a baseline JPEG (ITU-T T.81, JFIF): 4:2:0, the Huffman tables of its annex K. Made to be quick: four
// samples at a time where a compiler has vectors, blocks at rest told from others by one comparison.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../qzc.h"

typedef float v4f __attribute__((vector_size(16)));
typedef int32_t v4i __attribute__((vector_size(16)));

// One 16×16 square: four blocks of luma, one of each chroma; a row of eight samples is two vectors.
struct square {
    v4f blocks[6][8][2];
};

struct huffman {
    uint16_t codes[256];
    uint8_t lengths[256];
};

struct writer {
    uint8_t *at;
    uint64_t bits;
    int count;
};

// Annex K.1: quantizers at quality 50, row by row.
static const uint8_t quantizers[2][64] = {
    {16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
     18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99},
    {17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
     99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99}};

// Annex K.3: how many codes there are of each length, and what they stand for; DC and AC of luma, then of chroma.
static const uint8_t code_counts[4][16] = {
    {0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0},
    {0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125},
    {0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0},
    {0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119}};
static const uint8_t dc_symbols[12] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
static const uint8_t ac_symbols[2][162] = {
    {0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xa1,
     0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25, 0x26,
     0x27, 0x28, 0x29, 0x2a, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55, 0x56,
     0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83, 0x84, 0x85,
     0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa,
     0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6,
     0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9,
     0xfa},
    {0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71, 0x13, 0x22, 0x32, 0x81, 0x08, 0x14, 0x42,
     0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33, 0x52, 0xf0, 0x15, 0x62, 0x72, 0xd1, 0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17, 0x18, 0x19,
     0x1a, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x53, 0x54, 0x55,
     0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x82, 0x83,
     0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8,
     0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4,
     0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9,
     0xfa}};

// Figure A.6: where the k-th coefficient of a scan stands, row by row.
static const uint8_t zigzag[64] = {0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
                                   41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
                                   30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

// What a fast DCT leaves to be multiplied, for each frequency: 1, then √2·cos(kπ/16).
static const float dct_scales[8] = {1.0f, 1.387039845f, 1.306562965f, 1.175875602f, 1.0f, 0.785694958f, 0.541196100f, 0.275899379f};

// A coefficient takes 16 + 10 bits at most, every byte of which may have to be stuffed.
enum { MAX_SQUARE_BYTES = 6 * 64 * 26 / 8 * 2, MAX_HEADER_BYTES = 1024 };

static void fill_table(struct huffman *table, const uint8_t *counts, const uint8_t *symbols) {
    unsigned code = 0;
    for (int length = 1; length <= 16; length++, code <<= 1)
        for (int i = 0; i < counts[length - 1]; i++, symbols++) {
            table->codes[*symbols] = (uint16_t)code++;
            table->lengths[*symbols] = (uint8_t)length;
        }
}

static void flush(struct writer *to) {
    while (to->count >= 8) {
        to->count -= 8;
        uint8_t byte = (uint8_t)(to->bits >> to->count);
        *to->at++ = byte;
        if (byte == 0xff)
            *to->at++ = 0;
    }
}

// 31 bits at most.
static void put(struct writer *to, uint32_t bits, int count) {
    to->bits = to->bits << count | bits;
    to->count += count;
    if (to->count >= 32)
        flush(to);
}

// A code and, behind it, the number that it announces the size of: a negative one as what it is above the least of its
// size (F.1.2.1).
static void put_number(struct writer *to, uint32_t code, int length, int number, int size) {
    put(to, code << size | ((uint32_t)(number + (number >> 31)) & ((1u << size) - 1)), length + size);
}

static uint8_t *put_bytes(uint8_t *at, const void *bytes, size_t count) {
    memcpy(at, bytes, count);
    return at + count;
}

// Reads a square; what lies beyond the picture repeats its last pixel.
static void read_square(const uint8_t *pixels, ptrdiff_t stride, int width, int height, int x, int y, uint32_t out[16][16]) {
    int columns = width - x < 16 ? width - x : 16;
    for (int row = 0; row < 16; row++) {
        const uint8_t *from = pixels + stride * (y + row < height ? y + row : height - 1) + (ptrdiff_t)x * 4;
        memcpy(out[row], from, (size_t)columns * 4);
        for (int column = columns; column < 16; column++)
            out[row][column] = out[row][columns - 1];
    }
}

static v4f channel(v4i pixels, int shift) { return __builtin_convertvector(pixels >> shift & 255, v4f); }

// Neighbours in a row, added.
static v4f pairs(v4f a, v4f b) { return __builtin_shuffle(a, b, (v4i){0, 2, 4, 6}) + __builtin_shuffle(a, b, (v4i){1, 3, 5, 7}); }

// BT.601 in full range, as JFIF has it; luma about its middle.
static void to_components(uint32_t in[16][16], int red_shift, int green_shift, int blue_shift, struct square *out) {
    for (int row = 0; row < 16; row += 2) {
        v4f sums[3][4];
        for (int group = 0; group < 4; group++)
            for (int line = 0; line < 2; line++) {
                v4i pixels;
                memcpy(&pixels, &in[row + line][group * 4], sizeof pixels);
                v4f r = channel(pixels, red_shift), g = channel(pixels, green_shift), b = channel(pixels, blue_shift);
                out->blocks[row / 8 * 2 + group / 2][(row + line) % 8][group % 2] = 0.299f * r + 0.587f * g + 0.114f * b - 128.0f;
                sums[0][group] = line ? sums[0][group] + r : r;
                sums[1][group] = line ? sums[1][group] + g : g;
                sums[2][group] = line ? sums[2][group] + b : b;
            }
        for (int half = 0; half < 2; half++) {
            v4f r = pairs(sums[0][half * 2], sums[0][half * 2 + 1]), g = pairs(sums[1][half * 2], sums[1][half * 2 + 1]), b = pairs(sums[2][half * 2], sums[2][half * 2 + 1]);
            out->blocks[4][row / 2][half] = -0.042184f * r - 0.082816f * g + 0.125f * b;
            out->blocks[5][row / 2][half] = 0.125f * r - 0.104672f * g - 0.020328f * b;
        }
    }
}

// The eight-point DCT of Arai, Agui and Nakajima (1988) down the columns of half a block.
static void transform(v4f (*rows)[2], int half) {
    v4f sums[4], differences[4];
    for (int i = 0; i < 4; i++) {
        sums[i] = rows[i][half] + rows[7 - i][half];
        differences[i] = rows[i][half] - rows[7 - i][half];
    }

    v4f even0 = sums[0] + sums[3], even1 = sums[1] + sums[2], even2 = sums[1] - sums[2], even3 = sums[0] - sums[3];
    v4f turned = (even2 + even3) * 0.707106781f;
    rows[0][half] = even0 + even1;
    rows[4][half] = even0 - even1;
    rows[2][half] = even3 + turned;
    rows[6][half] = even3 - turned;

    v4f odd0 = differences[3] + differences[2], odd1 = differences[2] + differences[1], odd2 = differences[1] + differences[0];
    v4f shared = (odd0 - odd2) * 0.382683433f, low = odd0 * 0.541196100f + shared, high = odd2 * 1.306562965f + shared;
    v4f middle = odd1 * 0.707106781f, plus = differences[0] + middle, minus = differences[0] - middle;
    rows[5][half] = minus + low;
    rows[3][half] = minus - low;
    rows[1][half] = plus + high;
    rows[7][half] = plus - high;
}

static void transpose4(const v4f in[4], v4f out[4]) {
    v4f a = __builtin_shuffle(in[0], in[1], (v4i){0, 4, 1, 5}), b = __builtin_shuffle(in[2], in[3], (v4i){0, 4, 1, 5});
    v4f c = __builtin_shuffle(in[0], in[1], (v4i){2, 6, 3, 7}), d = __builtin_shuffle(in[2], in[3], (v4i){2, 6, 3, 7});
    out[0] = __builtin_shuffle(a, b, (v4i){0, 1, 4, 5});
    out[1] = __builtin_shuffle(a, b, (v4i){2, 3, 6, 7});
    out[2] = __builtin_shuffle(c, d, (v4i){0, 1, 4, 5});
    out[3] = __builtin_shuffle(c, d, (v4i){2, 3, 6, 7});
}

static void transpose(v4f (*rows)[2]) {
    v4f out[8][2];
    for (int across = 0; across < 2; across++)
        for (int down = 0; down < 2; down++) {
            v4f in[4], turned[4];
            for (int i = 0; i < 4; i++)
                in[i] = rows[down * 4 + i][across];
            transpose4(in, turned);
            for (int i = 0; i < 4; i++)
                out[across * 4 + i][down] = turned[i];
        }
    memcpy(rows, out, sizeof out);
}

// Rounds to the nearest: adding 1.5·2^23 leaves the integer in the low bits of the float.
static v4i rounded(v4f values) {
    v4i bits;
    v4f moved = values + 12582912.0f;
    memcpy(&bits, &moved, sizeof bits);
    return bits - 0x4b400000;
}

// Transformed columns first and never turned back: coefficients, steps and scan are all transposed.
static void write_block(struct writer *to, v4f (*rows)[2], const v4f (*steps)[2], int *dc, const struct huffman *dc_table, const struct huffman *ac_table) {
    int32_t coefficients[64];
    transform(rows, 0);
    transform(rows, 1);
    transpose(rows);
    transform(rows, 0);
    transform(rows, 1);
    v4i any = {0, 0, 0, 0};
    for (int row = 0; row < 8; row++)
        for (int half = 0; half < 2; half++) {
            v4i quantized = rounded(rows[row][half] * steps[row][half]);
            memcpy(&coefficients[row * 8 + half * 4], &quantized, sizeof quantized);
            any |= row + half ? quantized : quantized & (v4i){0, -1, -1, -1};
        }

    int difference = coefficients[0] - *dc;
    *dc = coefficients[0];
    int size = difference ? 32 - __builtin_clz((unsigned)(difference < 0 ? -difference : difference)) : 0;
    put_number(to, dc_table->codes[size], dc_table->lengths[size], difference, size);

    uint64_t set = 0;
    int32_t scan[64];
    if (any[0] | any[1] | any[2] | any[3])
        for (int k = 1; k < 64; k++) {
            int at = zigzag[k];
            scan[k] = coefficients[at % 8 * 8 + at / 8];
            set |= (uint64_t)(scan[k] != 0) << k;
        }
    int before = 0;
    for (; set; set &= set - 1) {
        int k = __builtin_ctzll(set), run = k - before - 1, value = scan[k];
        before = k;
        for (; run >= 16; run -= 16)
            put(to, ac_table->codes[0xf0], ac_table->lengths[0xf0]);
        size = 32 - __builtin_clz((unsigned)(value < 0 ? -value : value));
        put_number(to, ac_table->codes[run << 4 | size], ac_table->lengths[run << 4 | size], value, size);
    }
    if (before != 63)
        put(to, ac_table->codes[0], ac_table->lengths[0]);
}

static uint8_t *write_headers(uint8_t *at, int width, int height, uint8_t used[2][64]) {
    static const uint8_t start[] = {0xff, 0xd8, 0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0};
    at = put_bytes(at, start, sizeof start);
    for (int table = 0; table < 2; table++) {
        at = put_bytes(at, (uint8_t[]){0xff, 0xdb, 0, 67, (uint8_t)table}, 5);
        for (int k = 0; k < 64; k++)
            *at++ = used[table][zigzag[k]];
    }
    uint8_t frame[] = {0xff, 0xc0, 0, 17, 8, (uint8_t)(height >> 8), (uint8_t)height, (uint8_t)(width >> 8), (uint8_t)width, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1};
    at = put_bytes(at, frame, sizeof frame);
    for (int table = 0; table < 4; table++) {
        int is_ac = table & 1, symbols = is_ac ? 162 : 12;
        at = put_bytes(at, (uint8_t[]){0xff, 0xc4, 0, (uint8_t)(19 + symbols), (uint8_t)(is_ac << 4 | table >> 1)}, 5);
        at = put_bytes(at, code_counts[table], 16);
        at = put_bytes(at, is_ac ? ac_symbols[table >> 1] : dc_symbols, (size_t)symbols);
    }
    static const uint8_t scan[] = {0xff, 0xda, 0, 12, 3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0};
    return put_bytes(at, scan, sizeof scan);
}

// Encodes width × height pixels of four bytes, whose red, green and blue are the bytes of those numbers. Quality is that of
// annex K's tables: 50 as they are, 100 none. Returns how many bytes were written, or 0 where they do not fit.
QZC_EXPORT long qzc_jpeg_encode(const uint8_t *pixels, long stride, int width, int height, const uint8_t channels[3], int quality, uint8_t *out, long capacity) {
    if (width < 1 || height < 1 || width > 16384 || height > 16384 || quality < 1 || quality > 100 || capacity < MAX_HEADER_BYTES)
        return 0;
    struct huffman tables[4];
    uint8_t used[2][64];
    v4f steps[2][8][2];
    memset(tables, 0, sizeof tables);
    for (int i = 0; i < 4; i++)
        fill_table(&tables[i], code_counts[i], i & 1 ? ac_symbols[i >> 1] : dc_symbols);
    int percent = quality < 50 ? 5000 / quality : 200 - quality * 2;
    for (int table = 0; table < 2; table++)
        for (int i = 0; i < 64; i++) {
            int step = (quantizers[table][i] * percent + 50) / 100;
            used[table][i] = (uint8_t)(step < 1 ? 1 : step > 255 ? 255 : step);
            int row = i / 8, column = i % 8;
            steps[table][column][row / 4][row % 4] = 1.0f / ((float)used[table][i] * dct_scales[row] * dct_scales[column] * 8.0f);
        }

    struct writer to = {write_headers(out, width, height, used), 0, 0};
    const uint8_t *end = out + capacity;
    int dc[3] = {0, 0, 0};
    struct square square;
    uint32_t read[16][16];
    for (int y = 0; y < height; y += 16)
        for (int x = 0; x < width; x += 16) {
            if (end - to.at < MAX_SQUARE_BYTES)
                return 0;
            read_square(pixels, stride, width, height, x, y, read);
            to_components(read, channels[0] * 8, channels[1] * 8, channels[2] * 8, &square);
            for (int block = 0; block < 6; block++) {
                int component = block < 4 ? 0 : block - 3, chroma = block >= 4;
                write_block(&to, square.blocks[block], (const v4f (*)[2])steps[chroma], &dc[component], &tables[chroma * 2], &tables[chroma * 2 + 1]);
            }
        }

    if (end - to.at < MAX_SQUARE_BYTES)
        return 0;
    put(&to, 0x7f, 7); // Filled up with ones (F.1.2.3).
    flush(&to);
    *to.at++ = 0xff;
    *to.at++ = 0xd9;
    return (long)(to.at - out);
}
