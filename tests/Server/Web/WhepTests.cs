using System.Net;
using System.Net.Http.Headers;
using System.Text;
using QemuZeroCopy.Server.Web;

namespace QemuZeroCopy.Server.Tests.Web;

public sealed class WhepTests : IAsyncLifetime
{
    private TestSite _site = null!;

    public async ValueTask InitializeAsync() => _site = await TestSite.StartAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    internal static StringContent Sdp(string text, string type = "application/sdp") => new(text, Encoding.UTF8) { Headers = { ContentType = new MediaTypeHeaderValue(type) } };

    [Fact]
    public async Task An_offer_is_answered_with_201_the_sdp_and_the_resource()
    {
        _site.Media.Next = new MediaAnswer(MediaOutcome.Accepted, "v=0\r\ns=answer\r\n", "abc", "Ufr4");
        using HttpResponseMessage response = await _site.SendAsync(HttpMethod.Post, "/whep/0", Sdp("v=0\r\ns=offer\r\n"));
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("/whep/0/abc", response.Headers.Location?.OriginalString);
        Assert.Equal("\"Ufr4\"", response.Headers.ETag?.ToString());
        Assert.Equal("application/sdp", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal("v=0\r\ns=answer\r\n", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("open 0 v=0\r\ns=offer\r\n", Assert.Single(_site.Media.Calls));
    }

    [Fact]
    public async Task A_fragment_is_taken_and_a_restart_answered()
    {
        _site.Media.Next = new MediaAnswer(MediaOutcome.Accepted, "");
        using HttpResponseMessage trickle = await _site.SendAsync(HttpMethod.Patch, "/whep/0/abc", Sdp("a=candidate", "application/trickle-ice-sdpfrag"));
        Assert.Equal(HttpStatusCode.NoContent, trickle.StatusCode);
        _site.Media.Next = new MediaAnswer(MediaOutcome.Accepted, "a=ice-ufrag:new", "abc", "new");
        using HttpResponseMessage restart = await _site.SendAsync(HttpMethod.Patch, "/whep/0/abc", Sdp("a=ice-ufrag:x", "application/trickle-ice-sdpfrag"));
        Assert.Equal(HttpStatusCode.OK, restart.StatusCode);
        Assert.Equal("application/trickle-ice-sdpfrag", restart.Content.Headers.ContentType?.MediaType);
        Assert.Equal("\"new\"", restart.Headers.ETag?.ToString());
    }

    [Theory]
    [InlineData("*", "*")]
    [InlineData("\"Ufr4\"", "Ufr4")]
    [InlineData(null, "")]
    public async Task A_fragment_says_which_ice_session_it_is_about(string? condition, string asked)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, _site.Origin + "/whep/0/abc") { Content = Sdp("a=candidate", "application/trickle-ice-sdpfrag") };
        request.Headers.Add("Origin", _site.Origin);
        request.Headers.Add("Cookie", _site.Cookie);
        if (condition is not null)
            request.Headers.Add("If-Match", condition);
        _site.Media.Next = new MediaAnswer(MediaOutcome.Accepted, "");
        using HttpResponseMessage response = await _site.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal(asked, _site.Media.IceSessionAsked);
    }

    [Fact]
    public async Task Configured_servers_are_told_with_the_answer()
    {
        _site.Media.IceServers = [new IceServer("stun:stun.example:3478"), new IceServer("turn:turn.example?transport=tcp", "me", "secret")];
        using HttpResponseMessage response = await _site.SendAsync(HttpMethod.Post, "/whep/0", Sdp("v=0\r\n"));
        Assert.Equal(
            ["<stun:stun.example:3478>; rel=\"ice-server\"", "<turn:turn.example?transport=tcp>; rel=\"ice-server\"; username=\"me\"; credential=\"secret\"; credential-type=\"password\""],
            response.Headers.GetValues("Link"));
    }

    [Theory]
    [InlineData("stun:stun.example", "<stun:stun.example>; rel=\"ice-server\"")]
    [InlineData("stuns:[2001:db8::1]:5349", "<stuns:[2001:db8::1]:5349>; rel=\"ice-server\"")]
    [InlineData("turn:me:s3cret/+=@turn.example:3478?transport=udp", "<turn:turn.example:3478?transport=udp>; rel=\"ice-server\"; username=\"me\"; credential=\"s3cret/+=\"; credential-type=\"password\"")]
    [InlineData("turn:turn.example:3478", null)]
    [InlineData("stun:stun.example?transport=tcp", null)]
    [InlineData("stun:", null)]
    [InlineData("http:host", null)]
    [InlineData("turn:me:a\"b@host", null)]
    [InlineData("turn:me:ab@host\r\nX: y", null)]
    [InlineData("stun:host\n", null)]
    [InlineData("stun:a>b", null)]
    public void A_server_is_read_into_its_link(string text, string? link)
    {
        Assert.Equal(link is not null, IceServer.TryParse(text, out IceServer? server));
        Assert.Equal(link, server?.Link);
    }

    [Fact]
    public async Task A_session_is_deleted_once()
    {
        using HttpResponseMessage first = await _site.SendAsync(HttpMethod.Delete, "/whep/0/abc");
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        using HttpResponseMessage other = await _site.SendAsync(HttpMethod.Delete, "/whep/0/unknown");
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
    }

    [Theory]
    [InlineData(MediaOutcome.BadOffer, HttpStatusCode.BadRequest)]
    [InlineData(MediaOutcome.NotFound, HttpStatusCode.NotFound)]
    [InlineData(MediaOutcome.NotAcceptable, HttpStatusCode.NotAcceptable)]
    [InlineData(MediaOutcome.Stale, HttpStatusCode.PreconditionFailed)]
    [InlineData(MediaOutcome.ConditionMissing, HttpStatusCode.PreconditionRequired)]
    [InlineData(MediaOutcome.Full, HttpStatusCode.ServiceUnavailable)]
    internal async Task What_cannot_be_served_is_refused_with_a_sentence(MediaOutcome outcome, HttpStatusCode status)
    {
        _site.Media.Next = new MediaAnswer(outcome, "That is why.");
        using HttpResponseMessage response = await _site.SendAsync(HttpMethod.Post, "/whep/0", Sdp("x"));
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Contains("That is why.", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST", "/whep/0", "text/plain", 10, HttpStatusCode.UnsupportedMediaType)]
    [InlineData("POST", "/whep/0", "application/sdp", 200_000, HttpStatusCode.RequestEntityTooLarge)]
    [InlineData("POST", "/whep/x", "application/sdp", 10, HttpStatusCode.NotFound)]
    [InlineData("POST", "/whep/-1", "application/sdp", 10, HttpStatusCode.NotFound)]
    [InlineData("POST", "/whep/", "application/sdp", 10, HttpStatusCode.NotFound)]
    [InlineData("PUT", "/whep/0", "application/sdp", 10, HttpStatusCode.MethodNotAllowed)]
    [InlineData("POST", "/whep/0/abc", "application/sdp", 10, HttpStatusCode.MethodNotAllowed)]
    [InlineData("PATCH", "/whep/0/abc", "application/sdp", 10, HttpStatusCode.UnsupportedMediaType)]
    public async Task What_is_no_whep_is_refused_before_it_reaches_the_network_thread(string method, string path, string type, int bytes, HttpStatusCode status)
    {
        using HttpResponseMessage response = await _site.SendAsync(new HttpMethod(method), path, Sdp(new string('x', bytes), type));
        Assert.Equal(status, response.StatusCode);
        Assert.Empty(_site.Media.Calls);
    }
}
