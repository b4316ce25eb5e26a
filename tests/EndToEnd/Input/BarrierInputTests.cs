using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Playwright;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Input;

/// <summary>The page's keyboard and mouse on their way through QEMU's input-barrier object, judged by what the guest gets.</summary>
public sealed class BarrierInputTests(Browser browser) : EndToEndTest(browser)
{
    private const int Width = 1280, Height = 800;

    /// <summary>KeyboardEvent.code and Linux' number of the key (linux/input-event-codes.h).</summary>
    private static readonly (string Code, int Linux)[] s_keys =
    [
        ("KeyA", 30), ("KeyQ", 16), ("Digit1", 2), ("Space", 57), ("Enter", 28), ("Backspace", 14), ("Tab", 15), ("Minus", 12),
        ("BracketLeft", 26), ("Semicolon", 39), ("Backquote", 41), ("F5", 63), ("F12", 88),
        ("ArrowUp", 103), ("ArrowLeft", 105), ("ArrowRight", 106), ("ArrowDown", 108), ("Home", 102), ("End", 107), ("PageUp", 104),
        ("PageDown", 109), ("Insert", 110), ("Delete", 111), ("NumpadEnter", 96), ("NumpadDivide", 98), ("Numpad5", 76),
        ("ControlRight", 97), ("AltLeft", 56), ("ShiftRight", 54), ("MetaLeft", 125),
    ];

    [Fact]
    public async Task Keys_buttons_wheel_and_positions_arrive_as_the_same_codes_and_still_do_after_a_restart_of_the_server()
    {
        QemuMachine machine = await StartMachineAsync();
        int page = QzcProcess.FreePort(), port = QzcProcess.FreePort();
        string[] options = ["--input", "barrier", "--barrier-listen", $"127.0.0.1:{port}", "--barrier-name", "VM-1", "--token", "a-token-that-stays"];
        QzcProcess qzc = await AttachAsync(machine, page, options);
        Viewer viewer = await OpenAsync(qzc);
        await viewer.CardAsync(Width, Height);
        await ConnectAsync(machine, port);

        await DriveAsync(machine, viewer);

        qzc.Program.Signal("TERM");
        Assert.Equal(0, await qzc.Program.ExitAsync());
        qzc = await AttachAsync(machine, page, options);
        await machine.Monitor.ExecuteAsync("object-del", new JsonObject { ["id"] = "b0" });
        await ConnectAsync(machine, port);
        await viewer.Page.Locator("body[data-state=picture]").WaitForAsync();
        await DriveAsync(machine, viewer);
        Assert.False(qzc.Program.HasExited);
    }

    [Fact]
    public async Task QEMU_that_qzc_starts_finds_the_server_there()
    {
        int port = QzcProcess.FreePort();
        string serial = Path.Combine(Folder, "serial");
        QzcProcess qzc = Own(await QzcProcess.StartAsync(Folder,
        [
            "run", "--listen", $"127.0.0.1:{QzcProcess.FreePort()}", "--input", "barrier", "--barrier-listen", $"127.0.0.1:{port}", "--",
            "qemu-system-x86_64", .. QemuMachine.GuestArguments(new MachineOptions()), "-serial", $"unix:{serial},server=on,wait=off",
            "-object", $"input-barrier,id=b0,name=VM-1,server=127.0.0.1,port={port},width={Width},height={Height}",
        ]));
        using GuestSerial guest = await GuestSerial.ConnectAsync(serial);
        await guest.LineAsync("scene ");
        Viewer viewer = await OpenAsync(qzc);
        await viewer.CardAsync(Width, Height);
        await viewer.Page.Mouse.ClickAsync(400, 300);
        await viewer.Page.Keyboard.PressAsync("KeyG");
        await guest.LineAsync("btn 272 0");
        await guest.LineAsync("key 34 1");
        await guest.LineAsync("key 34 0");
    }

    [Fact]
    public async Task A_page_without_a_picture_drives_a_guest_without_a_display()
    {
        int port = QzcProcess.FreePort();
        QzcProcess qzc = Own(await QzcProcess.StartAsync(Folder,
            ["input", "--listen", $"127.0.0.1:{QzcProcess.FreePort()}", "--barrier-listen", $"127.0.0.1:{port}", "--barrier-name", "VM-1"]));
        Viewer viewer = await OpenAsync(qzc);
        await viewer.Page.GetByText("Waiting for a Barrier client").WaitForAsync();
        QemuMachine machine = await StartMachineAsync(new MachineOptions
        {
            Display = DisplayKind.None,
            Devices = ["virtio-vga", "virtio-keyboard-pci", "virtio-mouse-pci"],
            Arguments = ["-object", $"input-barrier,id=b0,name=VM-1,server=127.0.0.1,port={port}"],
        });
        await viewer.Page.GetByText("Driving VM-1").WaitForAsync();

        int before = machine.Serial.Position;
        await viewer.Page.Locator("#stage").FocusAsync();
        await viewer.Page.Keyboard.PressAsync("KeyH");
        await machine.Serial.LineAsync("key 35 1", before);
        await machine.Serial.LineAsync("key 35 0", before);

        await viewer.Page.Mouse.ClickAsync(300, 300);
        await viewer.Page.WaitForFunctionAsync("document.pointerLockElement !== null");
        await viewer.Page.Mouse.MoveAsync(340, 320);
        await machine.Serial.LineAsync("rel ", before);
        await viewer.Page.Mouse.DownAsync();
        await machine.Serial.LineAsync("btn 272 1", before);
        await viewer.Page.Mouse.UpAsync();
        await machine.Serial.LineAsync("btn 272 0", before);
    }

    [Fact]
    public async Task The_page_chooses_between_its_console_and_a_client()
    {
        int port = QzcProcess.FreePort();
        QemuMachine machine = await StartMachineAsync();
        QzcProcess qzc = await AttachAsync(machine, null, "--barrier-listen", $"127.0.0.1:{port}");
        Viewer viewer = await OpenAsync(qzc);
        await viewer.CardAsync(Width, Height);
        QemuMachine other = await QemuMachine.StartAsync(Directory.CreateDirectory(Path.Combine(Folder, "o")).FullName, new MachineOptions
        {
            Display = DisplayKind.None,
            Arguments = ["-object", $"input-barrier,id=b0,name=other,server=127.0.0.1,port={port}"],
        });
        await using (other)
        {
            ILocator choice = viewer.Page.Locator("#driven");
            await choice.WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Attached });
            int own = machine.Serial.Position, theirs = other.Serial.Position;
            await viewer.Page.Locator("#stage").FocusAsync();
            await viewer.Page.Keyboard.PressAsync("KeyJ");
            await machine.Serial.LineAsync("key 36 0", own);

            await choice.SelectOptionAsync("other");
            await viewer.Page.Keyboard.PressAsync("KeyK");
            await other.Serial.LineAsync("key 37 0", theirs);

            await choice.SelectOptionAsync("");
            await viewer.Page.Keyboard.PressAsync("KeyL");
            await machine.Serial.LineAsync("key 38 0", own);
            Assert.DoesNotContain(machine.Serial.Lines.Skip(own), line => line.StartsWith("key 37", StringComparison.Ordinal));
            Assert.DoesNotContain(other.Serial.Lines.Skip(theirs), line => line is "key 36 1" or "key 38 1");
        }
    }

    private static async Task ConnectAsync(QemuMachine machine, int port) =>
        await machine.Monitor.ExecuteAsync("object-add", new JsonObject
        {
            ["qom-type"] = "input-barrier",
            ["id"] = "b0",
            ["name"] = "VM-1",
            ["server"] = "127.0.0.1",
            ["port"] = port.ToString(CultureInfo.InvariantCulture),
            ["width"] = Width.ToString(CultureInfo.InvariantCulture),
            ["height"] = Height.ToString(CultureInfo.InvariantCulture),
        });

    /// <summary>Each kind of input once, from the browser to the guest's serial line.</summary>
    private static async Task DriveAsync(QemuMachine machine, Viewer viewer)
    {
        IPage page = viewer.Page;
        await page.Locator("#stage").FocusAsync();
        // The first key may come before QEMU has said what it is.
        await Eventually.IsTrueAsync("the first key", async () =>
        {
            int before = machine.Serial.Position;
            await page.Keyboard.PressAsync("KeyB");
            await Task.Delay(100);
            return machine.Serial.Lines.Skip(before).Contains("key 48 0");
        });

        int from = machine.Serial.Position;
        foreach ((string code, int linux) in s_keys)
        {
            await page.Keyboard.PressAsync(code);
            await machine.Serial.LineAsync($"key {linux} 1", from);
            await machine.Serial.LineAsync($"key {linux} 0", from);
        }

        LocatorBoundingBoxResult box = (await page.Locator("#screen").BoundingBoxAsync())!;
        foreach ((int x, int y) in new[] { (640, 400), (10, 20), (1270, 790) })
        {
            int before = machine.Serial.Position;
            await page.Mouse.MoveAsync(box.X + ((x + 0.5f) * box.Width / Width), box.Y + ((y + 0.5f) * box.Height / Height));
            // QEMU and the guest round to whole pixels on the way from one to 32767 and back.
            await machine.Serial.LineAsync($"a position near {x},{y}", line => IsNear(line, x, y), before);
        }

        foreach ((MouseButton button, int linux) in new[] { (MouseButton.Left, 272), (MouseButton.Right, 273), (MouseButton.Middle, 274) })
        {
            await page.Mouse.DownAsync(new MouseDownOptions { Button = button });
            await machine.Serial.LineAsync($"btn {linux} 1", from);
            await page.Mouse.UpAsync(new MouseUpOptions { Button = button });
            await machine.Serial.LineAsync($"btn {linux} 0", from);
        }

        await page.Mouse.WheelAsync(0, 100);
        await machine.Serial.LineAsync("wheel -1", from);
        await page.Mouse.WheelAsync(0, -100);
        await machine.Serial.LineAsync("wheel 1", from);
    }

    private static bool IsNear(string line, int x, int y) =>
        line.Split(' ') is ["abs", var gotX, var gotY]
        && Math.Abs(int.Parse(gotX, CultureInfo.InvariantCulture) - x) <= 1 && Math.Abs(int.Parse(gotY, CultureInfo.InvariantCulture) - y) <= 1;
}
