using System.Net;
using QemuZeroCopy.Server.Cli;
using QemuZeroCopy.Server.Metrics;
using QemuZeroCopy.Server.Tests.Web;
using QemuZeroCopy.Server.Vm;
using QemuZeroCopy.Server.Web;

namespace QemuZeroCopy.Server.Tests.Metrics;

public sealed class MetricsPortTests : IAsyncLifetime
{
    private readonly ServerMetrics _metrics = new();
    private readonly HttpClient _client = new();
    private WebServer _server = null!;
    private int _port;

    public async ValueTask InitializeAsync()
    {
        using (var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0))
        {
            probe.Start();
            _port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }

        var settings = new ServeSettings { Listen = new IPEndPoint(IPAddress.Loopback, 0), Token = "a-token-for-tests", Metrics = new MetricsSettings(new IPEndPoint(IPAddress.Loopback, _port), null) };
        _server = await WebServer.StartAsync(settings, new Machine(), new RecordingMedia(), _metrics, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _metrics.Dispose();
    }

    [Fact]
    public async Task The_metrics_port_serves_them_without_a_token_and_nothing_else()
    {
        Assert.Contains("qzc_viewers 0", await _client.GetStringAsync($"http://127.0.0.1:{_port}/metrics", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        foreach (string path in new[] { "/", "/latency", "/session", "/whep/0", "/app.css" })
            Assert.Equal(HttpStatusCode.NotFound, (await _client.GetAsync($"http://127.0.0.1:{_port}{path}", TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task The_pages_port_goes_on_asking_for_the_token()
    {
        Assert.Equal(HttpStatusCode.Unauthorized, (await _client.GetAsync($"http://127.0.0.1:{_server.Port}/metrics", TestContext.Current.CancellationToken)).StatusCode);
    }
}
