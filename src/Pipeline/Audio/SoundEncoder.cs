using QemuZeroCopy.Interop.Opus;

namespace QemuZeroCopy.Pipeline.Audio;

/// <summary>
/// Blocks of 5 ms to Opus packets, and nothing at all in silence. While nothing gets lost each block is a packet, 2.5 ms
/// behind; with loss two of them are, with in-band FEC and 6.5 ms behind.
/// </summary>
internal sealed class SoundEncoder : IDisposable
{
    /// <summary>Stereo music without audible loss at 5 ms frames.</summary>
    private const int BitsPerSecond = 128_000;

    /// <summary>From 7 on libopus looks at the signal itself, which FEC for speech and DTX rest on.</summary>
    private const int Complexity = 7;

    /// <summary>A dithered 16-bit zero is silence too.</summary>
    private const float Silence = 1.5f / 32768;

    /// <summary>
    /// So much silence is a pause, 200 ms: after each, Chromium held some 10 ms more than before in the runs that were looked at.
    /// libopus may say so sooner where it makes FEC.
    /// </summary>
    private const int PauseBlocks = 40;

    /// <summary>So long after the last loss FEC is left out again.</summary>
    private const long LosslessFrames = 30 * SoundClock.Rate;

    /// <summary>
    /// At a change of encoders: samples at a block's end that the decoder has only half of, and those that the old encoder
    /// never gets to say (its lookahead).
    /// </summary>
    private const int PromptTailFrames = SoundClock.Rate / 400, RobustTailFrames = PromptTailFrames + (SoundClock.Rate / 250);

    /// <summary>FEC is SILK's, which has no frames shorter than 10 ms (RFC 6716 section 2.1.4).</summary>
    private const int RobustFrames = 2 * SoundClock.BlockFrames;

    private readonly OpusEncoder _prompt = OpusEncoder.Open(BitsPerSecond, Complexity, OpusApplication.LowDelay);
    private readonly OpusEncoder _robust = OpusEncoder.Open(BitsPerSecond, Complexity, OpusApplication.Audio);
    private readonly byte[] _packet = new byte[OpusEncoder.MaxPacketBytes];
    private readonly float[] _gathered = new float[RobustFrames * 2];
    private OpusEncoder _opus;
    private long _lossTime = long.MinValue / 2;
    private long _halfTime;
    private bool _hasHalf;
    private bool _isFresh;
    private int _silentBlocks;
    private bool _isPaused;

    public SoundEncoder() => _opus = _prompt;

    /// <summary>Whether packets carry FEC.</summary>
    public bool IsRobust => _opus == _robust;

    /// <summary>Whether the listeners have been told that silence goes on, so that nothing needs to be sent.</summary>
    public bool IsQuiet { get; private set; } = true;

    /// <summary>Encodes a block, and hands on the packet where there is one to send.</summary>
    public void Encode(ReadOnlySpan<float> block, long sampleTime, long arrivedNs, ISoundSink sink)
    {
        bool silent = block.IndexOfAnyExceptInRange(-Silence, Silence) < 0;
        _silentBlocks = silent ? _silentBlocks + 1 : 0;
        if (silent && IsQuiet)
            return;
        if (sink.LossPercent > 0)
            _lossTime = sampleTime;
        if (_hasHalf && _halfTime + SoundClock.BlockFrames != sampleTime)
        {
            // A gap: what stands before it is followed by silence.
            FadeOut(_gathered, SoundClock.BlockFrames);
            EncodePacket(RobustFrames, _halfTime, arrivedNs, sink);
        }

        if (!IsRobust)
        {
            block.CopyTo(_gathered);
            EncodePacket(SoundClock.BlockFrames, sampleTime, arrivedNs, sink);
            return;
        }

        block.CopyTo(_gathered.AsSpan(_hasHalf ? _gathered.Length / 2 : 0));
        if (_hasHalf)
            EncodePacket(RobustFrames, _halfTime, arrivedNs, sink);
        else
            (_hasHalf, _halfTime) = (true, sampleTime);
    }

    public void Dispose()
    {
        _prompt.Dispose();
        _robust.Dispose();
    }

    private void EncodePacket(int frames, long sampleTime, long arrivedNs, ISoundSink sink)
    {
        _hasHalf = false;
        Span<float> sound = _gathered.AsSpan(0, frames * 2);
        OpusEncoder next = sampleTime - _lossTime < LosslessFrames ? _robust : _prompt;
        if (_isFresh)
            FadeIn(sound);
        if (next != _opus)
            FadeOut(sound, IsRobust ? RobustTailFrames : PromptTailFrames);
        _opus.LossPercent = sink.LossPercent;
        int length = _opus.Encode(sound, _packet);
        _isFresh = next != _opus;
        if (_isFresh)
        {
            _opus = next;
            _opus.Reset();
        }

        if (length <= 0)
            return;
        // A packet of nothing but its first byte (RFC 6716 section 3.1) with one frame in it.
        if (_silentBlocks >= PauseBlocks)
            (length, _packet[0]) = (1, (byte)(_packet[0] & ~3));
        // One packet says that a pause begins; those within it say nothing new (RFC 7587 section 3.1.3).
        bool pauses = length <= 2;
        if (!pauses || !_isPaused)
            sink.Deliver(_packet.AsSpan(0, length), sampleTime, arrivedNs);
        _isPaused = pauses;
        IsQuiet = _silentBlocks > 0 && pauses;
    }

    private static void FadeIn(Span<float> sound)
    {
        for (int i = 0; i < SoundClock.FadeFrames * 2; i++)
            sound[i] *= (float)(i / 2) / SoundClock.FadeFrames;
    }

    private static void FadeOut(Span<float> sound, int tailFrames)
    {
        int end = sound.Length - (2 * tailFrames), start = end - (2 * SoundClock.FadeFrames);
        for (int i = start; i < end; i++)
            sound[i] *= (float)((end - i) / 2) / SoundClock.FadeFrames;
        sound[end..].Clear();
    }
}
