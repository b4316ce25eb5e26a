#include "qzc.h"

// A stale libqzcnative.so beside a newer assembly is caught by comparing this with NativeAbi.Version.
QZC_EXPORT int qzc_native_abi_version(void);

int qzc_native_abi_version(void)
{
    return QZC_NATIVE_ABI;
}
