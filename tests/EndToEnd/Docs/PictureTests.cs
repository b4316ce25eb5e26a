using Microsoft.Playwright;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Docs;

/// <summary>
/// Takes the pictures that docs/images holds, into artifacts/docs: a picture in the docs shows what the program
/// does, and is renewed by copying it from there.
/// </summary>
public sealed class PictureTests(Browser browser) : EndToEndTest(browser)
{
    private static readonly BrowserNewContextOptions s_look = new()
    {
        ViewportSize = new() { Width = 1280, Height = 800 }, ColorScheme = ColorScheme.Dark, ReducedMotion = ReducedMotion.Reduce,
    };

    [Fact]
    public async Task The_demo_moves_and_echoes_what_is_typed()
    {
        QemuMachine machine = await StartMachineAsync(new MachineOptions { Scene = "pleasant" });
        Viewer viewer = await OpenAsync(await AttachAsync(machine), s_look);
        Picture first = await viewer.PictureAsync("the demo", static picture => FrameBarcode.Read(picture) is not null);
        await viewer.Page.Mouse.MoveAsync(700, 300);
        int before = machine.Serial.Position;
        await viewer.Page.Keyboard.TypeAsync("hello");
        await machine.Serial.LineAsync("key 24 0", before); // the o, released
        await viewer.PictureAsync("another frame", picture => FrameBarcode.Read(picture) is { } now && now != FrameBarcode.Read(first));

        await TakeAsync(viewer, "demo.png");
    }

    [Fact]
    public async Task The_terminal_and_the_clipboard_stand_beside_the_screen()
    {
        QemuMachine machine = await StartMachineAsync(new MachineOptions
        {
            Append = "qzc.shell=ttyS1",
            Devices = ["virtio-vga", "virtio-keyboard-pci", "virtio-tablet-pci", "virtio-serial"],
            Arguments =
            [
                "-chardev", "dbus,id=port1,name=org.qemu.console.serial.0", "-device", "isa-serial,chardev=port1,index=1",
                "-chardev", "dbus,id=vdagent,name=com.redhat.spice.0", "-device", "virtserialport,chardev=vdagent,name=com.redhat.spice.0",
            ],
        });
        Viewer viewer = await OpenAsync(await AttachAsync(machine), s_look);
        await viewer.CardAsync(1280, 800);
        await viewer.Page.EvaluateAsync("document.getElementById('terminal-button').click()");
        await viewer.Page.WaitForSelectorAsync("#terminal-screen .xterm-rows");
        await viewer.Page.ClickAsync("#terminal-screen");
        foreach ((string typed, string answer) in new[] { ("Ada", "/ #"), ("ls --color=always -l /", "modules") })
        {
            await viewer.Page.Keyboard.TypeAsync($"{typed}\r");
            await Eventually.IsTrueAsync("the shell's answer", async () => (await viewer.Page.TextContentAsync("#terminal-screen .xterm-rows"))!.Replace('\u00a0', ' ').Contains(answer, StringComparison.Ordinal));
        }

        await machine.Serial.LineAsync("device agent");
        await machine.Serial.TellAsync("clip A line that was copied in the guest");
        await viewer.ClickBarAsync("#clipboard-button");
        await Eventually.IsTrueAsync("the guest's text", async () => await viewer.Page.TextContentAsync("#clipboard-guest") == "A line that was copied in the guest");
        await TakeAsync(viewer, "terminal-and-clipboard.png");
    }

    [Fact]
    public async Task The_bar_opens_its_menus_over_the_screen()
    {
        QemuMachine machine = await StartMachineAsync(new MachineOptions
        {
            Scene = "typing",
            SoundFormat = "",
            Devices = ["virtio-vga,max_outputs=2", "virtio-keyboard-pci", "virtio-tablet-pci", "intel-hda", "hda-duplex,audiodev=snd"],
            Arguments = ["-name", "Workshop"],
        });
        Viewer viewer = await OpenAsync(await AttachAsync(machine), s_look);
        await viewer.StateAsync("picture");
        await viewer.UntilAsync("!document.getElementById('screens-button').hidden && !document.getElementById('sound-group').hidden");
        await viewer.ClickBarAsync("#view-button");
        await TakeAsync(viewer, "view.png", 1280, 260);
        await viewer.ClickBarAsync("#keys-button");
        await viewer.Page.ClickAsync("#keys-menu button:text-is('Type text…')");
        await viewer.Page.SelectOptionAsync("#type-layout", "de");
        await viewer.Page.FillAsync("#type-text", "Grüße aus 東京!\nsudo less /etc/fstab | grep '[^#]'\n");
        await TakeAsync(viewer, "type-text.png", "#type-dialog");
    }

    [Fact]
    public async Task Viewers_and_drives_are_listed()
    {
        string folder = Directory.CreateDirectory(Path.Combine(Folder, "media")).FullName;
        foreach (string name in new[] { "debian-13-netinst.iso", "drivers.iso" })
            await File.WriteAllBytesAsync(Path.Combine(folder, name), new byte[2048 * 16], TestContext.Current.CancellationToken);
        QemuMachine machine = await StartMachineAsync(new MachineOptions { Scene = "typing", Arguments = ["-cdrom", Path.Combine(folder, "debian-13-netinst.iso")] });
        QzcProcess qzc = await AttachAsync(machine, null, "--control", "token", "--media-dir", folder);
        Viewer first = await OpenAsync(qzc, s_look);
        await NameAsync(first, "Ada");
        Viewer second = await OpenAsync(qzc, s_look), third = await OpenAsync(qzc);
        await NameAsync(second, "Grace");
        await NameAsync(third, "Edsger");
        await second.StateAsync("picture");
        await second.ClickBarAsync("#viewers-button");
        await second.UntilAsync("document.querySelectorAll('#viewers-list li').length === 3 && document.getElementById('viewers-list').textContent.includes('Edsger')");
        await TakeAsync(second, "viewers.png", "#viewers-panel");
        await first.StateAsync("picture");
        await first.ClickBarAsync("#machine-button");
        await first.Page.ClickAsync("#machine-menu button:text-is('Drives…')");
        await TakeAsync(first, "drives.png", "#media-dialog");
    }

    [Fact]
    public async Task The_overlay_says_where_the_time_goes()
    {
        QemuMachine machine = await StartMachineAsync(new MachineOptions { Scene = "scroll", Append = "qzc.fps=30" });
        Viewer viewer = await OpenAsync(await AttachAsync(machine), s_look);
        await viewer.StateAsync("picture");
        await viewer.Page.Keyboard.PressAsync("Control+Alt+Shift+KeyS");
        await Eventually.IsTrueAsync("figures of the path and the browser", async () =>
            await viewer.Page.InnerTextAsync("#overlay-figures") is var told && told.Contains("loss", StringComparison.Ordinal) && told.Contains("decoder", StringComparison.Ordinal));
        await TakeAsync(viewer, "overlay.png", "#overlay");
    }

    [Fact]
    public async Task A_phone_has_all_of_the_bar_in_its_width()
    {
        QemuMachine machine = await StartMachineAsync(new MachineOptions
        {
            Scene = "typing",
            SoundFormat = "",
            Append = "qzc.shell=hvc0",
            Devices = ["virtio-vga,max_outputs=2", "virtio-keyboard-pci", "virtio-multitouch-pci", "virtio-serial", "intel-hda", "hda-duplex,audiodev=snd"],
            Arguments = ["-chardev", "dbus,id=port1,name=org.qemu.console.serial.0", "-device", "virtconsole,chardev=port1",
                "-chardev", "dbus,id=vdagent,name=com.redhat.spice.0", "-device", "virtserialport,chardev=vdagent,name=com.redhat.spice.0"],
        });
        Viewer phone = await OpenAsync(await AttachAsync(machine), new BrowserNewContextOptions(s_look)
        {
            ViewportSize = new() { Width = 390, Height = 844 }, HasTouch = true, IsMobile = true, DeviceScaleFactor = 2,
        });
        await phone.StateAsync("picture");
        await phone.UntilAsync("['screens', 'microphone', 'terminal', 'clipboard'].every(name => !document.getElementById(name + '-button').hidden) && !document.getElementById('sound-group').hidden");
        await phone.Page.FocusAsync("#view-button");
        await phone.Page.TapAsync("#view-button");
        string outside = await phone.Page.EvaluateAsync<string>("""
            [...document.querySelectorAll('#toolbar > *, #toolbar button, .menu:not([hidden]), .menu:not([hidden]) > *')]
              .filter(e => e.getClientRects().length > 0).filter(e => { const r = e.getBoundingClientRect(); return r.left < 0 || r.right > innerWidth || r.top < 0 || r.bottom > innerHeight; })
              .map(e => e.id || e.textContent).join(', ')
            """);
        Assert.Equal("", outside);
        double[] smallest = await phone.Page.EvaluateAsync<double[]>("[...document.querySelectorAll('#toolbar button')].map(b => b.getBoundingClientRect()).filter(r => r.width).reduce(([w, h], r) => [Math.min(w, r.width), Math.min(h, r.height)], [999, 999])");
        Assert.True(smallest[0] >= 42 && smallest[1] >= 42, $"a button of {smallest[0]}×{smallest[1]} is hard to hit");
        // There is nothing to hover with: the volume can be reached all the same.
        Assert.True(await phone.Page.IsVisibleAsync("#sound-volume"));
        await TakeAsync(phone, "phone.png");
    }

    private static async Task NameAsync(Viewer viewer, string name)
    {
        await viewer.ClickBarAsync("#viewers-button");
        await viewer.Page.FillAsync("#viewers-name", name);
        await viewer.Page.PressAsync("#viewers-name", "Enter");
    }

    private static Task TakeAsync(Viewer viewer, string name, int width, int height) => TakeAsync(viewer, name, new Clip { Width = width, Height = height });

    /// <summary>The element with some of what is around it.</summary>
    private static async Task TakeAsync(Viewer viewer, string name, string selector)
    {
        const float margin = 10;
        LocatorBoundingBoxResult box = (await viewer.Page.Locator(selector).BoundingBoxAsync())!;
        float x = Math.Max(0, box.X - margin), y = Math.Max(0, box.Y - margin);
        await TakeAsync(viewer, name, new Clip { X = x, Y = y, Width = box.X + box.Width + margin - x, Height = box.Y + box.Height + margin - y });
    }

    private static async Task TakeAsync(Viewer viewer, string name, Clip? clip = null)
    {
        string folder = Path.Combine(Paths.Root, "artifacts/docs");
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, name);
        await viewer.UntilAsync("document.getElementById('hint').hidden && !document.getElementById('link-text').textContent.startsWith('Conn')");
        await viewer.Page.ScreenshotAsync(new PageScreenshotOptions { Path = path, Clip = clip, Scale = ScreenshotScale.Css });
        Assert.True(new FileInfo(path).Length > 5_000, "the picture is empty");
    }
}
