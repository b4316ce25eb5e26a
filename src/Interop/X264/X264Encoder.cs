using System.Runtime.InteropServices;
using System.Text;

namespace QemuZeroCopy.Interop.X264;

/// <summary>
/// An x264 encoder, opened for low delay: no lookahead, no B-frames, one reference, key frames on request
/// only, BT.709 limited range. One thread at a time. libx264 is loaded at run time (native/x264/library.c).
/// </summary>
public sealed unsafe partial class X264Encoder : SafeHandle
{
    private const int MessageBytes = 256;

    private X264Encoder(nint encoder)
        : base(0, ownsHandle: true) => SetHandle(encoder);

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>X264_BUILD of the header that the shim was compiled against.</summary>
    public static int Build => qzc_x264_build();

    /// <summary>Whether libx264 can be loaded; else one line that says what to install.</summary>
    public static bool IsAvailable(out string? whyNot)
    {
        byte* message = stackalloc byte[MessageBytes];
        whyNot = qzc_x264_load(message, MessageBytes) == 0 ? null : Text(message);
        return whyNot is null;
    }

    /// <summary>Opens an encoder; null with x264's reason where it refuses.</summary>
    public static X264Encoder? TryOpen(in X264Config config, out string? whyNot)
    {
        byte* message = stackalloc byte[MessageBytes];
        nint encoder = qzc_x264_open(in config, message, MessageBytes);
        whyNot = encoder == 0 ? Text(message) : null;
        return encoder == 0 ? null : new X264Encoder(encoder);
    }

    /// <summary>
    /// Encodes one picture, whose planes must hold whole rows of the size given at the start. False when x264
    /// reports an error. <paramref name="unit"/> points into x264's memory until the next call.
    /// </summary>
    public bool Encode(in X264Picture picture, out X264Unit unit)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        return qzc_x264_encode(handle, in picture, out unit) > 0;
    }

    /// <summary>A new rate for x264's own rate control, from the next picture on; no key frame.</summary>
    public bool SetRate(int kbitPerSecond, int vbvKbit)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        return qzc_x264_set_rate(handle, kbitPerSecond, vbvKbit) == 0;
    }

    /// <summary>
    /// How hard to look for a shorter code: 0 like ultrafast, 1 with small intra blocks too and a search nearby or, with
    /// <paramref name="isWide"/>, far enough for scrolled text, 2 with half-pixel motion too.
    /// </summary>
    public bool SetEffort(int effort, bool isWide = true)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        return qzc_x264_set_effort(handle, effort, isWide ? 1 : 0) == 0;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        qzc_x264_close(handle);
        return true;
    }

    private static string Text(byte* message) => Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(message));

    [LibraryImport("qzcnative")]
    private static partial int qzc_x264_build();

    [LibraryImport("qzcnative")]
    private static partial int qzc_x264_load(byte* message, int bytes);

    [LibraryImport("qzcnative")]
    private static partial nint qzc_x264_open(in X264Config config, byte* message, int bytes);

    [LibraryImport("qzcnative")]
    private static partial int qzc_x264_encode(nint encoder, in X264Picture picture, out X264Unit unit);

    [LibraryImport("qzcnative")]
    private static partial int qzc_x264_set_rate(nint encoder, int kbitPerSecond, int vbvKbit);

    [LibraryImport("qzcnative")]
    private static partial int qzc_x264_set_effort(nint encoder, int effort, int wide);

    [LibraryImport("qzcnative")]
    private static partial void qzc_x264_close(nint encoder);
}
