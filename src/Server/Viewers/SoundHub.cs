using QemuZeroCopy.Pipeline.Audio;
using QemuZeroCopy.Server.Metrics;
using QemuZeroCopy.Server.Web;
using QemuZeroCopy.WebRtc;

namespace QemuZeroCopy.Server.Viewers;

/// <summary>
/// Between the machine's one audio thread and all viewers, whichever console they watch: packets go out to everybody who
/// takes sound, and the microphone of one of those in control goes in. <c>wakeUp</c> tells the network thread of a packet.
/// </summary>
internal sealed class SoundHub(Action wakeUp, SessionRegistry sessions, ServerMetrics metrics) : ISoundSink
{
    /// <summary>The network thread takes packets within microseconds; 80 ms of them wait only while it is held up.</summary>
    private const int Capacity = 16;

    /// <summary>The largest Opus packet of one frame (RFC 6716 section 3.4).</summary>
    internal const int MaxPacketBytes = 1275;

    /// <summary>Browsers send a packet each 20 ms, also in silence; so long without one, the microphone is off.</summary>
    private const long SpeakerGoneNs = 500_000_000;

    /// <summary>A page that hears something says every two seconds how it is off; so long it is believed.</summary>
    private const long SpareValidNs = 5_000_000_000;

    /// <summary>What a listener keeps of what it says it could spare, so that it is never short because of us.</summary>
    private const int SpareKeptMs = 5, MostSpareMs = 1000;

    private readonly Lock _gate = new();
    private readonly byte[] _payloads = new byte[Capacity * MaxPacketBytes];
    private readonly (int Length, long SampleTime, long ArrivedNs)[] _queue = new (int, long, long)[Capacity];
    private readonly byte[] _packet = new byte[MaxPacketBytes];
    private readonly List<Viewer> _listeners = [];
    private readonly Dictionary<object, (int Ms, long UntilNs)> _spares = [];
    private SoundTap[] _taps = [];
    private int _head;
    private int _count;
    private volatile bool _isHeard;
    private volatile int _lossPercent;
    private volatile int _spareMs;
    private long _spareUntilNs;
    private Viewer? _speaker;
    private long _spokeNs;

    /// <summary>Where microphones go; null where none is wanted. Set before the first viewer comes.</summary>
    public MicrophoneInput? Microphone { get; set; }

    /// <inheritdoc/>
    public bool IsHeard => _isHeard || Volatile.Read(ref _taps).Length > 0;

    /// <inheritdoc/>
    public int LossPercent => _lossPercent;

    /// <inheritdoc/>
    public int SpareMs => _spareMs;

    /// <inheritdoc/>
    public void Deliver(ReadOnlySpan<byte> opus, long sampleTime, long arrivedNs)
    {
        if (opus.Length > MaxPacketBytes)
            return;
        lock (_gate)
        {
            if (_count == Capacity)
            {
                // The oldest would come too late to be heard.
                _head = (_head + 1) % Capacity;
                _count--;
            }

            int place = (_head + _count++) % Capacity;
            opus.CopyTo(_payloads.AsSpan(place * MaxPacketBytes));
            _queue[place] = (opus.Length, sampleTime, arrivedNs);
        }

        wakeUp();
        foreach (SoundTap tap in Volatile.Read(ref _taps))
            tap.Offer(opus);
    }

    /// <summary>Any thread: adds a listener that takes the packets themselves.</summary>
    public SoundTap OpenTap()
    {
        var tap = new SoundTap();
        lock (_gate)
            _taps = [.. _taps, tap];
        return tap;
    }

    /// <summary>Any thread: the listener has gone.</summary>
    public void CloseTap(SoundTap tap)
    {
        lock (_gate)
            _taps = Array.FindAll(_taps, t => t != tap);
        tap.Dispose();
    }

    /// <summary>
    /// Any thread: a page holds sound by so many ms longer than its browser aims to; null: it has gone. All hear the same packets,
    /// so that what counts is what every one of them has to spare.
    /// </summary>
    public void SetSpare(object page, int? ms, long nowNs)
    {
        lock (_gate)
        {
            if (ms is { } spare)
                _spares[page] = (Math.Clamp(spare, SpareKeptMs, MostSpareMs + SpareKeptMs) - SpareKeptMs, nowNs + SpareValidNs);
            else
                _spares.Remove(page);
            UpdateSpare(nowNs);
        }
    }

    /// <summary>Network thread: a viewer's connection is up.</summary>
    public void Add(Viewer viewer)
    {
        if (!viewer.Peer.TakesAudio)
            return;
        _listeners.Add(viewer);
        _isHeard = true;
    }

    /// <summary>Network thread: a viewer has gone, if it was there.</summary>
    public void Remove(Viewer viewer)
    {
        _listeners.Remove(viewer);
        _isHeard = _listeners.Count > 0;
        if (viewer == _speaker)
            SetSpeaker(null);
    }

    /// <summary>Network thread: there are new figures on a viewer's path.</summary>
    public void UpdateLoss()
    {
        double worst = 0;
        foreach (Viewer viewer in _listeners)
            worst = Math.Max(worst, viewer.Peer.Statistics.LossFraction);
        // In steps, so that the encoder is not set anew with each report.
        _lossPercent = worst < 0.005 ? 0 : worst < 0.03 ? 3 : worst < 0.08 ? 8 : 20;
    }

    /// <summary>Network thread: gives the next waiting packet to everybody; false when none waits.</summary>
    public bool SendNext(long nowNs, out long arrivedNs)
    {
        int length;
        long sampleTime;
        lock (_gate)
        {
            arrivedNs = 0;
            if (_count == 0)
                return false;
            (length, sampleTime, arrivedNs) = _queue[_head];
            _payloads.AsSpan(_head * MaxPacketBytes, length).CopyTo(_packet);
            _head = (_head + 1) % Capacity;
            _count--;
        }

        foreach (Viewer viewer in _listeners)
            viewer.Peer.SendAudio(nowNs, _packet.AsSpan(0, length), sampleTime);
        return true;
    }

    /// <summary>Network thread: the packet from <see cref="SendNext"/> has been handed to the kernel.</summary>
    public void NoteSent(long arrivedNs, long nowNs) => metrics.RecordSound(nowNs - arrivedNs);

    /// <summary>
    /// Network thread: a packet of a viewer's microphone. Who drives may speak, one at a time: whoever began keeps the word
    /// until the microphone is off.
    /// </summary>
    public void TakeMicrophone(Viewer viewer, in PeerEvent packet, long nowNs)
    {
        if (Microphone is not { } microphone || viewer.Input is not { Allowed: true })
            return;
        if (viewer != _speaker)
        {
            if (_speaker is not null && !HasGone(nowNs))
                return;
            SetSpeaker(viewer);
            microphone.Restart();
        }

        _spokeNs = nowNs;
        microphone.Push(packet.Sequence, packet.Data);
    }

    /// <summary>Network thread, each turn: gives the word back when it is not used any more.</summary>
    public void HandleTime(long nowNs)
    {
        if (_speaker is not null && HasGone(nowNs))
            SetSpeaker(null);
        lock (_gate)
        {
            if (nowNs >= _spareUntilNs)
                UpdateSpare(nowNs);
        }
    }

    private void UpdateSpare(long nowNs)
    {
        (int least, _spareUntilNs) = (MostSpareMs, long.MaxValue);
        foreach ((object page, (int ms, long untilNs)) in _spares)
        {
            if (untilNs <= nowNs)
            {
                _spares.Remove(page);
                continue;
            }

            (least, _spareUntilNs) = (Math.Min(least, ms), Math.Min(_spareUntilNs, untilNs));
        }

        _spareMs = _spares.Count > 0 ? least : 0;
    }

    private bool HasGone(long nowNs) => nowNs - _spokeNs > SpeakerGoneNs || _speaker?.Input is not { Allowed: true };

    private void SetSpeaker(Viewer? viewer)
    {
        _speaker = viewer;
        sessions.Speaker = viewer?.Input;
    }
}
