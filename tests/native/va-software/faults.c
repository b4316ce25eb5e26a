/* Faults are ordered in QZC_VA_FAULTS, separated by ';', for instance "encode-error=5;hang=7:300". */
#include "va_software.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void take(struct faults *f, const char *fault)
{
    if (!strcmp(fault, "export-refused"))
        f->export_refused = true;
    else if (!strcmp(fault, "regions-need-cqp"))
        f->regions_need_cqp = true;
    else if (!strcmp(fault, "only-cqp"))
        f->only_cqp = true;
    else if (sscanf(fault, "modifier=%lx", &f->modifier) == 1)
        f->odd_modifier = true;
    else if (sscanf(fault, "planes-per-layer=%d", &f->planes_per_layer) == 1
             || sscanf(fault, "encode-error=%ld", &f->encode_error_at) == 1
             || sscanf(fault, "hang=%ld:%ld", &f->hang_at, &f->hang_ms) == 2
             || sscanf(fault, "device-lost=%ld", &f->device_lost_at) == 1
             || sscanf(fault, "max-surfaces=%d", &f->max_surfaces) == 1
             || sscanf(fault, "regions=%d", &f->max_regions) == 1)
        return;
    else if (*fault)
        fprintf(stderr, "va-software: unknown fault '%s' in QZC_VA_FAULTS\n", fault);
}

void faults_from_environment(struct faults *f)
{
    memset(f, 0, sizeof *f);
    f->planes_per_layer = 1;
    f->max_regions = MAX_REGIONS;
    f->hang_at = -1;
    const char *order = getenv("QZC_VA_FAULTS");
    char *copy = order ? strdup(order) : NULL, *rest = NULL;
    for (char *fault = copy ? strtok_r(copy, ";", &rest) : NULL; fault; fault = strtok_r(NULL, ";", &rest))
        take(f, fault);
    free(copy);
}
