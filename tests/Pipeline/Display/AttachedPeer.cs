using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.FrameSource;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Display;

/// <summary>The real client attached to a scripted peer over a socket pair.</summary>
internal sealed class AttachedPeer : IDisposable
{
    internal const uint X8R8G8B8 = 0x20020888;

    private AttachedPeer(DisplayPeer peer, VmDisplay vm, Recorder events)
    {
        Peer = peer;
        Vm = vm;
        Events = events;
    }

    internal DisplayPeer Peer { get; }

    internal VmDisplay Vm { get; }

    internal Recorder Events { get; }

    internal ConsoleDisplay Console => Vm.Consoles[0];

    internal static async Task<AttachedPeer> CreateAsync(DisplayOptions? options = null, Action<DisplayPeer>? prepare = null, params PeerConsole[] consoles)
    {
        (SafeFileHandle left, SafeFileHandle right) = UnixSockets.CreatePair();
        DisplayPeer peer = new(left, consoles.Length == 0 ? [new PeerConsole(0, "fake-vga", 640, 480)] : consoles);
        prepare?.Invoke(peer);
        Recorder events = new();
        VmDisplay vm = await VmDisplay.AttachAsync(new DisplayEndpoint.Peer(right), events, options);
        return new AttachedPeer(peer, vm, events);
    }

    internal Task<ListenerPeer> Listener => Peer.ListenerAsync(0);

    /// <summary>Takes what is in the mailbox, and says which tiles are damaged; null when there is nothing.</summary>
    internal (FrameTicket Ticket, TileMap Damage)? Take()
    {
        TileMap damage = DamageRegion.Create(new PictureSize(64, 64));
        return Console.Frames.TryTake(damage, MonotonicClock.NowNs, out FrameTicket ticket) ? (ticket, damage) : null;
    }

    /// <summary>Waits for a frame and takes it.</summary>
    internal async Task<(FrameTicket Ticket, TileMap Damage)> TakeAsync()
    {
        (FrameTicket, TileMap)? taken = null;
        await Recorder.Until(() => (taken = Take()) is not null, () => "a frame");
        return taken!.Value;
    }

    internal async Task SkipFrame()
    {
        (FrameTicket ticket, _) = await TakeAsync();
        Console.Frames.Complete(ticket);
    }

    /// <summary>One pixel of a CPU scanout, as its 32-bit word.</summary>
    internal static uint Pixel(Scanout scanout, int x, int y)
    {
        CpuScanout pixels = (CpuScanout)scanout;
        return (uint)Marshal.ReadInt32(pixels.Pixels + y * pixels.Stride + x * 4);
    }

    public void Dispose()
    {
        Vm.Dispose();
        Peer.Dispose();
    }
}
