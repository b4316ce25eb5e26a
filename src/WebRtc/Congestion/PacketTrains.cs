namespace QemuZeroCopy.WebRtc.Congestion;

/// <summary>
/// Reads the path's capacity off bursts: packets that left back to back arrive spread by the bottleneck. A frame that
/// leaves as a burst is such a train, so capacity is seen without extra bytes, and a drop of it before a queue stands.
/// </summary>
internal sealed class PacketTrains
{
    /// <summary>Packets further apart belong to different bursts.</summary>
    private const long SameBurstNs = 1_000_000;

    /// <summary>Feedback counts in 250 µs: a shorter spread is lengthened by two counts, and so says "at least this much".</summary>
    private const long ExactSpreadNs = 3_000_000;

    private const long CountNs = 250_000;

    private const int MinPackets = 4;
    private const int MaxSamples = 15;
    private const long SampleLifeNs = 1_500_000_000;

    private readonly (long AtNs, long Bps)[] _samples = new (long, long)[MaxSamples];
    private int _next;
    private int _count;
    private long _firstSentNs;
    private long _lastSentNs;
    private long _lastSequence;
    private long _firstReceivedNs;
    private long _lastReceivedNs;
    private int _packets;
    private int _bytes;

    /// <summary>Trains measured so far.</summary>
    public long Measured { get; private set; }

    /// <summary>The newest sample; 0 before the first.</summary>
    public long LatestBps { get; private set; }

    /// <summary>A packet that has arrived, in order of sequence.</summary>
    public void Add(long nowNs, in PacketResult result)
    {
        SentPacket sent = result.Sent;
        bool continues = _packets > 0 && sent.SentNs - _lastSentNs <= SameBurstNs && sent.Sequence > _lastSequence && result.ReceivedNs >= _lastReceivedNs;
        if (!continues)
        {
            Close(nowNs);
            _firstSentNs = sent.SentNs;
            _firstReceivedNs = result.ReceivedNs;
            _packets = 0;
            _bytes = 0;
        }
        else
        {
            // The first packet only marks the start.
            _bytes += sent.SizeBytes;
        }

        _packets++;
        _lastSentNs = sent.SentNs;
        _lastSequence = sent.Sequence;
        _lastReceivedNs = result.ReceivedNs;
    }

    /// <summary>Ends the train in progress once nothing more of it can come.</summary>
    public void CloseIfLast(long nowNs, long lastSentSequence)
    {
        if (_lastSequence == lastSentSequence)
            Close(nowNs);
    }

    /// <summary>The median of recent samples; 0 where there is none.</summary>
    public long CapacityBps(long nowNs)
    {
        Span<long> recent = stackalloc long[MaxSamples];
        int count = 0;
        for (int i = 0; i < _count; i++)
        {
            if (nowNs - _samples[i].AtNs <= SampleLifeNs)
                recent[count++] = _samples[i].Bps;
        }

        if (count == 0)
            return 0;
        recent[..count].Sort();
        return recent[(count - 1) / 2];
    }

    /// <summary>Forgets what was seen: the path has changed, or the samples were proved wrong.</summary>
    public void Forget() => _count = _next = 0;

    private void Close(long nowNs)
    {
        long spreadNs = _lastReceivedNs - _firstReceivedNs;
        if (_packets >= MinPackets && _lastSentNs - _firstSentNs <= Math.Max(spreadNs, ExactSpreadNs))
        {
            LatestBps = (long)(_bytes * 8e9 / (spreadNs < ExactSpreadNs ? spreadNs + (2 * CountNs) : spreadNs));
            _samples[_next] = (nowNs, LatestBps);
            _next = (_next + 1) % MaxSamples;
            _count = Math.Min(_count + 1, MaxSamples);
            Measured++;
        }

        _packets = 0;
    }
}
