using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using QemuZeroCopy.Pipeline.Display.Clipboard;

namespace QemuZeroCopy.Server.Tests.Web;

public sealed class ClipboardEndpointTests : IAsyncLifetime
{
    private static readonly byte[] s_png = [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a, 0];

    private TestSite _site = null!;
    private ClientWebSocket _page = null!;
    private string _session = "";

    public async ValueTask InitializeAsync()
    {
        _site = await TestSite.StartAsync();
        _page = await _site.ConnectAsync();
        byte[] hello = new byte[1024];
        WebSocketReceiveResult result = await _page.ReceiveAsync(hello, TestContext.Current.CancellationToken);
        _session = JsonElement.Parse(Encoding.UTF8.GetString(hello, 0, result.Count)).GetProperty("session").GetString()!;
    }

    public ValueTask DisposeAsync()
    {
        _page.Dispose();
        return _site.DisposeAsync();
    }

    [Fact]
    public async Task A_clipboard_belongs_to_a_session()
    {
        Assert.Equal(HttpStatusCode.NotFound, (await PutAsync("text/plain", "x"u8.ToArray(), "another")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await PutAsync("text/plain", "x"u8.ToArray(), "")).Status);
        _page.Abort();
        for (int tries = 0; tries < 200 && _site.Media.Sessions.Viewers.Length > 0; tries++)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, (await PutAsync("text/plain", "x"u8.ToArray())).Status);
    }

    [Fact]
    public async Task Who_only_watches_neither_puts_nor_gets()
    {
        _site.Media.Sessions.Find(_session)!.Allowed = false;
        Assert.Equal(HttpStatusCode.Forbidden, (await PutAsync("text/plain", "x"u8.ToArray())).Status);
        using HttpResponseMessage got = await _site.SendAsync(HttpMethod.Get, $"/clipboard?session={_session}");
        Assert.Equal(HttpStatusCode.Forbidden, got.StatusCode);
    }

    [Fact]
    public async Task Without_QEMU_nothing_is_taken_and_it_is_said_why()
    {
        (HttpStatusCode status, string title) = await PutAsync("text/plain; charset=utf-8", "Grüße"u8.ToArray());
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains("QEMU is gone", title, StringComparison.Ordinal);
        (status, title) = await PutAsync("image/png", s_png);
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains("only text", title, StringComparison.Ordinal);
        using HttpResponseMessage got = await _site.SendAsync(HttpMethod.Get, $"/clipboard?session={_session}");
        Assert.Equal(HttpStatusCode.NotFound, got.StatusCode);
    }

    [Fact]
    public async Task What_is_not_what_it_says_it_is_is_refused()
    {
        Assert.Equal(HttpStatusCode.BadRequest, (await PutAsync("text/plain", [0xff, 0xfe])).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await PutAsync("text/plain", [])).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await PutAsync("image/png", "no picture"u8.ToArray())).Status);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await PutAsync("text/html", "<p>"u8.ToArray())).Status);
        using HttpResponseMessage posted = await _site.SendAsync(HttpMethod.Post, $"/clipboard?session={_session}", new ByteArrayContent([1]));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task More_than_sixteen_mebibytes_are_refused_announced_or_not(bool announced)
    {
        byte[] large = new byte[ClipboardFormats.MaxBytes + 1];
        Array.Fill(large, (byte)'x');
        using HttpContent content = announced ? new ByteArrayContent(large) : new StreamContent(new Unmeasured(large));
        content.Headers.ContentType = new MediaTypeHeaderValue("text/plain");
        using HttpResponseMessage answer = await _site.SendAsync(HttpMethod.Put, $"/clipboard?session={_session}", content);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Contains("16 MiB", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        // The largest that is allowed gets as far as QEMU, which is not there.
        Assert.Equal(HttpStatusCode.Conflict, (await PutAsync("text/plain", large[1..])).Status);
    }

    private async Task<(HttpStatusCode Status, string Title)> PutAsync(string type, byte[] body, string? session = null)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        using HttpResponseMessage answer = await _site.SendAsync(HttpMethod.Put, $"/clipboard?session={session ?? _session}", content);
        string text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (answer.StatusCode, text.Length == 0 ? "" : JsonElement.Parse(text).GetProperty("title").GetString()!);
    }

    /// <summary>A stream that does not tell its length, so that the body is sent in chunks.</summary>
    private sealed class Unmeasured(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
