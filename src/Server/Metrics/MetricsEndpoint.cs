namespace QemuZeroCopy.Server.Metrics;

/// <summary>
/// What this server measures of itself, over HTTP, behind the same token as everything else: a scraper sends
/// it as a bearer token.
/// </summary>
internal sealed class MetricsEndpoint(ServerMetrics metrics)
{
    /// <summary>For Prometheus.</summary>
    public const string Path = "/metrics";

    /// <summary>For the benches; with <c>?buckets</c> the histograms themselves.</summary>
    public const string LatencyPath = "/latency";

    /// <summary>Whether an address is answered here.</summary>
    public static bool Has(string path) => path is Path or LatencyPath;

    /// <summary>Answers a GET.</summary>
    public async Task InvokeAsync(HttpContext context, string path)
    {
        if (!HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET";
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            return;
        }

        context.Response.Headers.CacheControl = "no-store";
        if (path == Path)
        {
            context.Response.ContentType = PrometheusText.ContentType;
            await context.Response.WriteAsync(PrometheusText.Write(metrics)).ConfigureAwait(false);
        }
        else
        {
            context.Response.ContentType = "application/json";
            await context.Response.Body.WriteAsync(LatencyJson.Write(metrics, context.Request.Query.ContainsKey("buckets"))).ConfigureAwait(false);
        }
    }
}
