/* A libva back end without hardware: it encodes H.264 by libx264 from surfaces in shared memory, so that
 * FFmpeg's own h264_vaapi can be tested on machines that have no GPU. A test tool, never shipped. */
#ifndef QZC_VA_SOFTWARE_H
#define QZC_VA_SOFTWARE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <va/va.h>
#include <va/va_backend.h>
#include <va/va_drmcommon.h>
#include <va/va_enc_h264.h>
#include <x264.h>

enum object_kind { KIND_CONFIG = 1, KIND_CONTEXT, KIND_SURFACE, KIND_BUFFER, KIND_IMAGE, KIND_COUNT };

/* An id is the kind in the top byte and a slot below: a stale or foreign id is refused, never followed. */
enum { SLOTS_PER_KIND = 4096, MAX_DIMENSION = 8192, MAX_REGIONS = 8 };

struct faults {
    bool export_refused;      /* export-refused          vaExportSurfaceHandle fails */
    uint64_t modifier;        /* modifier=0x…            what exports claim instead of LINEAR */
    bool odd_modifier;
    int planes_per_layer;     /* planes-per-layer=2      as with Intel's CCS */
    long encode_error_at;     /* encode-error=N          picture N fails, the next works */
    long hang_at;             /* hang=N:MS               picture N takes MS longer; each one with N = 0 */
    long hang_ms;
    long device_lost_at;      /* device-lost=N           from picture N on everything fails */
    int max_surfaces;         /* max-surfaces=N          no more can be made */
    int max_regions;          /* regions=N               regions of interest: 0 to MAX_REGIONS, which is what there are without it */
    bool regions_need_cqp;    /* regions-need-cqp        no quantizer offsets beside a rate control */
    bool only_cqp;            /* only-cqp                constant quantizers, no rate control */
};

struct config {
    VAProfile profile;
    unsigned rate_control;
};

struct surface {
    int fd;                   /* memfd, or udmabuf where the kernel has it */
    uint8_t *memory;
    size_t size;
    int width, height, stride;
    size_t chroma_offset;
    long hang_ms;             /* owed by the next vaSyncSurface */
};

struct buffer {
    VABufferType type;
    unsigned element_size, elements;
    uint8_t *data;
    bool borrowed;            /* data is a surface's, through a derived image */
    VACodedBufferSegment segment;
    size_t capacity;
};

struct image {
    VAImage image;
};

struct context {
    struct config config;
    int width, height;
    struct surface *target;
    x264_t *encoder;
    x264_param_t parameters;
    bool has_sequence;
    VAEncSequenceParameterBufferH264 sequence;
    VAEncPictureParameterBufferH264 picture;
    bool has_picture;
    unsigned bits_per_second, target_percentage, vbv_bits, frame_rate_num, frame_rate_den;
    bool rate_changed;
    int regions;              /* of the picture at hand */
    VAEncROI region[MAX_REGIONS];
    float *offsets;           /* a quantizer offset for each macroblock */
    int64_t pts;
};

struct driver {
    pthread_mutex_t lock;
    void *objects[KIND_COUNT][SLOTS_PER_KIND];
    int live[KIND_COUNT];
    struct faults faults;
    long pictures;
    bool lost;
};

static inline struct driver *driver_of(VADriverContextP ctx) { return ctx->pDriverData; }

/* objects.c */
uint32_t object_add(struct driver *d, enum object_kind kind, void *object); /* VA_INVALID_ID when full */
void *object_get(struct driver *d, enum object_kind kind, uint32_t id);     /* NULL when there is none */
void *object_remove(struct driver *d, enum object_kind kind, uint32_t id);

/* faults.c */
void faults_from_environment(struct faults *f);

/* configs.c, surfaces.c, buffers.c, images.c, encode.c: the entry points, by the part of va.h they serve */
void install_configs(struct VADriverVTable *v);
void install_surfaces(struct VADriverVTable *v);
void install_buffers(struct VADriverVTable *v);
void install_images(struct VADriverVTable *v);
void install_encode(struct VADriverVTable *v);

void surface_free(struct surface *s);
void buffer_free(struct buffer *b);
void context_free(struct context *c);

#endif
