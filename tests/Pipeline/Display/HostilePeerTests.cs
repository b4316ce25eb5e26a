using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.FrameSource;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Interop.SdBus;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Frames;
using static QemuZeroCopy.Pipeline.Tests.Display.AttachedPeer;

namespace QemuZeroCopy.Pipeline.Tests.Display;

/// <summary>Whatever the peer sends: refused, told once, answered, and the picture before it stays.</summary>
public sealed class HostilePeerTests
{
    private const uint Xr24 = 0x34325258;

    [Theory]
    [InlineData(0u, 480u, 2560u, 0u, X8R8G8B8, RefusedInput.Geometry)]
    [InlineData(640u, 0u, 2560u, 0u, X8R8G8B8, RefusedInput.Geometry)]
    [InlineData(16385u, 480u, 65540u, 0u, X8R8G8B8, RefusedInput.Geometry)]
    [InlineData(640u, uint.MaxValue, 2560u, 0u, X8R8G8B8, RefusedInput.Geometry)]
    [InlineData(640u, 480u, 2559u, 0u, X8R8G8B8, RefusedInput.Geometry)]
    [InlineData(640u, 480u, uint.MaxValue, 0u, X8R8G8B8, RefusedInput.Geometry)]
    [InlineData(640u, 480u, 2560u, 4u, X8R8G8B8, RefusedInput.FileDescriptor)]
    [InlineData(640u, 480u, 2560u, uint.MaxValue, X8R8G8B8, RefusedInput.FileDescriptor)]
    [InlineData(640u, 481u, 2560u, 0u, X8R8G8B8, RefusedInput.FileDescriptor)]
    [InlineData(640u, 480u, 2560u, 0u, 0xdeadbeefu, RefusedInput.Format)]
    public async Task A_mapped_picture_that_cannot_be_is_refused(
        uint width, uint height, uint stride, uint offset, uint format, RefusedInput expected)
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync();
        ListenerPeer listener = await attached.Listener;
        await ShowGoodPicture(attached, listener);
        using SafeFileHandle file = MemFd.Create("screen", 2560 * 480);
        Assert.NotNull(await listener.ScanoutMap(file, offset, width, height, stride, format));
        await AssertRefusedAndAlive(attached, listener, expected);
    }

    [Fact]
    public async Task An_fd_that_is_no_file_is_refused_as_memory_and_as_a_buffer()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync();
        ListenerPeer listener = await attached.Listener;
        await ShowGoodPicture(attached, listener);
        using EventFd eventFd = new();
        Assert.NotNull(await listener.ScanoutMap(eventFd.Handle, 0, 640, 480, 2560, X8R8G8B8));
        Assert.NotNull(await listener.ScanoutDmaBuf(eventFd.Handle, 640, 480, 2560, Xr24, 0, false));
        await AssertRefusedAndAlive(attached, listener, RefusedInput.FileDescriptor);
        Assert.Equal(2, attached.Console.RefusedCount);
    }

    [Fact]
    public async Task A_file_that_may_become_shorter_is_no_buffer_for_a_gpu()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync();
        ListenerPeer listener = await attached.Listener;
        await ShowGoodPicture(attached, listener);
        using SafeFileHandle file = MemFd.Create("screen", 2560 * 480, sealable: false);
        Assert.NotNull(await listener.ScanoutDmaBuf(file, 640, 480, 2560, Xr24, 0, false));
        await AssertRefusedAndAlive(attached, listener, RefusedInput.FileDescriptor);
    }

    [Theory]
    [InlineData(640u, 480u, 2560u, 2560 * 479)]
    [InlineData(640u, 480u, 100u, 2560 * 480)]
    [InlineData(0u, 0u, 0u, 0)]
    [InlineData(16384u, 16384u, 65536u, 4096)]
    public async Task Pixels_that_do_not_fill_the_picture_are_refused(uint width, uint height, uint stride, int bytes)
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync();
        ListenerPeer listener = await attached.Listener;
        await ShowGoodPicture(attached, listener);
        Assert.NotNull(await listener.Scanout(width, height, stride, X8R8G8B8, new byte[bytes]));
        await AssertRefusedAndAlive(attached, listener, RefusedInput.Geometry);
    }

    [Theory]
    [InlineData(-1, 0, 2, 2)]
    [InlineData(639, 479, 2, 2)]
    [InlineData(0, 0, 0, 5)]
    [InlineData(5, 5, -5, 5)]
    [InlineData(int.MaxValue, int.MaxValue, int.MaxValue, int.MaxValue)]
    [InlineData(int.MinValue, int.MinValue, int.MaxValue, int.MaxValue)]
    public async Task Damage_outside_the_picture_is_told_once_and_leads_nowhere(int x, int y, int width, int height)
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync();
        ListenerPeer listener = await attached.Listener;
        await ShowGoodPicture(attached, listener);
        PixelRect rect = new(x, y, width, height);
        for (int i = 0; i < 3; i++)
            Assert.NotNull(await listener.Update(rect, 8, X8R8G8B8, new byte[64]));
        await AssertRefusedAndAlive(attached, listener, RefusedInput.Damage);
        Assert.Equal(3, attached.Console.RefusedCount);
    }

    [Fact]
    public async Task Damage_before_any_picture_and_of_another_kind_is_refused()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync();
        ListenerPeer listener = await attached.Listener;
        listener.UpdateMap(new PixelRect(0, 0, 10, 10));
        Assert.Null(await listener.UpdateDmaBuf(new PixelRect(0, 0, 10, 10)));
        await ShowGoodPicture(attached, listener);
        Assert.Null(await listener.UpdateDmaBuf(new PixelRect(0, 0, 10, 10)));
        await AssertRefusedAndAlive(attached, listener, RefusedInput.Damage);
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(10_000, 10_000, 64)]
    [InlineData(-1, 5, 20)]
    [InlineData(64, 64, 64 * 64 * 4 - 1)]
    public async Task A_cursor_that_cannot_be_is_refused(int width, int height, int bytes)
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync();
        ListenerPeer listener = await attached.Listener;
        await ShowGoodPicture(attached, listener);
        Assert.NotNull(await listener.CursorDefine(width, height, 0, 0, new byte[bytes]));
        Assert.Null(attached.Console.Cursor);
        await AssertRefusedAndAlive(attached, listener, RefusedInput.Cursor);
    }

    [Fact]
    public async Task Messages_of_another_shape_and_unknown_methods_are_answered_with_errors()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync();
        ListenerPeer listener = await attached.Listener;
        await ShowGoodPicture(attached, listener);
        foreach (ListenerMethod method in Enum.GetValues<ListenerMethod>().Where(m => m is not (ListenerMethod.Disable or ListenerMethod.UpdateDmaBuf)))
            Assert.NotNull(await listener.Call(method, (ref BusWriter writer) => writer.Append("surprise")));
        // An update is answered in any case: the reply is what QEMU's guest waits for.
        Assert.Null(await listener.Call(ListenerMethod.UpdateDmaBuf, (ref BusWriter writer) => writer.Append("surprise")));
        await AssertRefusedAndAlive(attached, listener, RefusedInput.Message);
    }

    [Fact]
    public async Task Buffers_with_wrong_planes_are_refused_and_their_fds_closed()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync();
        ListenerPeer listener = await attached.Listener;
        using SafeFileHandle file = MemFd.Create("qzc-plane-probe", 2560 * 480);
        for (uint planes = 0; planes < 8; planes++)
            Assert.NotNull(await SendPlanes(listener, file, planes, planes == 2 ? 3u : 5u));
        Assert.NotNull(await listener.ScanoutDmaBuf(file, 640, 480, 2560, 0x12345678, 0, false));
        Assert.NotNull(await listener.ScanoutDmaBuf(file, 640, 481, 2560, Xr24, 0, false));
        await ShowGoodPicture(attached, listener);
        await Recorder.Until(() => OpenFds("qzc-plane-probe") == 1, () => "the peer's own fd alone");
    }

    private static Task<string?> SendPlanes(ListenerPeer listener, SafeFileHandle file, uint planes, uint claimed) =>
        listener.Call(ListenerMethod.ScanoutDmaBuf2, (ref BusWriter writer) =>
        {
            writer.OpenArray("h"u8);
            for (uint i = 0; i < planes; i++)
                writer.AppendFd(file);
            writer.Close();
            foreach (uint value in (uint[])[0, 0, 640, 480])
                writer.Append(value);
            writer.AppendUInts(new uint[planes]);
            writer.AppendUInts(Enumerable.Repeat(2560u, (int)planes).ToArray());
            foreach (uint value in (uint[])[claimed, Xr24, 640, 480])
                writer.Append(value);
            writer.Append(0ul);
            writer.Append(false);
        });

    private static int OpenFds(string name) => Directory.GetFiles("/proc/self/fd").Count(path =>
        new FileInfo(path).LinkTarget?.Contains(name, StringComparison.Ordinal) == true);

    private static async Task ShowGoodPicture(AttachedPeer attached, ListenerPeer listener)
    {
        Assert.Null(await listener.Scanout(640, 480, 2560, X8R8G8B8, ScriptedPeerTests.Solid(640 * 480, 0x00336699)));
        await attached.SkipFrame();
    }

    private static async Task AssertRefusedAndAlive(AttachedPeer attached, ListenerPeer listener, RefusedInput expected)
    {
        await Recorder.Until(() => !attached.Events.Refusals.IsEmpty, () => "a refusal");
        Assert.Equal(expected, Assert.Single(attached.Events.Refusals).Kind);
        Assert.Null(attached.Take());
        Assert.Null(await listener.Update(new PixelRect(1, 2, 1, 1), 4, X8R8G8B8, [1, 2, 3, 0]));
        (FrameTicket ticket, TileMap damage) = await attached.TakeAsync();
        Assert.Equal(1, damage.Count);
        Assert.Equal(0x00030201u, Pixel(ticket.Scanout!, 1, 2));
        Assert.Equal(0x00336699u, Pixel(ticket.Scanout!, 639, 479));
        attached.Console.Frames.Complete(ticket);
    }
}
