using QemuZeroCopy.Interop.FFmpeg;
using QemuZeroCopy.Interop.Va;

namespace QemuZeroCopy.Pipeline.Encode.Vaapi;

/// <summary>What a VA-API driver and the installed FFmpeg can do together, found without encoding anything.</summary>
/// <param name="Vendor">The driver's name for itself; empty without one.</param>
/// <param name="Encoders">Profiles and entrypoints that the driver encodes.</param>
/// <param name="Codecs">What of it this program can use, best common ground first.</param>
/// <param name="Problem">Why there is nothing, and what to do; empty when there is something.</param>
public sealed record VaapiProbe(string Vendor, IReadOnlyList<VaEncoderEntry> Encoders, IReadOnlyList<VideoCodec> Codecs, string Problem)
{
    /// <summary>Asks the driver of a render node, such as /dev/dri/renderD128.</summary>
    public static VaapiProbe OfRenderNode(string path)
    {
        try
        {
            using VaDisplay display = VaDisplay.OpenRenderNode(path);
            return Of(display);
        }
        catch (VaException e)
        {
            return new VaapiProbe("", [], [], e.Message);
        }
    }

    /// <summary>Asks an open driver.</summary>
    public static VaapiProbe Of(VaDisplay display)
    {
        ArgumentNullException.ThrowIfNull(display);
        IReadOnlyList<VaEncoderEntry> encoders = display.QueryEncoders();
        if (!FFmpegLibrary.TryOpen(out FFmpegLibrary? library, out string reason))
            return new VaapiProbe(display.Vendor, encoders, [], reason);
        var codecs = new List<VideoCodec>();
        foreach (VideoCodec codec in Enum.GetValues<VideoCodec>())
        {
            if (VaapiSetup.TryChoose(library, display, codec, exportSurfaces: true) is not null && library.HasEncoder(VaapiSetup.EncoderNameOf(codec)))
                codecs.Add(codec);
        }

        string problem = codecs.Count > 0 ? "" : encoders.Count > 0
            ? $"{display.Vendor} encodes nothing that a browser takes."
            : $"{display.Vendor} decodes only, or was built without H.264 and HEVC encoding.";
        return new VaapiProbe(display.Vendor, encoders, codecs, problem);
    }
}
