using System.Runtime.InteropServices;
using static QemuZeroCopy.Interop.Opus.OpusNative;

namespace QemuZeroCopy.Interop.Opus;

/// <summary>An Opus decoder to 48 kHz stereo. One thread at a time; decoding allocates nothing.</summary>
public sealed unsafe class OpusDecoder : SafeHandle
{
    /// <summary>Samples per channel of the longest packet, 120 ms (RFC 6716 section 3.2.5).</summary>
    public const int MaxPacketSamples = 5760;

    private OpusDecoder(nint decoder)
        : base(0, ownsHandle: true) => SetHandle(decoder);

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Opens a decoder.</summary>
    /// <exception cref="OpusException">libopus is missing.</exception>
    public static OpusDecoder Open()
    {
        OpusLibrary.ThrowIfMissing();
        int error;
        var decoder = new OpusDecoder(opus_decoder_create(SampleRate, Channels, &error));
        OpusException.ThrowIfFailed(error, "opus_decoder_create");
        return decoder;
    }

    /// <summary>Samples per channel in a packet; negative where it is none.</summary>
    public static int SamplesOf(ReadOnlySpan<byte> packet)
    {
        if (packet.IsEmpty)
            return -1;
        fixed (byte* bytes = packet)
            return opus_packet_get_nb_samples(bytes, packet.Length, SampleRate);
    }

    /// <summary>Decodes a packet, interleaved; samples per channel, negative where it is malformed or does not fit.</summary>
    public int Decode(ReadOnlySpan<byte> packet, Span<float> stereo) => packet.IsEmpty ? -1 : Run(packet, stereo, fec: 0);

    /// <summary>
    /// Makes up for a packet that is lost out of the copy in its successor, or from what was heard before where that has
    /// none. <paramref name="stereo"/> has the very length that is missing.
    /// </summary>
    public int Recover(ReadOnlySpan<byte> successor, Span<float> stereo) => Run(successor, stereo, fec: successor.IsEmpty ? 0 : 1);

    /// <summary>Forgets what was heard: another stream begins.</summary>
    public void Reset()
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        _ = opus_decoder_ctl(handle, ResetState, 0);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        opus_decoder_destroy(handle);
        return true;
    }

    // An empty packet is a null pointer, which libopus takes for a lost one.
    private int Run(ReadOnlySpan<byte> packet, Span<float> stereo, int fec)
    {
        ObjectDisposedException.ThrowIf(IsClosed, this);
        fixed (float* samples = stereo)
        fixed (byte* bytes = packet)
            return opus_decode_float(handle, bytes, packet.Length, samples, stereo.Length / Channels, fec);
    }
}
