using System.Buffers;
using System.Text.Json;

namespace QemuZeroCopy.Server.Metrics;

/// <summary>
/// Percentiles as JSON, for the benches, which need them finer than Prometheus' buckets:
/// <c>{"stages":{"wait":{"count":…,"p50Us":…,"p95Us":…,"p99Us":…,"maxUs":…,"sumUs":…},…},"inputPath":{…},"inputResponse":{…},"viewer":{"path":{…},…},"guestHold":{…},"counters":{…}}</c>.
/// </summary>
internal static class LatencyJson
{
    /// <summary>
    /// Everything counted since the start. With <paramref name="withBuckets"/> each histogram has
    /// <c>"buckets":[[upper bound in ns, count],…]</c> too, the filled ones, so that two readings can be subtracted.
    /// </summary>
    public static byte[] Write(ServerMetrics metrics, bool withBuckets = false)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("stages");
            for (var stage = FrameStage.Wait; stage <= FrameStage.Overhead; stage++)
                WriteSnapshot(json, FrameStages.NameOf(stage), metrics.Stage(stage).Snapshot(), withBuckets);
            json.WriteEndObject();
            WriteSnapshot(json, "inputPath", metrics.InputPath.Snapshot(), withBuckets);
            WriteSnapshot(json, "inputResponse", metrics.InputResponse.Snapshot(), withBuckets);
            json.WriteStartObject("viewer");
            for (var stage = ViewerStage.Path; stage <= ViewerStage.Glass; stage++)
                WriteSnapshot(json, ViewerStages.NameOf(stage), metrics.Viewer(stage).Snapshot(), withBuckets);
            json.WriteEndObject();
            WriteSnapshot(json, "guestHold", metrics.GuestHold.Snapshot(), withBuckets);
            metrics.Collect();
            json.WriteStartObject("counters");
            foreach (ServerCounter counter in Enum.GetValues<ServerCounter>())
                json.WriteNumber(ServerCounterInfo.Of(counter).Name, metrics[counter]);
            json.WriteNumber("qzc.viewers", metrics.Viewers);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteSnapshot(Utf8JsonWriter json, string name, LatencySnapshot snapshot, bool withBuckets)
    {
        json.WriteStartObject(name);
        json.WriteNumber("count", snapshot.Count);
        json.WriteNumber("p50Us", snapshot.PercentileNs(50) / 1000.0);
        json.WriteNumber("p95Us", snapshot.PercentileNs(95) / 1000.0);
        json.WriteNumber("p99Us", snapshot.PercentileNs(99) / 1000.0);
        json.WriteNumber("maxUs", snapshot.PercentileNs(100) / 1000.0);
        json.WriteNumber("sumUs", snapshot.SumNs / 1000.0);
        if (withBuckets)
        {
            json.WriteStartArray("buckets");
            foreach ((long upperBoundNs, long count) in snapshot.FilledBuckets())
            {
                json.WriteStartArray();
                json.WriteNumberValue(upperBoundNs);
                json.WriteNumberValue(count);
                json.WriteEndArray();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}
