using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.FFmpeg;

/// <summary>A rectangle of a frame: distances in pixels from its left and its top edge. Laid out as native/ffmpeg reads it.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct FrameRegion(int Left, int Top, int Right, int Bottom);

/// <summary>An AVFrame: a reference to a surface of <see cref="HardwareFrames"/>, or to NV12 planes in host memory.</summary>
public sealed unsafe class MediaFrame : IDisposable
{
    private readonly FFmpegLibrary _library;
    private nint _frame;

    /// <summary>An empty frame.</summary>
    public MediaFrame(FFmpegLibrary library)
    {
        _library = library;
        _frame = HardwareFrames.ThrowIfNull(library.AllocFrame(), "av_frame_alloc");
    }

    internal nint Handle => _frame;

    /// <summary>VASurfaceID of the surface that the frame is bound to.</summary>
    public uint VaSurface => FFmpegStructs.GetVaSurface(_frame);

    /// <summary>Sets the time stamp, in units of one frame, and whether an IDR picture is wanted.</summary>
    public void Stamp(long pts, bool isKeyFrame) => FFmpegStructs.Stamp(_frame, pts, isKeyFrame ? 1 : 0);

    /// <summary>Refers to NV12 planes, which stay the caller's and must outlive the use of the frame.</summary>
    public void Describe(int width, int height, byte* luma, byte* chroma, int stride) =>
        FFmpegStructs.DescribeNv12(_frame, width, height, luma, chroma, stride);

    /// <summary>
    /// Has the encoder quantize these regions differently from the rest of this frame, by an offset in quantizers of H.264
    /// (AVRegionOfInterest; another codec's range is scaled). Goes when the frame is unbound. False without memory for it.
    /// </summary>
    public bool TryMark(ReadOnlySpan<FrameRegion> regions, int quantizerOffset)
    {
        nint sideData = _library.NewSideData(_frame, FFmpegStructs.RegionsKind(), FFmpegStructs.RegionsBytes(regions.Length));
        if (sideData == 0)
            return false;
        fixed (FrameRegion* first = regions)
            FFmpegStructs.FillRegions(sideData, first, regions.Length, quantizerOffset);
        return true;
    }

    /// <summary>Copies host pixels of <paramref name="source"/> into this frame's surface. False when the driver refuses.</summary>
    public bool TryUpload(MediaFrame source) => _library.TransferData(_frame, source._frame, 0) >= 0;

    /// <summary>Gives the surface back to its pool.</summary>
    public void Unbind() => _library.UnrefFrame(_frame);

    /// <summary>Gives the surface back and frees the frame.</summary>
    public void Dispose()
    {
        fixed (nint* frame = &_frame)
        {
            if (_frame != 0)
                _library.FreeFrame(frame);
        }
    }
}
