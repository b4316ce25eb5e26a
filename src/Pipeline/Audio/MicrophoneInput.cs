using QemuZeroCopy.Interop.Opus;

namespace QemuZeroCopy.Pipeline.Audio;

/// <summary>
/// A viewer's microphone on its way to the guest: Opus packets come in on one thread, the audio thread decodes them into a
/// jitter buffer. Two clocks meet here, the browser's and the guest's; the readers' resampling keeps the buffer at its level.
/// </summary>
public sealed class MicrophoneInput : IDisposable
{
    /// <summary>320 ms of 20 ms packets, should the audio thread be held up.</summary>
    private const int QueueCapacity = 16;

    /// <summary>Two packets of 20 ms: one that is being read, one on the way; more where that has not been enough.</summary>
    private const int LeastTargetFrames = 2 * SoundClock.Rate / 50, MostTargetFrames = 6 * SoundClock.Rate / 50, TargetStepFrames = SoundClock.Rate / 100;

    /// <summary>The level may stand above its target for a moment; beyond this it is cut back.</summary>
    private const int SurplusFrames = 3 * SoundClock.Rate / 50;

    /// <summary>After a quarter of a minute without a shortage the target goes down again.</summary>
    private const int CalmFrames = 15 * SoundClock.Rate;

    /// <summary>So many lost packets in a row are made up for; beyond, the stream begins anew.</summary>
    private const int MaxRecovered = 3;

    private readonly Lock _gate = new();
    private readonly OpusDecoder _decoder = OpusDecoder.Open();
    private readonly byte[] _payloads = new byte[QueueCapacity * OpusEncoder.MaxPacketBytes];
    private readonly (int Length, long Sequence)[] _queue = new (int, long)[QueueCapacity];
    private readonly byte[] _packet = new byte[OpusEncoder.MaxPacketBytes];
    private readonly float[] _decoded = new float[OpusDecoder.MaxPacketSamples * 2];
    private readonly StereoBuffer _samples = new(SoundClock.Rate / 2);
    private readonly DriftControl _drift = new();
    private int _head;
    private int _count;
    private bool _restart;
    private volatile bool _isWanted;
    private long _expected = -1;
    private int _target = LeastTargetFrames;
    private int _calm;
    private bool _isFlowing;
    private float _lastLeft;
    private float _lastRight;

    internal MicrophoneInput()
    {
    }

    /// <summary>Whether the guest is recording; packets are thrown away while it is not.</summary>
    public bool IsWanted
    {
        get => _isWanted;
        internal set => _isWanted = value;
    }

    /// <summary>Packets that did not decode.</summary>
    public long MalformedCount { get; private set; }

    /// <summary>Samples that wait for a reader.</summary>
    internal int WaitingFrames => _samples.Count;

    /// <summary>Wakes the audio thread; set while QEMU is attached.</summary>
    internal Action? Arrived { get; set; }

    /// <summary>Any thread: one Opus packet (RFC 7587) with its RTP sequence number, widened. Allocates nothing.</summary>
    public void Push(long sequence, ReadOnlySpan<byte> opus)
    {
        if (!_isWanted || opus.Length is 0 or > OpusEncoder.MaxPacketBytes)
            return;
        lock (_gate)
        {
            if (_count == QueueCapacity)
            {
                _head = (_head + 1) % QueueCapacity;
                _count--;
            }

            int place = (_head + _count++) % QueueCapacity;
            opus.CopyTo(_payloads.AsSpan(place * OpusEncoder.MaxPacketBytes));
            _queue[place] = (opus.Length, sequence);
        }

        Arrived?.Invoke();
    }

    /// <summary>Any thread: what comes next is another person's, or the same one's after a pause.</summary>
    public void Restart()
    {
        lock (_gate)
        {
            _count = 0;
            _restart = true;
        }
    }

    /// <summary>Audio thread: decodes what has arrived.</summary>
    internal void Decode()
    {
        while (TryTake(out int length, out long sequence))
            Decode(_packet.AsSpan(0, length), sequence);
    }

    /// <summary>
    /// Audio thread: fills in samples for a reader; silence where there are none, and after a shortage until the buffer has
    /// filled to its target again.
    /// </summary>
    internal void Read(Span<float> stereo)
    {
        if (!_isFlowing && _samples.Count < _target)
        {
            stereo.Clear();
            return;
        }

        bool begins = !_isFlowing;
        if (begins)
        {
            _isFlowing = true;
            _drift.Reset();
        }

        int read = _samples.Read(stereo);
        if (begins)
            Fade(stereo[..(read * 2)], isIn: true);
        if (read * 2 == stereo.Length)
        {
            Calm(read);
            (_lastLeft, _lastRight) = (stereo[^2], stereo[^1]);
            return;
        }

        if (read > 0)
            (_lastLeft, _lastRight) = (stereo[(2 * read) - 2], stereo[(2 * read) - 1]);
        Span<float> rest = stereo[(read * 2)..];
        for (int i = 0; i < rest.Length; i++)
            rest[i] = i % 2 == 0 ? _lastLeft : _lastRight;
        Fade(rest, isIn: false);
        _isFlowing = false;
        _target = Math.Min(_target + TargetStepFrames, MostTargetFrames);
        _calm = 0;
    }

    /// <summary>Audio thread: the correction that a reader's resampler needs for the level to stay, after it has read so much.</summary>
    internal double Correct(int frames)
    {
        if (!_isFlowing)
            return 0;
        if (_samples.Count > _target + SurplusFrames)
        {
            _samples.Skip(_samples.Count - _target);
            _drift.Reset();
        }

        return _drift.Update((double)(_samples.Count - _target) / SoundClock.Rate, frames / (double)SoundClock.Rate);
    }

    /// <inheritdoc/>
    public void Dispose() => _decoder.Dispose();

    private static void Fade(Span<float> stereo, bool isIn)
    {
        for (int i = 0; i < stereo.Length; i++)
        {
            float share = Math.Min(1, (float)(i / 2) / SoundClock.FadeFrames);
            stereo[i] *= isIn ? share : 1 - share;
        }
    }

    private void Calm(int frames)
    {
        if ((_calm += frames) < CalmFrames)
            return;
        _calm = 0;
        _target = Math.Max(_target - TargetStepFrames, LeastTargetFrames);
    }

    private bool TryTake(out int length, out long sequence)
    {
        lock (_gate)
        {
            if (_restart)
                Forget();
            length = 0;
            sequence = 0;
            if (_count == 0)
                return false;
            (length, sequence) = _queue[_head];
            _payloads.AsSpan(_head * OpusEncoder.MaxPacketBytes, length).CopyTo(_packet);
            _head = (_head + 1) % QueueCapacity;
            _count--;
            return true;
        }
    }

    private void Forget()
    {
        _restart = false;
        _expected = -1;
        _isFlowing = false;
        _samples.Clear();
        _decoder.Reset();
    }

    private void Decode(ReadOnlySpan<byte> packet, long sequence)
    {
        if (_expected >= 0 && sequence < _expected)
            return; // too late: its place was filled
        int samples = OpusDecoder.SamplesOf(packet);
        if (samples is <= 0 or > OpusDecoder.MaxPacketSamples)
        {
            MalformedCount++;
            return;
        }

        long missing = _expected < 0 ? 0 : sequence - _expected;
        for (; missing is > 0 and <= MaxRecovered; missing--)
        {
            // Only the last of several lost ones has a copy in this packet.
            int recovered = _decoder.Recover(missing == 1 ? packet : default, _decoded.AsSpan(0, samples * 2));
            if (recovered > 0)
                _samples.Write(_decoded.AsSpan(0, recovered * 2));
        }

        int decoded = _decoder.Decode(packet, _decoded);
        if (decoded <= 0)
        {
            MalformedCount++;
            return;
        }

        _expected = sequence + 1;
        _samples.Write(_decoded.AsSpan(0, decoded * 2));
    }
}
