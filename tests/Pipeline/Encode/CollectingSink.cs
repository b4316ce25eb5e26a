using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Encode;

/// <summary>Keeps what a pipeline delivers, and lets a test wait for it.</summary>
internal sealed class CollectingSink : IEncodedFrameSink, IPipelineObserver
{
    private readonly object _gate = new();
    private readonly List<(byte[] Data, bool IsKeyFrame)> _frames = [];
    private readonly List<string> _events = [];

    public IReadOnlyList<(byte[] Data, bool IsKeyFrame)> Frames
    {
        get
        {
            lock (_gate)
                return [.. _frames];
        }
    }

    /// <summary>What the observer was told, a line each.</summary>
    public IReadOnlyList<string> Events
    {
        get
        {
            lock (_gate)
                return [.. _events];
        }
    }

    public IReadOnlyList<FrameTimeline> Timelines
    {
        get
        {
            lock (_gate)
                return [.. _timelines];
        }
    }

    private readonly List<FrameTimeline> _timelines = [];

    /// <summary>All access units end to end.</summary>
    public byte[] Stream => [.. Frames.SelectMany(static frame => frame.Data)];

    /// <summary>Waits until there are <paramref name="count"/> frames; fails after half a minute.</summary>
    public void WaitFor(int count)
    {
        var patience = TimeSpan.FromSeconds(30);
        lock (_gate)
        {
            while (_frames.Count < count)
                Assert.True(Monitor.Wait(_gate, patience), $"{_frames.Count} of {count} frames came; {string.Join("; ", _events)}");
        }
    }

    public void Deliver(EncodedFrame frame)
    {
        lock (_gate)
        {
            _frames.Add((frame.Data.ToArray(), frame.IsKeyFrame));
            _timelines.Add(frame.Timeline);
            Monitor.PulseAll(_gate);
        }

        frame.Release();
    }

    public void SizeChanged(PictureSize? size) => Note($"size {size?.ToString() ?? "off"}");

    public void PathChosen(PictureSize size, string converter, string encoder) => Note($"chosen {converter} → {encoder}");

    public void PathRefused(string path, string reason) => Note($"refused {path}: {reason}");

    public void NoPathLeft(Scanout scanout) => Note($"no path left for {scanout}");

    public void BadScanout(PictureSize size, string converter) => Note("bad scanout");

    public void Faulted(Exception exception) => Note($"faulted {exception}");

    private void Note(string what)
    {
        lock (_gate)
            _events.Add(what);
    }
}
