using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>Video codecs that a browser takes over WebRTC.</summary>
public enum VideoCodec
{
    /// <summary>ITU-T H.264, Annex B byte stream.</summary>
    H264,

    /// <summary>ITU-T H.265, Annex B byte stream.</summary>
    H265,

    /// <summary>AOMedia AV1, low-overhead bitstream (OBUs with size).</summary>
    Av1,
}

/// <summary>What became of a picture given to an encoder.</summary>
public enum EncodeOutcome
{
    /// <summary>The frame holds one access unit.</summary>
    Encoded,

    /// <summary>The encoder has kept the picture and gives its access unit with a later call.</summary>
    Pending,

    /// <summary>The picture was refused; the next one may work.</summary>
    Failed,

    /// <summary>The encoder is gone and must be disposed of.</summary>
    DeviceLost,
}

/// <summary>What the pipeline wants of one picture.</summary>
/// <param name="KeyFrame">The access unit must be decodable on its own (IDR).</param>
/// <param name="RefinementStep">
/// 0, or the highest step (1 … <see cref="RefinementMap.LastStep"/>) towards full sharpness that a block at
/// rest shall take with this picture.
/// </param>
/// <param name="Refinement">Which blocks; null with step 0. An encoder that cannot tell blocks apart sharpens the whole picture.</param>
/// <param name="RoomBits">
/// What the link has room for now. An encoder without a rate control of its own coarsens the picture to fit.
/// </param>
public readonly record struct EncodeRequest(
    bool KeyFrame, int RefinementStep, RefinementMap? Refinement = null, int RoomBits = 1_000_000);

/// <summary>
/// Makes access units of NV12 pictures. Owned and called by one encode thread; a new picture size means a
/// new encoder.
/// </summary>
public interface IVideoEncoder : IDisposable
{
    /// <summary>Short name for logs and the overlay, such as "x264 ultrafast" or "h264_vaapi: iHD".</summary>
    string Name { get; }

    /// <summary>Codec of the access units.</summary>
    VideoCodec Codec { get; }

    /// <summary>
    /// How many macroblocks a picture that only sharpens may take, so that it costs no more than others do. 0: an
    /// encoder that cannot tell blocks apart, which sharpens the whole picture step by step.
    /// </summary>
    int RefinementPortion => 0;

    /// <summary>The picture that the converter shall write next. Stays the encoder's.</summary>
    PictureTarget AcquireTarget();

    /// <summary>
    /// Just before <see cref="Encode"/> with the same picture and map: the picture that may be written meanwhile, by another
    /// thread too, and which <see cref="AcquireTarget"/> gives next. Null where the encoder reads but one.
    /// </summary>
    PictureTarget? AcquireNext(PictureTarget picture, TileMap changed) => null;

    /// <summary>
    /// Encodes the target. <paramref name="changed"/> has one bit for each macroblock that differs from the
    /// previous picture. On <see cref="EncodeOutcome.Encoded"/> the access unit stands in <paramref name="frame"/>.
    /// </summary>
    EncodeOutcome Encode(PictureTarget picture, TileMap changed, EncodeRequest request, EncodedFrame frame);

    /// <summary>Aims at <paramref name="bitsPerSecond"/> at <paramref name="framesPerSecond"/> from the next picture on, without a key frame.</summary>
    void SetRate(int bitsPerSecond, int framesPerSecond);
}
