// What every file of libqzcnative shares.
#pragma once

// Marks what managed code calls; everything else stays inside the library.
#define QZC_EXPORT __attribute__((visibility("default")))

// Raised whenever a signature or a struct that managed code sees changes; NativeAbi.cs holds its twin.
#define QZC_NATIVE_ABI 5
