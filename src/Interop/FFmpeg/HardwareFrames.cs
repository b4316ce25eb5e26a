namespace QemuZeroCopy.Interop.FFmpeg;

/// <summary>
/// A pool of VAAPI surfaces (AVHWFramesContext, NV12) on a given VADisplay, which must outlive it.
/// </summary>
public sealed unsafe class HardwareFrames : IDisposable
{
    private nint _device;
    private nint _frames;

    /// <summary>Makes <paramref name="surfaces"/> surfaces of the given size in pixels.</summary>
    /// <exception cref="FFmpegException">The driver refuses them.</exception>
    public HardwareFrames(FFmpegLibrary library, nint vaDisplay, int width, int height, int surfaces)
    {
        Library = library;
        int type;
        fixed (byte* vaapi = "vaapi\0"u8)
            type = library.FindDeviceType(vaapi);
        if (type == 0)
            throw new FFmpegException("This FFmpeg was built without VAAPI.");
        try
        {
            _device = ThrowIfNull(library.AllocDevice(type), "av_hwdevice_ctx_alloc");
            FFmpegStructs.SetVaDisplay(_device, vaDisplay);
            ThrowIfError(library, library.InitDevice(_device), "av_hwdevice_ctx_init");
            _frames = ThrowIfNull(library.AllocFrames(_device), "av_hwframe_ctx_alloc");
            FFmpegStructs.DescribeFrames(_frames, width, height, surfaces);
            ThrowIfError(library, library.InitFrames(_frames), $"{surfaces} surfaces of {width}x{height}");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The library that made the pool.</summary>
    public FFmpegLibrary Library { get; }

    /// <summary>Frees the surfaces that no frame or encoder refers to any more.</summary>
    public void Dispose()
    {
        Unref(ref _frames);
        Unref(ref _device);
    }

    /// <summary>Another reference to the pool, for a codec context to keep.</summary>
    internal nint AddReference() => ThrowIfNull(Library.RefBuffer(_frames), "av_buffer_ref");

    /// <summary>Binds <paramref name="frame"/> to a free surface. False when there is none.</summary>
    public bool TryTake(MediaFrame frame) => Library.GetHardwareFrame(_frames, frame.Handle, 0) >= 0;

    internal static void ThrowIfError(FFmpegLibrary library, int result, string what)
    {
        if (result < 0)
            throw new FFmpegException($"{what}: {library.ErrorText(result)}");
    }

    internal static nint ThrowIfNull(nint pointer, string what) =>
        pointer != 0 ? pointer : throw new FFmpegException($"{what}: out of memory");

    private void Unref(ref nint buffer)
    {
        fixed (nint* reference = &buffer)
        {
            if (buffer != 0)
                Library.UnrefBuffer(reference);
        }
    }
}
