using QemuZeroCopy.Interop.FFmpeg;
using QemuZeroCopy.Interop.Va;

namespace QemuZeroCopy.Pipeline.Encode.Vaapi;

/// <summary>What was chosen of a driver's abilities.</summary>
/// <param name="Library">FFmpeg.</param>
/// <param name="Device">The driver; the encoder that is opened on it takes it over.</param>
/// <param name="Codec">What the viewers take.</param>
/// <param name="IsLowPower">The fixed-function entrypoint was found, and is used.</param>
/// <param name="ExportsSurfaces">Surfaces are exported for a shader to write, not uploaded.</param>
/// <param name="Regions">What all profiles of the codec take of regions of interest.</param>
internal sealed record VaapiSetup(
    FFmpegLibrary Library, VaDisplay Device, VideoCodec Codec, bool IsLowPower, bool ExportsSurfaces, VaRegionSupport Regions)
{
    /// <summary>The rate control that leaves all to <see cref="Regions"/> and to a constant quantizer.</summary>
    public const string ConstantQuantizer = "CQP";

    /// <summary>libavcodec's name for the encoder.</summary>
    public string EncoderName => EncoderNameOf(Codec);

    /// <summary>
    /// Rate controls in the order to be tried. Intel's drivers and all AV1 encoders keep a tight buffer only
    /// with VBR, the others with CBR; CQP is what always works.
    /// </summary>
    public IReadOnlyList<string> RateControls =>
        Codec == VideoCodec.Av1 || Device.Vendor.Contains("Intel", StringComparison.Ordinal) ? ["VBR", "CBR", ConstantQuantizer] : ["CBR", "VBR", ConstantQuantizer];

    /// <summary>libavcodec's name for the VAAPI encoder of a codec.</summary>
    public static string EncoderNameOf(VideoCodec codec) => codec switch
    {
        VideoCodec.H264 => "h264_vaapi",
        VideoCodec.H265 => "hevc_vaapi",
        VideoCodec.Av1 => "av1_vaapi",
        _ => throw new ArgumentOutOfRangeException(nameof(codec)),
    };

    /// <summary>Chooses what <paramref name="device"/> has for <paramref name="codec"/>. Null where it has nothing.</summary>
    public static VaapiSetup? TryChoose(FFmpegLibrary library, VaDisplay device, VideoCodec codec, bool exportSurfaces)
    {
        VaEncoderEntry[] entries = [.. device.QueryEncoders().Where(entry => IsOf(entry.Profile, codec))];
        if (entries.Length == 0)
            return null;
        bool lowPower = entries.Any(static entry => entry.IsLowPower);
        // FFmpeg chooses the profile.
        VaRegionSupport[] regions = [.. entries.Where(entry => entry.IsLowPower == lowPower).Select(device.QueryRegions)];
        return new VaapiSetup(library, device, codec, lowPower, exportSurfaces, new VaRegionSupport(
            regions.Min(static support => support.MaxRegions), regions.All(static support => support.WithRateControl)));
    }

    private static bool IsOf(VaProfile profile, VideoCodec codec) => codec switch
    {
        VideoCodec.H264 => profile is VaProfile.H264ConstrainedBaseline or VaProfile.H264Main or VaProfile.H264High,
        VideoCodec.H265 => profile == VaProfile.HevcMain,
        VideoCodec.Av1 => profile == VaProfile.Av1Profile0,
        _ => false,
    };
}
