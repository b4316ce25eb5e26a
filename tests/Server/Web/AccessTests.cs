using System.Net;
using System.Net.WebSockets;
using QemuZeroCopy.Server.Web;

namespace QemuZeroCopy.Server.Tests.Web;

public sealed class AccessTests : IAsyncLifetime
{
    private TestSite _site = null!;

    public async ValueTask InitializeAsync() => _site = await TestSite.StartAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task The_printed_address_opens_the_page_and_leaves_a_cookie_that_scripts_and_other_sites_cannot_use()
    {
        using HttpResponseMessage response = await _site.SendAsync(HttpMethod.Get, new Uri(_site.Address).PathAndQuery, origin: null, cookie: null);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/html", response.Content.Headers.ContentType?.MediaType);
        string cookie = Assert.Single(response.Headers.GetValues("Set-Cookie"));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(TestSite.Token, cookie, StringComparison.Ordinal);
        using HttpResponseMessage again = await _site.SendAsync(HttpMethod.Get, "/main.js", origin: null, cookie: cookie.Split(';')[0]);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/main.js")]
    [InlineData("/session")]
    [InlineData("/whep/0")]
    [InlineData("/clipboard")]
    [InlineData("/terminal")]
    [InlineData("/screenshot")]
    [InlineData("/metrics")]
    [InlineData("/latency")]
    [InlineData("/nothing")]
    public async Task Nothing_is_told_to_who_has_no_token(string path)
    {
        using HttpResponseMessage response = await _site.SendAsync(HttpMethod.Get, path, origin: null, cookie: null);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.False(response.Headers.Contains("Set-Cookie"));
    }

    [Theory]
    [InlineData("wrong")]
    [InlineData("")]
    [InlineData("a-token-for-test")]
    [InlineData("a-token-for-testsX")]
    [InlineData("A-TOKEN-FOR-TESTS")]
    public async Task A_wrong_token_opens_nothing(string token)
    {
        using HttpResponseMessage query = await _site.SendAsync(HttpMethod.Get, $"/?token={token}", origin: null, cookie: null);
        Assert.Equal(HttpStatusCode.Unauthorized, query.StatusCode);
        using HttpResponseMessage bearer = await _site.SendAsync(HttpMethod.Get, "/", origin: null, cookie: null, bearer: token.Length == 0 ? "x" : token);
        Assert.Equal(HttpStatusCode.Unauthorized, bearer.StatusCode);
        using HttpResponseMessage cookie = await _site.SendAsync(HttpMethod.Get, "/", origin: null, cookie: _site.Cookie.Split('=')[0] + "=" + token);
        Assert.Equal(HttpStatusCode.Unauthorized, cookie.StatusCode);
    }

    [Fact]
    public async Task A_browser_without_a_token_is_asked_for_it()
    {
        using HttpResponseMessage response = await _site.SendAsync(HttpMethod.Get, "/", origin: null, cookie: null, accept: "text/html");
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        string asked = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("<form", asked, StringComparison.Ordinal);
        Assert.DoesNotContain("role=\"alert\"", asked, StringComparison.Ordinal);
        using HttpResponseMessage wrong = await _site.SendAsync(HttpMethod.Get, "/?token=wrong", origin: null, cookie: null, accept: "text/html");
        string refused = await wrong.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("<form", refused, StringComparison.Ordinal);
        Assert.Contains("<p role=\"alert\">That token is not the right one.</p>", refused, StringComparison.Ordinal);
        Assert.DoesNotContain("printed", refused, StringComparison.Ordinal);
        using HttpResponseMessage looks = await _site.SendAsync(HttpMethod.Get, "/signin.css", origin: null, cookie: null);
        Assert.Equal(HttpStatusCode.OK, looks.StatusCode);
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("http://127.0.0.1")]
    [InlineData("null")]
    public async Task Another_sites_page_can_neither_post_nor_open_a_session(string origin)
    {
        using HttpResponseMessage post = await _site.SendAsync(HttpMethod.Post, "/whep/0", WhepTests.Sdp("v=0"), origin);
        Assert.Equal(HttpStatusCode.Forbidden, post.StatusCode);
        Assert.Empty(_site.Media.Calls);
        await Assert.ThrowsAsync<WebSocketException>(() => _site.ConnectAsync(origin: origin));
    }

    [Fact]
    public async Task A_cookie_without_an_origin_opens_no_session_but_a_bearer_token_does()
    {
        await Assert.ThrowsAsync<WebSocketException>(() => _site.ConnectAsync(origin: null));
        using HttpResponseMessage post = await _site.SendAsync(HttpMethod.Post, "/whep/0", WhepTests.Sdp("v=0"), origin: null);
        Assert.Equal(HttpStatusCode.Forbidden, post.StatusCode);
        using HttpResponseMessage player = await _site.SendAsync(HttpMethod.Post, "/whep/0", WhepTests.Sdp("v=0"), origin: null, cookie: null, bearer: TestSite.Token);
        Assert.Equal(HttpStatusCode.Created, player.StatusCode);
    }

    [Theory]
    [InlineData("/", "self")]
    [InlineData("/", null)]
    [InlineData("/nothing", "self")]
    [InlineData("/signin.css", null)]
    public async Task Every_answer_carries_the_security_headers(string path, string? cookie)
    {
        using HttpResponseMessage response = await _site.SendAsync(HttpMethod.Get, path, origin: null, cookie: cookie);
        string policy = Assert.Single(response.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("no-referrer", Assert.Single(response.Headers.GetValues("Referrer-Policy")));
        Assert.False(response.Headers.Contains("Server"));
    }

    [Fact]
    public async Task The_page_has_no_inline_script_or_style()
    {
        using HttpResponseMessage response = await _site.SendAsync(HttpMethod.Get, "/", origin: null);
        string html = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.DoesNotMatch("<script(?![^>]*\\ssrc=)", html);
        Assert.DoesNotMatch("<style|\\sstyle=|\\son[a-z]+=|javascript:", html);
    }

    [Fact]
    public async Task The_pages_files_are_compressed_and_not_sent_twice()
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/app.css");
        request.Headers.Add("Cookie", _site.Cookie);
        request.Headers.Add("Accept-Encoding", "gzip, br");
        using HttpResponseMessage first = await _site.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal("br", Assert.Single(first.Content.Headers.ContentEncoding));
        var again = new HttpRequestMessage(HttpMethod.Get, "/app.css");
        again.Headers.Add("Cookie", _site.Cookie);
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using HttpResponseMessage second = await _site.Client.SendAsync(again, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
    }

    [Fact]
    public void Random_tokens_have_128_bits_and_no_two_are_alike()
    {
        HashSet<string> tokens = [.. Enumerable.Range(0, 100).Select(_ => AccessToken.CreateRandom().Secret)];
        Assert.Equal(100, tokens.Count);
        Assert.All(tokens, t => Assert.Equal(22, t.Length));
    }
}
