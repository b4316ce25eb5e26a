using System.Diagnostics.Metrics;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Server.Metrics;

/// <summary>
/// All that the server counts and times, in one place: overlay, /metrics, OpenTelemetry and benches read
/// it. Recording allocates nothing and takes no lock.
/// </summary>
internal sealed class ServerMetrics : IDisposable
{
    /// <summary>Name of the meter, for OpenTelemetry.</summary>
    public const string MeterName = "QemuZeroCopy";

    private readonly Meter _meter = new(MeterName);
    private readonly LatencyHistogram[] _stages = new LatencyHistogram[FrameStages.Count];
    private readonly KeyValuePair<string, object?>[] _stageTags = new KeyValuePair<string, object?>[FrameStages.Count];
    private readonly LatencyHistogram[] _viewerStages = new LatencyHistogram[ViewerStages.Count];
    private readonly KeyValuePair<string, object?>[] _viewerTags = new KeyValuePair<string, object?>[ViewerStages.Count];
    private readonly Histogram<double> _stageSeconds;
    private readonly Histogram<double> _inputSeconds;
    private readonly Histogram<double> _inputPathSeconds;
    private readonly Histogram<double> _viewerSeconds;
    private readonly Histogram<double> _holdSeconds;
    private readonly Histogram<double> _soundSeconds;
    private readonly long[] _counters = new long[Enum.GetValues<ServerCounter>().Length];
    private int _viewers;

    /// <summary>With everything at zero.</summary>
    public ServerMetrics()
    {
        for (int i = 0; i < FrameStages.Count; i++)
        {
            _stages[i] = new LatencyHistogram();
            _stageTags[i] = new("qzc.stage", FrameStages.NameOf((FrameStage)i));
        }

        for (int i = 0; i < ViewerStages.Count; i++)
        {
            _viewerStages[i] = new LatencyHistogram();
            _viewerTags[i] = new("qzc.stage", ViewerStages.NameOf((ViewerStage)i));
        }

        _stageSeconds = _meter.CreateHistogram<double>("qzc.frame.stage.duration", "s", "Time that frames spend in each stage on this host.");
        _inputSeconds = _meter.CreateHistogram<double>("qzc.input.response.duration", "s", "From an input event handed to QEMU to the first damage after it.");
        _inputPathSeconds = _meter.CreateHistogram<double>("qzc.input.path.duration", "s", "From an input event in a page to this host, of the events that pages tell of.");
        _viewerSeconds = _meter.CreateHistogram<double>("qzc.viewer.frame.duration", "s", "What viewers add to single pictures' ways, and the whole way from the damage to their screens.");
        _holdSeconds = _meter.CreateHistogram<double>("qzc.guest.hold.duration", "s", "From an UpdateDMABUF of QEMU's to the answer, for which the guest waits.");
        _soundSeconds = _meter.CreateHistogram<double>("qzc.sound.delay.duration", "s", "From QEMU's handing over of a block of sound to its packet's leaving.");
        _meter.CreateObservableUpDownCounter("qzc.viewers", () => Volatile.Read(ref _viewers), "{viewer}", "Viewers that are connected.");
        foreach (ServerCounter counter in Enum.GetValues<ServerCounter>())
        {
            ServerCounterInfo info = ServerCounterInfo.Of(counter);
            _meter.CreateObservableCounter(info.Name, () => Read(counter), info.Unit, info.Description);
        }
    }

    /// <summary>From an input event handed to QEMU to the first damage after it.</summary>
    public LatencyHistogram InputResponse { get; } = new();

    /// <summary>From an input event in a page to this host. Two clocks meet here: it is off by up to half of the shortest round trip.</summary>
    public LatencyHistogram InputPath { get; } = new();

    /// <summary>From an UpdateDMABUF of QEMU's to our answer.</summary>
    public LatencyHistogram GuestHold { get; } = new();

    /// <summary>Raised before counters are read: who counts for itself adds what is new.</summary>
    public event Action? Collecting;

    /// <summary>From QEMU's handing over of a block of sound to its packet's leaving.</summary>
    public LatencyHistogram SoundDelay { get; } = new();

    /// <summary>Viewers that are connected now.</summary>
    public int Viewers => Volatile.Read(ref _viewers);

    /// <summary>Viewers came, or went.</summary>
    public void AddViewers(int change) => Interlocked.Add(ref _viewers, change);

    /// <summary>The value of a counter.</summary>
    public long this[ServerCounter counter] => Interlocked.Read(ref _counters[(int)counter]);

    /// <summary>Brings every counter up to date.</summary>
    public void Collect() => Collecting?.Invoke();

    /// <summary>Durations of one stage.</summary>
    public LatencyHistogram Stage(FrameStage stage) => _stages[(int)stage];

    /// <summary>Durations of one stage at the viewers, of the pictures that they tell of.</summary>
    public LatencyHistogram Viewer(ViewerStage stage) => _viewerStages[(int)stage];

    /// <summary>Counts up.</summary>
    public void Add(ServerCounter counter, long by = 1) => Interlocked.Add(ref _counters[(int)counter], by);

    /// <summary>Records a frame whose last packet has been handed to the kernel.</summary>
    public void RecordFrame(in FrameTimeline timeline)
    {
        for (int i = 0; i < FrameStages.Count; i++)
        {
            long durationNs = FrameStages.DurationNs(timeline, (FrameStage)i);
            _stages[i].Record(durationNs);
            if (_stageSeconds.Enabled)
                _stageSeconds.Record(durationNs * 1e-9, _stageTags[i]);
        }
    }

    /// <summary>Records how long QEMU waited for the answer about a buffer.</summary>
    public void RecordGuestHold(long durationNs)
    {
        GuestHold.Record(durationNs);
        if (_holdSeconds.Enabled)
            _holdSeconds.Record(durationNs * 1e-9);
    }

    /// <summary>Records a stage of a picture that a viewer tells of.</summary>
    public void RecordViewer(ViewerStage stage, long durationNs)
    {
        _viewerStages[(int)stage].Record(durationNs);
        if (_viewerSeconds.Enabled)
            _viewerSeconds.Record(durationNs * 1e-9, _viewerTags[(int)stage]);
    }

    /// <summary>Records the time from an input event to the damage that followed it.</summary>
    public void RecordInputResponse(long durationNs)
    {
        InputResponse.Record(durationNs);
        if (_inputSeconds.Enabled)
            _inputSeconds.Record(durationNs * 1e-9);
    }

    /// <summary>Records the time from an input event in a page to this host.</summary>
    public void RecordInputPath(long durationNs)
    {
        InputPath.Record(durationNs);
        if (_inputPathSeconds.Enabled)
            _inputPathSeconds.Record(durationNs * 1e-9);
    }

    private long Read(ServerCounter counter)
    {
        Collect();
        return this[counter];
    }

    /// <summary>Records a packet of sound that has been handed to the kernel, from its newest sample on.</summary>
    public void RecordSound(long durationNs)
    {
        SoundDelay.Record(durationNs);
        if (_soundSeconds.Enabled)
            _soundSeconds.Record(durationNs * 1e-9);
    }

    /// <summary>Ends the meter.</summary>
    public void Dispose() => _meter.Dispose();
}
