using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.FFmpeg;

/// <summary>libavcodec's and libavutil's structs whose fields move between majors, through native/ffmpeg.</summary>
internal static unsafe partial class FFmpegStructs
{
    private const string Library = "qzcnative";

    /// <summary>LIBAVCODEC_VERSION_MAJOR that this program was built against.</summary>
    [LibraryImport(Library, EntryPoint = "qzc_ff_avcodec_major")]
    internal static partial int AvCodecMajor();

    /// <summary>LIBAVUTIL_VERSION_MAJOR that this program was built against.</summary>
    [LibraryImport(Library, EntryPoint = "qzc_ff_avutil_major")]
    internal static partial int AvUtilMajor();

    [LibraryImport(Library, EntryPoint = "qzc_ff_device_set_va_display")]
    internal static partial void SetVaDisplay(nint device, nint display);

    [LibraryImport(Library, EntryPoint = "qzc_ff_frames_describe")]
    internal static partial void DescribeFrames(nint frames, int width, int height, int surfaces);

    [LibraryImport(Library, EntryPoint = "qzc_ff_codec_describe")]
    internal static partial void DescribeCodec(nint codec, int width, int height, int framesPerSecond, nint framesTaken);

    [LibraryImport(Library, EntryPoint = "qzc_ff_frame_va_surface")]
    internal static partial uint GetVaSurface(nint frame);

    [LibraryImport(Library, EntryPoint = "qzc_ff_frame_stamp")]
    internal static partial void Stamp(nint frame, long pts, int isKeyFrame);

    [LibraryImport(Library, EntryPoint = "qzc_ff_frame_describe_nv12")]
    internal static partial void DescribeNv12(nint frame, int width, int height, byte* luma, byte* chroma, int stride);

    [LibraryImport(Library, EntryPoint = "qzc_ff_regions_kind")]
    internal static partial int RegionsKind();

    [LibraryImport(Library, EntryPoint = "qzc_ff_regions_bytes")]
    internal static partial nuint RegionsBytes(int count);

    [LibraryImport(Library, EntryPoint = "qzc_ff_regions_fill")]
    internal static partial void FillRegions(nint sideData, FrameRegion* regions, int count, int quantizerOffset);

    [LibraryImport(Library, EntryPoint = "qzc_ff_packet_view")]
    internal static partial void ViewPacket(nint packet, byte** data, int* size, int* isKeyFrame);
}
