// Fields of libavcodec's and libavutil's structs whose place moves between majors, reached through the
// headers that qzc is built against. Nothing here links with the libraries: managed code opens them, and
// only those of the majors that these functions name.
#include "qzc.h"

#include <libavcodec/avcodec.h>
#include <libavutil/hwcontext.h>
#include <libavutil/hwcontext_vaapi.h>
#include <stddef.h>
#include <stdint.h>

QZC_EXPORT int qzc_ff_avcodec_major(void);
QZC_EXPORT int qzc_ff_avutil_major(void);
QZC_EXPORT void qzc_ff_device_set_va_display(AVBufferRef *device, void *display);
QZC_EXPORT void qzc_ff_frames_describe(AVBufferRef *frames, int width, int height, int surfaces);
QZC_EXPORT void qzc_ff_codec_describe(AVCodecContext *codec, int width, int height, int frames_per_second,
                                      AVBufferRef *frames);
QZC_EXPORT uint32_t qzc_ff_frame_va_surface(const AVFrame *frame);
QZC_EXPORT void qzc_ff_frame_stamp(AVFrame *frame, int64_t pts, int is_key_frame);
QZC_EXPORT void qzc_ff_frame_describe_nv12(AVFrame *frame, int width, int height, uint8_t *luma, uint8_t *chroma,
                                           int stride);
QZC_EXPORT void qzc_ff_packet_view(const AVPacket *packet, const uint8_t **data, int *size, int *is_key_frame);

struct region { int left, top, right, bottom; };

QZC_EXPORT int qzc_ff_regions_kind(void);
QZC_EXPORT size_t qzc_ff_regions_bytes(int count);
QZC_EXPORT void qzc_ff_regions_fill(AVFrameSideData *side, const struct region *regions, int count, int offset);

int qzc_ff_avcodec_major(void)
{
    return LIBAVCODEC_VERSION_MAJOR;
}

int qzc_ff_avutil_major(void)
{
    return LIBAVUTIL_VERSION_MAJOR;
}

void qzc_ff_device_set_va_display(AVBufferRef *device, void *display)
{
    AVHWDeviceContext *context = (AVHWDeviceContext *)device->data;
    ((AVVAAPIDeviceContext *)context->hwctx)->display = display;
}

void qzc_ff_frames_describe(AVBufferRef *frames, int width, int height, int surfaces)
{
    AVHWFramesContext *context = (AVHWFramesContext *)frames->data;
    context->format = AV_PIX_FMT_VAAPI;
    context->sw_format = AV_PIX_FMT_NV12;
    context->width = width;
    context->height = height;
    context->initial_pool_size = surfaces;
}

// Takes over the reference to frames, which libavcodec drops with the context.
void qzc_ff_codec_describe(AVCodecContext *codec, int width, int height, int frames_per_second, AVBufferRef *frames)
{
    codec->width = width;
    codec->height = height;
    codec->pix_fmt = AV_PIX_FMT_VAAPI;
    codec->time_base = (AVRational){ 1, frames_per_second };
    codec->framerate = (AVRational){ frames_per_second, 1 };
    codec->sample_aspect_ratio = (AVRational){ 1, 1 };
    codec->color_primaries = AVCOL_PRI_BT709;
    codec->color_trc = AVCOL_TRC_BT709;
    codec->colorspace = AVCOL_SPC_BT709;
    codec->color_range = AVCOL_RANGE_MPEG;
    codec->hw_frames_ctx = frames;
}

uint32_t qzc_ff_frame_va_surface(const AVFrame *frame)
{
    return (uint32_t)(uintptr_t)frame->data[3];
}

void qzc_ff_frame_stamp(AVFrame *frame, int64_t pts, int is_key_frame)
{
    frame->pts = pts;
    frame->pict_type = is_key_frame ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
}

// The planes stay the caller's: the frame refers to them without a buffer.
void qzc_ff_frame_describe_nv12(AVFrame *frame, int width, int height, uint8_t *luma, uint8_t *chroma, int stride)
{
    frame->format = AV_PIX_FMT_NV12;
    frame->width = width;
    frame->height = height;
    frame->data[0] = luma;
    frame->data[1] = chroma;
    frame->linesize[0] = frame->linesize[1] = stride;
}

void qzc_ff_packet_view(const AVPacket *packet, const uint8_t **data, int *size, int *is_key_frame)
{
    *data = packet->data;
    *size = packet->size;
    *is_key_frame = (packet->flags & AV_PKT_FLAG_KEY) != 0;
}

int qzc_ff_regions_kind(void)
{
    return AV_FRAME_DATA_REGIONS_OF_INTEREST;
}

size_t qzc_ff_regions_bytes(int count)
{
    return (size_t)count * sizeof(AVRegionOfInterest);
}

// The offset is in H.264's quantizers; FFmpeg wants a share of the codec's whole range.
void qzc_ff_regions_fill(AVFrameSideData *side, const struct region *regions, int count, int offset)
{
    AVRegionOfInterest *out = (AVRegionOfInterest *)side->data;
    for (int i = 0; i < count; i++)
        out[i] = (AVRegionOfInterest){ .self_size = sizeof *out, .top = regions[i].top, .bottom = regions[i].bottom,
                                       .left = regions[i].left, .right = regions[i].right, .qoffset = { offset, 51 } };
}
