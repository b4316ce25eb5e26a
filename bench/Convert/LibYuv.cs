using System.Runtime.InteropServices;

namespace QemuZeroCopy.Bench.Convert;

/// <summary>The peer: libyuv's conversion, BT.601, without comparison (libyuv-dev).</summary>
internal static unsafe partial class LibYuv
{
    [LibraryImport("libyuv.so.0", EntryPoint = "ARGBToNV12")]
    public static partial int ArgbToNv12(byte* source, int sourceStride, byte* y, int yStride, byte* uv, int uvStride, int width, int height);
}
