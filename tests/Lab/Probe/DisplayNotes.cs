using System.Collections.Concurrent;
using QemuZeroCopy.FrameSource;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Lab.Tests.Probe;

/// <summary>Takes note of what QEMU hands over and of what anybody complains about.</summary>
internal sealed class DisplayNotes : IDisplayEvents, IPipelineObserver
{
    private int _dmaBufs, _holds, _releases;

    /// <summary>DMA-BUF scanouts seen.</summary>
    public int DmaBufs => Volatile.Read(ref _dmaBufs);

    /// <summary>Their sizes, formats and modifiers.</summary>
    public SortedSet<string> Kinds { get; } = new(StringComparer.Ordinal);

    /// <summary>Refusals, late acknowledgements, lost paths: all of them faults here.</summary>
    public List<string> Complaints { get; } = [];

    /// <summary>What was refused without being anybody's fault.</summary>
    public ConcurrentBag<string> Passing { get; } = [];

    /// <summary>Updates of QEMU's that hold its guest, and their answers.</summary>
    public int Holds => Volatile.Read(ref _holds);

    /// <inheritdoc cref="Holds"/>
    public int Releases => Volatile.Read(ref _releases);

    /// <summary>Whether the other side has gone.</summary>
    public bool HasEnded { get; private set; }

    public void GuestHeld(ConsoleDisplay console) => Interlocked.Increment(ref _holds);

    /// <summary>How long each update held the guest.</summary>
    public HoldTimes HoldTimes { get; } = new();

    public void GuestReleased(ConsoleDisplay console, long heldNs, bool wasRead)
    {
        HoldTimes.Add(TimeSpan.FromTicks(heldNs / 100), wasRead);
        Interlocked.Increment(ref _releases);
    }

    public void ConsoleAdded(ConsoleDisplay console)
    {
    }

    public void ConsoleRemoved(ConsoleDisplay console)
    {
    }

    public void ScanoutChanged(ConsoleDisplay console, Scanout? scanout)
    {
        if (scanout is not DmaBufScanout dmaBuf)
            return;
        Interlocked.Increment(ref _dmaBufs);
        lock (Kinds)
            Kinds.Add($"{dmaBuf.Size} {dmaBuf.Format} modifier 0x{dmaBuf.Modifier:x} planes {dmaBuf.Planes.Length}{(dmaBuf.IsBottomUp ? " bottom up" : "")}");
    }

    public void CursorChanged(ConsoleDisplay console, CursorImage cursor)
    {
    }

    public void PointerMoved(ConsoleDisplay console, PointerPosition position)
    {
    }

    public void PointerModeChanged(ConsoleDisplay console, bool isAbsolute)
    {
    }

    public void LedsChanged(ConsoleDisplay console, KeyboardLeds leds)
    {
    }

    public void ConsoleChanged(ConsoleDisplay console)
    {
    }

    public void Disconnected(string reason)
    {
        Complain($"disconnected: {reason}");
        HasEnded = true;
    }

    /// <summary>In a mode change QEMU tells of damage in the new mode a moment before it shows it: a figure, not a finding.</summary>
    public void Refused(RefusedInput kind, string detail)
    {
        if (kind is RefusedInput.Damage)
            Passing.Add($"{kind}: {detail}");
        else
            Complain($"{kind}: {detail}");
    }

    public void PathChosen(PictureSize size, string converter, string encoder)
    {
    }

    public void PathRefused(string path, string reason) => Complain($"{path}: {reason}");

    public void NoPathLeft(Scanout scanout) => Complain($"no path for {scanout}");

    public void BadScanout(PictureSize size, string converter) => Complain($"bad scanout {size} at {converter}");

    public void Faulted(Exception exception) => Complain(exception.ToString());

    public void Forget()
    {
        lock (Complaints)
            Complaints.Clear();
    }

    private void Complain(string what)
    {
        lock (Complaints)
            Complaints.Add(what);
    }
}
