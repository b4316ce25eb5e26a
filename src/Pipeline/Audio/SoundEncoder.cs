using QemuZeroCopy.Interop.Opus;

namespace QemuZeroCopy.Pipeline.Audio;

/// <summary>Blocks of 10 ms to Opus packets, and nothing at all in silence.</summary>
internal sealed class SoundEncoder : IDisposable
{
    /// <summary>Stereo music without audible loss at 10 ms frames.</summary>
    private const int BitsPerSecond = 128_000;

    /// <summary>From 7 on libopus looks at the signal itself, which FEC for speech and DTX rest on.</summary>
    private const int Complexity = 7;

    /// <summary>A dithered 16-bit zero is silence too.</summary>
    private const float Silence = 1.5f / 32768;

    /// <summary>libopus says DTX after 200 ms of silence; after twice that it is not asked any more.</summary>
    private const int MaxSilentBlocks = 40;

    private readonly OpusEncoder _opus = OpusEncoder.Open(BitsPerSecond, Complexity);
    private readonly byte[] _packet = new byte[OpusEncoder.MaxPacketBytes];
    private int _silentBlocks;
    private bool _isPaused;

    /// <summary>Whether the listeners have been told that silence goes on, so that nothing needs to be sent.</summary>
    public bool IsQuiet { get; private set; } = true;

    /// <summary>Encodes a block, and hands on the packet where there is one to send.</summary>
    public void Encode(ReadOnlySpan<float> block, long sampleTime, long arrivedNs, ISoundSink sink)
    {
        bool silent = block.IndexOfAnyExceptInRange(-Silence, Silence) < 0;
        _silentBlocks = silent ? _silentBlocks + 1 : 0;
        if (silent && IsQuiet)
            return;
        _opus.LossPercent = sink.LossPercent;
        int length = _opus.Encode(block, _packet);
        if (length <= 0)
            return;
        // One packet says that a pause begins; those within it say nothing new (RFC 7587 section 3.1.3).
        bool pauses = length <= 2;
        if (!pauses || !_isPaused)
            sink.Deliver(_packet.AsSpan(0, length), sampleTime, arrivedNs);
        _isPaused = pauses;
        IsQuiet = silent && (pauses || _silentBlocks >= MaxSilentBlocks);
    }

    public void Dispose() => _opus.Dispose();
}
