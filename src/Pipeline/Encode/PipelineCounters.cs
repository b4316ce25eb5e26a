using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>What <see cref="PipelineStatistics"/> are counted in. Any thread.</summary>
internal sealed class PipelineCounters
{
    private readonly Lock _gate = new();
    private PipelineStatistics _now;

    public PipelineStatistics Now
    {
        get
        {
            lock (_gate)
                return _now;
        }
    }

    public void Count(
        int taken = 0, int unchanged = 0, int encoded = 0, int refined = 0, int keyFrames = 0, int reread = 0, int readAhead = 0, int bytes = 0)
    {
        lock (_gate)
        {
            _now = _now with
            {
                FramesTaken = _now.FramesTaken + taken,
                FramesUnchanged = _now.FramesUnchanged + unchanged,
                FramesEncoded = _now.FramesEncoded + encoded,
                FramesRefined = _now.FramesRefined + refined,
                KeyFrames = _now.KeyFrames + keyFrames,
                FramesReread = _now.FramesReread + reread,
                FramesReadAhead = _now.FramesReadAhead + readAhead,
                BytesEncoded = _now.BytesEncoded + bytes,
            };
        }
    }

    /// <summary>Converts, and counts what it took.</summary>
    public ConvertOutcome Measure(IFrameConverter converter, Scanout scanout, TileMap damage, PictureTarget target, TileMap fresh)
    {
        long read = converter.CpuReadBytes, copied = converter.CpuCopiedBytes, imports = converter.ImportsDone, startNs = MonotonicClock.NowNs;
        ConvertOutcome outcome = converter.Convert(scanout, damage, target, fresh);
        lock (_gate)
        {
            _now = _now with
            {
                CpuReadBytes = _now.CpuReadBytes + converter.CpuReadBytes - read,
                CpuCopiedBytes = _now.CpuCopiedBytes + converter.CpuCopiedBytes - copied,
                ScanoutsImported = _now.ScanoutsImported + converter.ImportsDone - imports,
                ConvertNs = _now.ConvertNs + MonotonicClock.NowNs - startNs,
                GpuNs = _now.GpuNs + (damage.IsEmpty ? 0 : converter.LastGpuNs),
            };
        }

        return outcome;
    }

    public void SetState(PictureSize? size, string? converter, string? encoder)
    {
        lock (_gate)
            _now = _now with { Size = size, Converter = converter, Encoder = encoder };
    }
}
