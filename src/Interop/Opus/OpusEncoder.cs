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
    private bool _beginsAnew;

    private OpusEncoder(nint encoder)
        : base(0, ownsHandle: true) => SetHandle(encoder);

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Opens an encoder.</summary>
    /// <param name="bitsPerSecond">Mean rate of sound that is not silent, 6,000 to 510,000.</param>
    /// <param name="complexity">0, the cheapest, to 10.</param>
    /// <param name="application">What it is made for.</param>
    /// <exception cref="OpusException">libopus is missing, or refuses the settings.</exception>
    public static OpusEncoder Open(int bitsPerSecond, int complexity, OpusApplication application)
    {
        OpusLibrary.ThrowIfMissing();
        int error;
        var encoder = new OpusEncoder(opus_encoder_create(SampleRate, Channels, application == OpusApplication.LowDelay ? ApplicationRestrictedLowDelay : ApplicationAudio, &error));
        try
        {
            OpusException.ThrowIfFailed(error, "opus_encoder_create");
            encoder.Set(SetBitrate, bitsPerSecond);
            encoder.Set(SetVbr, 1);
            encoder.Set(SetComplexity, complexity);
            encoder.Set(SetInbandFec, 1);
            // Without FEC for speech there is nothing that DTX would pause but what is silent anyway.
            encoder.Set(SetDtx, application == OpusApplication.Audio ? 1 : 0);
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
    /// Forgets what was encoded: the next frame says nothing by reference to one before it, so that a decoder may have heard
    /// anything else until then.
    /// </summary>
    public void Reset()
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        Set(ResetState, 0);
        Set(SetPredictionDisabled, 1);
        _beginsAnew = true;
    }

    /// <summary>
    /// Encodes one frame of 2.5, 5, 10, 20, 40 or 60 ms, interleaved, ±1. The packet's bytes; 2 or less where it says
    /// only that silence goes on (DTX); negative where libopus refuses the frame.
    /// </summary>
    public int Encode(ReadOnlySpan<float> stereo, Span<byte> packet)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        int length;
        fixed (float* samples = stereo)
        fixed (byte* bytes = packet)
            length = opus_encode_float(handle, samples, stereo.Length / Channels, bytes, packet.Length);
        if (_beginsAnew)
        {
            Set(SetPredictionDisabled, 0);
            _beginsAnew = false;
        }

        return length;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        opus_encoder_destroy(handle);
        return true;
    }

    private void Set(int request, int value) => OpusException.ThrowIfFailed(opus_encoder_ctl(handle, request, value), "opus_encoder_ctl");
}
