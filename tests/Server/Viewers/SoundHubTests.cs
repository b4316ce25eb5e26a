using System.Net;
using QemuZeroCopy.Pipeline.Audio;
using QemuZeroCopy.Server.Cli;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Metrics;
using QemuZeroCopy.Server.Tests.Web;
using QemuZeroCopy.Server.Viewers;
using QemuZeroCopy.Server.Web;
using QemuZeroCopy.WebRtc;

namespace QemuZeroCopy.Server.Tests.Viewers;

public sealed class SoundHubTests : IDisposable
{
    private const string Transport = "a=rtcp-mux\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=setup:actpass\r\n"
        + "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n";

    private const string Offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
        + "m=video 9 UDP/TLS/RTP/SAVPF 102\r\nc=IN IP4 0.0.0.0\r\n" + Transport + "a=mid:0\r\na=recvonly\r\na=rtpmap:102 H264/90000\r\n"
        + "a=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n"
        + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n" + Transport + "a=mid:1\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\n";

    private const long Ms = 1_000_000;

    private readonly ServerMetrics _metrics = new();
    private readonly MediaService _media;
    private readonly SoundHub _hub;
    private readonly GuestSound _sound;
    private readonly List<ViewerInput> _inputs = [];

    public SoundHubTests()
    {
        _media = MediaService.Start(new ServeSettings { Listen = new IPEndPoint(IPAddress.Loopback, 0), UdpPort = 0, IceTcpPort = 0 }, _metrics);
        _media.HubOf(0);
        _hub = _media.OpenSound();
        _sound = new GuestSound(_hub);
        _hub.Microphone = _sound.Microphone;
    }

    public void Dispose()
    {
        _media.Dispose();
        _sound.Dispose();
        _inputs.ForEach(input => input.Dispose());
        _metrics.Dispose();
    }

    [Fact]
    public async Task Sound_has_a_stream_of_its_own_and_microphones_are_taken_from_those_who_may_drive()
    {
        (_, string driver) = Join();
        (_, string watcher) = Join(mayControl: false);
        Assert.Equal("a=sendrecv", await AudioDirectionAsync(driver));
        Assert.Equal("a=sendonly", await AudioDirectionAsync(watcher));
        Assert.Equal("a=sendonly", await AudioDirectionAsync(""));
        _hub.Microphone = null;
        Assert.Equal("a=sendonly", await AudioDirectionAsync(driver));
    }

    [Fact]
    public void One_speaks_at_a_time_until_the_microphone_is_off()
    {
        (Viewer first, _) = Join();
        (Viewer second, _) = Join();
        Speak(first, 0);
        Speak(second, 20 * Ms);
        Assert.Same(first.Input, _media.Sessions.Speaker);
        for (int i = 1; i < 50; i++)
        {
            Speak(first, i * 20 * Ms);
            Speak(second, i * 20 * Ms);
        }

        Assert.Same(first.Input, _media.Sessions.Speaker);
        _hub.HandleTime(1_400 * Ms);
        Assert.Same(first.Input, _media.Sessions.Speaker);
        _hub.HandleTime(1_600 * Ms);
        Assert.Null(_media.Sessions.Speaker);
        Speak(second, 1_700 * Ms);
        Assert.Same(second.Input, _media.Sessions.Speaker);
        _hub.Remove(second);
        Assert.Null(_media.Sessions.Speaker);
    }

    [Fact]
    public void Who_may_not_drive_or_not_any_more_is_not_heard()
    {
        (Viewer first, _) = Join();
        (Viewer watcher, _) = Join(mayControl: false);
        (Viewer second, _) = Join();
        Speak(watcher, 0);
        Speak(new Viewer("player", null!, null!), 0);
        Assert.Null(_media.Sessions.Speaker);
        Speak(first, 0);
        first.Input!.Allowed = false;
        Speak(second, 20 * Ms);
        Assert.Same(second.Input, _media.Sessions.Speaker);
        second.Input!.Allowed = false;
        _hub.HandleTime(30 * Ms);
        Assert.Null(_media.Sessions.Speaker);
    }

    [Fact]
    public void Nothing_is_encoded_without_listeners_and_what_nobody_fetches_does_not_pile_up()
    {
        Assert.False(_hub.IsHeard);
        Assert.Equal(0, _hub.LossPercent);
        var alone = new SoundHub(() => { }, _media.Sessions, _metrics);
        for (int i = 0; i < 100; i++)
            alone.Deliver(new byte[1275], i * 480, i);
        alone.Deliver(new byte[1276], 0, 0);
        int waiting = 0;
        while (alone.SendNext(0, out long arrivedNs))
            Assert.Equal(84 + waiting++, arrivedNs);
        Assert.Equal(16, waiting);
    }

    [Fact]
    public void What_can_be_spared_is_what_every_page_can_spare_and_is_believed_for_five_seconds()
    {
        var hub = new SoundHub(() => { }, _media.Sessions, _metrics);
        object first = new(), second = new();
        Assert.Equal(0, hub.SpareMs);
        hub.SetSpare(first, 45, 0);
        Assert.Equal(40, hub.SpareMs);
        hub.SetSpare(second, 25, 2_000 * Ms);
        Assert.Equal(20, hub.SpareMs);
        hub.SetSpare(second, -12, 2_500 * Ms);
        Assert.Equal(0, hub.SpareMs);
        hub.SetSpare(second, null, 2_600 * Ms);
        Assert.Equal(40, hub.SpareMs);
        hub.SetSpare(second, int.MaxValue, 2_700 * Ms);
        hub.HandleTime(4_999 * Ms);
        Assert.Equal(40, hub.SpareMs);
        hub.HandleTime(5_000 * Ms);
        Assert.Equal(1_000, hub.SpareMs);
        hub.HandleTime(7_700 * Ms);
        Assert.Equal(0, hub.SpareMs);
        hub.SetSpare(first, int.MinValue, 8_000 * Ms);
        Assert.Equal(0, hub.SpareMs);
    }

    [Fact]
    public async Task A_listener_over_a_WebSocket_is_heard_of_and_loses_the_oldest_when_it_is_slow()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        var hub = new SoundHub(() => { }, _media.Sessions, _metrics);
        SoundTap tap = hub.OpenTap(), other = hub.OpenTap();
        Assert.True(hub.IsHeard);
        byte[] packet = new byte[1275];
        Task<int> first = tap.TakeAsync(packet, stop).AsTask();
        Assert.False(first.IsCompleted);
        hub.Deliver([7, 8, 9], 0, 0);
        Assert.Equal(3, await first);
        Assert.Equal([7, 8, 9], packet[..3]);
        for (int i = 0; i < SoundTap.Capacity + 10; i++)
            hub.Deliver([(byte)i], 0, 0);
        for (int i = 0; i < SoundTap.Capacity; i++)
        {
            Assert.Equal(1, await tap.TakeAsync(packet, stop));
            Assert.Equal(10 + i, packet[0]);
        }

        Assert.False(tap.TakeAsync(packet, stop).AsTask().IsCompleted);
        hub.CloseTap(tap);
        Assert.True(hub.IsHeard);
        hub.CloseTap(other);
        Assert.False(hub.IsHeard);
        hub.Deliver([1], 0, 0);
        tap.Offer([1]);
    }

    private (Viewer Viewer, string Session) Join(bool mayControl = true)
    {
        var input = new ViewerInput(new RecordingSink(), () => null);
        _inputs.Add(input);
        string session = _media.Sessions.Add(input, mayControl);
        // What a microphone's packets need of a viewer is its session alone.
        return (new Viewer(session, null!, null!) { Input = input }, session);
    }

    private void Speak(Viewer viewer, long nowNs) => _hub.TakeMicrophone(viewer, new PeerEvent { Kind = PeerEventKind.Microphone, Data = [0xFC, 0xFF, 0xFE] }, nowNs);

    private async Task<string> AudioDirectionAsync(string session)
    {
        MediaAnswer answer = await _media.OpenAsync(0, Offer, session, TestContext.Current.CancellationToken);
        Assert.Equal(MediaOutcome.Accepted, answer.Outcome);
        string[] parts = answer.Sdp.Split("m=audio");
        Assert.Contains("a=msid:console0 ", parts[0], StringComparison.Ordinal);
        Assert.Contains("a=msid:sound ", parts[1], StringComparison.Ordinal);
        Assert.Contains("useinbandfec=1", parts[1], StringComparison.Ordinal);
        return parts[1].Split("\r\n").First(line => line is "a=sendrecv" or "a=sendonly" or "a=recvonly" or "a=inactive");
    }
}
