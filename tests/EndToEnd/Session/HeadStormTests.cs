using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>A head that vanishes while its pictures are on their way.</summary>
public sealed class HeadStormTests(Browser browser) : EndToEndTest(browser)
{
    private const int Rounds = 5;

    [Fact]
    public async Task A_head_that_goes_and_comes_in_mid_frame_disturbs_neither_itself_nor_the_other()
    {
        // Both heads move all the time, so that each change falls into a frame.
        (QemuMachine machine, QzcProcess qzc, Viewer first) = await StartSessionAsync(new MachineOptions
        {
            Scene = "anim",
            Mode = "800x600",
            Append = "qzc.fps=20",
            Devices = ["virtio-vga,max_outputs=2", "virtio-keyboard-pci", "virtio-tablet-pci"],
        });
        GuestSerial guest = machine.Serial;
        Viewer second = await OpenAsync(new Uri(qzc.Page + "&console=1"));
        await second.StateAsync("picture");
        await first.StateAsync("picture");
        int connections = await second.ConnectionsAsync(), said = Lines(qzc);
        for (int round = 0; round < Rounds; round++)
        {
            int number = FrameBarcode.Read(await first.PictureAsync("a frame", picture => FrameBarcode.Read(picture) is not null))!.Value;
            await SizeAsync(second, guest, 640, 480, "mode 640x480 head 1");
            await SizeAsync(second, guest, 0, 0, "mode off head 1");
            await first.PictureAsync("the first head's next frames", picture => FrameBarcode.Read(picture) is { } now && ((now - number) & 0xffff) is >= 5 and < 0x8000);
        }

        await SizeAsync(second, guest, 640, 480, "mode 640x480 head 1");
        Picture one = await second.PictureAsync("the second head at last", picture => (picture.Width, picture.Height) == (640, 480) && picture.Mean(290, 140, 60, 60).R > 20);
        await second.PictureAsync("its motion", picture => picture.Width == 640 && picture.Psnr(one) < 35);
        Assert.Equal(connections, await second.ConnectionsAsync());
        Assert.Equal(1, await first.ConnectionsAsync());
        Assert.False(qzc.Program.HasExited);
        Assert.DoesNotContain(second.Console.Concat(first.Console), static line => line.StartsWith("uncaught", StringComparison.Ordinal));
        // What encodes is told when it is opened for another size; beyond that, nothing was worth a line.
        Assert.InRange(Lines(qzc) - said, 0, 3 * (2 * Rounds + 1));
    }

    /// <summary>Asks for a mode as the page does, and waits until the guest has taken it.</summary>
    private static async Task SizeAsync(Viewer page, GuestSerial guest, int width, int height, string line)
    {
        int before = guest.Position;
        await page.Page.EvaluateAsync($"window.__session.send(JSON.stringify({{ type: 'resize', width: {width}, height: {height}, widthMm: {width / 4}, heightMm: {height / 4} }}))");
        await guest.LineAsync(line, before);
    }

    private static int Lines(QzcProcess qzc) => qzc.Program.Output.Split('\n').Length;
}
