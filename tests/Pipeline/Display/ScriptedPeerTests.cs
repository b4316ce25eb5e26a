using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.FrameSource;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Interop.SdBus;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Frames;
using static QemuZeroCopy.Pipeline.Tests.Display.AttachedPeer;

namespace QemuZeroCopy.Pipeline.Tests.Display;

/// <summary>The client against a scripted peer: a real D-Bus connection, every message in the test's hand.</summary>
public sealed class ScriptedPeerTests
{
    private const uint Stride = 640 * 4;

    [Fact]
    public async Task The_listener_tells_what_it_takes_while_its_registration_is_pending()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync();
        ListenerPeer listener = await attached.Listener;
        Assert.Equal(["Interfaces"], listener.PropertyNames);
        Assert.Equal(["org.qemu.Display1.Listener.Unix.Map", "org.qemu.Display1.Listener.Unix.ScanoutDMABUF2"], listener.Interfaces);
        string xml = await listener.IntrospectAsync();
        Assert.Contains("<method name=\"ScanoutMap\">", xml, StringComparison.Ordinal);
        Assert.Contains("<property name=\"Interfaces\" type=\"as\" access=\"read\"/>", xml, StringComparison.Ordinal);
        System.Xml.Linq.XDocument.Parse(xml[xml.IndexOf("<node>", StringComparison.Ordinal)..]);
    }

    [Fact]
    public async Task The_properties_of_a_console_are_read_and_followed()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync();
        ConsoleDisplay console = attached.Console;
        Assert.Equal(("fake-vga", ConsoleKind.Graphic, new PictureSize(640, 480), "pci/0000/02.0", true, 10),
            (console.Label, console.Kind, console.Size, console.DeviceAddress, console.IsPointerAbsolute, console.MaxTouchSlots));
        attached.Peer.Change(0, "org.qemu.Display1.Mouse", "IsAbsolute", false);
        attached.Peer.Change(0, "org.qemu.Display1.Keyboard", "Modifiers", 5u);
        attached.Peer.Change(0, "org.qemu.Display1.Console", "Width", 800u);
        await attached.Events.Seen("relative");
        await attached.Events.Seen("leds ScrollLock, CapsLock");
        await attached.Events.Seen("changed 0 800x480");
        Assert.False(console.IsPointerAbsolute);
        Assert.Equal(KeyboardLeds.ScrollLock | KeyboardLeds.CapsLock, console.Leds);
    }

    [Fact]
    public async Task Consoles_come_and_go_while_attached()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync();
        ConsoleDisplay first = attached.Console;
        attached.Peer.SetConsoles(new PeerConsole(0, "fake-vga", 640, 480), new PeerConsole(3, "second", 800, 600));
        await attached.Events.Seen("added 3");
        await attached.Peer.ListenerAsync(3);
        attached.Peer.SetConsoles(new PeerConsole(3, "second", 800, 600));
        await attached.Events.Seen("removed 0");
        Assert.Equal([3u], attached.Vm.Consoles.Select(console => console.Id));
        Assert.False(first.Frames.Wait(TimeSpan.FromMilliseconds(1)));
        first.PressKey(1);
        attached.Vm.Consoles[0].PressKey(2);
        await Recorder.Until(() => attached.Peer.Input.Count > 0, () => "input");
        Assert.Equal(["Console_3 Press 2"], attached.Peer.Input);
    }

    [Fact]
    public async Task A_mapped_picture_is_seen_as_it_changes_without_a_copy()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync();
        ListenerPeer listener = await attached.Listener;
        using SafeFileHandle file = MemFd.Create("screen", 4096 + Stride * 480);
        using MemoryMapping mapping = MemoryMapping.TryMap(file, 4096 + Stride * 480)!;
        Assert.Null(await listener.ScanoutMap(file, 4096, 640, 480, Stride, X8R8G8B8));
        (FrameTicket first, TileMap all) = await attached.TakeAsync();
        Assert.Equal(10 * 8, all.Count);
        SharedMemoryScanout scanout = Assert.IsType<SharedMemoryScanout>(first.Scanout);
        Assert.Equal((new PictureSize(640, 480), PixelFormat.Xrgb8888, (int)Stride), (scanout.Size, scanout.Format, scanout.Stride));
        attached.Console.Frames.Complete(first);

        Marshal.WriteInt32(mapping.Address + 4096 + (nint)(100 * Stride) + 200 * 4, 0x00c0ffee);
        listener.UpdateMap(new PixelRect(200, 100, 1, 1));
        (FrameTicket second, TileMap some) = await attached.TakeAsync();
        Assert.Equal(1, some.Count);
        Assert.True(some[3, 1]);
        Assert.Equal(0x00c0ffeeu, Pixel(second.Scanout!, 200, 100));
        attached.Console.Frames.Complete(second);
        Assert.Empty(attached.Events.Refusals);
    }

    [Fact]
    public async Task Damage_allocates_nothing_on_the_display_thread()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync();
        ListenerPeer listener = await attached.Listener;
        List<long> allocated = [];
        attached.Events.OnScanout = () => allocated.Add(GC.GetAllocatedBytesForCurrentThread());
        using SafeFileHandle file = MemFd.Create("screen", Stride * 480);
        // The first round warms up; what a scanout itself allocates is far below a byte for each update.
        for (int round = 0; round < 3; round++)
        {
            Assert.Null(await listener.ScanoutMap(file, 0, 640, 480, Stride, X8R8G8B8));
            for (int i = 0; i < 10_000; i++)
                listener.UpdateMap(new PixelRect(i % 600, i % 400, 16, 16));
        }

        Assert.Null(await listener.ScanoutMap(file, 0, 640, 480, Stride, X8R8G8B8));
        Assert.Equal(4, allocated.Count);
        Assert.InRange(allocated[3] - allocated[2], 0, 10_000);
    }

    [Fact]
    public async Task A_guest_that_flips_between_buffers_has_each_mapped_once()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync();
        ListenerPeer listener = await attached.Listener;
        using SafeFileHandle front = MemFd.Create("front", Stride * 480), back = MemFd.Create("back", Stride * 480);
        HashSet<nint> addresses = [];
        for (int i = 0; i < 20; i++)
        {
            Assert.Null(await listener.ScanoutMap(i % 2 == 0 ? front : back, 0, 640, 480, Stride, X8R8G8B8));
            (FrameTicket ticket, _) = await attached.TakeAsync();
            addresses.Add(((CpuScanout)ticket.Scanout!).Pixels);
            attached.Console.Frames.Complete(ticket);
        }

        Assert.Equal(2, addresses.Count);
    }

    [Theory]
    [InlineData(640, 480)]
    [InlineData(320, 200)]
    public async Task The_placeholder_between_two_modes_is_not_taken(int width, int height)
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync(new DisplayOptions { OffDelay = TimeSpan.FromHours(1) });
        ListenerPeer listener = await attached.Listener;
        var whole = new PixelRect(0, 0, width, height);
        using SafeFileHandle before = Drawn(40), placeholder = Drawn((height / 16 - 1) / 2 * 16), after = MemFd.Create("after", Stride * 600);
        Assert.Null(await Tell(before));
        await attached.SkipFrame();
        Assert.Null(await Tell(placeholder));
        listener.UpdateMap(whole);
        Assert.Null(await listener.ScanoutMap(after, 0, (uint)width, (uint)height + 96, Stride, X8R8G8B8));
        (FrameTicket ticket, _) = await attached.TakeAsync();
        Assert.Equal(new PictureSize(width, height + 96), ticket.Scanout!.Size);
        attached.Console.Frames.Complete(ticket);

        // Of the first mode of all, or into which something is drawn, an empty picture is one like another.
        Assert.Null(await Tell(placeholder));
        await attached.SkipFrame();
        Assert.Null(await Tell(before));
        await attached.SkipFrame();
        Assert.Null(await Tell(placeholder));
        listener.UpdateMap(whole);
        listener.UpdateMap(new PixelRect(0, 0, 8, 8));
        await attached.SkipFrame();

        Task<string?> Tell(SafeFileHandle file) => listener.ScanoutMap(file, 0, (uint)width, (uint)height, Stride, X8R8G8B8);

        // White on black, sixteen rows high, as QEMU's text is.
        SafeFileHandle Drawn(int row)
        {
            SafeFileHandle file = MemFd.Create("screen", Stride * 600);
            using MemoryMapping mapping = MemoryMapping.TryMap(file, Stride * 600)!;
            for (int y = row; y < row + 16; y++)
            {
                for (int x = 0; x < 200; x++)
                    Marshal.WriteInt32(mapping.Address + (nint)(y * Stride) + x * 4, 0x00ffffff);
            }

            return file;
        }
    }

    [Fact]
    public async Task A_file_on_a_disk_is_read_without_a_mapping_and_may_become_shorter()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync();
        ListenerPeer listener = await attached.Listener;
        string path = Path.Combine(AppContext.BaseDirectory, Path.GetRandomFileName());
        using SafeFileHandle file = File.OpenHandle(
            path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite, FileOptions.DeleteOnClose, Stride * 480);
        RandomAccess.SetLength(file, Stride * 480);
        Assert.False(Fds.IsMemoryFile(file));
        using MemoryMapping mapping = MemoryMapping.TryMap(file, Stride * 480)!;
        Marshal.WriteInt32(mapping.Address, 0x00123456);
        Assert.Null(await listener.ScanoutMap(file, 0, 640, 480, Stride, X8R8G8B8));
        (FrameTicket first, _) = await attached.TakeAsync();
        Assert.IsType<CopiedScanout>(first.Scanout);
        Assert.Equal(0x00123456u, Pixel(first.Scanout!, 0, 0));
        attached.Console.Frames.Complete(first);

        Marshal.WriteInt32(mapping.Address + (nint)(470 * Stride), 0x00abcdef);
        listener.UpdateMap(new PixelRect(0, 470, 64, 10));
        (FrameTicket second, _) = await attached.TakeAsync();
        Assert.Equal(0x00abcdefu, Pixel(second.Scanout!, 0, 470));
        attached.Console.Frames.Complete(second);

        Assert.True(MemFd.TryResize(file, 4096));
        listener.UpdateMap(new PixelRect(0, 470, 64, 10));
        await Recorder.Until(() => !attached.Events.Refusals.IsEmpty, () => "a refusal");
        Assert.Equal(RefusedInput.FileDescriptor, attached.Events.Refusals.First().Kind);
    }

    [Fact]
    public async Task Pixels_in_messages_fill_a_picture_of_our_own()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync(new DisplayOptions { OfferSharedMemory = false });
        ListenerPeer listener = await attached.Listener;
        Assert.DoesNotContain("org.qemu.Display1.Listener.Unix.Map", listener.Interfaces);
        Assert.Null(await listener.Scanout(100, 50, 400, X8R8G8B8, Solid(100 * 50, 0x00112233)));
        (FrameTicket first, _) = await attached.TakeAsync();
        Assert.Equal(0x00112233u, Pixel(first.Scanout!, 99, 49));
        Scanout picture = first.Scanout!;
        attached.Console.Frames.Complete(first);

        Assert.Null(await listener.Update(new PixelRect(98, 48, 2, 2), 8, X8R8G8B8, Solid(4, 0x00445566)));
        Assert.Null(await listener.Scanout(100, 50, 400, X8R8G8B8, Solid(100 * 50, 0x00778899)));
        (FrameTicket second, _) = await attached.TakeAsync();
        Assert.Same(picture, second.Scanout);
        Assert.Equal(0x00778899u, Pixel(second.Scanout!, 99, 49));
        attached.Console.Frames.Complete(second);
        Assert.Equal(1, attached.Events.Events.Count(text => text == "CopiedScanout 100x50"));

        Assert.Null(await listener.Scanout(120, 50, 480, X8R8G8B8, Solid(120 * 50, 0)));
        await attached.Events.Seen("CopiedScanout 120x50");
    }

    [Fact]
    public async Task A_short_Disable_is_a_flip_and_a_long_one_turns_the_screen_off()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync(new DisplayOptions { OffDelay = TimeSpan.FromMilliseconds(300) });
        ListenerPeer listener = await attached.Listener;
        await listener.Scanout(100, 50, 400, X8R8G8B8, Solid(100 * 50, 1));
        await listener.Disable();
        await listener.Scanout(100, 50, 400, X8R8G8B8, Solid(100 * 50, 2));
        await listener.Disable();
        Assert.DoesNotContain("off", attached.Events.Events);
        await attached.Events.Seen("off");
        await Recorder.Until(
            () =>
            {
                if (attached.Take() is not { } taken)
                    return false;
                attached.Console.Frames.Complete(taken.Ticket);
                return taken.Ticket.Scanout is null;
            },
            () => "a frame without a scanout");
        Assert.Equal(1, attached.Events.Events.Count(text => text == "off"));
    }

    [Fact]
    public async Task Cursor_and_pointer_are_told()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync();
        ListenerPeer listener = await attached.Listener;
        Assert.Null(await listener.CursorDefine(2, 3, 1, 2, Solid(6, 0x80abcdef)));
        Assert.Null(await listener.MouseSet(-5, 7, 1));
        await attached.Events.Seen("cursor 2x3");
        await attached.Events.Seen("pointer -5,7 shown");
        Assert.Equal(new PointerPosition(-5, 7, true), attached.Console.PointerAt);
        Assert.Equal((1, 2), (attached.Console.Cursor!.HotX, attached.Console.Cursor.HotY));
        Assert.Equal([0xef, 0xcd, 0xab, 0x80], attached.Console.Cursor.Pixels[..4].ToArray());
    }

    [Fact]
    public async Task Input_arrives_in_order_and_inside_the_picture()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync();
        ConsoleDisplay console = attached.Console;
        console.PressKey(30);
        console.ReleaseKey(30);
        console.MoveTo(5000, -3);
        console.PressButton(MouseButton.Extra);
        console.ReleaseButton(MouseButton.Extra);
        console.MoveBy(-4, 9);
        console.Touch(TouchKind.Update, 3, 1.5, 2.5);
        console.SetUiInfo(new ConsoleUiInfo(300, 200, 0, 0, 0, 10));
        console.SetUiInfo(new ConsoleUiInfo(300, 200, 5, 6, 1024, 768));
        await Recorder.Until(() => attached.Peer.Input.Count >= 8, () => "all input");
        Assert.Equal(
            [
                "Console_0 Press 30", "Console_0 Release 30", "Console_0 SetAbsPosition 639 0", "Console_0 Press 6",
                "Console_0 Release 6", "Console_0 RelMotion -4 9", "Console_0 SendEvent 1 3 1.5 2.5",
                "Console_0 SetUIInfo 300 200 5 6 1024 768",
            ],
            attached.Peer.Input);
    }

    [Fact]
    public async Task A_console_without_keyboard_or_touch_attaches_all_the_same()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync(prepare: peer =>
            peer.MissingInterfaces.UnionWith(["org.qemu.Display1.Keyboard", "org.qemu.Display1.MultiTouch", "org.qemu.Display1.Mouse"]));
        Assert.Equal(0, attached.Console.MaxTouchSlots);
        Assert.Empty(attached.Events.Refusals);
    }

    [Fact]
    public async Task A_refused_listener_is_told_and_the_console_stays()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync(prepare: peer => peer.RefusesListeners = true);
        Assert.False(attached.Console.IsListening);
        Assert.Equal(RefusedInput.Call, Assert.Single(attached.Events.Refusals).Kind);
        attached.Peer.RefusesListeners = false;
        attached.Console.SetListening(true);
        await attached.Listener;
    }

    [Fact]
    public async Task A_peer_without_a_display_is_named_as_such()
    {
        DisplayAttachException thrown = await Assert.ThrowsAsync<DisplayAttachException>(() => AttachedPeer.CreateAsync(prepare: peer =>
            peer.MissingInterfaces.Add("org.qemu.Display1.VM")));
        Assert.Contains("display", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_hangs_up_is_told_once()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync();
        await attached.Listener;
        attached.Peer.Dispose();
        await attached.Events.Seen("disconnected");
        attached.Vm.Dispose();
        Assert.Equal(1, attached.Events.Events.Count(text => text == "disconnected"));
    }

    internal static byte[] Solid(int pixels, uint value)
    {
        byte[] bytes = new byte[pixels * 4];
        MemoryMarshal.Cast<byte, uint>(bytes.AsSpan()).Fill(value);
        return bytes;
    }
}
