using System.Net;
using System.Text.Json;
using QemuZeroCopy.Server.Metrics;
using QemuZeroCopy.Server.Tests.Web;

namespace QemuZeroCopy.Server.Tests.Metrics;

public sealed class MetricsEndpointTests : IAsyncLifetime
{
    private TestSite _site = null!;

    public async ValueTask InitializeAsync() => _site = await TestSite.StartAsync();

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task A_scraper_with_the_token_gets_prometheus_text()
    {
        _site.Metrics.Add(ServerCounter.PacketsSent, 7);
        using HttpResponseMessage response = await _site.SendAsync(HttpMethod.Get, "/metrics", origin: null, cookie: null, bearer: TestSite.Token);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/plain", response.Content.Headers.ContentType?.MediaType);
        Assert.Contains("qzc_network_packets_total 7\n", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_page_gets_percentiles_as_json()
    {
        using HttpResponseMessage response = await _site.SendAsync(HttpMethod.Get, "/latency");
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(0, document.RootElement.GetProperty("stages").GetProperty("total").GetProperty("count").GetInt32());
    }

    [Fact]
    public async Task Only_reading_is_possible()
    {
        using HttpResponseMessage response = await _site.SendAsync(HttpMethod.Delete, "/metrics");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
    }
}
