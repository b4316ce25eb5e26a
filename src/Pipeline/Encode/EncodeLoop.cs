using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>What the encode thread runs. It all belongs to that thread.</summary>
internal sealed class EncodeLoop(
    FrameMailbox mailbox, PathChain chain, PictureReader reader, PipelineCounters counters, IEncodedFrameSink sink,
    PipelineRequests requests, ConsolePipelineOptions options, IPipelineObserver? observer) : IDisposable
{
    // A picture refused this often in a row is the encoder's fault, not the picture's.
    private const int MaxFailures = 5;

    // A scanout that nobody can read is looked at again when it changes, not in a busy loop.
    private static readonly TimeSpan Forever = TimeSpan.FromHours(1);

    private readonly EncodedFramePool _pool = new();
    private readonly ReadAhead _ahead = new(mailbox, reader, options.ThreadName + "+");
    private readonly TileMap _owed = new(new PictureSize(64, 64), PictureTarget.MacroblockSize);
    private FramePacer _pacer = new(options.MaxFramesPerSecond);
    private KeyFrameThrottle _keyFrames = new();
    private readonly LinkBudget _link = new(options.BitsPerSecond);
    private RefinementMap? _refinement;
    private PortionSize _portion = new();
    private EncoderRate _rate = new(options.BitsPerSecond, options.MaxFramesPerSecond);
    private Haste _haste;
    private Scanout? _bad;
    private PictureSize? _announced;
    private long _freeNs;
    private long _readyNs;
    private long _sharpenedNs;
    private bool _wasBusy;
    private bool _wasPausing;
    private bool _isReadable;
    private bool _isFlushDue;
    private long _frameId;
    private int _failures;

    public void Run()
    {
        try
        {
            while (!requests.IsStopping)
                Step(MonotonicClock.NowNs);
        }
#pragma warning disable CA1031 // The thread's last resort: an error of any kind ends this console, not the process.
        catch (Exception error)
#pragma warning restore CA1031
        {
            observer?.Faulted(error);
        }
        finally
        {
            Dispose();
        }
    }

    /// <summary>By the thread that ran, or by nobody else when it never did.</summary>
    public void Dispose()
    {
        _ahead.Dispose();
        reader.Close();
        chain.Dispose();
    }

    private void Step(long nowNs)
    {
        if (_wasBusy)
            _freeNs = nowNs;
        if (_wasBusy || _wasPausing)
            _readyNs = nowNs;
        _wasBusy = _wasPausing = false;
        if (requests.TakeKeyFrameRequest())
            _keyFrames.Request();
        if (requests.Viewers == 0)
        {
            bool isNew = reader.Take(nowNs);
            reader.Acknowledge();
            if (reader.Scanout is not { } scanout)
                TurnOff();
            else if (requests.TakeExpectation())
                Prepare(scanout);
            else
                chain.OpenAhead(scanout, requests.Format);
            if (!isNew)
                mailbox.Wait(Forever);
            return;
        }

        _pacer.SetRate(requests.FramesPerSecond);
        _link.SetRate(requests.BitsPerSecond, nowNs);
        long pauseNs = Math.Max(_pacer.WaitNs(nowNs), _link.WaitNs(nowNs));
        if (pauseNs > 0)
        {
            Pause(nowNs, pauseNs);
            return;
        }

        reader.Availability = (_freeNs, _readyNs);
        bool taken = reader.Take(nowNs);
        if (reader.Scanout is null)
        {
            TurnOff();
            if (!taken)
                mailbox.Wait(Forever);
            return;
        }

        _wasBusy = taken || reader.HasUnread || reader.IsAhead || IsTimeForMore(nowNs);
        if (_wasBusy)
            Process(nowNs);
        else
            mailbox.Wait(UntilNextWork(nowNs));
    }

    // Nothing that moves goes out now: what has come to rest is sharpened meanwhile, so that a video beside it neither
    // waits for that nor is coded as finely.
    private void Pause(long nowNs, long pauseNs)
    {
        long sharpenNs = InPortions && _isReadable && !reader.HasUnread && !reader.IsAhead ? RefinementWaitNs(nowNs) : long.MaxValue;
        if (sharpenNs <= 0)
        {
            _wasBusy = true;
            Process(nowNs);
            return;
        }

        _wasPausing = true;
        mailbox.Wait(TimeSpan.FromTicks(Math.Min(pauseNs, sharpenNs) / 100), pictures: false);
    }

    private bool IsTimeForMore(long nowNs) => _isReadable
        && (_keyFrames.IsDue(nowNs) || _isFlushDue || FormatChanged || RefinementWaitNs(nowNs) <= 0);

    // A picture that only sharpens waits until the link has sent what is worth more; at most one comes in a frame's time.
    private long RefinementWaitNs(long nowNs) => options.Refine && _refinement is { NextNs: < long.MaxValue } map
        ? Math.Max(Math.Max(map.NextNs - nowNs, _sharpenedNs + _pacer.IntervalNs - nowNs), _link.WaitForRefinementNs(nowNs))
        : long.MaxValue;

    private bool InPortions => chain.Encoder is { RefinementPortion: > 0 };

    private bool FormatChanged => _format is { } format && format != requests.Format;

    private VideoFormat? _format;
    private VideoFormat? _refused;

    private TimeSpan UntilNextWork(long nowNs)
    {
        if (!_isReadable)
            return Forever;
        long untilNs = RefinementWaitNs(nowNs);
        if (_keyFrames.IsRequested)
            untilNs = Math.Min(untilNs, _keyFrames.WaitNs(nowNs));
        return untilNs > Forever.Ticks * 100 ? Forever : TimeSpan.FromTicks(untilNs / 100 + 1);
    }

    private void TurnOff()
    {
        _isReadable = false;
        if (_announced is null)
            return;
        _announced = null;
        sink.SizeChanged(null);
        UpdateState();
    }

    private void Process(long nowNs)
    {
        Scanout scanout = reader.Scanout!;
        if (!chain.Fits(scanout))
            _haste.Begin();
        Make(scanout, nowNs);
        _haste.End();
    }

    private void Make(Scanout scanout, long nowNs)
    {
        if (!Prepare(scanout))
        {
            reader.Acknowledge();
            reader.Drop(damage: false);
            _isReadable = false;
            return;
        }

        PictureTarget target = chain.Encoder!.AcquireTarget();
        ConvertOutcome? outcome = reader.Read(target, nowNs);
        if (outcome is null)
            return;
        reader.Acknowledge();
        if (outcome != ConvertOutcome.Converted)
        {
            MeetFailure(outcome.Value, scanout);
            return;
        }

        _isReadable = true;
        Encode(target, nowNs);
    }

    private void MeetFailure(ConvertOutcome outcome, Scanout scanout)
    {
        IFrameConverter converter = chain.Converter!;
        switch (outcome)
        {
            case ConvertOutcome.BadScanout:
                ReportBad(scanout, converter);
                break;
            case ConvertOutcome.DeviceLost:
                chain.Lose($"the device of {converter.Name} was lost");
                reader.ReadAgain();
                break;
            default:
                chain.StepDown($"{converter.Name} cannot read {scanout}");
                reader.ReadAgain();
                break;
        }
    }

    // Opens what the scanout needs, and brings every map to its size.
    private bool Prepare(Scanout scanout)
    {
        var rate = new EncoderRate(requests.BitsPerSecond, requests.FramesPerSecond);
        VideoFormat format = requests.Format;
        _format = format;
        if (!TrySelect(scanout, format, rate, out bool isNew))
            return false;
        if (isNew)
        {
            reader.StartOver(scanout.Size);
            _refinement = new RefinementMap(scanout.Size, InPortions);
            _keyFrames.ForceNow();
            UpdateState();
        }
        else if (rate != _rate)
        {
            chain.Encoder!.SetRate(rate.BitsPerSecond, rate.FramesPerSecond);
        }

        _rate = rate;
        return true;
    }

    // Where nothing makes the wanted codec, or nothing any more, H.264 goes on: every viewer takes it.
    private bool TrySelect(Scanout scanout, VideoFormat format, EncoderRate rate, out bool isNew)
    {
        isNew = false;
        if (format.Codec == VideoCodec.H264)
            _refused = null;
        if (format != _refused && chain.Select(scanout, new EncoderSettings(scanout.Size, format, rate.BitsPerSecond, rate.FramesPerSecond), out isNew))
            return true;
        if (format.Codec == VideoCodec.H264)
            return false;
        _refused = format;
        return chain.Select(scanout, new EncoderSettings(scanout.Size, VideoFormat.Default, rate.BitsPerSecond, rate.FramesPerSecond), out isNew);
    }

    // Told once for each scanout. Nothing is encoded of it; the last picture stays until the next one comes.
    private void ReportBad(Scanout scanout, IFrameConverter converter)
    {
        if (!ReferenceEquals(_bad, scanout))
            observer?.BadScanout(scanout.Size, converter.Name);
        _bad = scanout;
        reader.Drop(damage: true);
        _isReadable = false;
    }

    private void Encode(PictureTarget target, long nowNs)
    {
        if (_announced != target.Size)
            _keyFrames.ForceNow();
        bool key = _keyFrames.IsDue(nowNs);
        int step = !key && (!InPortions || reader.Owed.IsEmpty) && RefinementWaitNs(nowNs) <= 0 ? PlanRefinement(nowNs) : 0;
        bool onlySharpens = step > 0 && reader.Owed.IsEmpty;
        if (reader.Owed.IsEmpty && !key && step == 0 && !_isFlushDue)
        {
            counters.Count(unchanged: 1);
            reader.Forget();
            return;
        }

        if (_announced != target.Size)
        {
            _announced = target.Size;
            sink.SizeChanged(target.Size);
            UpdateState();
        }

        if (!onlySharpens || !InPortions)
            _pacer.Take(nowNs);
        EncodedFrame frame = _pool.Rent();
        FrameTimeline timeline = frame.Timeline = reader.HandOver(_owed);
        var request = new EncodeRequest(key, step, step > 0 ? _refinement : null, _link.RoomBits(nowNs));
        EncodeOutcome outcome = EncodeReadingAhead(target, request, frame);
        _ahead.Stop();
        if (outcome == EncodeOutcome.Encoded)
            Deliver(frame, key, step, nowNs);
        else
            frame.Release();
        _ahead.End();
        // A third of the time at most: on a machine that is busy, what moves comes first.
        if (onlySharpens)
            _sharpenedNs = nowNs + Math.Max(0, 3 * (MonotonicClock.NowNs - nowNs) - _pacer.IntervalNs);
        After(outcome, key, timeline);
    }

    private EncodeOutcome EncodeReadingAhead(PictureTarget target, in EncodeRequest request, EncodedFrame frame)
    {
        IVideoEncoder encoder = chain.Encoder!;
        if (chain.Converter!.MovesBetweenThreads && encoder.AcquireNext(target, _owed) is { } next)
            _ahead.Begin(next);
        return encoder.Encode(target, _owed, request, frame);
    }

    private int PlanRefinement(long nowNs) =>
        _refinement!.Plan(reader.Owed, nowNs, _portion.For(_link.RoomBits(nowNs), chain.Encoder!.RefinementPortion));

    private void Deliver(EncodedFrame frame, bool key, int step, long nowNs)
    {
        frame.Timeline.EncodedNs = MonotonicClock.NowNs;
        frame.FrameId = ++_frameId;
        frame.Size = _announced!.Value;
        frame.Codec = chain.Encoder!.Codec;
        counters.Count(encoded: 1, refined: step > 0 && _owed.IsEmpty ? 1 : 0, keyFrames: frame.IsKeyFrame ? 1 : 0, bytes: frame.Length);
        if (step > 0 && InPortions)
            _portion.Learn(_refinement!.PlannedBlocks, frame.Length);
        _refinement!.Commit(_owed, frame.IsKeyFrame, step, nowNs, frame.IsSharp);
        _link.Send(frame.Length, nowNs);
        if (key && frame.IsKeyFrame)
            _keyFrames.Sent(nowNs);
        sink.Deliver(frame);
        _haste.End();
        // Of the mode before: the first picture of this one did not wait for that.
        chain.CloseReplaced();
    }

    private void After(EncodeOutcome outcome, bool key, in FrameTimeline timeline)
    {
        _isFlushDue = outcome == EncodeOutcome.Pending;
        switch (outcome)
        {
            case EncodeOutcome.Encoded:
                _failures = 0;
                break;
            case EncodeOutcome.Pending:
                // What was handed over is under way; asking again would make a second key frame.
                _owed.Clear();
                reader.TakeBack(_owed, timeline);
                if (key)
                    _keyFrames.Sent(MonotonicClock.NowNs);
                break;
            case EncodeOutcome.Failed when ++_failures < MaxFailures:
                reader.TakeBack(_owed, timeline);
                _isFlushDue = true;
                _keyFrames.Request();
                break;
            default:
                _failures = 0;
                reader.TakeBack(_owed, timeline);
                reader.ReadAgain();
                chain.Lose($"{chain.Encoder!.Name} stopped working");
                break;
        }
    }

    private void UpdateState() => counters.SetState(_announced, chain.Converter?.Name, chain.Encoder?.Name);
}
