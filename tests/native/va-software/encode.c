#include "va_software.h"
#include <stdlib.h>
#include <string.h>

void context_free(struct context *c)
{
    if (c->encoder)
        x264_encoder_close(c->encoder);
    free(c->offsets);
    free(c);
}

static VAStatus create_context(VADriverContextP ctx, VAConfigID config, int width, int height, int flags,
                               VASurfaceID *targets, int count, VAContextID *id)
{
    (void)flags; (void)targets; (void)count;
    struct config *chosen = object_get(driver_of(ctx), KIND_CONFIG, config);
    if (!chosen)
        return VA_STATUS_ERROR_INVALID_CONFIG;
    struct context *c = calloc(1, sizeof *c);
    if (!c)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    c->config = *chosen;
    c->width = width;
    c->height = height;
    *id = object_add(driver_of(ctx), KIND_CONTEXT, c);
    if (*id != VA_INVALID_ID)
        return VA_STATUS_SUCCESS;
    free(c);
    return VA_STATUS_ERROR_ALLOCATION_FAILED;
}

static VAStatus destroy_context(VADriverContextP ctx, VAContextID id)
{
    struct context *c = object_remove(driver_of(ctx), KIND_CONTEXT, id);
    if (!c)
        return VA_STATUS_ERROR_INVALID_CONTEXT;
    context_free(c);
    return VA_STATUS_SUCCESS;
}

static VAStatus begin_picture(VADriverContextP ctx, VAContextID id, VASurfaceID target)
{
    struct context *c = object_get(driver_of(ctx), KIND_CONTEXT, id);
    if (!c)
        return VA_STATUS_ERROR_INVALID_CONTEXT;
    c->target = object_get(driver_of(ctx), KIND_SURFACE, target);
    c->has_picture = false;
    c->regions = 0;
    return c->target ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_SURFACE;
}

static void take_misc(struct context *c, const struct buffer *b)
{
    const VAEncMiscParameterBuffer *misc = (const void *)b->data;
    if (misc->type == VAEncMiscParameterTypeRateControl) {
        const VAEncMiscParameterRateControl *rate = (const void *)misc->data;
        c->rate_changed |= c->bits_per_second != rate->bits_per_second || c->target_percentage != rate->target_percentage;
        c->bits_per_second = rate->bits_per_second;
        c->target_percentage = rate->target_percentage;
    } else if (misc->type == VAEncMiscParameterTypeHRD) {
        const VAEncMiscParameterHRD *hrd = (const void *)misc->data;
        c->rate_changed |= c->vbv_bits != hrd->buffer_size;
        c->vbv_bits = hrd->buffer_size;
    } else if (misc->type == VAEncMiscParameterTypeFrameRate) {
        const VAEncMiscParameterFrameRate *rate = (const void *)misc->data;
        c->frame_rate_num = rate->framerate & 0xffff;
        c->frame_rate_den = rate->framerate >> 16 ? rate->framerate >> 16 : 1;
    } else if (misc->type == VAEncMiscParameterTypeROI) {
        const VAEncMiscParameterBufferROI *roi = (const void *)misc->data;
        c->regions = roi->num_roi < MAX_REGIONS ? (int)roi->num_roi : MAX_REGIONS;
        memcpy(c->region, roi->roi, (size_t)c->regions * sizeof *roi->roi); /* the application's memory, until it ends the picture */
    }
}

static VAStatus render_picture(VADriverContextP ctx, VAContextID id, VABufferID *list, int count)
{
    struct context *c = object_get(driver_of(ctx), KIND_CONTEXT, id);
    if (!c)
        return VA_STATUS_ERROR_INVALID_CONTEXT;
    for (int i = 0; i < count; i++) {
        struct buffer *b = object_get(driver_of(ctx), KIND_BUFFER, list[i]);
        if (!b)
            return VA_STATUS_ERROR_INVALID_BUFFER;
        if (b->type == VAEncSequenceParameterBufferType && b->capacity >= sizeof c->sequence) {
            memcpy(&c->sequence, b->data, sizeof c->sequence);
            c->has_sequence = true;
        } else if (b->type == VAEncPictureParameterBufferType && b->capacity >= sizeof c->picture) {
            memcpy(&c->picture, b->data, sizeof c->picture);
            c->has_picture = true;
        } else if (b->type == VAEncMiscParameterBufferType && b->capacity >= sizeof(VAEncMiscParameterBuffer)) {
            take_misc(c, b);
        }
    }
    return VA_STATUS_SUCCESS;
}

static void set_rate(struct context *c, x264_param_t *p)
{
    if (c->config.rate_control == VA_RC_CQP || c->bits_per_second == 0) {
        /* x264 takes no offsets where quantizers are constant: each picture gets the same one instead. */
        p->rc.i_rc_method = X264_RC_CRF;
        p->rc.f_rf_constant = c->picture.pic_init_qp;
        return;
    }
    unsigned percentage = c->target_percentage ? c->target_percentage : 100;
    int kilobits = (int)((uint64_t)c->bits_per_second * percentage / 100000);
    p->rc.i_rc_method = X264_RC_ABR;
    p->rc.i_bitrate = kilobits > 0 ? kilobits : 1;
    p->rc.i_vbv_max_bitrate = (int)(c->bits_per_second / 1000) > p->rc.i_bitrate ? (int)(c->bits_per_second / 1000) : p->rc.i_bitrate;
    p->rc.i_vbv_buffer_size = c->vbv_bits >= 1000 ? (int)(c->vbv_bits / 1000) : p->rc.i_vbv_max_bitrate;
}

static bool open_encoder(struct context *c)
{
    const VAEncSequenceParameterBufferH264 *s = &c->sequence;
    x264_param_t *p = &c->parameters;
    x264_param_default_preset(p, "ultrafast", "zerolatency");
    p->i_log_level = X264_LOG_ERROR;
    p->i_csp = X264_CSP_NV12;
    p->i_threads = 1;
    p->i_width = s->picture_width_in_mbs * 16;
    p->i_height = s->picture_height_in_mbs * 16;
    if (s->frame_cropping_flag) { /* offsets count in chroma samples, two luma samples each */
        p->i_width -= 2 * (int)(s->frame_crop_left_offset + s->frame_crop_right_offset);
        p->i_height -= 2 * (int)(s->frame_crop_top_offset + s->frame_crop_bottom_offset);
    }
    if (p->i_width <= 0 || p->i_height <= 0 || p->i_width > c->target->width || p->i_height > c->target->height)
        return false;
    p->i_fps_num = c->frame_rate_num ? c->frame_rate_num : 30;
    p->i_fps_den = c->frame_rate_den ? c->frame_rate_den : 1;
    p->b_vfr_input = 0;
    p->i_keyint_max = X264_KEYINT_MAX_INFINITE;
    p->i_scenecut_threshold = 0;
    p->b_repeat_headers = 1;
    p->b_annexb = 1;
    p->vui.i_colorprim = p->vui.i_transfer = p->vui.i_colmatrix = 1;
    p->vui.b_fullrange = 0;
    p->rc.i_aq_mode = X264_AQ_VARIANCE; /* quantizer offsets come with it: as good as none of its own */
    p->rc.f_aq_strength = 0.001f;
    set_rate(c, p);
    const char *profile = c->config.profile == VAProfileH264ConstrainedBaseline ? "baseline"
                        : c->config.profile == VAProfileH264Main ? "main" : "high";
    if (x264_param_apply_profile(p, profile) < 0)
        return false;
    c->encoder = x264_encoder_open(p);
    if (!c->offsets)
        c->offsets = calloc((size_t)s->picture_width_in_mbs * s->picture_height_in_mbs, sizeof *c->offsets);
    return c->encoder && c->offsets;
}

/* Of regions that overlap the first counts (va.h). */
static float *offsets_of_regions(struct context *c)
{
    int columns = c->sequence.picture_width_in_mbs, rows = c->sequence.picture_height_in_mbs;
    memset(c->offsets, 0, (size_t)columns * (size_t)rows * sizeof *c->offsets);
    for (int i = c->regions - 1; i >= 0; i--) {
        const VARectangle *r = &c->region[i].roi_rectangle;
        for (int row = r->y / 16; row < rows && row * 16 < r->y + r->height; row++)
            for (int column = r->x / 16; column < columns && column * 16 < r->x + r->width; column++)
                c->offsets[row * columns + column] = c->region[i].roi_value;
    }
    return c->offsets;
}

static VAStatus encode(struct context *c, struct buffer *coded)
{
    if (!c->encoder && !open_encoder(c))
        return VA_STATUS_ERROR_ENCODING_ERROR;
    if (c->rate_changed && c->parameters.rc.i_rc_method == X264_RC_ABR) {
        set_rate(c, &c->parameters);
        x264_encoder_reconfig(c->encoder, &c->parameters);
    }
    c->rate_changed = false;

    x264_picture_t in, out;
    x264_picture_init(&in);
    in.img.i_csp = X264_CSP_NV12;
    in.img.i_plane = 2;
    in.img.plane[0] = c->target->memory;
    in.img.plane[1] = c->target->memory + c->target->chroma_offset;
    in.img.i_stride[0] = in.img.i_stride[1] = c->target->stride;
    in.i_type = c->picture.pic_fields.bits.idr_pic_flag ? X264_TYPE_IDR : X264_TYPE_P;
    in.i_pts = c->pts++;
    in.prop.quant_offsets = offsets_of_regions(c);
    if (c->parameters.rc.i_rc_method == X264_RC_CRF)
        in.i_qpplus1 = c->picture.pic_init_qp + 1;
    x264_nal_t *nals;
    int count, bytes = x264_encoder_encode(c->encoder, &nals, &count, &in, &out);
    if (bytes < 0)
        return VA_STATUS_ERROR_ENCODING_ERROR;
    if ((size_t)bytes > coded->capacity) {
        coded->segment.status = VA_CODED_BUF_STATUS_SLICE_OVERFLOW_MASK;
        return VA_STATUS_ERROR_NOT_ENOUGH_BUFFER;
    }
    if (bytes > 0)
        memcpy(coded->data, nals[0].p_payload, (size_t)bytes); /* x264 lays the payloads end to end */
    coded->segment = (VACodedBufferSegment){ .size = (uint32_t)bytes };
    return VA_STATUS_SUCCESS;
}

static VAStatus end_picture(VADriverContextP ctx, VAContextID id)
{
    struct driver *d = driver_of(ctx);
    struct context *c = object_get(d, KIND_CONTEXT, id);
    if (!c || !c->target || !c->has_sequence || !c->has_picture)
        return VA_STATUS_ERROR_INVALID_CONTEXT;
    struct buffer *coded = object_get(d, KIND_BUFFER, c->picture.coded_buf);
    if (!coded || coded->type != VAEncCodedBufferType)
        return VA_STATUS_ERROR_INVALID_BUFFER;
    long picture = ++d->pictures;
    if (d->faults.device_lost_at > 0 && picture >= d->faults.device_lost_at)
        d->lost = true;
    if (d->lost)
        return VA_STATUS_ERROR_OPERATION_FAILED;
    if (picture == d->faults.encode_error_at)
        return VA_STATUS_ERROR_ENCODING_ERROR;
    if (picture == d->faults.hang_at || d->faults.hang_at == 0)
        c->target->hang_ms = d->faults.hang_ms;
    return encode(c, coded);
}

void install_encode(struct VADriverVTable *v)
{
    v->vaCreateContext = create_context;
    v->vaDestroyContext = destroy_context;
    v->vaBeginPicture = begin_picture;
    v->vaRenderPicture = render_picture;
    v->vaEndPicture = end_picture;
}
