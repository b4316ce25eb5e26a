using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Lab.Tests.Probe;

/// <summary>Writes what the pipeline encodes, a file for each picture size, and how long each picture held the guest.</summary>
internal sealed class StreamFiles(string prefix) : IEncodedFrameSink, IDisposable
{
    private readonly List<double> _heldMs = [];
    private FileStream? _file;
    private int _count;

    public string? Current { get; private set; }

    /// <summary>Milliseconds from damage to the end of its conversion, when QEMU is answered.</summary>
    public double[] HeldMs()
    {
        lock (_heldMs)
            return [.. _heldMs.Order()];
    }

    public void Forget()
    {
        lock (_heldMs)
            _heldMs.Clear();
    }

    public void Deliver(EncodedFrame frame)
    {
        _file?.Write(frame.Data);
        _file?.Flush();
        if (frame.Timeline is { DamageNs: > 0, ConvertedNs: > 0 } timeline)
        {
            lock (_heldMs)
                _heldMs.Add((timeline.ConvertedNs - timeline.DamageNs) / 1e6);
        }

        frame.Release();
    }

    public void SizeChanged(PictureSize? size)
    {
        _file?.Dispose();
        _file = null;
        if (size is null)
            return;
        Current = $"{prefix}-{_count++}-{size}.h264";
        _file = File.Create(Current);
    }

    public void Dispose() => _file?.Dispose();
}
