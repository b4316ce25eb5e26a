using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Vm;

namespace QemuZeroCopy.Server.Tests.Web;

public sealed class SessionTests : IAsyncLifetime
{
    private TestSite _site = null!;

    public async ValueTask InitializeAsync() => _site = await TestSite.StartAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task A_page_is_told_the_state_and_every_change_of_it()
    {
        using ClientWebSocket page = await _site.ConnectAsync();
        Assert.Equal("hello", Type(await TextAsync(page)));
        JsonElement machine = await TextAsync(page);
        Assert.Equal("running", machine.GetProperty("status").GetString());
        JsonElement viewers = await TextAsync(page);
        Assert.Equal(1, viewers.GetProperty("count").GetInt32());
        Assert.True(viewers.GetProperty("controls").GetBoolean());
        JsonElement console = await TextAsync(page);
        Assert.Equal(0, console.GetProperty("width").GetInt32());
        Assert.Equal("pointer", Type(await TextAsync(page)));

        _site.Console.Update(s => s with { Picture = new PictureSize(1280, 800), IsAbsolute = true, Leds = KeyboardLeds.NumLock });
        console = await TextAsync(page);
        Assert.Equal((1280, 800), (console.GetProperty("width").GetInt32(), console.GetProperty("height").GetInt32()));
        Assert.True(console.GetProperty("absolute").GetBoolean());
        Assert.True(console.GetProperty("num").GetBoolean());

        _site.Machine.Update(v => v with { Status = MachineStatus.Gone });
        Assert.Equal("gone", (await TextAsync(page)).GetProperty("status").GetString());
    }

    [Theory]
    [InlineData(new byte[] { 1, 2, 3, 4, 5, 6, 200, 8 }, new byte[] { 3, 2, 1, 4, 200, 6, 5, 8 })]
    // Nothing is brighter than its alpha: it has been multiplied in, which ImageData does not want.
    [InlineData(new byte[] { 0, 64, 128, 128, 10, 20, 30, 255 }, new byte[] { 255, 128, 0, 128, 30, 20, 10, 255 })]
    [InlineData(new byte[] { 0, 0, 0, 0, 1, 0, 0, 1 }, new byte[] { 0, 0, 0, 0, 0, 0, 255, 1 })]
    public async Task The_cursor_arrives_as_rgba(byte[] bgra, byte[] rgba)
    {
        using ClientWebSocket page = await _site.ConnectAsync();
        for (int i = 0; i < 5; i++)
            await TextAsync(page);
        _site.Console.Update(s => s with { Cursor = new CursorImage(new PictureSize(2, 1), 1, 0, bgra) });
        (WebSocketMessageType type, byte[] message) = await ReceiveAsync(page);
        Assert.Equal(WebSocketMessageType.Binary, type);
        Assert.Equal([1, 2, 0, 1, 0, 1, 0, 0, 0, .. rgba], message);
    }

    [Fact]
    public async Task Input_reaches_the_console_and_is_let_go_of_when_the_page_dies()
    {
        _site.Console.Update(s => s with { Picture = new PictureSize(800, 600) });
        using ClientWebSocket page = await _site.ConnectAsync();
        await SendAsync(page, [1, 1, 2, 4, .. "KeyA"u8, .. "a"u8]);
        Assert.Equal("key KeyA Down 'a' Control", await _site.Input.NextAsync());
        await SendAsync(page, [2, 0, 1]);
        Assert.Equal("button Left True", await _site.Input.NextAsync());
        await SendAsync(page, [3, 1, 0, 0, 128, 255, 255]);
        Assert.Equal("to 400,599 of 800x600", await _site.Input.NextAsync());
        page.Abort();
        Assert.Equal("key KeyA Up 'a' Control", await _site.Input.NextAsync());
        Assert.Equal("button Left False", await _site.Input.NextAsync());
    }

    [Fact]
    public async Task What_a_page_that_falls_silent_holds_is_let_go_of_though_its_connection_stands()
    {
        using ClientWebSocket page = await _site.ConnectAsync();
        await SendAsync(page, [1, 1, 0, 4, .. "KeyA"u8]);
        Assert.Equal("key KeyA Down '' None", await _site.Input.NextAsync());
        Assert.Equal("key KeyA Up '' None", await _site.Input.NextAsync());
        Assert.Equal(WebSocketState.Open, page.State);
    }

    [Fact]
    public async Task A_page_hears_its_own_stamp_back_and_the_servers_time()
    {
        using ClientWebSocket page = await _site.ConnectAsync();
        for (int i = 0; i < 5; i++)
            await TextAsync(page);
        long before = MonotonicClock.NowNs / 1000;
        await SendAsync(page, [8, 0x78, 0x56, 0x34, 0x12]);
        byte[] answer = (await ReceiveAsync(page)).Message;
        Assert.Equal([2, 0x78, 0x56, 0x34, 0x12], answer[..5]);
        Assert.InRange(BitConverter.ToInt64(answer, 5), before, MonotonicClock.NowNs / 1000);
    }

    [Fact]
    public async Task Words_and_oversized_messages_end_the_session()
    {
        using ClientWebSocket page = await _site.ConnectAsync();
        await page.SendAsync(new byte[1100], WebSocketMessageType.Binary, true, TestContext.Current.CancellationToken);
        Assert.Equal(WebSocketCloseStatus.PolicyViolation, await CloseStatusAsync(page));
        using ClientWebSocket other = await _site.ConnectAsync();
        await other.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, TestContext.Current.CancellationToken);
        Assert.Equal(WebSocketCloseStatus.PolicyViolation, await CloseStatusAsync(other));
    }

    [Theory]
    [InlineData("/session?console=7")]
    [InlineData("/session?console=-1")]
    [InlineData("/session?console=x")]
    public async Task A_console_that_does_not_exist_is_refused(string path)
    {
        await Assert.ThrowsAsync<WebSocketException>(() => _site.ConnectAsync(path));
    }

    [Fact]
    public async Task A_plain_request_is_told_to_upgrade()
    {
        using HttpResponseMessage response = await _site.SendAsync(HttpMethod.Get, "/session", origin: null);
        Assert.Equal(HttpStatusCode.UpgradeRequired, response.StatusCode);
    }

    private static string? Type(JsonElement message) => message.GetProperty("type").GetString();

    private static async Task<JsonElement> TextAsync(ClientWebSocket page)
    {
        (WebSocketMessageType type, byte[] message) = await ReceiveAsync(page);
        Assert.Equal(WebSocketMessageType.Text, type);
        return JsonElement.Parse(Encoding.UTF8.GetString(message));
    }

    private static async Task<(WebSocketMessageType Type, byte[] Message)> ReceiveAsync(ClientWebSocket page)
    {
        byte[] buffer = new byte[65536];
        WebSocketReceiveResult result = await page.ReceiveAsync(buffer, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(20));
        return (result.MessageType, buffer[..result.Count]);
    }

    private static async Task<WebSocketCloseStatus?> CloseStatusAsync(ClientWebSocket page)
    {
        while ((await ReceiveAsync(page)).Type != WebSocketMessageType.Close)
        {
        }

        return page.CloseStatus;
    }

    private static Task SendAsync(ClientWebSocket page, byte[] message) => page.SendAsync(message, WebSocketMessageType.Binary, true, TestContext.Current.CancellationToken);
}
