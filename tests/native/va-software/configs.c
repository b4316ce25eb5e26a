#include "va_software.h"
#include <stdlib.h>

static const VAProfile profiles[] = { VAProfileH264ConstrainedBaseline, VAProfileH264Main, VAProfileH264High };
enum { PROFILES = sizeof profiles / sizeof *profiles };

static bool is_offered(VAProfile profile)
{
    for (int i = 0; i < PROFILES; i++)
        if (profiles[i] == profile)
            return true;
    return false;
}

static VAStatus query_profiles(VADriverContextP ctx, VAProfile *list, int *count)
{
    (void)ctx;
    for (int i = 0; i < PROFILES; i++)
        list[i] = profiles[i];
    *count = PROFILES;
    return VA_STATUS_SUCCESS;
}

static VAStatus query_entrypoints(VADriverContextP ctx, VAProfile profile, VAEntrypoint *list, int *count)
{
    (void)ctx;
    if (!is_offered(profile))
        return VA_STATUS_ERROR_UNSUPPORTED_PROFILE;
    list[0] = VAEntrypointEncSlice;
    *count = 1;
    return VA_STATUS_SUCCESS;
}

static uint32_t regions(const struct faults *f)
{
    if (f->max_regions == 0)
        return VA_ATTRIB_NOT_SUPPORTED;
    VAConfigAttribValEncROI roi = { .bits = { .num_roi_regions = (uint32_t)f->max_regions,
                                              .roi_rc_qp_delta_support = !f->regions_need_cqp } };
    return roi.value;
}

static uint32_t attribute_value(const struct faults *f, VAConfigAttribType type)
{
    switch (type) {
    case VAConfigAttribRTFormat:
        return VA_RT_FORMAT_YUV420;
    case VAConfigAttribRateControl:
        return f->only_cqp ? VA_RC_CQP : VA_RC_CQP | VA_RC_CBR | VA_RC_VBR;
    case VAConfigAttribEncROI:
        return regions(f);
    case VAConfigAttribEncMaxRefFrames:
        return 1; /* one forward reference, none backward: no B-frames */
    case VAConfigAttribEncMaxSlices:
        return 1;
    case VAConfigAttribEncQualityRange:
        return 7;
    case VAConfigAttribEncPackedHeaders:
        return VA_ENC_PACKED_HEADER_NONE; /* whole access units come back, headers included */
    case VAConfigAttribMaxPictureWidth:
    case VAConfigAttribMaxPictureHeight:
        return MAX_DIMENSION;
    default:
        return VA_ATTRIB_NOT_SUPPORTED;
    }
}

static VAStatus get_attributes(VADriverContextP ctx, VAProfile profile, VAEntrypoint entrypoint,
                               VAConfigAttrib *attributes, int count)
{
    if (!is_offered(profile))
        return VA_STATUS_ERROR_UNSUPPORTED_PROFILE;
    if (entrypoint != VAEntrypointEncSlice)
        return VA_STATUS_ERROR_UNSUPPORTED_ENTRYPOINT;
    for (int i = 0; i < count; i++)
        attributes[i].value = attribute_value(&driver_of(ctx)->faults, attributes[i].type);
    return VA_STATUS_SUCCESS;
}

static VAStatus create_config(VADriverContextP ctx, VAProfile profile, VAEntrypoint entrypoint,
                              VAConfigAttrib *attributes, int count, VAConfigID *id)
{
    if (!is_offered(profile))
        return VA_STATUS_ERROR_UNSUPPORTED_PROFILE;
    if (entrypoint != VAEntrypointEncSlice)
        return VA_STATUS_ERROR_UNSUPPORTED_ENTRYPOINT;
    struct config *c = calloc(1, sizeof *c);
    if (!c)
        return VA_STATUS_ERROR_ALLOCATION_FAILED;
    c->profile = profile;
    c->rate_control = VA_RC_CQP;
    for (int i = 0; i < count; i++)
        if (attributes[i].type == VAConfigAttribRateControl)
            c->rate_control = attributes[i].value;
    *id = object_add(driver_of(ctx), KIND_CONFIG, c);
    return *id == VA_INVALID_ID ? VA_STATUS_ERROR_ALLOCATION_FAILED : VA_STATUS_SUCCESS;
}

static VAStatus destroy_config(VADriverContextP ctx, VAConfigID id)
{
    struct config *c = object_remove(driver_of(ctx), KIND_CONFIG, id);
    free(c);
    return c ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_INVALID_CONFIG;
}

static VAStatus query_config(VADriverContextP ctx, VAConfigID id, VAProfile *profile, VAEntrypoint *entrypoint,
                             VAConfigAttrib *attributes, int *count)
{
    struct config *c = object_get(driver_of(ctx), KIND_CONFIG, id);
    if (!c)
        return VA_STATUS_ERROR_INVALID_CONFIG;
    *profile = c->profile;
    *entrypoint = VAEntrypointEncSlice;
    attributes[0] = (VAConfigAttrib){ VAConfigAttribRTFormat, VA_RT_FORMAT_YUV420 };
    attributes[1] = (VAConfigAttrib){ VAConfigAttribRateControl, c->rate_control };
    *count = 2;
    return VA_STATUS_SUCCESS;
}

void install_configs(struct VADriverVTable *v)
{
    v->vaQueryConfigProfiles = query_profiles;
    v->vaQueryConfigEntrypoints = query_entrypoints;
    v->vaGetConfigAttributes = get_attributes;
    v->vaCreateConfig = create_config;
    v->vaDestroyConfig = destroy_config;
    v->vaQueryConfigAttributes = query_config;
}
