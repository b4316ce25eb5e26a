using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;

namespace QemuZeroCopy.Server.Metrics;

/// <summary>Sends the metrics to a collector, by OTLP over HTTP in protobuf.</summary>
internal static class OtlpExport
{
    /// <summary>Buckets in seconds: fine around a frame's time, coarse beyond.</summary>
    private static readonly double[] s_boundsSeconds = [.. PrometheusText.BoundsMs.Select(static ms => ms / 1000)];

    /// <summary>Starts sending every ten seconds, and once more when the result is disposed of.</summary>
    /// <param name="collector">Such as http://127.0.0.1:4318; the signal's own path is added to it.</param>
    public static IDisposable Start(Uri collector) => Sdk.CreateMeterProviderBuilder()
        .AddMeter(ServerMetrics.MeterName)
        .AddView(static instrument => instrument.Unit == "s" ? new ExplicitBucketHistogramConfiguration { Boundaries = s_boundsSeconds } : null)
        .AddOtlpExporter((exporter, reader) =>
        {
            exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
            exporter.Endpoint = new Uri(collector, "/v1/metrics");
            reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = 10_000;
        })
        .Build();
}
