namespace QemuZeroCopy.WebRtc.Congestion;

/// <summary>
/// The rate of one connection. First voice: delay. Trains give the capacity, the least delay over the minimum tells of a
/// standing queue, which is drained at once. Second voice: loss, where it is too much to be chance. See docs/decisions.
/// </summary>
internal sealed class CongestionControl : ICongestionControl
{
    /// <summary>A queue that stands this long after the wait for one packet is ours to drain.</summary>
    private const long HighQueueNs = 12_000_000;

    private const long LowQueueNs = 5_000_000;

    /// <summary>Losses below are taken for chance unless a queue stands.</summary>
    private const double HeavyLoss = 0.10;

    /// <summary>A queue is drained within about this time, at the cost of at most this share of the rate.</summary>
    private const double DrainNs = 200e6;

    private const double MaxDrainShare = 0.6;
    private const long ArrivalStretchNs = 60_000_000;
    private const long DistrustNs = 3_000_000_000;

    /// <summary>Growth per second where no train says how far it may go.</summary>
    private const double CreepPerSecond = 0.2;

    private const long IdleNs = 1_000_000_000;
    private const long SilenceNs = 400_000_000;
    /// <summary>Far enough back, and still within range when subtracted.</summary>
    private const long LongAgoNs = long.MinValue / 4;

    /// <summary>The last packet's fate is asked for this often: a still screen has no next packet to show that it was lost.</summary>
    private const int MaxTailProbes = 5;

    private const long TailProbeNs = 80_000_000;
    private const int StartProbeBytes = 12 * 1200;

    private readonly CongestionOptions _options;
    private readonly PacketTrains _trains = new();
    private readonly DeliveryRate _delivery = new();
    private readonly Pacer _pacer = new();
    private QueueDelay _queueDelay = new();
    private LossMeter _loss;
    private double _targetBps;
    private double _capacityBps;
    private double _sentBps;
    private long _sentWindowStartNs;
    private long _sentWindowBytes;
    private long _lastSentSequence = -1;
    private long _lastTrainSequence = -1;
    private long _lastSentNs = long.MinValue;
    private long _lastFeedbackNs = long.MinValue;
    private long _firstUnansweredNs = long.MaxValue;
    private long _decreasedNs = LongAgoNs;
    private long _increasedNs = LongAgoNs;
    private long _distrustUntilNs = long.MinValue;
    private long _frameIntervalNs = 16_666_667;
    private int _frameBytes;
    private int _probeLeft;
    private int _tailProbes;
    private bool _tailProbeDue;
    private long _tailSequence;
    private long _tailProbeAtNs = long.MaxValue;
    private bool _isUnconfirmed;
    private bool _showsQueue;
    private bool _isDraining;

    public CongestionControl(CongestionOptions options)
    {
        _options = options;
        _targetBps = options.StartBps;
        _capacityBps = options.StartBps;
        ProbeId = 1;
        _probeLeft = StartProbeBytes;
    }

    /// <inheritdoc/>
    public RateTarget Target => new((long)_targetBps, (long)(2 * _targetBps), _showsQueue);

    /// <inheritdoc/>
    public long RoundTripNs { get; private set; }

    /// <inheritdoc/>
    public double LossShare => _loss.Share;

    /// <summary>The standing queue that the last feedback showed, in ns.</summary>
    public long QueueNs { get; private set; }

    /// <summary>What the path is measured to carry, in bit/s.</summary>
    public long CapacityBps => (long)_capacityBps;

    /// <inheritdoc/>
    public int ProbeId { get; private set; }

    /// <inheritdoc/>
    public bool IsTailConfirmed { get; private set; } = true;

    /// <inheritdoc/>
    public void OnFrame(long nowNs, int bytes, long frameIntervalNs)
    {
        _frameBytes = bytes;
        // A pause says nothing of the frames to come.
        _frameIntervalNs = Math.Clamp(frameIntervalNs, 4_000_000, 34_000_000);
        // The path was not seen for a while: what was known holds. One frame of the target's size floods nothing, and the
        // first feedback corrects the rest.
        if (_lastSentNs != long.MinValue && nowNs - _lastSentNs > IdleNs)
            _sentBps = 0;
        Configure(nowNs);
    }

    /// <inheritdoc/>
    public void OnSent(in SentPacket packet)
    {
        long nowNs = packet.SentNs;
        _lastSentSequence = packet.Sequence;
        _lastTrainSequence = packet.Class == PacketClass.Parity ? _lastTrainSequence : packet.Sequence;
        _lastSentNs = nowNs;
        _firstUnansweredNs = Math.Min(_firstUnansweredNs, nowNs);
        _pacer.Charge(nowNs, packet.SizeBytes);
        // Nothing repeats lost sound: only pictures need to know of their tail.
        if (packet.Class != PacketClass.Audio)
        {
            _tailSequence = packet.Sequence;
            IsTailConfirmed = false;
            _tailProbes = packet.Class == PacketClass.Probe ? _tailProbes : 0;
            _tailProbeDue = false;
            _tailProbeAtNs = nowNs + ((TailProbeNs + RoundTripNs) << _tailProbes);
        }

        if (_probeLeft > 0)
        {
            // Any packet of the first burst serves to probe.
            _probeLeft = Math.Max(0, _probeLeft - packet.SizeBytes);
            if (_probeLeft == 0)
                ProbeId = 0;
        }

        _sentWindowBytes += packet.SizeBytes;
        long windowNs = nowNs - _sentWindowStartNs;
        if (windowNs < 250_000_000)
            return;
        _sentBps = windowNs > 2 * IdleNs ? 0 : _sentWindowBytes * 8e9 / windowNs;
        _sentWindowStartNs = nowNs;
        _sentWindowBytes = 0;
    }

    /// <inheritdoc/>
    public int BudgetBytes(long nowNs) => _pacer.Budget(nowNs);

    /// <inheritdoc/>
    public int ProbeBytes(long nowNs) => _tailProbeDue ? 1 : _lastSentNs == nowNs ? _probeLeft : 0;

    /// <inheritdoc/>
    public long NextTimeoutNs(bool hasPackets)
    {
        long silence = _firstUnansweredNs == long.MaxValue ? long.MaxValue : Math.Max(_firstUnansweredNs, _lastFeedbackNs) + SilenceNs + (2 * RoundTripNs);
        if (!IsTailConfirmed && _tailProbes < MaxTailProbes)
            silence = Math.Min(silence, _tailProbeAtNs);
        return hasPackets ? Math.Min(silence, _pacer.NextNs(_lastSentNs)) : silence;
    }

    /// <inheritdoc/>
    public void HandleTimeout(long nowNs)
    {
        if (!IsTailConfirmed && _tailProbes < MaxTailProbes && nowNs >= _tailProbeAtNs)
        {
            _tailProbes++;
            _tailProbeDue = true;
            _tailProbeAtNs = nowNs + ((TailProbeNs + RoundTripNs) << _tailProbes);
        }

        if (_firstUnansweredNs == long.MaxValue || nowNs < Math.Max(_firstUnansweredNs, _lastFeedbackNs) + SilenceNs + (2 * RoundTripNs))
            return;
        // Packets leave and nobody speaks of them: the path back or forth is gone or far too full.
        _firstUnansweredNs = nowNs;
        _isUnconfirmed = true;
        SetTarget(0.5 * _targetBps);
        Configure(nowNs);
    }

    /// <inheritdoc/>
    public void OnFeedback(long nowNs, ReadOnlySpan<PacketResult> results)
    {
        long leastQueueNs = long.MaxValue;
        long newestSentNs = long.MinValue;
        int received = 0;
        foreach (ref readonly PacketResult result in results)
        {
            _loss.Add(nowNs, !result.IsReceived);
            if (!result.IsReceived)
                continue;
            received++;
            leastQueueNs = Math.Min(leastQueueNs, _queueDelay.Add(result.Sent.SentNs, result.ReceivedNs));
            newestSentNs = Math.Max(newestSentNs, result.Sent.SentNs);
            _delivery.Add(result.ReceivedNs, result.Sent.SizeBytes);
            // Parity would make a train of two or three packets, which says little: a pause of either end weighs too much in it.
            if (result.Sent.Class != PacketClass.Parity)
                _trains.Add(nowNs, result);
        }

        _lastFeedbackNs = nowNs;
        bool speaksOfLast = results.Length > 0 && results[^1].Sent.Sequence == _lastSentSequence;
        _firstUnansweredNs = speaksOfLast ? long.MaxValue : nowNs;
        IsTailConfirmed |= results.Length > 0 && results[^1].Sent.Sequence >= _tailSequence && results[^1].IsReceived;
        if (received == 0)
            return;
        _trains.CloseIfLast(nowNs, _lastTrainSequence);
        long sample = nowNs - newestSentNs;
        RoundTripNs = RoundTripNs == 0 ? sample : RoundTripNs + ((sample - RoundTripNs) / 8);
        QueueNs = leastQueueNs;
        Decide(nowNs, received);
        Configure(nowNs);
    }

    private void Decide(long nowNs, int received)
    {
        long packetNs = (long)(1200 * 8e9 / Math.Max(_capacityBps, _options.MinBps));
        bool isHigh = QueueNs > HighQueueNs + packetNs && received >= 2;
        _showsQueue = isHigh || (_showsQueue && QueueNs > LowQueueNs);
        long measured = _trains.CapacityBps(nowNs);
        if (isHigh)
        {
            OnQueue(nowNs);
            return;
        }

        if (LossShare > HeavyLoss && nowNs - _decreasedNs > ReactionNs)
        {
            // Too much for chance: a policer, or a queue too short to show.
            Decrease(nowNs, Math.Max(_delivery.Over(250_000_000), 0.5 * _targetBps) * (1 - (0.5 * LossShare)));
            _distrustUntilNs = nowNs + DistrustNs;
            return;
        }

        if (_isDraining && QueueNs < LowQueueNs + packetNs)
        {
            // Drained: back to what was seen to arrive.
            _isDraining = false;
            SetTarget(Math.Max(_targetBps, 0.9 * _capacityBps));
        }

        if (measured > 0 && nowNs >= _distrustUntilNs)
        {
            _capacityBps = Math.Min(measured, 2.0 * _options.MaxBps);
            FollowTrains(nowNs);
        }
        else if (QueueNs < LowQueueNs + packetNs)
        {
            Creep(nowNs);
        }
    }

    /// <summary>
    /// A queue stands. While it does, what arrives is what the path carries; what is sent goes below that, so far that the
    /// queue is gone within about a quarter of a second.
    /// </summary>
    private void OnQueue(long nowNs)
    {
        if (nowNs - _decreasedNs < ReactionNs)
            return;
        double arriving = _delivery.Over(ArrivalStretchNs);
        bool isOurs = arriving > 0 && (_sentBps > 0.6 * _targetBps || arriving > 0.6 * _targetBps);
        if (isOurs)
        {
            // Trains that still promise more than arrives are wrong: a shaper that lets bursts pass, a radio that bundles.
            if (_trains.LatestBps > 1.3 * arriving && _isDraining)
                _distrustUntilNs = nowNs + DistrustNs;
            _trains.Forget();
            _capacityBps = arriving;
        }

        _isDraining = true;
        double drain = Math.Min(MaxDrainShare, QueueNs / DrainNs);
        Decrease(nowNs, (isOurs ? arriving : 0.9 * _targetBps) * (1 - drain));
    }

    private void Decrease(long nowNs, double bps)
    {
        _decreasedNs = nowNs;
        _isUnconfirmed = false;
        SetTarget(Math.Min(_targetBps, bps));
    }

    private void FollowTrains(long nowNs)
    {
        double goal = _options.Utilisation * _capacityBps;
        if (goal < _targetBps)
        {
            // Less than we send, seen before a queue stands.
            SetTarget(_targetBps + (0.5 * (goal - _targetBps)));
        }
        else if (QueueNs < LowQueueNs + (long)(1200 * 8e9 / _capacityBps))
        {
            // Two trains that agree are worth a leap at the start; later each round trip gains at most a half.
            double most = _trains.Measured < 8 ? 4 * _targetBps : 1.5 * _targetBps;
            if (nowNs - _increasedNs >= 40_000_000)
            {
                _increasedNs = nowNs;
                SetTarget(Math.Min(most, _targetBps + (0.5 * (goal - _targetBps))));
            }
        }

        _isUnconfirmed = false;
    }

    /// <summary>Without trains to go by: a fifth more each second, as long as what is allowed is also sent.</summary>
    private void Creep(long nowNs)
    {
        if (nowNs - _increasedNs > IdleNs)
            _increasedNs = nowNs;
        double seconds = (nowNs - _increasedNs) / 1e9;
        _increasedNs = nowNs;
        _isUnconfirmed = false;
        double arriving = _delivery.Over(500_000_000);
        if (_targetBps < 1.5 * Math.Max(arriving, _sentBps))
            SetTarget(_targetBps * (1 + (CreepPerSecond * seconds)));
        _capacityBps = Math.Max(_targetBps / _options.Utilisation, arriving);
    }

    private void SetTarget(double bps) => _targetBps = Math.Clamp(bps, _options.MinBps, _options.MaxBps);

    private void Configure(long nowNs) =>
        _pacer.Configure(nowNs, (long)_capacityBps, (long)_targetBps, _showsQueue || _isUnconfirmed, _frameIntervalNs, _frameBytes);

    /// <summary>A decrease shows its effect after a round trip and the wait for feedback, which the round trip here contains.</summary>
    private long ReactionNs => Math.Max(50_000_000, RoundTripNs);
}
