/* A VADisplay without a DRM node, for machines that have none. libva exports the two constructors that
 * its own display back ends use, but declares them in a private header. */
#include <stdlib.h>
#include <string.h>
#include <va/va.h>
#include <va/va_backend.h>

extern VADisplayContextP va_newDisplayContext(void);
extern VADriverContextP va_newDriverContext(VADisplayContextP display);

static int is_valid(VADisplayContextP d) { return d && d->pDriverContext; }

static void destroy(VADisplayContextP d)
{
    free(d->pDriverContext->drm_state);
    free(d->pDriverContext);
    free(d);
}

static VAStatus count_candidates(VADisplayContextP d, int *count) { (void)d; *count = 1; return VA_STATUS_SUCCESS; }

static VAStatus name_by_index(VADisplayContextP d, char **name, int index)
{
    (void)d;
    *name = index == 0 ? strdup("software") : NULL;
    return *name ? VA_STATUS_SUCCESS : VA_STATUS_ERROR_UNKNOWN;
}

static VAStatus name(VADisplayContextP d, char **name_out) { return name_by_index(d, name_out, 0); }

__attribute__((visibility("default")))
VADisplay qzc_va_display_without_node(void)
{
    VADisplayContextP display = va_newDisplayContext();
    VADriverContextP driver = display ? va_newDriverContext(display) : NULL;
    if (!driver) {
        free(display);
        return NULL;
    }
    display->vaIsValid = is_valid;
    display->vaDestroy = destroy;
    display->vaGetDriverName = name;
    display->vaGetNumCandidates = count_candidates;
    display->vaGetDriverNameByIndex = name_by_index;
    driver->display_type = VA_DISPLAY_DRM_RENDERNODES;
    return display;
}
