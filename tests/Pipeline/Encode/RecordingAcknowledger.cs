using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Encode;

/// <summary>Remembers up to where QEMU would have been answered.</summary>
internal sealed class RecordingAcknowledger : IFrameAcknowledger
{
    private readonly object _gate = new();
    private ulong _last;

    public void Acknowledge(ulong sequence)
    {
        lock (_gate)
        {
            _last = Math.Max(_last, sequence);
            Monitor.PulseAll(_gate);
        }
    }

    public void WaitFor(ulong sequence)
    {
        lock (_gate)
        {
            while (_last < sequence)
                Assert.True(Monitor.Wait(_gate, TimeSpan.FromSeconds(30)), $"{sequence} was not answered, only {_last}");
        }
    }
}
