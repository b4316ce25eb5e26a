using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>How finely colour is sampled.</summary>
public enum ChromaFormat
{
    /// <summary>4:2:0, a quarter of the colour samples: NV12. Every decoder takes it.</summary>
    Yuv420,

    /// <summary>4:4:4, all colour samples: coloured text stays crisp. H.264 profile High 4:4:4 Predictive (f4).</summary>
    Yuv444,
}

/// <summary>H.264 profiles that browsers offer (profile_idc, ITU-T H.264 Annex A).</summary>
public enum H264Profile
{
    /// <summary>42e0: what every WebRTC peer takes; no CABAC, no 8 × 8 transform.</summary>
    ConstrainedBaseline = 66,

    /// <summary>4d00.</summary>
    Main = 77,

    /// <summary>6400.</summary>
    High = 100,

    /// <summary>f400; the one that carries <see cref="ChromaFormat.Yuv444"/>.</summary>
    High444 = 244,
}

/// <summary>What the viewers of a console can decode; a change of it means a new encoder and a key frame.</summary>
/// <param name="Codec">Codec of the access units.</param>
/// <param name="Profile">The highest H.264 profile that every viewer takes; no meaning for other codecs.</param>
/// <param name="Chroma">Colour sampling.</param>
public readonly record struct VideoFormat(VideoCodec Codec, H264Profile Profile, ChromaFormat Chroma)
{
    /// <summary>H.264 Constrained Baseline, 4:2:0.</summary>
    public static VideoFormat Default => new(VideoCodec.H264, H264Profile.ConstrainedBaseline, ChromaFormat.Yuv420);

    /// <summary>H.264 High 4:4:4 Predictive with all colour samples.</summary>
    public static VideoFormat FullChroma => new(VideoCodec.H264, H264Profile.High444, ChromaFormat.Yuv444);
}

/// <summary>What an encoder is opened with.</summary>
/// <param name="Size">Visible size of the pictures.</param>
/// <param name="Format">Codec, profile and chroma.</param>
/// <param name="BitsPerSecond">Rate target at the start; see <see cref="IVideoEncoder.SetRate"/>.</param>
/// <param name="FramesPerSecond">The most pictures that a second will bring.</param>
public readonly record struct EncoderSettings(PictureSize Size, VideoFormat Format, int BitsPerSecond, int FramesPerSecond);
