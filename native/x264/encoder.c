#include "shim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "library.h"

struct qzc_x264 {
    const struct x264_library *lib;
    x264_t *encoder;
    x264_param_t param;
    int max_effort;
    char last_error[200];
};

// x264 logs the reason before open fails; it becomes the message.
static void keep_error(void *private, int level, const char *format, va_list args)
{
    struct qzc_x264 *x = private;
    if (level > X264_LOG_ERROR || x->last_error[0] != 0)
        return;
    vsnprintf(x->last_error, sizeof x->last_error, format, args);
    size_t length = strlen(x->last_error);
    if (length > 0 && x->last_error[length - 1] == '\n')
        x->last_error[length - 1] = 0;
}

static void set_effort(x264_param_t *p, int effort, int wide, int max_effort)
{
    p->analyse.intra = effort >= 1 ? X264_ANALYSE_I4x4 | X264_ANALYSE_I8x8 : 0;
    p->analyse.inter = effort >= 1 ? X264_ANALYSE_I4x4 | X264_ANALYSE_I8x8 : 0;
    // Scrolled text has no slope that a small search could follow down: by 40 rows a diamond makes pictures 14 times
    // as large as this one, and takes twice as long to code them. Where there is nothing to find, looking for it takes
    // twice the time of a hexagon.
    p->analyse.i_me_method = effort < 1 ? X264_ME_DIA : wide ? X264_ME_UMH : X264_ME_HEX;
    p->analyse.i_me_range = effort >= 1 && wide ? 64 : 16;
    // An encoder opened with 0 has no half-pixel planes and stays with whole pixels.
    p->analyse.i_subpel_refine = max_effort < 2 ? 0 : effort >= 2 ? 2 : 1;
}

static const char *profile_name(int profile)
{
    switch (profile) {
    case 66: return "baseline";
    case 77: return "main";
    case 100: return "high";
    default: return "high444";
    }
}

static void configure(struct qzc_x264 *x, const struct qzc_x264_config *c)
{
    x264_param_t *p = &x->param;
    x->max_effort = c->effort;
    set_effort(p, c->effort, 1, x->max_effort);
    // 4:2:0 has no odd sizes, not even by cropping: the picture's edge is repeated in its padding, which is shown then.
    p->i_width = c->planar444 ? c->width : (c->width + 1) & ~1;
    p->i_height = c->planar444 ? c->height : (c->height + 1) & ~1;
    p->i_csp = c->planar444 ? X264_CSP_I444 : X264_CSP_NV12;
    // With 4:4:4 x264 adds 6, which takes back what the colour samples are there for.
    p->analyse.i_chroma_qp_offset = c->planar444 ? -6 : 0;
    p->i_threads = c->threads;
    p->b_sliced_threads = c->threads > 1;
    p->i_fps_num = (uint32_t)c->fps;
    p->i_fps_den = 1;
    p->b_vfr_input = 0;
    p->b_annexb = 1;
    p->b_repeat_headers = 1;
    p->b_aud = 0;
    p->i_keyint_max = X264_KEYINT_MAX_INFINITE;
    p->i_scenecut_threshold = 0;
    p->i_frame_reference = 1;
    p->i_bframe = 0;
    p->analyse.i_weighted_pred = X264_WEIGHTP_NONE;
    p->analyse.b_mb_info = c->mb_info;
    p->vui.i_colorprim = p->vui.i_transfer = p->vui.i_colmatrix = 1; // BT.709
    p->vui.b_fullrange = 0;
    // Left, as in MPEG-2: what decoders assume. The mean of 2 × 2 is the centre; the shift is not visible.
    p->vui.i_chroma_loc = 0;
    p->i_log_level = X264_LOG_ERROR;
    p->pf_log = keep_error;
    p->p_log_private = x;
    if (c->crf > 0) {
        p->rc.i_rc_method = X264_RC_CRF;
        p->rc.f_rf_constant = (float)c->crf;
        p->rc.i_vbv_max_bitrate = c->kbit_per_second;
        p->rc.i_vbv_buffer_size = c->vbv_kbit;
    } else {
        p->rc.i_rc_method = X264_RC_CQP;
        // Each picture brings its quantizer, which x264 clips to the range between those of I, P and B pictures:
        // these factors make it 10 to 51.
        p->rc.i_qp_constant = 24;
        p->rc.f_ip_factor = 5.0397f;
        p->rc.f_pb_factor = 22.6274f;
    }
}

int qzc_x264_build(void)
{
    return X264_BUILD;
}

int qzc_x264_load(char *message, int bytes)
{
    return x264_library_get(message, bytes) == NULL ? -1 : 0;
}

struct qzc_x264 *qzc_x264_open(const struct qzc_x264_config *config, char *message, int bytes)
{
    const struct x264_library *lib = x264_library_get(message, bytes);
    if (lib == NULL)
        return NULL;
    struct qzc_x264 *x = calloc(1, sizeof *x);
    if (x == NULL)
        return NULL;
    x->lib = lib;
    if (lib->default_preset(&x->param, "ultrafast", "zerolatency") == 0) {
        configure(x, config);
        if (lib->apply_profile(&x->param, profile_name(config->profile)) == 0)
            x->encoder = lib->open(&x->param);
    }
    if (x->encoder == NULL) {
        snprintf(message, (size_t)bytes, "x264 refused %dx%d, profile %d: %s", config->width, config->height, config->profile,
            x->last_error[0] != 0 ? x->last_error : "no reason given");
        free(x);
        return NULL;
    }
    lib->parameters(x->encoder, &x->param);
    return x;
}

int qzc_x264_encode(struct qzc_x264 *x, const struct qzc_x264_picture *picture, struct qzc_x264_unit *unit)
{
    x264_picture_t in, out;
    x264_nal_t *nals = NULL;
    int count = 0, planes = x->param.i_csp == X264_CSP_I444 ? 3 : 2;
    x->lib->picture_init(&in);
    in.img.i_csp = x->param.i_csp;
    in.img.i_plane = planes;
    for (int i = 0; i < planes; i++) {
        in.img.plane[i] = (uint8_t *)picture->planes[i];
        in.img.i_stride[i] = picture->strides[i];
    }
    in.i_pts = picture->pts;
    in.i_type = picture->key_frame ? X264_TYPE_IDR : X264_TYPE_AUTO;
    in.i_qpplus1 = x->param.rc.i_rc_method == X264_RC_CQP ? picture->qp + 1 : X264_QP_AUTO;
    in.prop.mb_info = (uint8_t *)picture->unchanged;
    int bytes = x->lib->encode(x->encoder, &nals, &count, &in, &out);
    memset(unit, 0, sizeof *unit);
    if (bytes <= 0)
        return bytes;
    unit->data = count > 0 ? nals[0].p_payload : NULL;
    unit->bytes = bytes;
    unit->is_key_frame = out.b_keyframe;
    for (int i = 0; i < planes && i < out.img.i_plane; i++) {
        unit->planes[i] = out.img.plane[i];
        unit->strides[i] = out.img.i_stride[i];
    }
    return bytes;
}

int qzc_x264_set_rate(struct qzc_x264 *x, int kbit_per_second, int vbv_kbit)
{
    if (x->param.rc.i_rc_method == X264_RC_CQP)
        return 0;
    x->param.rc.i_vbv_max_bitrate = kbit_per_second;
    x->param.rc.i_vbv_buffer_size = vbv_kbit;
    return x->lib->reconfig(x->encoder, &x->param);
}

int qzc_x264_set_effort(struct qzc_x264 *x, int effort, int wide)
{
    set_effort(&x->param, effort, wide, x->max_effort);
    return x->lib->reconfig(x->encoder, &x->param);
}

void qzc_x264_close(struct qzc_x264 *x)
{
    x->lib->close(x->encoder);
    free(x);
}
