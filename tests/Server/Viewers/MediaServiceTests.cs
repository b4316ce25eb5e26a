using System.Net;
using QemuZeroCopy.Server.Cli;
using QemuZeroCopy.Server.Metrics;
using QemuZeroCopy.Server.Viewers;
using QemuZeroCopy.Server.Web;

namespace QemuZeroCopy.Server.Tests.Viewers;

public sealed class MediaServiceTests : IDisposable
{
    private const string Offer = """
        v=0
        o=- 1 1 IN IP4 127.0.0.1
        s=-
        t=0 0
        a=group:BUNDLE 0
        m=video 9 UDP/TLS/RTP/SAVPF 102
        c=IN IP4 0.0.0.0
        a=rtcp-mux
        a=ice-ufrag:abcd
        a=ice-pwd:abcdefghijklmnopqrstuvwx
        a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF
        a=setup:actpass
        a=mid:0
        a=recvonly
        a=rtpmap:102 H264/90000
        a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f

        """;

    private readonly ServerMetrics _metrics = new();
    private readonly MediaService _media;

    public MediaServiceTests() => _media = MediaService.Start(Settings(0), _metrics);

    public void Dispose()
    {
        _media.Dispose();
        _metrics.Dispose();
    }

    [Fact]
    public async Task An_offer_is_answered_with_this_machines_candidate_and_ended_by_its_name()
    {
        _media.HubOf(0);
        MediaAnswer answer = await OpenAsync(0, Offer);
        Assert.Equal(MediaOutcome.Accepted, answer.Outcome);
        Assert.Contains("a=ice-lite", answer.Sdp, StringComparison.Ordinal);
        Assert.Matches(@"a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1 \d+ typ host", answer.Sdp);
        Assert.Equal(MediaOutcome.Accepted, (await _media.PatchAsync(answer.ResourceId, "", null, TestContext.Current.CancellationToken)).Outcome);
        Assert.True(await _media.CloseAsync(answer.ResourceId));
        Assert.False(await _media.CloseAsync("unknown"));
        Assert.Equal(MediaOutcome.NotFound, (await _media.PatchAsync("unknown", "", "*", TestContext.Current.CancellationToken)).Outcome);
    }

    [Fact]
    public async Task New_credentials_restart_ICE_and_nonsense_is_refused()
    {
        _media.HubOf(0);
        MediaAnswer answer = await OpenAsync(0, Offer);
        Assert.NotEqual("", answer.IceSession);
        const string fresh = "a=ice-ufrag:fresh123\r\na=ice-pwd:0123456789abcdef01234567\r\n";
        Assert.Equal(MediaOutcome.ConditionMissing, (await PatchAsync(answer, fresh, null)).Outcome);
        Assert.Equal(MediaOutcome.Stale, (await PatchAsync(answer, fresh, "another")).Outcome);
        MediaAnswer restarted = await PatchAsync(answer, fresh, answer.IceSession);
        Assert.Equal(MediaOutcome.Accepted, restarted.Outcome);
        Assert.NotEqual(answer.IceSession, restarted.IceSession);
        // Candidates for the session before come too late; the same credentials again ask for nothing.
        Assert.Equal(MediaOutcome.Stale, (await PatchAsync(answer, "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n", answer.IceSession)).Outcome);
        Assert.Equal("", (await PatchAsync(answer, fresh, null)).Sdp);
        Assert.NotEqual(restarted.IceSession, (await PatchAsync(answer, fresh.Replace("fresh", "other", StringComparison.Ordinal), "*")).IceSession);
        string ufrag = restarted.Sdp.Split("\r\n").Single(l => l.StartsWith("a=ice-ufrag:", StringComparison.Ordinal));
        Assert.DoesNotContain(ufrag, answer.Sdp, StringComparison.Ordinal);
        Assert.Equal(MediaOutcome.BadOffer, (await PatchAsync(answer, "a=ice-ufrag:fresh123\r\n", "*")).Outcome);
    }

    [Fact]
    public async Task An_unknown_console_and_nonsense_are_refused()
    {
        _media.HubOf(0);
        Assert.Equal(MediaOutcome.NotFound, (await OpenAsync(1, Offer)).Outcome);
        Assert.Equal(MediaOutcome.BadOffer, (await OpenAsync(0, "nonsense")).Outcome);
        Assert.Equal(MediaOutcome.NotAcceptable, (await OpenAsync(0, Offer.Replace("H264", "VP8", StringComparison.Ordinal))).Outcome);
    }

    [Fact]
    public void A_UDP_port_in_use_says_so_and_what_to_do()
    {
        using var other = new System.Net.Sockets.UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        UserError error = Assert.Throws<UserError>(() => MediaService.Start(Settings(((IPEndPoint)other.Client.LocalEndPoint!).Port), _metrics));
        Assert.Contains("--udp-port", error.OneLine, StringComparison.Ordinal);
    }

    private Task<MediaAnswer> PatchAsync(MediaAnswer of, string fragment, string? iceSession) => _media.PatchAsync(of.ResourceId, fragment, iceSession, TestContext.Current.CancellationToken);

    private Task<MediaAnswer> OpenAsync(int console, string offer) => _media.OpenAsync(console, offer, "", TestContext.Current.CancellationToken);

    private static ServeSettings Settings(int udpPort) => new() { Listen = new IPEndPoint(IPAddress.Loopback, 0), UdpPort = udpPort };
}
