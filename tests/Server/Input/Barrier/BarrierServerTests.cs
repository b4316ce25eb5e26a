using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using QemuZeroCopy.Server.Input.Barrier;
using QemuZeroCopy.Server.Input.Barrier.Protocol;

namespace QemuZeroCopy.Server.Tests.Input.Barrier;

public sealed class BarrierServerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("qzc-barrier-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task What_one_client_does_wrong_leaves_the_others_alone()
    {
        await using BarrierServer server = Start();
        await using WireClient good = await WireClient.ConnectAsync(server, "good");
        byte[][] wrongs =
        [
            SessionPeer.Message("XXXX"),
            SessionPeer.Big32(uint.MaxValue),
            SessionPeer.Message("DINF", 1),
            [.. Enumerable.Repeat(SessionPeer.Message("CNOP"), BarrierLimits.MessagesPerSecond * 4).SelectMany(message => message)],
        ];
        foreach (byte[] wrong in wrongs)
        {
            await using WireClient bad = await WireClient.ConnectAsync(server, "bad");
            await bad.SayAsync(wrong);
            Assert.Equal("EBAD", await bad.CodeAsync("EBAD"));
            Assert.Equal("", await bad.CodeAsync("anything"));
            await Eventually.TrueAsync(() => !server.Roster.Find("bad")!.IsConnected, () => "it is still there");
        }

        server.Roster.Find("good")!.MoveBy(1, 1);
        Assert.Equal("DMRM", await good.CodeAsync("DMRM"));
    }

    [Fact]
    public async Task A_client_that_does_not_read_is_given_up_and_its_sink_goes_on_with_the_next()
    {
        await using BarrierServer server = Start();
        await using WireClient stuck = await WireClient.ConnectAsync(server, "desk");
        BarrierSink sink = server.Roster.Find("desk")!;
        await Eventually.TrueAsync(
            () =>
            {
                for (int i = 0; i < 50_000 && sink.IsConnected; i++)
                    sink.MoveBy(1, 1);
                return !sink.IsConnected;
            },
            () => "it is still there");
        long dropped = sink.Dropped;
        sink.MoveBy(1, 1);
        Assert.Equal(dropped + 1, sink.Dropped);

        await Eventually.TrueAsync(() => !server.Roster.Sinks.Any(s => s.IsConnected), () => "not gone");
        await ReconnectAsync(server, "desk");
        Assert.Same(sink, server.Roster.Find("desk"));
    }

    [Fact]
    public async Task A_name_is_taken_once_whatever_its_case_and_free_again_when_its_client_is_gone()
    {
        await using BarrierServer server = Start();
        await using (await WireClient.ConnectAsync(server, "Desk"))
        {
            await using WireClient second = await WireClient.OpenAsync(server);
            await second.SayAsync(SessionPeer.Hello("dESK"));
            Assert.Equal("EBSY", await second.CodeAsync("EBSY"));
        }

        await ReconnectAsync(server, "DESK");
        Assert.Single(server.Roster.Sinks);
    }

    [Fact]
    public async Task With_names_given_nobody_else_is_let_in()
    {
        await using BarrierServer server = Start(settings => settings with { Names = ["vm-1", "vm-2"] });
        await using WireClient stranger = await WireClient.OpenAsync(server);
        await stranger.SayAsync(SessionPeer.Hello("vm-3"));
        Assert.Equal("EUNK", await stranger.CodeAsync("EUNK"));
        await using WireClient known = await WireClient.ConnectAsync(server, "VM-2");
        Assert.Equal(["vm-1", "vm-2"], server.Roster.Sinks.Select(sink => sink.Name));
    }

    [Fact]
    public async Task Names_that_come_and_go_do_not_fill_the_memory()
    {
        await using BarrierServer server = Start();
        await using WireClient stays = await WireClient.ConnectAsync(server, "stays");
        for (int i = 0; i < BarrierRoster.MaxNames + 10; i++)
        {
            await using WireClient passing = await WireClient.OpenAsync(server);
            await passing.SayAsync(SessionPeer.Hello($"passing-{i}"));
            Assert.Equal("QINF", await passing.CodeAsync("QINF"));
        }

        Assert.InRange(server.Roster.Sinks.Count, 2, BarrierRoster.MaxNames);
        Assert.True(server.Roster.Find("stays")!.IsConnected);
    }

    [Fact]
    public async Task More_connections_than_there_is_room_for_are_closed_and_room_comes_back()
    {
        await using BarrierServer server = Start();
        var idle = new List<WireClient>();
        for (int i = 0; i < BarrierServer.MaxConnections; i++)
        {
            idle.Add(await WireClient.OpenAsync(server));
            Assert.Equal("Barr", await idle[^1].CodeAsync("Barr"));
        }

        await using (WireClient tooMany = await WireClient.OpenAsync(server))
            Assert.Equal("", await tooMany.CodeAsync("Barr"));
        foreach (WireClient client in idle)
            await client.DisposeAsync();
        await Eventually.TrueAsync(() => server.OpenConnections == 0, () => $"{server.OpenConnections} connections are still open");
        await ReconnectAsync(server, "desk");
    }

    [Fact]
    public async Task Clients_are_told_goodbye_when_the_server_ends()
    {
        BarrierServer server = Start();
        await using WireClient client = await WireClient.ConnectAsync(server, "desk");
        ValueTask ending = server.DisposeAsync();
        Assert.Equal("CBYE", await client.CodeAsync("CBYE"));
        Assert.Equal("", await client.CodeAsync("anything"));
        await client.DisposeAsync();
        await ending;
    }

    [Fact]
    public async Task An_address_in_use_is_told_with_what_to_do()
    {
        await using BarrierServer server = Start();
        IOException failure = Assert.Throws<IOException>(() => Start(settings => settings with { Listen = server.EndPoint }));
        Assert.Contains("--barrier-listen", failure.Message, StringComparison.Ordinal);
        Assert.Contains(server.EndPoint.ToString(), failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1", false, false, null)]
    [InlineData("::1", false, false, null)]
    [InlineData("0.0.0.0", false, false, "--barrier-tls")]
    [InlineData("192.0.2.1", false, false, "--barrier-tls")]
    [InlineData("0.0.0.0", true, false, null)]
    [InlineData("0.0.0.0", false, true, null)]
    public void Plain_connections_are_for_this_machine_alone_unless_a_person_insists(string address, bool tls, bool insecure, string? fault)
    {
        string? found = new BarrierSettings { Listen = new IPEndPoint(IPAddress.Parse(address), 24800), UseTls = tls, Insecure = insecure }.FindFault();
        Assert.Equal(fault is not null, found?.Contains(fault!, StringComparison.Ordinal) ?? false);
    }

    [Fact]
    public void A_name_that_cannot_be_is_a_fault()
    {
        Assert.Contains("two words", new BarrierSettings { Names = ["fine", "two words"] }.FindFault(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_TLS_this_machine_may_still_speak_plainly_since_QEMU_must()
    {
        await using BarrierServer server = StartTls();
        await using WireClient plain = await WireClient.ConnectAsync(server, "plain");

        using var socket = new TcpClient();
        await socket.ConnectAsync(server.EndPoint, TestContext.Current.CancellationToken);
        await using var tls = new SslStream(socket.GetStream(), false, (_, certificate, _, _) =>
            server.Fingerprint!.Contains(string.Join(':', Convert.FromHexString(((X509Certificate2)certificate!).GetCertHashString()).Select(b => b.ToString("X2", null))), StringComparison.Ordinal));
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "Barrier", RemoteCertificateValidationCallback = null }, TestContext.Current.CancellationToken);
        await using var client = new WireClient(tls);
        await client.SayAsync(SessionPeer.Hello("secret"));
        Assert.Equal("QINF", await client.CodeAsync("QINF"));
    }

    [Fact]
    public async Task A_broken_TLS_handshake_ends_that_connection_alone()
    {
        await using BarrierServer server = StartTls();
        await using WireClient good = await WireClient.ConnectAsync(server, "good");
        await using (WireClient bad = await WireClient.OpenAsync(server))
        {
            await bad.SayAsync([0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5]);
            Assert.Equal("", await bad.CodeAsync("anything"));
        }

        server.Roster.Find("good")!.MoveBy(1, 1);
        Assert.Equal("DMRM", await good.CodeAsync("DMRM"));
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public void The_certificate_is_made_once_kept_private_and_the_same_ever_after()
    {
        string path = Path.Combine(_folder, "sub", "barrier.pem");
        using X509Certificate2 first = BarrierCertificate.LoadOrCreate(path, DateTimeOffset.UtcNow);
        using X509Certificate2 again = BarrierCertificate.LoadOrCreate(path, DateTimeOffset.UtcNow);
        Assert.True(first.HasPrivateKey);
        Assert.Equal(first.Thumbprint, again.Thumbprint);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----")]
    public void A_certificate_that_cannot_be_read_is_told_with_what_to_do(string content)
    {
        string path = Path.Combine(_folder, "barrier.pem");
        File.WriteAllText(path, content);
        IOException failure = Assert.Throws<IOException>(() => BarrierCertificate.LoadOrCreate(path, DateTimeOffset.UtcNow));
        Assert.Contains(path, failure.Message, StringComparison.Ordinal);
        Assert.Contains("remove it", failure.Message, StringComparison.Ordinal);
    }

    private static async Task ReconnectAsync(BarrierServer server, string name)
    {
        // The old connection is taken down after its socket, so the name may be taken for a moment longer.
        await Eventually.TrueAsync(() => server.Roster.Find(name) is not { IsTaken: true }, () => "the name is not free again");
        await (await WireClient.ConnectAsync(server, name)).DisposeAsync();
    }

    private BarrierServer StartTls() => Start(settings => settings with { UseTls = true, CertificatePath = Path.Combine(_folder, "barrier.pem") });

    private static BarrierServer Start(Func<BarrierSettings, BarrierSettings>? change = null)
    {
        var settings = new BarrierSettings { Listen = new IPEndPoint(IPAddress.Loopback, 0) };
        return BarrierServer.Start(change?.Invoke(settings) ?? settings, TimeProvider.System, NullLogger.Instance);
    }
}
