using Microsoft.Playwright;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>Two heads of one device, each with a tablet of its own, as docs/user-guide.md tells to set them up.</summary>
public sealed class ScreensTests(ScreensTests.Session session) : IClassFixture<ScreensTests.Session>
{
    public sealed class Session(Browser browser) : SharedSession(browser)
    {
        private protected override MachineOptions Options => new()
        {
            Mode = "1024x768",
            Devices = ["virtio-vga,id=video0,max_outputs=2", "virtio-keyboard-pci", "virtio-tablet-pci,display=video0,head=0", "virtio-tablet-pci,display=video0,head=1"],
        };
    }

    [Fact]
    public async Task A_second_head_is_turned_on_from_its_page_shows_its_own_picture_and_takes_its_own_pointer()
    {
        GuestSerial guest = session.Guest;
        await session.Viewer.CardAsync(1024, 768);
        Viewer second = await session.OpenAsync("&console=1", new BrowserNewContextOptions { ViewportSize = new() { Width = 960, Height = 720 } });
        // QEMU says in a picture of its own that the guest shows nothing here.
        await second.PictureAsync("QEMU's placeholder", picture => (picture.Width, picture.Height) == (640, 480));
        int before = guest.Position;
        await ChooseAsync(second, "Turn this screen on");
        await guest.LineAsync("mode 960x720 head 1", before);
        await second.CardAsync(960, 720, head: 1);
        await session.Viewer.CardAsync(1024, 768);

        before = guest.Position;
        (float x, float y) = await second.PlaceOfAsync(700, 500, 960, 720);
        await second.Page.Mouse.MoveAsync(x, y);
        await guest.LineAsync("the second tablet at 700, 500", line => IsNear(line, "abs", 700, 500, "head 1"), before);
        (x, y) = await session.Viewer.PlaceOfAsync(1000, 20, 1024, 768);
        await session.Page.Mouse.MoveAsync(x, y);
        await guest.LineAsync("the first tablet at 1000, 20", line => IsNear(line, "abs", 1000, 20, ""), before);

        // Off and on again without a new page or connection.
        int connections = await second.ConnectionsAsync();
        before = guest.Position;
        await ChooseAsync(second, "Turn this screen off");
        await guest.LineAsync("mode off head 1", before);
        // Now the placeholder has the size of what was there before.
        await second.PictureAsync("the placeholder again", picture => picture.Width == 960 && picture.Psnr(TestCard.Expected(960, 720, 1)) < 20);
        await session.Viewer.CardAsync(1024, 768);
        await ChooseAsync(second, "Turn this screen on");
        await second.CardAsync(960, 720, head: 1);
        await second.StateAsync("picture");
        Assert.Equal(connections, await second.ConnectionsAsync());
        Assert.Equal(["Screen 1: video0", "Screen 2: video0"], (await second.Page.Locator("#screens-menu [aria-checked]").AllTextContentsAsync()).Select(label => label.Split('.')[0]));
    }

    private static async Task ChooseAsync(Viewer viewer, string label)
    {
        await viewer.ClickBarAsync("#screens-button");
        await viewer.Page.GetByRole(AriaRole.Menuitem, new() { Name = label }).ClickAsync();
    }

    private static bool IsNear(string line, string what, int x, int y, string tail)
    {
        string[] words = line.Split(' ', 4);
        return words.Length >= 3 && words[0] == what && (words.Length == 4 ? words[3] : "") == tail && Math.Abs(int.Parse(words[1]) - x) <= 1 && Math.Abs(int.Parse(words[2]) - y) <= 1;
    }
}
