using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>The known picture, from a real QEMU to decoded pixels in a real browser.</summary>
public sealed class PictureTests(Browser browser) : EndToEndTest(browser)
{
    [Fact]
    public async Task A_mapped_scanout_arrives_with_its_colours_right()
    {
        (_, _, Viewer viewer) = await StartSessionAsync();
        AssertColours(await viewer.CardAsync(1280, 800));
    }

    [Fact]
    public async Task Pixels_in_messages_arrive_with_their_colours_right()
    {
        // A 32-bpp VBE mode: QEMU sends these pixels in Scanout and Update even when mapping is offered.
        (_, _, Viewer viewer) = await StartSessionAsync(new MachineOptions { Devices = ["VGA"] });
        AssertColours(await viewer.CardAsync(1280, 800));
    }

    [Fact]
    public async Task A_still_of_the_screen_is_shown_before_any_script_runs()
    {
        QemuMachine machine = await StartMachineAsync();
        QzcProcess qzc = await AttachAsync(machine);
        Viewer viewer = await OpenAsync(qzc, page => page.RouteAsync("**/page.js", route => route.AbortAsync()));
        Picture still = await Eventually.GetAsync("a still", viewer.GrabStillAsync);
        Assert.Equal((1280, 800), (still.Width, still.Height));
        Assert.InRange(still.Psnr(TestCard.Expected(1280, 800)), 30, double.PositiveInfinity);
        AssertColours(still);
    }

    [Fact]
    public async Task The_still_goes_when_the_picture_lives()
    {
        (_, _, Viewer viewer) = await StartSessionAsync();
        await viewer.CardAsync(1280, 800);
        await Eventually.IsTrueAsync("the still to go", async () => await viewer.Page.Locator("#still").CountAsync() == 0);
    }

    [Fact]
    public async Task A_machine_on_a_bus_is_shown_as_well()
    {
        (_, _, Viewer viewer) = await StartSessionAsync(new MachineOptions { Display = DisplayKind.Bus });
        AssertColours(await viewer.CardAsync(1280, 800));
    }

    [Fact]
    public async Task Odd_sizes_are_shown_whole()
    {
        // 4:2:0 has no odd sizes: the last column and row must be there all the same.
        (_, _, Viewer viewer) = await StartSessionAsync(new MachineOptions { Mode = "1023x767" });
        Picture shown = await viewer.PictureAsync("a picture of about 1023×767", picture => picture.Width is 1023 or 1024 && picture.Height is 767 or 768
            && FrameBarcode.Read(picture) == TestCard.Number);
        (double r, double g, double b) = shown.Mean(1000, 700, 20, 60);
        Assert.InRange(r, 240, 255);
        Assert.InRange(g, 225, 255);
        Assert.InRange(b, 115, 140);
    }

    [Fact]
    public async Task The_mode_changes_without_a_reconnect()
    {
        (QemuMachine machine, _, Viewer viewer) = await StartSessionAsync();
        await viewer.CardAsync(1280, 800);
        int connections = await viewer.ConnectionsAsync();
        await machine.Serial.TellAsync("mode 1920x1080");
        await viewer.CardAsync(1920, 1080);
        await machine.Serial.TellAsync("mode 1024x768");
        await viewer.CardAsync(1024, 768);
        Assert.Equal(connections, await viewer.ConnectionsAsync());
    }

    [Fact]
    public async Task Motion_moves()
    {
        (_, _, Viewer viewer) = await StartSessionAsync(new MachineOptions { Scene = "anim", Append = "qzc.fps=30" });
        int first = FrameBarcode.Read(await viewer.PictureAsync("a first picture", picture => FrameBarcode.Read(picture) is not null))!.Value;
        await viewer.PictureAsync("ten guest frames later", picture => FrameBarcode.Read(picture) is { } number && ((number - first) & 0xffff) is >= 10 and < 0x8000);
    }

    private static void AssertColours(Picture picture)
    {
        for (int bar = 0; bar < TestCard.Bars.Count; bar++)
        {
            // Well inside the bar, away from the edges that 4:2:0 softens. BT.601 taken for BT.709 would be off by 33.
            (double r, double g, double b) = picture.Mean(64 + bar * 64 + 16, TestCard.BarsTop(picture.Height) + 16, 32, 32);
            Assert.InRange(r, (TestCard.Bars[bar] >> 16 & 255) - 12, (TestCard.Bars[bar] >> 16 & 255) + 12);
            Assert.InRange(g, (TestCard.Bars[bar] >> 8 & 255) - 12, (TestCard.Bars[bar] >> 8 & 255) + 12);
            Assert.InRange(b, (TestCard.Bars[bar] & 255) - 12, (TestCard.Bars[bar] & 255) + 12);
        }
    }
}
