using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>What the encode thread runs. Everything but <see cref="Statistics"/> belongs to that thread.</summary>
internal sealed class EncodeLoop(
    FrameMailbox mailbox, PathChain chain, IEncodedFrameSink sink, PipelineRequests requests,
    ConsolePipelineOptions options, IPipelineObserver? observer)
{
    // A picture refused this often in a row is the encoder's fault, not the picture's.
    private const int MaxFailures = 5;

    // A scanout that nobody can read is looked at again when it changes, not in a busy loop.
    private static readonly TimeSpan Forever = TimeSpan.FromHours(1);

    private readonly EncodedFramePool _pool = new();
    private readonly TileMap _damage = DamageRegion.Create(new PictureSize(64, 64));
    private readonly TileMap _fresh = new(new PictureSize(64, 64), PictureTarget.MacroblockSize);
    private readonly TileMap _owed = new(new PictureSize(64, 64), PictureTarget.MacroblockSize);
    private readonly Lock _statisticsGate = new();
    private PipelineStatistics _statistics;
    private FramePacer _pacer = new(options.MaxFramesPerSecond);
    private KeyFrameThrottle _keyFrames = new();
    private readonly LinkBudget _link = new(options.BitsPerSecond);
    private RefinementMap? _refinement;
    private EncoderRate _rate = new(options.BitsPerSecond, options.MaxFramesPerSecond);
    private Scanout? _scanout;
    private Scanout? _bad;
    private PictureSize? _announced;
    private FrameTimeline _timeline;
    private long _freeNs;
    private long _readyNs;
    private bool _wasBusy;
    private bool _wasPausing;
    private bool _hasUnread;
    private bool _isReadable;
    private bool _isFlushDue;
    private long _frameId;
    private int _failures;

    public PipelineStatistics Statistics
    {
        get
        {
            lock (_statisticsGate)
                return _statistics;
        }
    }

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
            Close();
        }
    }

    public void Close()
    {
        _scanout?.Release();
        _scanout = null;
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
            if (!TakePicture(nowNs, acknowledge: true))
                mailbox.Wait(Forever);
            return;
        }

        _pacer.SetRate(requests.FramesPerSecond);
        _link.SetRate(requests.BitsPerSecond, nowNs);
        long pauseNs = Math.Max(_pacer.WaitNs(nowNs), _link.WaitNs(nowNs));
        if (pauseNs > 0)
        {
            _wasPausing = true;
            mailbox.Wait(TimeSpan.FromTicks(pauseNs / 100), pictures: false);
            return;
        }

        bool taken = TakePicture(nowNs, acknowledge: false);
        if (_scanout is null)
        {
            if (!taken)
                mailbox.Wait(Forever);
            return;
        }

        _wasBusy = taken || _hasUnread || IsTimeForMore(nowNs);
        if (_wasBusy)
            Process(nowNs);
        else
            mailbox.Wait(UntilNextWork(nowNs));
    }

    private bool IsTimeForMore(long nowNs) => _isReadable
        && (_keyFrames.IsDue(nowNs) || _isFlushDue || FormatChanged || RefinementWaitNs(nowNs) <= 0);

    // A picture that only sharpens waits until the link has sent what is worth more.
    private long RefinementWaitNs(long nowNs) => options.Refine && _refinement is { NextNs: < long.MaxValue } map
        ? Math.Max(map.NextNs - nowNs, _link.WaitForRefinementNs(nowNs))
        : long.MaxValue;

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

    // Damage adds up in _damage until Process has read it; the ticket is answered here when nobody watches.
    private bool TakePicture(long nowNs, bool acknowledge)
    {
        if (!mailbox.TryTake(_damage, out FrameTicket ticket))
            return false;
        Count(taken: 1);
        if (_ticket is { } unanswered)
            mailbox.Complete(unanswered);
        _scanout?.Release();
        _scanout = ticket.Scanout;
        _scanout?.AddReference();
        _ticket = ticket;
        if (_scanout is null)
        {
            Acknowledge();
            TurnOff();
            return true;
        }

        if (!_hasUnread)
            _timeline = new FrameTimeline { DamageNs = ticket.DamageNs };
        (_timeline.FreeNs, _timeline.ReadyNs) = (_freeNs, _readyNs);
        _timeline.TakenNs = nowNs;
        _hasUnread = true;
        if (acknowledge)
            Acknowledge();
        return true;
    }

    private FrameTicket? _ticket;

    private void Acknowledge()
    {
        if (_ticket is { } ticket)
            mailbox.Complete(ticket);
        _ticket = null;
    }

    private void TurnOff()
    {
        _hasUnread = false;
        _isReadable = false;
        if (_announced is null)
            return;
        _announced = null;
        sink.SizeChanged(null);
        UpdateState();
    }

    private void Process(long nowNs)
    {
        Scanout scanout = _scanout!;
        if (!Prepare(scanout))
        {
            Acknowledge();
            (_hasUnread, _isReadable) = (false, false);
            return;
        }

        PictureTarget target = chain.Encoder!.AcquireTarget();
        bool read = Read(scanout, target, nowNs);
        Acknowledge();
        if (!read)
            return;
        (_hasUnread, _isReadable) = (false, true);
        Encode(target, nowNs);
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
            if (_owed.Size != scanout.Size)
            {
                _owed.Resize(scanout.Size);
                _fresh.Resize(scanout.Size);
            }

            if (_damage.Size != scanout.Size)
                _damage.Resize(scanout.Size);
            _refinement = new RefinementMap(scanout.Size);
            _damage.Fill();
            _owed.Fill();
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

    // Converts what is damaged; once more what was damaged while that was being read.
    private bool Read(Scanout scanout, PictureTarget target, long nowNs)
    {
        if (_timeline.TakenNs == 0)
            _timeline.TakenNs = nowNs;
        long takenNs = _timeline.TakenNs;
        _timeline.ImportedNs = 0;
        if (!Convert(scanout, target))
            return false;
        if (mailbox.HasOvertaken(_damage))
        {
            _damage.Clear();
            Acknowledge();
            if (TakePicture(MonotonicClock.NowNs, acknowledge: false) && ReferenceEquals(_scanout, scanout))
            {
                Count(reread: 1);
                // The second look is a part of the conversion that the first one began.
                _timeline.TakenNs = takenNs;
                if (!Convert(scanout, target))
                    return false;
            }
            else
            {
                return false;
            }
        }

        _damage.Clear();
        _timeline.ConvertedNs = MonotonicClock.NowNs;
        return true;
    }

    private bool Convert(Scanout scanout, PictureTarget target)
    {
        IFrameConverter converter = chain.Converter!;
        ConvertOutcome outcome = Measure(converter, scanout, target);
        // Zeros stand where QEMU's file ends now. They are in the target: what they changed has to be encoded one day.
        if (outcome == ConvertOutcome.BadScanout || scanout is SharedMemoryScanout { Memory.IsTorn: true })
        {
            _owed.UnionWith(_fresh);
            ReportBad(scanout, converter);
            return false;
        }

        switch (outcome)
        {
            case ConvertOutcome.Converted:
                _owed.UnionWith(_fresh);
                return true;
            case ConvertOutcome.DeviceLost:
                chain.Lose($"the device of {converter.Name} was lost");
                _hasUnread = true;
                return false;
            default:
                chain.StepDown($"{converter.Name} cannot read {scanout}");
                _hasUnread = true;
                return false;
        }
    }

    private ConvertOutcome Measure(IFrameConverter converter, Scanout scanout, PictureTarget target)
    {
        long read = converter.CpuReadBytes, copied = converter.CpuCopiedBytes, imports = converter.ImportsDone, startNs = MonotonicClock.NowNs;
        ConvertOutcome outcome = converter.Convert(scanout, _damage, target, _fresh);
        if (_timeline.ImportedNs == 0)
            _timeline.ImportedNs = startNs + converter.LastImportNs;
        lock (_statisticsGate)
        {
            _statistics = _statistics with
            {
                CpuReadBytes = _statistics.CpuReadBytes + converter.CpuReadBytes - read,
                CpuCopiedBytes = _statistics.CpuCopiedBytes + converter.CpuCopiedBytes - copied,
                ScanoutsImported = _statistics.ScanoutsImported + converter.ImportsDone - imports,
                ConvertNs = _statistics.ConvertNs + MonotonicClock.NowNs - startNs,
                GpuNs = _statistics.GpuNs + (_damage.IsEmpty ? 0 : converter.LastGpuNs),
            };
        }

        return outcome;
    }

    // Told once for each scanout. Nothing is encoded of it; the last picture stays until the next one comes.
    private void ReportBad(Scanout scanout, IFrameConverter converter)
    {
        if (!ReferenceEquals(_bad, scanout))
            observer?.BadScanout(scanout.Size, converter.Name);
        _bad = scanout;
        _damage.Clear();
        (_hasUnread, _isReadable) = (false, false);
    }

    private void Encode(PictureTarget target, long nowNs)
    {
        if (_announced != target.Size)
            _keyFrames.ForceNow();
        bool key = _keyFrames.IsDue(nowNs);
        int step = !key && RefinementWaitNs(nowNs) <= 0 ? _refinement!.Plan(_owed, nowNs) : 0;
        if (_owed.IsEmpty && !key && step == 0 && !_isFlushDue)
        {
            Count(unchanged: 1);
            _timeline = default;
            return;
        }

        if (_announced != target.Size)
        {
            _announced = target.Size;
            sink.SizeChanged(target.Size);
            UpdateState();
        }

        _pacer.Take(nowNs);
        EncodedFrame frame = _pool.Rent();
        frame.Timeline = _timeline;
        var request = new EncodeRequest(key, step, step > 0 ? _refinement : null, _link.RoomBits(nowNs));
        EncodeOutcome outcome = chain.Encoder!.Encode(target, _owed, request, frame);
        if (outcome == EncodeOutcome.Encoded)
            Deliver(frame, key, step, nowNs);
        else
            frame.Release();
        After(outcome, key, nowNs);
    }

    private void Deliver(EncodedFrame frame, bool key, int step, long nowNs)
    {
        frame.Timeline.EncodedNs = MonotonicClock.NowNs;
        frame.FrameId = ++_frameId;
        frame.Size = _announced!.Value;
        frame.Codec = chain.Encoder!.Codec;
        Count(encoded: 1, refined: step > 0 && _owed.IsEmpty ? 1 : 0, keyFrames: frame.IsKeyFrame ? 1 : 0, bytes: frame.Length);
        _refinement!.Commit(_owed, frame.IsKeyFrame, step, nowNs);
        _link.Send(frame.Length, nowNs);
        if (key && frame.IsKeyFrame)
            _keyFrames.Sent(nowNs);
        sink.Deliver(frame);
    }

    private void After(EncodeOutcome outcome, bool key, long nowNs)
    {
        _isFlushDue = outcome == EncodeOutcome.Pending;
        switch (outcome)
        {
            case EncodeOutcome.Encoded:
                _owed.Clear();
                _timeline = default;
                _failures = 0;
                break;
            case EncodeOutcome.Pending:
                // What was handed over is under way; asking again would make a second key frame.
                _owed.Clear();
                if (key)
                    _keyFrames.Sent(nowNs);
                break;
            case EncodeOutcome.Failed when ++_failures < MaxFailures:
                _isFlushDue = true;
                _keyFrames.Request();
                break;
            default:
                _failures = 0;
                _hasUnread = true;
                chain.Lose($"{chain.Encoder!.Name} stopped working");
                break;
        }
    }

    private void Count(int taken = 0, int unchanged = 0, int encoded = 0, int refined = 0, int keyFrames = 0, int reread = 0, int bytes = 0)
    {
        lock (_statisticsGate)
        {
            _statistics = _statistics with
            {
                FramesTaken = _statistics.FramesTaken + taken,
                FramesUnchanged = _statistics.FramesUnchanged + unchanged,
                FramesEncoded = _statistics.FramesEncoded + encoded,
                FramesRefined = _statistics.FramesRefined + refined,
                KeyFrames = _statistics.KeyFrames + keyFrames,
                FramesReread = _statistics.FramesReread + reread,
                BytesEncoded = _statistics.BytesEncoded + bytes,
            };
        }
    }

    private void UpdateState()
    {
        lock (_statisticsGate)
            _statistics = _statistics with { Size = _announced, Converter = chain.Converter?.Name, Encoder = chain.Encoder?.Name };
    }
}
