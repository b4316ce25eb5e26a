using System.Runtime.InteropServices;
using static QemuZeroCopy.Interop.Opus.OpusNative;

namespace QemuZeroCopy.Interop.Opus;

/// <summary>
/// An Opus encoder of 48 kHz stereo: full band, variable rate, in-band FEC where loss makes it worth its bits, DTX in
/// silence (RFC 6716). One thread at a time; encoding allocates nothing.
/// </summary>
public sealed unsafe class OpusEncoder : SafeHandle
{
    /// <summary>The largest packet of one frame (RFC 6716 section 3.4).</summary>
    public const int MaxPacketBytes = 1275;

    private int _lossPercent;

    private OpusEncoder(nint encoder)
        : base(0, ownsHandle: true) => SetHandle(encoder);

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Opens an encoder.</summary>
    /// <param name="bitsPerSecond">Mean rate of sound that is not silent, 6,000 to 510,000.</param>
    /// <param name="complexity">0, the cheapest, to 10.</param>
    /// <exception cref="OpusException">libopus is missing, or refuses the settings.</exception>
    public static OpusEncoder Open(int bitsPerSecond, int complexity)
    {
        OpusLibrary.ThrowIfMissing();
        int error;
        var encoder = new OpusEncoder(opus_encoder_create(SampleRate, Channels, ApplicationAudio, &error));
        try
        {
            OpusException.ThrowIfFailed(error, "opus_encoder_create");
            encoder.Set(SetBitrate, bitsPerSecond);
            encoder.Set(SetVbr, 1);
            encoder.Set(SetComplexity, complexity);
            encoder.Set(SetInbandFec, 1);
            encoder.Set(SetDtx, 1);
            return encoder;
        }
        catch
        {
            encoder.Dispose();
            throw;
        }
    }

    /// <summary>Share of packets that get lost, in percent: with loss, speech is sent with a copy of the frame before.</summary>
    public int LossPercent
    {
        get => _lossPercent;
        set
        {
            if (value == _lossPercent)
                return;
            Set(SetPacketLossPercent, Math.Clamp(value, 0, 100));
            _lossPercent = value;
        }
    }

    /// <summary>Samples by which the sound in a packet lags behind what was put in.</summary>
    public int LookaheadSamples
    {
        get
        {
            int samples;
            return opus_encoder_ctl(handle, GetLookahead, &samples) < 0 ? 0 : samples;
        }
    }

    /// <summary>
    /// Encodes one frame of 2.5, 5, 10, 20, 40 or 60 ms, interleaved, ±1. The packet's bytes; 2 or less where it says
    /// only that silence goes on (DTX); negative where libopus refuses the frame.
    /// </summary>
    public int Encode(ReadOnlySpan<float> stereo, Span<byte> packet)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        fixed (float* samples = stereo)
        fixed (byte* bytes = packet)
            return opus_encode_float(handle, samples, stereo.Length / Channels, bytes, packet.Length);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        opus_encoder_destroy(handle);
        return true;
    }

    private void Set(int request, int value) => OpusException.ThrowIfFailed(opus_encoder_ctl(handle, request, value), "opus_encoder_ctl");
}
