using System.Diagnostics.CodeAnalysis;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>
/// One way from a scanout to access units: a converter and an encoder that fit together, such as Vulkan
/// into VAAPI surfaces, or CPU into x264. <see cref="ConsolePipeline"/> is given a list of them, best first,
/// and steps down it when one cannot take what QEMU shows or has lost its device. Called on the encode
/// thread only; a converter is kept over mode changes, an encoder serves one size and format.
/// </summary>
public abstract class VideoPath
{
    /// <summary>Short name for logs and <c>qzc doctor</c>, such as "vulkan → vaapi" or "cpu → x264".</summary>
    public abstract string Name { get; }

    /// <summary>
    /// Whether an encoder can be opened beside an older one, which is then closed when the new one's first picture is on its
    /// way. Not where a device may have room for one only.
    /// </summary>
    public virtual bool OpensBesideAnother => false;

    /// <summary>Whether the converter can read this kind of scanout at all. Cheap; asked when the scanout changes.</summary>
    public abstract bool Accepts(Scanout scanout);

    /// <summary>Whether the encoder can make this format. Cheap.</summary>
    public abstract bool Accepts(VideoFormat format);

    /// <summary>Opens the converter. False with one line that says what is missing and what to do.</summary>
    public abstract bool TryOpenConverter([NotNullWhen(true)] out IFrameConverter? converter, [NotNullWhen(false)] out string? whyNot);

    /// <summary>Opens an encoder. False with one line that says what is missing and what to do.</summary>
    public abstract bool TryOpenEncoder(in EncoderSettings settings, [NotNullWhen(true)] out IVideoEncoder? encoder, [NotNullWhen(false)] out string? whyNot);
}
