using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Metrics;
using QemuZeroCopy.WebRtc;
using QemuZeroCopy.WebRtc.Rtp;
using VideoFormat = QemuZeroCopy.Pipeline.Encode.VideoFormat;

namespace QemuZeroCopy.Server.Viewers;

/// <summary>
/// Between one console's encode thread and its viewers. The encode thread delivers; the network thread cuts
/// each frame into packets once and gives it to every viewer. It outlives pipelines: when QEMU comes back, a
/// new pipeline feeds the viewers that stayed.
/// </summary>
internal sealed class ViewerHub : IEncodedFrameSink
{
    private readonly NetworkThread _network;
    private readonly ServerMetrics _metrics;
    private readonly VideoSource?[] _sources = new VideoSource?[(int)VideoCodecKind.Av1 + 1];
    private readonly int _maxVideoPayloadBytes;
    private readonly FrameQueue _queue = new();
    private readonly List<Viewer> _viewers = [];
    private readonly Lock _pipelineGate = new();
    private FrameTap[] _taps = [];
    private ConsolePipeline? _pipeline;
    private int _peerCount;
    private IReadOnlyList<VideoFormat>[] _peerFormats = [];
    private VideoFormat _format = VideoFormat.Default;
    private readonly FrameRateLadder _ladder = new();
    private readonly FrameRateWishes _wishes;
    private int _bitsPerSecond;
    private int _framesPerSecond;
    private PictureSize _size;
    private bool _chainBroken;
    private long _lastCaptureNs;
    private FrameTimeline _sending;
    private long _sendingCaptureNs;
    private int _sendingBytes;
    private bool _isSending;
    private long _inputNs;
    private InputMark? _mark;
    private PipelineStatistics _counted;

    public ViewerHub(NetworkThread network, ServerMetrics metrics, int maxVideoPayloadBytes, IReadOnlyList<VideoFormat> formats, int maxFramesPerSecond)
    {
        (_network, _metrics, _maxVideoPayloadBytes, Formats) = (network, metrics, maxVideoPayloadBytes, formats);
        _wishes = new FrameRateWishes(maxFramesPerSecond);
        _framesPerSecond = _wishes.Full;
        metrics.Collecting += Count;
    }

    /// <summary>What may be sent, best first; H.264 is always among them.</summary>
    public IReadOnlyList<VideoFormat> Formats { get; }

    /// <summary>Any thread: this pipeline feeds the hub from now on; null: nobody does.</summary>
    public void SetPipeline(ConsolePipeline? pipeline)
    {
        lock (_pipelineGate)
        {
            Count();
            _counted = default;
            _pipeline = pipeline;
            pipeline?.SetFormat(_format);
            pipeline?.SetViewerCount(_peerCount + _taps.Length);
            pipeline?.SetMaxFrameRate(_framesPerSecond);
            if (pipeline is not null && _bitsPerSecond > 0)
                pipeline.SetTargetBitrate(_bitsPerSecond);
        }
    }

    /// <summary>The ways of the last frames.</summary>
    public FrameTrace Trace { get; } = new();

    /// <summary>What the pipeline says of itself; null while there is none.</summary>
    public PipelineStatistics? Pipeline
    {
        get
        {
            lock (_pipelineGate)
                return _pipeline?.Statistics;
        }
    }

    /// <summary>The rate that the encoder aims at, in bits per second; 0 while no path has been measured.</summary>
    public int TargetBitsPerSecond => Volatile.Read(ref _bitsPerSecond);

    /// <summary>Any thread: a page wants this many pictures a second; null: it has gone.</summary>
    public void SetFrameRateWish(object page, int? framesPerSecond)
    {
        lock (_pipelineGate)
        {
            int before = _wishes.Full;
            if (!_wishes.Set(page, framesPerSecond))
                return;
            // The share of them that the paths carry stays.
            _framesPerSecond = Math.Max(1, _framesPerSecond * _wishes.Full / before);
            _pipeline?.SetMaxFrameRate(_framesPerSecond);
        }
    }

    /// <summary>Any thread: input is about to be handed to QEMU. The damage that follows is timed from the first that has no answer yet.</summary>
    public void NoteInput(long nowNs) => Interlocked.CompareExchange(ref _inputNs, nowNs, 0);

    /// <summary>Any thread: tells <paramref name="mark"/>'s page which picture answers; a mark that has no answer yet is forgotten.</summary>
    public void Mark(InputMark mark) => Volatile.Write(ref _mark, mark);

    /// <inheritdoc/>
    public void Deliver(EncodedFrame frame)
    {
        _metrics.Add(ServerCounter.FramesEncoded);
        if (frame.IsKeyFrame)
        {
            _metrics.Add(ServerCounter.KeyFrames);
            _chainBroken = false;
        }

        FrameTimeline way = frame.Timeline;
        frame.CaptureNs = _lastCaptureNs = Math.Max(_lastCaptureNs + PictureName.ApartNs, way.DamageNs != 0 ? way.DamageNs : way.TakenNs);
        foreach (FrameTap tap in Volatile.Read(ref _taps))
            tap.Offer(frame);

        // Frames build on each other: after one that found no room only a key frame is of use.
        if (!_chainBroken && _queue.TryAdd(frame))
        {
            _network.WakeUp();
            return;
        }

        if (!_chainBroken)
            RequestKeyFrame();
        _chainBroken = true;
        _metrics.Add(ServerCounter.FramesDropped);
        frame.Release();
    }

    /// <inheritdoc/>
    public void SizeChanged(PictureSize? size)
    {
        // Pages learn of modes from the console's state; the stream itself says its size in its key frame.
    }

    /// <summary>Any thread: the next frame shall be decodable on its own.</summary>
    public void RequestKeyFrame()
    {
        lock (_pipelineGate)
            _pipeline?.RequestKeyFrame();
    }

    /// <summary>Any thread: somebody is about to connect.</summary>
    public void ExpectViewer()
    {
        lock (_pipelineGate)
            _pipeline?.ExpectViewer();
    }

    /// <summary>Any thread: adds a viewer that takes whole access units; the next frame is a key frame.</summary>
    public FrameTap OpenTap()
    {
        var tap = new FrameTap(RequestKeyFrame);
        lock (_pipelineGate)
        {
            _taps = [.. _taps, tap];
            Agree();
            _pipeline?.SetViewerCount(_peerCount + _taps.Length);
        }

        return tap;
    }

    /// <summary>Any thread: the viewer has gone.</summary>
    public void CloseTap(FrameTap tap)
    {
        lock (_pipelineGate)
        {
            _taps = Array.FindAll(_taps, t => t != tap);
            Agree();
            _pipeline?.SetViewerCount(_peerCount + _taps.Length);
        }

        tap.Dispose();
    }

    /// <summary>Network thread: a viewer's connection is up.</summary>
    public void Add(Viewer viewer)
    {
        _viewers.Add(viewer);
        CountChanged();
    }

    /// <summary>Network thread: a viewer has gone, if it was there.</summary>
    public void Remove(Viewer viewer)
    {
        if (!_viewers.Remove(viewer))
            return;
        CountChanged();
        UpdateRate(MonotonicClock.NowNs);
    }

    /// <summary>Network thread: gives the next waiting frame to every viewer. False when none waits.</summary>
    public bool SendNext(long nowNs)
    {
        if (!_queue.TryTake(out EncodedFrame? encoded))
            return false;
        if (_isSending)
            EndFrame(nowNs);
        VideoCodecKind codec = CodecAgreement.KindOf(encoded.Codec);
        VideoSource source = _sources[(int)codec] ??= new VideoSource(codec, _maxVideoPayloadBytes);
        VideoFrame frame = source.Write(encoded.Data, encoded.CaptureNs, encoded.IsKeyFrame);
        _sending = encoded.Timeline;
        _sendingCaptureNs = encoded.CaptureNs;
        _sendingBytes = encoded.Length;
        _isSending = true;
        _size = encoded.Size;
        encoded.Release();
        foreach (Viewer viewer in _viewers)
            viewer.Peer.SendVideo(nowNs, viewer.Track, frame);
        AnswerInput(_sending.DamageNs);
        return true;
    }

    /// <summary>What damage comes before is not its answer; what comes a second later is somebody else's.</summary>
    private void AnswerInput(long damageNs)
    {
        const long longestAnswerNs = 1_000_000_000;
        long input = Volatile.Read(ref _inputNs);
        if (input != 0 && damageNs >= input)
        {
            if (damageNs - input <= longestAnswerNs)
                _metrics.RecordInputResponse(damageNs - input);
            Volatile.Write(ref _inputNs, 0);
        }

        if (Volatile.Read(ref _mark) is not { } mark || damageNs < mark.AtNs)
            return;
        Volatile.Write(ref _mark, null);
        if (damageNs - mark.AtNs <= longestAnswerNs)
            mark.Answer(new InputAnswer(mark.Stamp, PictureName.Of(_sendingCaptureNs, RtpBaseOf(mark.Input)), mark.AtNs, damageNs));
    }

    /// <summary>The RTP timestamp of time 0 at the viewer whose page has this input; null where that page has no connection.</summary>
    private uint? RtpBaseOf(Input.ViewerInput input)
    {
        foreach (Viewer viewer in _viewers)
        {
            if (viewer.Input == input)
                return viewer.RtpBase;
        }

        return null;
    }

    /// <summary>Network thread: the first packet of the frame from <see cref="SendNext"/> is about to be sent.</summary>
    public void StampFirstSent(long nowNs)
    {
        if (_isSending && _sending.FirstSentNs == 0)
            _sending.FirstSentNs = nowNs;
    }

    /// <summary>
    /// Network thread: what could be sent is sent. The frame's way ends with that unless packets of it wait for
    /// some viewer's pacer and no newer frame has come up behind them.
    /// </summary>
    public void StampLastSent(long nowNs)
    {
        if (!_isSending || IsPacing())
            return;
        EndFrame(nowNs);
    }

    private bool IsPacing()
    {
        foreach (Viewer viewer in _viewers)
        {
            if (viewer.Peer.HasVideoWaiting)
                return true;
        }

        return false;
    }

    private void EndFrame(long nowNs)
    {
        _isSending = false;
        if (_sending.FirstSentNs == 0)
            return; // nobody took it
        _sending.LastSentNs = nowNs;
        _metrics.RecordFrame(_sending);
        Trace.Add(_sending, _sendingBytes, _sendingCaptureNs);
    }

    /// <summary>
    /// Network thread: aims at what the viewers' paths carry. One encode serves all, so that somebody has to give
    /// way: the best path decides, but those that carry at least half of it are spared the skipping. Where the rate is
    /// too low for all pictures, fewer are made.
    /// </summary>
    public void UpdateRate(long nowNs)
    {
        int best = 0, target = int.MaxValue;
        foreach (Viewer viewer in _viewers)
            best = Math.Max(best, viewer.RateTargetBitsPerSecond);
        foreach (Viewer viewer in _viewers)
        {
            if (viewer.RateTargetBitsPerSecond >= best / 2 && viewer.RateTargetBitsPerSecond > 0)
                target = Math.Min(target, viewer.RateTargetBitsPerSecond);
        }

        if (best == 0)
            return;
        lock (_pipelineGate)
        {
            int framesPerSecond = _size.Width == 0 ? _wishes.Full : _ladder.Advise(nowNs, target, _size, _wishes.Full);
            if (target == _bitsPerSecond && framesPerSecond == _framesPerSecond)
                return;
            (_bitsPerSecond, _framesPerSecond) = (target, framesPerSecond);
            _pipeline?.SetTargetBitrate(target);
            _pipeline?.SetMaxFrameRate(framesPerSecond);
        }
    }

    // Under the gate. A tap is a page's WebCodecs or a recording: both take H.264.
    private void Agree()
    {
        if (_peerCount + _taps.Length == 0)
            return;
        VideoFormat format = _taps.Length > 0 ? VideoFormat.Default : CodecAgreement.Choose(Formats, _peerFormats);
        if (format == _format)
            return;
        _format = format;
        _pipeline?.SetFormat(format);
    }

    // What the pipeline has counted since it was asked last.
    private void Count()
    {
        lock (_pipelineGate)
        {
            if (_pipeline is null)
                return;
            PipelineStatistics now = _pipeline.Statistics;
            _metrics.Add(ServerCounter.ImportCpuBytes, now.CpuReadBytes - _counted.CpuReadBytes);
            _metrics.Add(ServerCounter.Imports, now.ScanoutsImported - _counted.ScanoutsImported);
            _metrics.Add(ServerCounter.ConvertCopiedBytes, now.CpuCopiedBytes - _counted.CpuCopiedBytes);
            _metrics.Add(ServerCounter.ConvertNs, now.ConvertNs - _counted.ConvertNs);
            _metrics.Add(ServerCounter.GpuNs, now.GpuNs - _counted.GpuNs);
            _counted = now;
        }
    }

    private void CountChanged()
    {
        lock (_pipelineGate)
        {
            _metrics.AddViewers(_viewers.Count - _peerCount);
            _peerCount = _viewers.Count;
            _peerFormats = [.. _viewers.Select(viewer => viewer.Formats)];
            Agree();
            _pipeline?.SetViewerCount(_peerCount + _taps.Length);
        }
    }
}
