// Packed RGB → NV12 or planar 4:4:4 (BT.709, limited range) and comparison with what stood there, in one pass.
// The numbers are those of src/Pipeline/Convert/Cpu/Bt709.cs; every level gives exactly the same bytes.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "../qzc.h"

// Pixels of a row that are converted at once: four macroblocks.
#define QZC_CHUNK 64
// 16384 pixels, the widest picture taken.
#define QZC_MAX_CHUNKS 256

// A rectangle of damaged tiles. The twin of ConvertStrip (src/Interop/Convert/ConvertKernels.cs).
struct qzc_strip {
    const uint8_t *source;    // first pixel, 4 bytes each
    ptrdiff_t source_stride;
    uint8_t *planes[3];       // where the run starts: Y and CbCr, or Y, Cb and Cr
    ptrdiff_t stride;         // of every plane; room for whole chunks
    uint64_t *changed;        // word row of the first macroblock row; one bit for each macroblock
    int32_t words_per_row;
    int32_t first_chunk;      // of the run in its row
    int32_t width;            // pixels in the source, at least 1; the last one is repeated up to a whole chunk
    int32_t height;           // rows in the source, at least 1; the last one is repeated
    int32_t rows;             // rows to make, a multiple of 16
    uint8_t coefficients[12]; // Y, Cb, Cr: a signed factor for each byte of a pixel
};

// The best level that this CPU has: 0 none, 1 AVX2, 2 AVX-512 BW, 3 AVX-512 VNNI.
QZC_EXPORT int qzc_convert_level(void);

QZC_EXPORT void qzc_convert_nv12(int level, const struct qzc_strip *strip);
QZC_EXPORT void qzc_convert_yuv444(int level, const struct qzc_strip *strip);

#define QZC_LUMA_BIAS 2631
#define QZC_LUMA_FACTOR 411
#define QZC_CHROMA_BIAS 31899
#define QZC_CHROMA_FACTOR 264
