using System.Text.Json.Nodes;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>A graphics card that is taken out of the running machine, and another one put in.</summary>
public sealed class UnplugTests(Browser browser) : EndToEndTest(browser)
{
    [Fact]
    public async Task Pages_of_a_card_that_is_taken_out_keep_its_last_picture_and_the_other_screen_goes_on()
    {
        (QemuMachine machine, QzcProcess qzc, Viewer first) = await StartSessionAsync(new MachineOptions
        {
            Mode = "800x600",
            Devices = ["virtio-vga", "virtio-keyboard-pci", "virtio-tablet-pci", "secondary-vga,id=second"],
        });
        await first.CardAsync(800, 600);
        Viewer second = await OpenAsync(Second(qzc));
        Picture last = await second.PictureAsync("QEMU's placeholder", static picture => (picture.Width, picture.Height) == (640, 480));
        int connections = await second.ConnectionsAsync();

        // The guest lets go of the card when it sees fit. QEMU keeps the console for the next card, and says nothing.
        await machine.Monitor.ExecuteAsync("device_del", new() { ["id"] = "second" });
        await Eventually.IsTrueAsync("the card's leaving", async () => !await HasAsync(machine, "second"));
        await machine.Serial.TellAsync("mode 1024x768");
        await first.CardAsync(1024, 768);
        await IsKeptAsync(second);
        await IsKeptAsync(await OpenAsync(Second(qzc)));
        await machine.Monitor.ExecuteAsync("device_add", new() { ["driver"] = "secondary-vga", ["id"] = "third" });
        Assert.True(await HasAsync(machine, "third"));
        await machine.Serial.TellAsync("mode 800x600");
        await first.CardAsync(800, 600);
        await IsKeptAsync(second);
        Assert.Equal(connections, await second.ConnectionsAsync());
        Assert.Equal(1, await first.ConnectionsAsync());
        Assert.DoesNotContain(second.Console.Concat(first.Console), static line => line.StartsWith("uncaught", StringComparison.Ordinal));
        Assert.False(qzc.Program.HasExited);

        async Task IsKeptAsync(Viewer page)
        {
            await page.StateAsync("picture");
            await page.PictureAsync("the card's last picture", picture => picture.Width == 640 && picture.Psnr(last) > 35);
        }
    }

    private static Uri Second(QzcProcess qzc) => new(qzc.Page + "&console=1");

    private static async Task<bool> HasAsync(QemuMachine machine, string id) =>
        (await machine.Monitor.ExecuteAsync("qom-list", new() { ["path"] = "/machine/peripheral" }))!.AsArray().Any(property => property!["name"]!.GetValue<string>() == id);
}
