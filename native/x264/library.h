// libx264, opened at run time: qzc starts and says what to install where it is missing.
#pragma once
#include <stdint.h>
#include <x264.h>

struct x264_library {
    int (*default_preset)(x264_param_t *, const char *, const char *);
    int (*apply_profile)(x264_param_t *, const char *);
    x264_t *(*open)(x264_param_t *);
    int (*reconfig)(x264_t *, x264_param_t *);
    void (*parameters)(x264_t *, x264_param_t *);
    int (*encode)(x264_t *, x264_nal_t **, int *, x264_picture_t *, x264_picture_t *);
    void (*picture_init)(x264_picture_t *);
    void (*close)(x264_t *);
};

// NULL with one line in message.
const struct x264_library *x264_library_get(char *message, int bytes);
