using QemuZeroCopy.WebRtc.Dtls;
using QemuZeroCopy.WebRtc.Rtp;
using QemuZeroCopy.WebRtc.Sdp;

namespace QemuZeroCopy.WebRtc.Tests.Simulation;

/// <summary>
/// The real endpoint, a model encoder that follows the rate target, a simulated network and a simulated viewer, on one clock
/// that jumps from event to event. A run is its scenario and its seed.
/// </summary>
internal sealed class TransportRun : IDisposable
{
    private const double KeyFrameFactor = 4;

    private static readonly DtlsCertificate s_certificate = DtlsCertificate.Create(DateTimeOffset.UnixEpoch.AddYears(56));

    private readonly TransportScenario _scenario;
    private readonly Random _random;
    private readonly EndpointRouter _router;
    private readonly PeerConnection _peer;
    private readonly VideoSource _source;
    private readonly SimulatedViewer _viewer;
    private readonly SimulatedLink _down;
    private readonly SimulatedLink _up;
    private readonly byte[] _buffer = new byte[Transmit.BufferBytes];
    private readonly byte[] _accessUnit = new byte[1 << 21];
    private readonly List<long> _captures = [];
    private readonly List<double> _queueMs = [];
    private readonly long _startNs = 1_000_000_000;
    private double _targetSum;
    private long _usedFromBytes = -1;
    private int _keyFrames;
    private bool _keyFrameWanted;
    private long _nowNs;

    public TransportRun(TransportScenario scenario, int seed)
    {
        _scenario = scenario;
        _random = new Random(seed);
        var random = new SeededRandom(_random.Next());
        _down = new SimulatedLink(scenario.Down, _random.Next());
        _up = new SimulatedLink(scenario.UpPlan, _random.Next());
        _random.NextBytes(_accessUnit);
        for (int i = 0; i < _accessUnit.Length; i++)
            _accessUnit[i] |= 1;
        var options = new EndpointOptions { Certificate = s_certificate, FillRandom = random.Fill, Candidates = [TransportAddress.FromIPv4(0xC0000201, 5000)] };
        _router = new EndpointRouter(options);
        _source = new VideoSource(VideoCodecKind.H264, options.MaxVideoPayloadBytes);
        _viewer = new SimulatedViewer(random, TransportAddress.FromIPv4(0x0A000001, 40_000));
        if (!SessionOffer.TryParse(_viewer.Offer(), out SessionOffer? offer, out string? error))
            throw new InvalidOperationException(error);
        var session = new SessionOptions { VideoTracks = [new VideoTrackOptions("screen0", [new VideoFormat(VideoCodecKind.H264)])] };
        AcceptResult accepted = _router.Accept(0, offer, session);
        _peer = accepted.Peer ?? throw new InvalidOperationException(accepted.Error.ToString());
        _viewer.TakeAnswer(accepted.AnswerSdp);
    }

    /// <summary>Prints the state twenty times a second, for a look at a run.</summary>
    public Action<string>? Trace { get; init; }

    public TransportOutcome Run()
    {
        Connect();
        _nowNs = _startNs;
        long frameNs = (long)(1e9 / _scenario.FrameRate);
        long nextFrameNs = _startNs;
        long endNs = _startNs + (long)(_scenario.DurationMs * 1e6);
        long nextTraceNs = _startNs;
        while (_nowNs < endNs)
        {
            if (_nowNs >= nextFrameNs)
            {
                nextFrameNs += frameNs;
                SendFrame();
            }

            if (_usedFromBytes < 0 && _nowNs - _startNs >= _scenario.WarmUpMs * 1e6)
                _usedFromBytes = _down.BytesDelivered;
            if (Trace is not null && _nowNs >= nextTraceNs)
            {
                nextTraceNs = _nowNs + 50_000_000;
                Trace($"{(_nowNs - _startNs) / 1e6,8:0} ms  target {_peer.Statistics.TargetBps / 1e6,6:0.00}  queue {_down.QueueNs(_nowNs) / 1e6,6:0.0} ms  shows {_peer.Statistics.PathShowsQueue}  capacity {_scenario.Down.CapacityAt((_nowNs - _startNs) / 1e6) / 1e6:0.0}");
            }

            Step();
            Advance(nextFrameNs);
        }

        return Judge(frameNs, endNs);
    }

    public void Dispose()
    {
        _router.Dispose();
        _viewer.Dispose();
    }

    private void Connect()
    {
        _nowNs = 0;
        while (_nowNs < _startNs || !(_peer.IsConnected && _viewer.IsConnected))
        {
            Step();
            Advance(_startNs);
            if (_nowNs > 30 * _startNs)
                throw new InvalidOperationException("The simulated viewer did not connect.");
            if (_nowNs >= _startNs && !(_peer.IsConnected && _viewer.IsConnected))
                _nowNs += 1_000_000;
        }
    }

    private void Advance(long frameNs)
    {
        long next = Math.Min(Math.Min(_down.NextArrivalNs, _up.NextArrivalNs), Math.Min(_router.NextTimeoutNs, _viewer.NextTimeoutNs));
        // A host's timer is not finer than this.
        _nowNs = Math.Min(Math.Max(next, _nowNs + 20_000), Math.Max(frameNs, _nowNs));
    }

    private void Step()
    {
        while (_down.Receive(_nowNs, out int length, out _) is { } packet)
        {
            _viewer.Handle(_nowNs, packet.AsSpan(0, length));
            _down.Return(packet);
        }

        if (_nowNs >= _viewer.NextTimeoutNs)
            _viewer.HandleTimeout(_nowNs);
        while (_viewer.Output.TryDequeue(out byte[]? bytes))
            _up.Send(_nowNs, bytes);
        while (_up.Receive(_nowNs, out int length, out _) is { } packet)
        {
            _router.Handle(_nowNs, packet.AsSpan(0, length), _viewer.Address);
            _up.Return(packet);
            Drain();
        }

        if (_nowNs >= _router.NextTimeoutNs)
            _router.HandleTimeout(_nowNs);
        Drain();
    }

    private void Drain()
    {
        while (_router.PollEvent(out _, out PeerEvent e))
            _keyFrameWanted |= e.Kind == PeerEventKind.KeyFrameNeeded;
        while (_router.PollTransmit(_nowNs, _buffer, out Transmit transmit))
        {
            for (int at = 0; at < transmit.LengthBytes; at += transmit.SegmentBytes)
            {
                _down.Send(_nowNs, _buffer.AsSpan(at, Math.Min(transmit.SegmentBytes, transmit.LengthBytes - at)));
                if (_usedFromBytes >= 0)
                    _queueMs.Add(_down.QueueNs(_nowNs) / 1e6);
            }
        }
    }

    private void SendFrame()
    {
        double ms = (_nowNs - _startNs) / 1e6;
        if (_scenario.Motion.Count > 0 && !_scenario.Motion.Any(span => ms >= span.FromMs && ms < span.ToMs))
            return;
        long rate = Math.Min(_peer.Statistics.TargetBps, _scenario.ContentBps);
        _targetSum += _peer.Statistics.TargetBps;
        bool isKey = _keyFrameWanted || _captures.Count == 0;
        _keyFrameWanted = false;
        _keyFrames += isKey ? 1 : 0;
        // An encoder with a one-frame buffer keeps to its size within a fifth or so; a key frame is larger.
        double bytes = rate / 8.0 / _scenario.FrameRate * (0.8 + (0.4 * _random.NextDouble())) * (isKey ? KeyFrameFactor : 1);
        Span<byte> unit = _accessUnit.AsSpan(0, Math.Clamp((int)bytes, 200, _accessUnit.Length));
        int number = _captures.Count;
        unit[0] = unit[1] = unit[2] = 0;
        unit[3] = 1;
        unit[4] = (byte)(isKey ? 0x65 : 0x41);
        for (int i = 0; i < 4; i++)
            unit[5 + i] = (byte)(0x80 | ((number >> (21 - (7 * i))) & 0x7F));
        _captures.Add(_nowNs);
        _peer.SendVideo(_nowNs, 0, _source.Write(unit, _nowNs, isKey));
    }

    private TransportOutcome Judge(long frameNs, long endNs)
    {
        long judgedNs = _startNs + (long)(_scenario.WarmUpMs * 1e6);
        var delays = new List<double>();
        double freezeMs = 0;
        long lastNs = judgedNs;
        int lastNumber = _captures.FindIndex(captured => captured >= judgedNs) - 1;
        foreach (ShownFrame shown in _viewer.Jitter.Shown)
        {
            long capturedNs = _captures[shown.Number];
            if (capturedNs < judgedNs)
                continue;
            delays.Add(((shown.AtNs - capturedNs) / 1e6) - _scenario.Down.DelayMs);
            // A pause of the picture itself is no freeze: count from when there was something new to show.
            long dueNs = Math.Max(lastNs, _captures[Math.Min(lastNumber + 1, _captures.Count - 1)]);
            lastNumber = shown.Number;
            freezeMs = Math.Max(freezeMs, (shown.AtNs - dueNs) / 1e6);
            lastNs = shown.AtNs;
        }

        if (_scenario.Motion.Count == 0)
            freezeMs = Math.Max(freezeMs, (endNs - lastNs) / 1e6);
        delays.Sort();
        _queueMs.Sort();
        double capacityBytes = 0;
        for (double ms = _scenario.WarmUpMs; ms < _scenario.DurationMs; ms += 10)
            capacityBytes += _scenario.Down.CapacityAt(ms + (_startNs / 1e6)) / 8e2;
        double frameMs = frameNs / 1e6;
        return new TransportOutcome
        {
            DelayP50Frames = At(delays, 0.5) / frameMs,
            DelayP95Frames = At(delays, 0.95) / frameMs,
            FreezeMs = freezeMs,
            Utilisation = (_down.BytesDelivered - Math.Max(0, _usedFromBytes)) / capacityBytes,
            QueueP95Ms = At(_queueMs, 0.95),
            Frames = _viewer.Jitter.Shown.Count,
            KeyFrames = _keyFrames,
            MeanTargetBps = _targetSum / Math.Max(1, _captures.Count),
            Repeated = _viewer.Jitter.Repeated,
            Parities = _viewer.ParityPackets,
            Recovered = _viewer.Recovered,
            PacketsLost = _down.Lost,
        };
    }

    private static double At(List<double> sorted, double share) =>
        sorted.Count == 0 ? double.PositiveInfinity : sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)];
}
