using Microsoft.Playwright;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Docs;

/// <summary>
/// Takes the pictures that docs/images holds, into artifacts/docs: a picture in the docs shows what the program
/// does, and is renewed by copying it from there.
/// </summary>
public sealed class PictureTests(Browser browser) : EndToEndTest(browser)
{
    [Fact]
    public async Task The_demo_moves_and_echoes_what_is_typed()
    {
        (QemuMachine machine, _, Viewer viewer) = await StartSessionAsync(new MachineOptions { Scene = "pleasant" });
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
        (QemuMachine machine, _, Viewer viewer) = await StartSessionAsync(new MachineOptions
        {
            Append = "qzc.shell=ttyS1",
            Devices = ["virtio-vga", "virtio-keyboard-pci", "virtio-tablet-pci", "virtio-serial"],
            Arguments =
            [
                "-chardev", "dbus,id=port1,name=org.qemu.console.serial.0", "-device", "isa-serial,chardev=port1,index=1",
                "-chardev", "dbus,id=vdagent,name=com.redhat.spice.0", "-device", "virtserialport,chardev=vdagent,name=com.redhat.spice.0",
            ],
        });
        await viewer.CardAsync(1280, 800);
        await viewer.Page.EvaluateAsync("document.getElementById('terminal-button').click()");
        await viewer.Page.WaitForSelectorAsync("#terminal-screen .xterm-rows");
        await viewer.Page.ClickAsync("#terminal-screen");
        await viewer.Page.Keyboard.TypeAsync("Ada\rls --color=always -l /\r");
        await Eventually.IsTrueAsync("the shell's answer", async () => (await viewer.Page.TextContentAsync("#terminal-screen .xterm-rows"))!.Contains("modules", StringComparison.Ordinal));
        await machine.Serial.LineAsync("device agent");
        await machine.Serial.TellAsync("clip A line that was copied in the guest");
        await viewer.Page.EvaluateAsync("document.getElementById('clipboard-button').click()");
        await Eventually.IsTrueAsync("the guest's text", async () => await viewer.Page.TextContentAsync("#clipboard-guest") == "A line that was copied in the guest");
        await TakeAsync(viewer, "terminal-and-clipboard.png");
    }

    private static async Task TakeAsync(Viewer viewer, string name)
    {
        string folder = Path.Combine(Paths.Root, "artifacts/docs");
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, name);
        await viewer.Page.ScreenshotAsync(new PageScreenshotOptions { Path = path });
        Assert.True(new FileInfo(path).Length > 20_000, "the picture is empty");
    }
}
