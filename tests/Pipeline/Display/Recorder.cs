using System.Collections.Concurrent;
using System.Diagnostics;
using QemuZeroCopy.FrameSource;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Display;

/// <summary>Remembers what the display told, as text, for a test to wait for.</summary>
internal sealed class Recorder : IDisplayEvents
{
    private readonly ConcurrentQueue<string> _events = new();

    internal ConcurrentQueue<(RefusedInput Kind, string Detail)> Refusals { get; } = new();

    internal IReadOnlyCollection<string> Events => _events;

    /// <summary>How often QEMU was told to hold its guest, and let it go.</summary>
    internal int Holds;

    /// <inheritdoc cref="Holds"/>
    internal int Releases;

    /// <summary>Releases before the pixels were read.</summary>
    internal int Unread { get; private set; }

    /// <summary>The shortest hold, ns.</summary>
    internal long ShortestHoldNs { get; private set; } = long.MaxValue;

    /// <summary>How long each hold was.</summary>
    internal HoldTimes HoldTimes { get; } = new();

    internal Action? OnScanout { get; set; }

    public void ConsoleAdded(ConsoleDisplay console) => _events.Enqueue($"added {console.Id}");

    public void ConsoleRemoved(ConsoleDisplay console) => _events.Enqueue($"removed {console.Id}");

    public void ScanoutChanged(ConsoleDisplay console, Scanout? scanout)
    {
        _events.Enqueue(scanout is null ? "off" : $"{scanout.GetType().Name} {scanout.Size}");
        OnScanout?.Invoke();
    }

    public void CursorChanged(ConsoleDisplay console, CursorImage cursor) => _events.Enqueue($"cursor {cursor.Size}");

    public void PointerMoved(ConsoleDisplay console, PointerPosition position) =>
        _events.Enqueue($"pointer {position.X},{position.Y} {(position.IsVisible ? "shown" : "hidden")}");

    public void PointerModeChanged(ConsoleDisplay console, bool isAbsolute) => _events.Enqueue(isAbsolute ? "absolute" : "relative");

    public void LedsChanged(ConsoleDisplay console, KeyboardLeds leds) => _events.Enqueue($"leds {leds}");

    public void ConsoleChanged(ConsoleDisplay console) => _events.Enqueue($"changed {console.Id} {console.Size}");

    public void Disconnected(string reason) => _events.Enqueue("disconnected");

    public void GuestHeld(ConsoleDisplay console) => Interlocked.Increment(ref Holds);

    public void GuestReleased(ConsoleDisplay console, long heldNs, bool wasRead)
    {
        Unread += wasRead ? 0 : 1;
        HoldTimes.Add(TimeSpan.FromTicks(heldNs / 100), wasRead);
        ShortestHoldNs = Math.Min(ShortestHoldNs, heldNs);
        Interlocked.Increment(ref Releases);
    }

    public void Refused(RefusedInput kind, string detail) => Refusals.Enqueue((kind, detail));

    internal Task Seen(string text) => Until(() => _events.Contains(text), () => $"\"{text}\" in [{string.Join("; ", _events)}], refused [{string.Join("; ", Refusals)}]");

    /// <summary>Waits for a condition; fails after twenty seconds, saying for what it waited.</summary>
    internal static async Task Until(Func<bool> condition, Func<string> what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start).TotalSeconds < 20, "Waited in vain for " + what());
            await Task.Delay(5);
        }
    }
}
