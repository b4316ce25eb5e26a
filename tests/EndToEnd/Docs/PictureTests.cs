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

        string folder = Path.Combine(Paths.Root, "artifacts/docs");
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, "demo.png");
        await viewer.Page.ScreenshotAsync(new PageScreenshotOptions { Path = path });
        Assert.True(new FileInfo(path).Length > 20_000, "the picture is empty");
    }
}
