using System.Diagnostics.CodeAnalysis;
using QemuZeroCopy.Interop.FFmpeg;
using QemuZeroCopy.Interop.Va;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode.Vaapi;

/// <summary>Opens the converter of a path. Null with one line that says what is missing.</summary>
public delegate IFrameConverter? ConverterFactory(out string? whyNot);

/// <summary>
/// A step of the ladder that ends in VAAPI: any converter, and the driver's encoders either on exported
/// surfaces that the converter writes, or on uploaded host pictures. Every encoder opens the driver for
/// itself, so a lost device is gone with it.
/// </summary>
public sealed class VaapiPath : VideoPath
{
    private readonly Func<VaDisplay> _openDisplay;
    private readonly HashSet<VideoCodec> _codecs;
    private readonly ConverterFactory _openConverter;
    private readonly Func<Scanout, bool> _reads;
    private readonly bool _exportSurfaces;

    /// <summary>A path over a driver that <paramref name="probe"/> has found able.</summary>
    /// <param name="name">For logs, such as "vulkan → vaapi".</param>
    /// <param name="probe">What the driver encodes.</param>
    /// <param name="openDisplay">Opens the driver; throws <see cref="VaException"/>.</param>
    /// <param name="openConverter">Opens the converter.</param>
    /// <param name="reads">Whether the converter can read a kind of scanout at all.</param>
    /// <param name="exportSurfaces">The converter writes <see cref="DmaBufPicture"/>; else it writes <see cref="HostPicture"/>.</param>
    public VaapiPath(
        string name, VaapiProbe probe, Func<VaDisplay> openDisplay, ConverterFactory openConverter, Func<Scanout, bool> reads, bool exportSurfaces)
    {
        ArgumentNullException.ThrowIfNull(probe);
        Name = name;
        _openDisplay = openDisplay;
        _codecs = [.. probe.Codecs];
        _openConverter = openConverter;
        _reads = reads;
        _exportSurfaces = exportSurfaces;
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override bool Accepts(Scanout scanout) => _reads(scanout);

    /// <inheritdoc/>
    public override bool Accepts(VideoFormat format) => _codecs.Contains(format.Codec) && format.Chroma == ChromaFormat.Yuv420;

    /// <inheritdoc/>
    public override bool TryOpenConverter([NotNullWhen(true)] out IFrameConverter? converter, [NotNullWhen(false)] out string? whyNot)
    {
        converter = _openConverter(out whyNot);
        if (converter is null)
            whyNot ??= "no converter";
        return converter is not null;
    }

    /// <inheritdoc/>
    public override bool TryOpenEncoder(in EncoderSettings settings, [NotNullWhen(true)] out IVideoEncoder? encoder, [NotNullWhen(false)] out string? whyNot)
    {
        encoder = null;
        if (!FFmpegLibrary.TryOpen(out FFmpegLibrary? library, out whyNot))
            return false;
        VaDisplay? display = null;
        try
        {
            display = _openDisplay();
            VaapiSetup? setup = VaapiSetup.TryChoose(library, display, settings.Format.Codec, _exportSurfaces);
            if (setup is null)
            {
                whyNot = $"{display.Vendor} encodes no {settings.Format.Codec}";
                return false;
            }

            encoder = VaapiEncoder.Open(setup, settings.Size, new EncoderRate(settings.BitsPerSecond, settings.FramesPerSecond));
            display = null; // the encoder's now
            whyNot = null;
            return true;
        }
        catch (Exception e) when (e is VaException or EncoderSetupException)
        {
            whyNot = e.Message;
            return false;
        }
        finally
        {
            display?.Dispose();
        }
    }
}
