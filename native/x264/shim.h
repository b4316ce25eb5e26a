// What managed code sees of x264: plain structs of fixed layout, whatever the build of the installed header.
// Twins: src/Interop/X264/X264Structs.cs.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "../qzc.h"

struct qzc_x264;

struct qzc_x264_config {
    int32_t width, height;
    int32_t fps;
    int32_t profile;         // profile_idc: 66, 77, 100, 244
    int32_t planar444;       // 0: NV12, 1: I444
    int32_t threads;         // slices encoded at the same time, at least 1
    int32_t crf;             // 0: each picture brings its QP; else x264's own rate control with the two below
    int32_t kbit_per_second;
    int32_t vbv_kbit;
    int32_t effort;          // see qzc_x264_set_effort
    int32_t mb_info;         // 0: ignore qzc_x264_picture.unchanged
};

struct qzc_x264_picture {
    const uint8_t *planes[3];
    int32_t strides[3];
    int32_t qp;              // 10 to 51; ignored with x264's own rate control
    int32_t key_frame;
    int64_t pts;
    const uint8_t *unchanged; // 1 for each macroblock that equals the previous picture's; or NULL
};

struct qzc_x264_unit {
    const uint8_t *data;     // Annex B; valid until the next call
    int32_t bytes;
    int32_t is_key_frame;
    const uint8_t *planes[3]; // what a decoder makes of it; valid until the next call
    int32_t strides[3];
};

// X264_BUILD of the header that this file was compiled against.
QZC_EXPORT int qzc_x264_build(void);

// 0, or -1 with one line in message: the library cannot be loaded.
QZC_EXPORT int qzc_x264_load(char *message, int bytes);

// NULL with one line in message when x264 refuses.
QZC_EXPORT struct qzc_x264 *qzc_x264_open(const struct qzc_x264_config *config, char *message, int bytes);

// Bytes of the access unit, 0 when there is none, negative on an error.
QZC_EXPORT int qzc_x264_encode(struct qzc_x264 *x, const struct qzc_x264_picture *picture, struct qzc_x264_unit *unit);

// New rate for x264's own rate control; nothing with constant QP.
QZC_EXPORT int qzc_x264_set_rate(struct qzc_x264 *x, int kbit_per_second, int vbv_kbit);

// 0: what ultrafast does. 1: also small intra blocks, and a search nearby, or, with wide, far enough for scrolling.
// 2: also half-pixel motion (only when opened with effort >= 2). Opened encoders search wide.
QZC_EXPORT int qzc_x264_set_effort(struct qzc_x264 *x, int effort, int wide);

QZC_EXPORT void qzc_x264_close(struct qzc_x264 *x);
