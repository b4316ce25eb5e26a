using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Metrics;

namespace QemuZeroCopy.Server.Tests.Metrics;

public sealed partial class ExportTests
{
    [Fact]
    public async Task A_collector_is_sent_every_instrument_by_otlp()
    {
        using var collector = new HttpListener();
        int port = FreePort();
        collector.Prefixes.Add($"http://127.0.0.1:{port}/");
        collector.Start();
        Task<byte[]> received = ReceiveAsync(collector);
        using (var metrics = new ServerMetrics())
        {
            // What has not been sent when it is disposed of is sent then.
            using IDisposable export = OtlpExport.Start(new Uri($"http://127.0.0.1:{port}"));
            metrics.RecordFrame(new FrameTimeline { DamageNs = 1, TakenNs = 2, ConvertedNs = 3, EncodedNs = 4, FirstSentNs = 5, LastSentNs = 6 });
            metrics.RecordInputResponse(5_000_000);
            metrics.RecordInputPath(5_000_000);
            metrics.RecordViewer(ViewerStage.Glass, 5_000_000);
            metrics.RecordGuestHold(5_000_000);
        }

        string body = Encoding.Latin1.GetString(await received.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        foreach (string name in new[] { "qzc.frame.stage.duration", "qzc.stage", "overhead", "qzc.input.response.duration", "qzc.input.path.duration", "qzc.viewer.frame.duration", "qzc.guest.hold.duration", "qzc.viewers" })
            Assert.Contains(name, body, StringComparison.Ordinal);
        foreach (ServerCounter counter in Enum.GetValues<ServerCounter>())
            Assert.Contains(ServerCounterInfo.Of(counter).Name, body, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_metric_of_the_dashboard_is_one_that_is_served()
    {
        using var metrics = new ServerMetrics();
        string served = PrometheusText.Write(metrics);
        using JsonDocument dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(Root(), "docs", "grafana-dashboard.json")));
        string[] wanted = [.. Expressions(dashboard.RootElement).SelectMany(static text => MetricName().Matches(text)).Select(static match => match.Value).Distinct()];
        Assert.True(wanted.Length > 10);
        Assert.All(wanted, name => Assert.Matches($"(?m)^{name}[ {{]", served));
    }

    private static async Task<byte[]> ReceiveAsync(HttpListener collector)
    {
        HttpListenerContext context = await collector.GetContextAsync();
        Assert.Equal("/v1/metrics", context.Request.Url!.AbsolutePath);
        Assert.Equal("application/x-protobuf", context.Request.ContentType);
        var body = new MemoryStream();
        await context.Request.InputStream.CopyToAsync(body, TestContext.Current.CancellationToken);
        context.Response.Close();
        return body.ToArray();
    }

    private static IEnumerable<string> Expressions(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(static p => p.Name == "expr" ? [p.Value.GetString()!] : Expressions(p.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Expressions),
        _ => [],
    };

    private static int FreePort()
    {
        using var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static string Root()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "QemuZeroCopy.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests run outside of the source tree.");
    }

    [GeneratedRegex("qzc_[a-z_]+")]
    private static partial Regex MetricName();
}
