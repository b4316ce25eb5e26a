using System.Runtime.InteropServices;
using System.Text.Json;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Display.Qmp;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Display;

/// <summary>The client against QEMU itself; its firmware's text screen needs no guest.</summary>
[Collection(CountsFds.Name)]
public sealed class RealQemuTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task The_firmware_screen_arrives_in_shared_memory_through_QMP()
    {
        using QemuProcess qemu = await QemuProcess.StartAsync("dbus,p2p=yes", "-device", "VGA", "-device", "virtio-tablet-pci");
        Recorder events = new();
        using VmDisplay vm = await VmDisplay.AttachAsync(new DisplayEndpoint.Qmp(qemu.QmpPath), events, cancellation: None);
        Assert.Equal("probe", vm.Name);
        Assert.Equal("12345678-1234-1234-1234-123456789abc", vm.Uuid);
        Assert.StartsWith("10.", vm.Qmp!.QemuVersion, StringComparison.Ordinal);
        ConsoleDisplay console = Assert.Single(vm.Consoles);
        Assert.Equal("VGA", console.Label);
        Assert.Equal(ConsoleKind.Graphic, console.Kind);
        Assert.StartsWith("pci/", console.DeviceAddress, StringComparison.Ordinal);
        await events.Seen("SharedMemoryScanout 720x400");
        await TakeUntilLit(console);
        Assert.Empty(events.Refusals);
    }

    [Fact]
    public async Task The_firmware_screen_arrives_as_pixels_when_shared_memory_is_not_offered()
    {
        using QemuProcess qemu = await QemuProcess.StartAsync("dbus,p2p=yes", "-device", "VGA");
        Recorder events = new();
        DisplayOptions legacy = new() { OfferSharedMemory = false, OfferMultiPlane = false };
        using VmDisplay vm = await VmDisplay.AttachAsync(new DisplayEndpoint.Qmp(qemu.QmpPath), events, legacy, None);
        await events.Seen("CopiedScanout 720x400");
        await TakeUntilLit(vm.Consoles[0]);
        // The partial updates that this QEMU sends instead of a Scanout after the mode change.
        Assert.All(events.Refusals, refusal => Assert.Equal(RefusedInput.Damage, refusal.Kind));
    }

    [Fact]
    public async Task Two_clients_see_the_same_console_on_a_bus()
    {
        using BusDaemon bus = BusDaemon.Start();
        using QemuProcess qemu = await QemuProcess.StartAsync($"dbus,addr={bus.Address}", "-device", "VGA");
        DisplayEndpoint.Bus endpoint = new(bus.Address);
        Recorder events = new(), otherEvents = new();
        using VmDisplay vm = await AttachOnceNamed(endpoint, events);
        using VmDisplay other = await AttachOnceNamed(endpoint, otherEvents);
        await events.Seen("SharedMemoryScanout 720x400");
        await otherEvents.Seen("SharedMemoryScanout 720x400");
        await TakeUntilLit(other.Consoles[0]);
        qemu.Kill();
        await events.Seen("disconnected");
        await otherEvents.Seen("disconnected");
        Assert.Contains("removed 0", events.Events);
    }

    [Fact]
    public async Task A_key_press_reaches_the_guest_hardware()
    {
        using QemuProcess qemu = await QemuProcess.StartAsync("dbus,p2p=yes", "-device", "VGA");
        Recorder events = new();
        using VmDisplay vm = await VmDisplay.AttachAsync(new DisplayEndpoint.Qmp(qemu.QmpPath), events, cancellation: None);
        ConsoleDisplay console = vm.Consoles[0];
        await TakeUntilLit(console);
        List<string> seen = [];
        vm.Qmp!.EventReceived += told =>
        {
            lock (seen)
                seen.Add($"{told.Name} {told.Data}");
        };
        // Control, Alt and Delete: the firmware answers with a reset of its own.
        await Recorder.Until(
            () =>
            {
                foreach (uint qnum in (uint[])[29, 56, 0xd3])
                    console.PressKey(qnum);
                Thread.Sleep(100);
                foreach (uint qnum in (uint[])[0xd3, 56, 29])
                    console.ReleaseKey(qnum);
                Thread.Sleep(50);
                lock (seen)
                    return seen.Any(text => text.StartsWith("RESET", StringComparison.Ordinal) && text.Contains("\"guest\": true", StringComparison.Ordinal));
            },
            () => "a reset by the guest");
        Assert.Equal(0, vm.DroppedInput);
    }

    [Fact]
    public async Task A_killed_QEMU_is_told_and_a_new_one_can_be_attached()
    {
        using QemuProcess qemu = await QemuProcess.StartAsync("dbus,p2p=yes", "-device", "VGA");
        Recorder events = new();
        using VmDisplay vm = await VmDisplay.AttachAsync(new DisplayEndpoint.Qmp(qemu.QmpPath), events, cancellation: None);
        ConsoleDisplay console = vm.Consoles[0];
        qemu.Kill();
        await events.Seen("disconnected");
        Assert.Equal(["added 0", "removed 0"], events.Events.Where(text => text.EndsWith(" 0", StringComparison.Ordinal)));
        Assert.Equal(1, events.Events.Count(text => text == "disconnected"));
        Assert.Empty(vm.Consoles);
        Assert.False(console.Frames.Wait(TimeSpan.FromSeconds(1)));
        console.PressKey(30);

        using QemuProcess next = await QemuProcess.StartAsync("dbus,p2p=yes", "-device", "VGA");
        using VmDisplay again = await VmDisplay.AttachAsync(new DisplayEndpoint.Qmp(next.QmpPath), events, cancellation: None);
        await TakeUntilLit(again.Consoles[0]);
    }

    [Fact]
    public async Task A_reset_and_fifty_attachments_leave_no_fd_behind()
    {
        using QemuProcess qemu = await QemuProcess.StartAsync("dbus,p2p=yes", "-device", "VGA");
        DisplayEndpoint.Qmp endpoint = new(qemu.QmpPath);
        int before = 0;
        for (int i = 0; i < 50; i++)
        {
            Recorder events = new();
            using (VmDisplay vm = await VmDisplay.AttachAsync(endpoint, events, cancellation: None))
            {
                if (i % 10 == 0)
                    await vm.Qmp!.ExecuteAsync("system_reset", cancellation: None);
                await Recorder.Until(() => vm.Consoles[0].Frames.TryTake(new TileMap(new PictureSize(64, 64), 64), MonotonicClock.NowNs, out FrameTicket ticket) && Complete(vm.Consoles[0], ticket), () => "a frame");
            }

            if (i == 5)
                before = MemoryFiles();
        }

        // One lost in each of the 44 attachments would stand out; the runtime's own come and go by a few.
        Assert.InRange(MemoryFiles(), 0, before + 10);
        Assert.Equal(0, MemoryMappings());
    }

    [Fact]
    public async Task Not_listening_brings_nothing_and_listening_again_a_whole_picture()
    {
        using QemuProcess qemu = await QemuProcess.StartAsync("dbus,p2p=yes", "-device", "VGA");
        Recorder events = new();
        using VmDisplay vm = await VmDisplay.AttachAsync(
            new DisplayEndpoint.Qmp(qemu.QmpPath), events, new DisplayOptions { ListenAtOnce = false }, None);
        ConsoleDisplay console = vm.Consoles[0];
        Assert.False(console.IsListening);
        console.SetListening(true);
        await TakeUntilLit(console);
        console.SetListening(false);
        await Recorder.Until(() => !console.IsListening, () => "the end of listening");
        int scanouts = events.Events.Count(text => text.Contains("Scanout", StringComparison.Ordinal));
        console.SetListening(true);
        await Recorder.Until(
            () => events.Events.Count(text => text.Contains("Scanout", StringComparison.Ordinal)) > scanouts, () => "another scanout");
    }

    [Fact]
    public async Task Listening_can_be_stopped_and_started_at_once_on_a_bus()
    {
        using BusDaemon bus = BusDaemon.Start();
        using QemuProcess qemu = await QemuProcess.StartAsync($"dbus,addr={bus.Address}", "-device", "VGA");
        Recorder events = new();
        using VmDisplay vm = await AttachOnceNamed(new DisplayEndpoint.Bus(bus.Address), events);
        ConsoleDisplay console = vm.Consoles[0];
        await events.Seen("SharedMemoryScanout 720x400");
        for (int i = 0; i < 5; i++)
        {
            int scanouts = Scanouts(events);
            console.SetListening(false);
            console.SetListening(true);
            await Recorder.Until(() => Scanouts(events) > scanouts && console.IsListening, () => "another scanout");
        }

        Assert.Empty(events.Refusals);
    }

    [Fact]
    public async Task QMP_answers_several_commands_at_once_tells_events_and_refuses_in_words()
    {
        using QemuProcess qemu = await QemuProcess.StartAsync("dbus,p2p=yes", "-device", "VGA");
        using QmpClient qmp = await QmpClient.ConnectAsync(qemu.QmpPath, None);
        List<string> seen = [];
        qmp.EventReceived += told =>
        {
            lock (seen)
                seen.Add(told.Name);
        };
        Task<JsonElement>[] answers = [.. Enumerable.Range(0, 20).Select(_ => qmp.ExecuteAsync("query-status", cancellation: None))];
        foreach (JsonElement answer in await Task.WhenAll(answers))
            Assert.Equal("running", answer.GetProperty("status").GetString());
        await qmp.ExecuteAsync("stop", cancellation: None);
        await Recorder.Until(
            () =>
            {
                lock (seen)
                    return seen.Contains("STOP");
            },
            () => "the STOP event");
        QmpException refused = await Assert.ThrowsAsync<QmpException>(() => qmp.ExecuteAsync("no-such-command", cancellation: None));
        Assert.Equal("CommandNotFound", refused.ErrorClass);
        qemu.Kill();
        QmpException lost = await Assert.ThrowsAsync<QmpException>(() => qmp.ExecuteAsync("query-status", cancellation: None));
        Assert.Contains("lost", lost.Message, StringComparison.Ordinal);
    }

    // QEMU asks for its name on the bus some time after its QMP socket listens.
    private static async Task<VmDisplay> AttachOnceNamed(DisplayEndpoint.Bus endpoint, Recorder events)
    {
        for (int i = 0; ; i++)
        {
            try
            {
                return await VmDisplay.AttachAsync(endpoint, events, cancellation: None);
            }
            catch (DisplayAttachException exception) when (i < 100 && exception.Message.Contains("has the name", StringComparison.Ordinal))
            {
                await Task.Delay(100);
            }
        }
    }

    private static async Task TakeUntilLit(ConsoleDisplay console)
    {
        TileMap damage = DamageRegion.Create(new PictureSize(64, 64));
        await Recorder.Until(
            () =>
            {
                if (!console.Frames.TryTake(damage, MonotonicClock.NowNs, out FrameTicket ticket))
                    return false;
                bool lit = ticket.Scanout is CpuScanout scanout && CountLit(scanout) > 500;
                console.Frames.Complete(ticket);
                return lit;
            },
            () => "text on the screen");
    }

    private static int Scanouts(Recorder events) => events.Events.Count(text => text.Contains("Scanout", StringComparison.Ordinal));

    private static int CountLit(CpuScanout scanout)
    {
        int lit = 0;
        for (int y = 0; y < scanout.Size.Height; y++)
        {
            for (int x = 0; x < scanout.Size.Width; x++)
                lit += (Marshal.ReadInt32(scanout.Pixels + y * scanout.Stride + x * 4) & 0xffffff) != 0 ? 1 : 0;
        }

        return lit;
    }

    private static bool Complete(ConsoleDisplay console, FrameTicket ticket)
    {
        console.Frames.Complete(ticket);
        return true;
    }

    private static int MemoryFiles() => CountsFds.Now();

    private static int MemoryMappings() => File.ReadLines("/proc/self/maps").Count(line => line.Contains("displaysurface", StringComparison.Ordinal));
}
