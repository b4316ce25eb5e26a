using System.Globalization;
using System.Text.Json;
using Microsoft.Playwright;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Input;

/// <summary>Mouse, pen, fingers and the guest's own pointer image.</summary>
public sealed class PointerTests(PointerTests.Session session) : IClassFixture<PointerTests.Session>, IAsyncLifetime
{
    public sealed class Session(Browser browser) : SharedSession(browser)
    {
        private protected override MachineOptions Options => new()
        {
            Mode = "640x480",
            Devices = ["virtio-vga", "virtio-keyboard-pci", "virtio-tablet-pci", "virtio-mouse-pci", "virtio-multitouch-pci"],
        };
    }

    private const int Width = 640, Height = 480;

    private IPage Page => session.Page;

    private GuestSerial Guest => session.Guest;

    public async ValueTask InitializeAsync() => await HumanAsync($"mouse_set {await MouseAsync("Tablet", absolute: true)}");

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory]
    [InlineData("arrow")]
    [InlineData("beam")]
    [InlineData("hand")]
    public async Task The_cursor_is_the_guests_pixel_by_pixel(string shape)
    {
        await FillWindowAsync();
        await Guest.TellAsync($"cursor {shape}");
        (Picture expected, byte[] alpha, int hotX, int hotY) = GuestCursor.Expected(shape);
        (Picture Image, byte[] Alpha, int HotX, int HotY)? found = null;
        await Eventually.IsTrueAsync($"the cursor '{shape}'", async () =>
        {
            found = await CssCursorAsync();
            return (found?.Image.Width, found?.Image.Height) == (expected.Width, expected.Height);
        }, () => $"It is {found?.Image.Width}×{found?.Image.Height} instead of {expected.Width}×{expected.Height}.");
        (Picture Image, byte[] Alpha, int HotX, int HotY) shown = found!.Value;
        Assert.Equal((hotX, hotY), (shown.HotX, shown.HotY));
        Assert.Equal(alpha, shown.Alpha);
        // What is wholly transparent has no colour; what is half so is rounded by the canvas.
        for (int i = 0; i < alpha.Length; i++)
            Assert.True(alpha[i] == 0 || Enumerable.Range(0, 3).All(c => Math.Abs(shown.Image.Rgba[4 * i + c] - expected.Rgba[4 * i + c]) <= (alpha[i] == 255 ? 0 : 2)), $"pixel {i}");
    }

    [Fact]
    public async Task A_cursor_that_the_guest_hides_is_hidden_and_a_huge_one_is_drawn_in_the_page()
    {
        await Page.SetViewportSizeAsync(1280, 960);
        await Guest.TellAsync("cursor arrow");
        await CursorIsAsync("data:image/png");
        await Guest.TellAsync("cursor hidden");
        await CursorIsAsync("none");
        Assert.True(await Page.IsHiddenAsync("#guest-cursor"));

        // Eight times as large: 24 of the guest's pixels are more than the 128 that browsers take.
        await Guest.TellAsync("mode 160x120");
        await session.Viewer.PictureAsync("the small mode", picture => picture.Width == 160);
        await Guest.TellAsync("cursor arrow");
        await Page.Mouse.MoveAsync(400, 300);
        await Page.WaitForSelectorAsync("#guest-cursor", new() { State = WaitForSelectorState.Visible });
        double[] box = await Page.EvaluateAsync<double[]>("(() => { const r = document.getElementById('guest-cursor').getBoundingClientRect(); return [r.left, r.top, r.width, r.height]; })()");
        Assert.Equal([400, 300, 12 * 8, 24 * 8], box);
        await Guest.TellAsync("cursor hidden");
        await Page.WaitForSelectorAsync("#guest-cursor", new() { State = WaitForSelectorState.Hidden });
        await Guest.TellAsync($"mode {Width}x{Height}");
        await session.Viewer.PictureAsync("the usual mode", picture => picture.Width == Width);
    }

    [Fact]
    public async Task Two_fingers_are_two_slots_of_the_guest()
    {
        Viewer phone = await session.OpenAsync("", new BrowserNewContextOptions { ViewportSize = new() { Width = Width, Height = Height }, HasTouch = true, IsMobile = true });
        await phone.StateAsync("picture");
        ICDPSession devTools = await phone.Page.Context.NewCDPSessionAsync(phone.Page);
        int before = Guest.Position;
        await TouchAsync(devTools, "touchStart", (100, 200));
        await TouchAsync(devTools, "touchStart", (100, 200), (500, 300));
        await TouchAsync(devTools, "touchMove", (120, 240), (480, 320));
        await Near(before, "touch 0", 120, 240);
        await Near(before, "touch 1", 480, 320);
        await TouchAsync(devTools, "touchEnd");
        await Guest.LineAsync("touch 0 up", before);
        await Guest.LineAsync("touch 1 up", before);
        Assert.DoesNotContain(Guest.Lines.Skip(before), line => line.StartsWith("btn ", StringComparison.Ordinal));
        await phone.Page.CloseAsync();
    }

    [Fact]
    public async Task A_pen_hovers_and_draws_as_the_pointer()
    {
        await FillWindowAsync();
        ICDPSession devTools = await Page.Context.NewCDPSessionAsync(Page);
        int before = Guest.Position;
        await PenAsync(devTools, "mouseMoved", 50, 60, "none", 0);
        await Near(before, "abs", 50, 60);
        await PenAsync(devTools, "mousePressed", 50, 60, "left", 1);
        await PenAsync(devTools, "mouseMoved", 150, 160, "left", 1);
        await PenAsync(devTools, "mouseReleased", 150, 160, "left", 0);
        await Near(before, "abs", 150, 160);
        await Guest.LineAsync("btn 272 0", before);
        Assert.Equal(["btn 272 1", "btn 272 0"], Guest.Lines.Skip(before).Where(line => line.StartsWith("btn ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_wheel_that_glides_loses_nothing()
    {
        await Page.Mouse.MoveAsync(100, 100);
        int before = Guest.Position;
        // A hundred pixels are a click: thirty times a fifth, and back by the same in other steps.
        for (int i = 0; i < 30; i++)
            await Page.Mouse.WheelAsync(0, 20);
        await Eventually.IsTrueAsync("six clicks down", () => Wheel(before) == -6, () => $"{Wheel(before)} clicks");
        for (int i = 0; i < 15; i++)
            await Page.Mouse.WheelAsync(0, -40);
        await Eventually.IsTrueAsync("and six up", () => Wheel(before) == 0, () => $"{Wheel(before)} clicks");
        // A wheel with notches: one is one, whatever pixels the browser makes of it.
        await Page.Mouse.WheelAsync(0, 120);
        await Eventually.IsTrueAsync("one click", () => Wheel(before) == -1, () => $"{Wheel(before)} clicks");
    }

    [Fact]
    public async Task A_mouse_that_takes_motion_has_the_pointer_locked_until_a_tablet_is_back()
    {
        await FillWindowAsync();
        string mouse = await MouseAsync("Mouse", absolute: false), tablet = await MouseAsync("Tablet", absolute: true);
        // The scene with a hardware cursor, which the guest itself moves.
        await Guest.TellAsync("scene pleasant");
        int before = Guest.Position;
        await Page.Mouse.MoveAsync(200, 100);
        await Page.Mouse.MoveAsync(300, 300);
        await Near(before, "abs", 300, 300);
        await HumanAsync($"mouse_set {mouse}");
        await session.Viewer.UntilAsync("document.getElementById('guest-cursor').hidden === false");
        await Page.Mouse.DownAsync();
        await session.Viewer.UntilAsync("document.pointerLockElement?.id === 'stage'");
        await Page.Mouse.UpAsync();
        before = Guest.Position;
        await Page.Mouse.MoveAsync(310, 305);
        await Page.Mouse.MoveAsync(330, 295);
        await Eventually.IsTrueAsync("motion by 30, -5", () => Motion(before) == (30, -5), () => $"{Motion(before)}");
        Assert.DoesNotContain(Guest.Lines.Skip(before), line => line.StartsWith("btn ", StringComparison.Ordinal));

        // The guest says where its pointer is; the page draws it there.
        double[] place = [];
        await Eventually.IsTrueAsync("the pointer where the guest has it", async () =>
        {
            place = await Page.EvaluateAsync<double[]>("(() => { const r = document.getElementById('guest-cursor').getBoundingClientRect(); return [r.left, r.top]; })()");
            return Math.Abs(place[0] - 330) <= 1 && Math.Abs(place[1] - 295) <= 1;
        }, () => string.Join(", ", place));
        await HumanAsync($"mouse_set {tablet}");
        await session.Viewer.UntilAsync("document.pointerLockElement === null");
        await Guest.TellAsync("scene card");
    }

    /// <summary>A window of the picture's size, and the picture at its own size in it, whatever a test before has left.</summary>
    private async Task FillWindowAsync()
    {
        await Page.SetViewportSizeAsync(Width, Height);
        await session.Viewer.UntilAsync($"[...document.querySelectorAll('video, canvas')].some(e => (e.videoWidth || e.width) === {Width} && Math.abs(e.getBoundingClientRect().width - {Width}) < 1)");
    }

    private async Task<string> MouseAsync(string name, bool absolute)
    {
        JsonElement mice = JsonDocument.Parse((await session.Machine.Monitor.ExecuteAsync("query-mice"))!.ToJsonString()).RootElement;
        foreach (JsonElement mouse in mice.EnumerateArray())
        {
            if (mouse.GetProperty("name").GetString()!.Contains(name, StringComparison.Ordinal) && mouse.GetProperty("absolute").GetBoolean() == absolute)
                return mouse.GetProperty("index").GetInt32().ToString(CultureInfo.InvariantCulture);
        }

        throw new InvalidOperationException($"QEMU has no {name}: {mice}");
    }

    private async Task HumanAsync(string command) => await session.Machine.Monitor.ExecuteAsync("human-monitor-command", new() { ["command-line"] = command });

    private int Wheel(int after) => Guest.Lines.Skip(after).Where(line => line.StartsWith("wheel ", StringComparison.Ordinal)).Sum(line => int.Parse(line.AsSpan(6), CultureInfo.InvariantCulture));

    private (int X, int Y) Motion(int after)
    {
        int[][] steps = [.. Guest.Lines.Skip(after).Select(line => line.Split(' ')).Where(words => words[0] == "rel").Select(words => new[] { int.Parse(words[1], CultureInfo.InvariantCulture), int.Parse(words[2], CultureInfo.InvariantCulture) })];
        return (steps.Sum(step => step[0]), steps.Sum(step => step[1]));
    }

    private Task<string> Near(int after, string what, int x, int y) => Guest.LineAsync($"{what} near {x}, {y}", line =>
        line.StartsWith(what + " ", StringComparison.Ordinal) && line[(what.Length + 1)..].Split(' ') is [var a, var b]
        && int.TryParse(a, out int atX) && int.TryParse(b, out int atY) && Math.Abs(atX - x) <= 1 && Math.Abs(atY - y) <= 1, after);

    private static async Task TouchAsync(ICDPSession devTools, string type, params (int X, int Y)[] fingers) => await devTools.SendAsync("Input.dispatchTouchEvent", new Dictionary<string, object>
    {
        ["type"] = type,
        ["touchPoints"] = fingers.Select((finger, i) => new Dictionary<string, object> { ["x"] = finger.X, ["y"] = finger.Y, ["id"] = i }).ToArray(),
    });

    private static async Task PenAsync(ICDPSession devTools, string type, int x, int y, string button, int buttons) => await devTools.SendAsync("Input.dispatchMouseEvent", new Dictionary<string, object>
    {
        ["type"] = type, ["x"] = x, ["y"] = y, ["button"] = button, ["buttons"] = buttons, ["pointerType"] = "pen", ["clickCount"] = type == "mousePressed" ? 1 : 0,
    });

    private Task CursorIsAsync(string part) => session.Viewer.UntilAsync($"document.getElementById('stage').style.cursor.includes('{part}')");

    /// <summary>The image that the browser is told to show as its cursor, decoded by the browser itself.</summary>
    private async Task<(Picture Image, byte[] Alpha, int HotX, int HotY)?> CssCursorAsync()
    {
        JsonElement? cursor = await Page.EvaluateAsync<JsonElement?>("""
            async () => {
              const css = document.getElementById('stage').style.cursor, found = /url\("(data:[^"]+)"\).*\) (\d+) (\d+), default$/.exec(css);
              if (!found) return null;
              const image = Object.assign(new Image(), { src: found[1] });
              await image.decode();
              const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext('2d');
              context.drawImage(image, 0, 0);
              return { width: image.width, height: image.height, hotX: +found[2], hotY: +found[3], data: [...context.getImageData(0, 0, image.width, image.height).data] };
            }
            """);
        if (cursor is not { ValueKind: JsonValueKind.Object } seen)
            return null;
        byte[] rgba = [.. seen.GetProperty("data").EnumerateArray().Select(value => value.GetByte())];
        return (new Picture(seen.GetProperty("width").GetInt32(), seen.GetProperty("height").GetInt32(), rgba),
            [.. rgba.Where((_, i) => i % 4 == 3)], seen.GetProperty("hotX").GetInt32(), seen.GetProperty("hotY").GetInt32());
    }
}
