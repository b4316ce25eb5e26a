using System.Globalization;
using Microsoft.Playwright;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>The guest's mode and the window's size: one follows the other, or is scaled to it.</summary>
public sealed class WindowTests(WindowTests.Session session) : IClassFixture<WindowTests.Session>
{
    public sealed class Session(Browser browser) : SharedSession(browser)
    {
        private protected override MachineOptions Options => new() { Append = "qzc.follow=1" };
    }

    private IPage Page => session.Page;

    private GuestSerial Guest => session.Guest;

    [Fact]
    public async Task The_guest_takes_the_windows_size_once_it_has_come_to_rest()
    {
        await Guest.TellAsync("mode 1280x800");
        await session.Viewer.CardAsync(1280, 800);
        int connections = await session.Viewer.ConnectionsAsync(), before = Guest.Position;
        await ChooseAsync("Guest follows the window");
        for (int width = 1200; width > 1000; width -= 10)
            await Page.SetViewportSizeAsync(width, 700);
        await Guest.LineAsync("mode 1008x696", before);
        await session.Viewer.CardAsync(1008, 696);
        Assert.Equal(connections, await session.Viewer.ConnectionsAsync());

        // The page's two quickest clocks have passed: nothing goes round in circles.
        await Task.Delay(1500, TestContext.Current.CancellationToken);
        Assert.InRange(Modes(before).Count, 1, 3);
        Assert.Equal("mode 1008x696", Modes(before)[^1]);

        // A storm past the page's own patience, as from a page gone wild: the last one counts.
        before = Guest.Position;
        await Page.EvaluateAsync("""
            async () => {
              const socket = new WebSocket(`ws://${location.host}/session?console=0`);
              await new Promise(resolve => { socket.onopen = resolve; });
              for (let i = 0; i < 3000; i++) socket.send(JSON.stringify({ type: 'resize', width: 640 + i % 800, height: 480 }));
              socket.send(JSON.stringify({ type: 'resize', width: 800, height: 600 }));
              await new Promise(resolve => setTimeout(resolve, 1000));
              socket.close();
            }
            """);
        await Guest.LineAsync("mode 800x600", before);
        Assert.InRange(Modes(before).Count, 1, 12);
        await session.Viewer.CardAsync(800, 600);
        await ChooseAsync("Guest follows the window");
    }

    [Fact]
    public async Task The_picture_is_fitted_shown_pixel_by_pixel_or_in_whole_multiples_and_pointed_at_rightly()
    {
        await Page.SetViewportSizeAsync(1280, 800);
        await Guest.TellAsync("mode 320x240");
        await session.Viewer.PictureAsync("the small mode", picture => picture.Width == 320);
        foreach ((string choice, int width, int height, int x) in new[] { ("Pixel by pixel", 320, 240, 300), ("Whole multiples", 960, 720, 200), ("Fit the window", 1067, 800, 100) })
        {
            await ChooseAsync(choice);
            double[] box = await BoxAsync();
            Assert.Equal((width, height), (Math.Round(box[2]), Math.Round(box[3])));
            await PointsAtAsync(x, 200, 320, 240);
        }

        // Larger than the window: the part is shown that the pointer is at.
        await Guest.TellAsync("mode 1920x1200");
        await session.Viewer.PictureAsync("the large mode", picture => picture.Width == 1920);
        await ChooseAsync("Pixel by pixel");
        foreach ((float x, float y, int guestX, int guestY) in new[] { (1279f, 799f, 1919, 1199), (0f, 799f, 0, 1199), (640f, 400f, 960, 600) })
        {
            int before = Guest.Position;
            await Page.Mouse.MoveAsync(x, y);
            await NearAsync(guestX, guestY, before);
        }

        Assert.Equal(1920, (await BoxAsync())[2]);
        await ChooseAsync("Whole multiples");
        Assert.Equal(1280, (await BoxAsync())[2]);
        await ChooseAsync("Fit the window");
        await Guest.TellAsync("mode 1280x800");
        await session.Viewer.CardAsync(1280, 800);
    }

    private async Task ChooseAsync(string label)
    {
        await session.Viewer.ClickBarAsync("#view-button");
        await Page.Locator("#view-menu button").Filter(new() { HasText = label }).ClickAsync();
    }

    private async Task PointsAtAsync(int x, int y, int width, int height)
    {
        int before = Guest.Position;
        (float pageX, float pageY) = await session.Viewer.PlaceOfAsync(x, y, width, height);
        await Page.Mouse.MoveAsync(pageX, pageY);
        await NearAsync(x, y, before);
    }

    private Task<string> NearAsync(int x, int y, int after) => Guest.LineAsync($"the pointer at {x}, {y}", line => line.Split(' ') is ["abs", var a, var b]
        && Math.Abs(int.Parse(a, CultureInfo.InvariantCulture) - x) <= 1 && Math.Abs(int.Parse(b, CultureInfo.InvariantCulture) - y) <= 1, after);

    private List<string> Modes(int after) => [.. Guest.Lines.Skip(after).Where(line => line.StartsWith("mode ", StringComparison.Ordinal))];

    private Task<double[]> BoxAsync() => Page.EvaluateAsync<double[]>("(() => { const r = document.getElementById('screen').getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()");
}
