using System.Net;
using System.Net.Sockets;
using QemuZeroCopy.Server.Cli;
using QemuZeroCopy.Server.Metrics;
using QemuZeroCopy.Server.Viewers;
using QemuZeroCopy.Server.Viewers.IceTcp;
using QemuZeroCopy.Server.Web;
using QemuZeroCopy.WebRtc;
using QemuZeroCopy.WebRtc.Tests.Local;

namespace QemuZeroCopy.Server.Tests.Viewers;

/// <summary>The real network thread's TCP side, met by real sockets on loopback.</summary>
public sealed class IceTcpTests : IDisposable
{
    private readonly LocalMedia _media = new();

    public void Dispose() => _media.Dispose();

    [Fact]
    public async Task A_viewer_without_UDP_gets_every_picture_over_TCP()
    {
        SocketViewer viewer = await _media.JoinAsync(TransportKind.Tcp);
        int first = _media.Deliver(isKey: true, bytes: 100_000);
        for (int i = 1; i < 50; i++)
        {
            await _media.UntilShownAsync(viewer, _media.LastNumber);
            _media.Deliver(isKey: false, bytes: i % 10 == 0 ? 60_000 : 3000);
        }

        await _media.UntilShownAsync(viewer, _media.LastNumber);
        Assert.Equal(Enumerable.Range(first, 50), _media.ShownBy(viewer));
    }

    [Fact]
    public async Task Where_a_TCP_path_stands_still_old_pictures_make_way_for_new_ones()
    {
        SocketViewer stalled = await _media.JoinAsync(TransportKind.Tcp, receiveBufferBytes: 8192);
        SocketViewer other = await _media.JoinAsync();
        _media.Deliver(isKey: true);
        await _media.UntilShownAsync(stalled, _media.LastNumber);
        int before = _media.LastNumber;
        stalled.IsStalled = true;
        // More than kernel and sender may hold, over more than half a second.
        for (int i = 0; i < 80; i++)
        {
            _media.Deliver(isKey: false, bytes: 20_000);
            await _media.UntilShownAsync(other, _media.LastNumber);
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        stalled.IsStalled = false;
        int key = _media.Deliver(isKey: true);
        await _media.UntilShownAsync(stalled, key);
        int[] shown = [.. _media.ShownBy(stalled).Where(n => n > before)];
        Assert.Equal(key, shown[^1]);
        Assert.InRange(shown.Length, 1, 60);
        // Nobody else has missed any.
        Assert.Equal(Enumerable.Range(before, key - before + 1), _media.ShownBy(other).SkipWhile(n => n < before));
    }

    [Fact]
    public async Task Strangers_who_hold_connections_keep_nobody_out()
    {
        SocketViewer first = await _media.JoinAsync(TransportKind.Tcp);
        IPEndPoint port = await PortAsync();
        Socket[] strangers = [.. Enumerable.Range(0, IceTcpPort.MaxUnproven + 20).Select(_ => Dial(port))];
        SocketViewer second = await _media.JoinAsync(TransportKind.Tcp);
        int key = _media.Deliver(isKey: true);
        await _media.UntilShownAsync(first, key);
        await _media.UntilShownAsync(second, key);
        // The oldest had to go.
        await LocalMedia.UntilAsync("the oldest strangers' end", () => strangers.Take(20).All(HasEnded));
        foreach (Socket stranger in strangers)
            stranger.Dispose();
    }

    [Fact]
    public async Task What_is_no_ICE_over_TCP_is_hung_up_on()
    {
        IPEndPoint port = await PortAsync();
        using Socket http = Dial(port);
        http.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8);
        await LocalMedia.UntilAsync("the end of a web browser's connection", () => HasEnded(http));
        using Socket silent = Dial(port);
        await LocalMedia.UntilAsync("the end of a silent connection", () => HasEnded(silent));
    }

    [Fact]
    public async Task A_viewers_connection_ends_with_the_viewer()
    {
        SocketViewer viewer = await _media.JoinAsync(TransportKind.Tcp);
        _media.Viewers.Look(() =>
        {
            viewer.SayGoodbye();
            return true;
        });
        await LocalMedia.UntilAsync("the connection's end", () => _media.Viewers.Look(() => viewer.IsCutOff));
    }

    [Fact]
    public void A_port_in_use_says_so_where_it_was_asked_for_and_is_replaced_where_not()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        int port = ((IPEndPoint)other.LocalEndpoint).Port;
        using var metrics = new ServerMetrics();
        var settings = new ServeSettings { Listen = new IPEndPoint(IPAddress.Loopback, 0), UdpPort = 0, IceTcpPort = port };
        UserError error = Assert.Throws<UserError>(() => MediaService.Start(settings, metrics));
        Assert.Contains("--ice-tcp-port", error.OneLine, StringComparison.Ordinal);
        if (port > 2000)
        {
            using MediaService media = MediaService.Start(settings with { IceTcpPort = null, Listen = new IPEndPoint(IPAddress.Loopback, port - 1000) }, metrics);
        }
    }

    private async Task<IPEndPoint> PortAsync()
    {
        using var viewer = new SocketViewer(new WebRtc.Tests.SeededRandom(1));
        MediaAnswer answer = await _media.Service.OpenAsync(0, viewer.Offer, "", TestContext.Current.CancellationToken);
        Assert.Matches(@"a=candidate:\S+ 1 tcp \d+ 127\.0\.0\.1 \d+ typ host tcptype passive", answer.Sdp);
        return SocketViewer.Candidate(answer.Sdp, TransportKind.Tcp);
    }

    private static Socket Dial(IPEndPoint port)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(port);
        return socket;
    }

    private static bool HasEnded(Socket socket) => socket.Poll(0, SelectMode.SelectRead) && (socket.Available == 0 || socket.Receive(new byte[64]) == 0);
}
