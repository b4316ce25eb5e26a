using System.Globalization;
using System.Text;

namespace QemuZeroCopy.Server.Metrics;

/// <summary>Writes the metrics in Prometheus' text exposition format, version 0.0.4.</summary>
internal static class PrometheusText
{
    /// <summary>The media type of the text.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Upper bounds of the exported buckets, in ms: fine around a frame time, coarse beyond.</summary>
    internal static readonly double[] BoundsMs = [0.1, 0.25, 0.5, 1, 2, 3, 4, 6, 8, 12, 16.7, 24, 33, 50, 100, 250, 1000];

    /// <summary>The whole exposition.</summary>
    public static string Write(ServerMetrics metrics)
    {
        var text = new StringBuilder(16 * 1024);
        Header(text, "qzc_frame_stage_duration_seconds", "histogram", "Time that frames spend in each stage on this host.");
        for (var stage = FrameStage.Wait; stage <= FrameStage.Overhead; stage++)
            Histogram(text, "qzc_frame_stage_duration_seconds", $"stage=\"{FrameStages.NameOf(stage)}\"", metrics.Stage(stage).Snapshot());
        Header(text, "qzc_input_path_duration_seconds", "histogram", "From an input event in a page to this host, of the events that pages tell of.");
        Histogram(text, "qzc_input_path_duration_seconds", "", metrics.InputPath.Snapshot());
        Header(text, "qzc_input_response_duration_seconds", "histogram", "From an input event handed to QEMU to the first damage after it.");
        Histogram(text, "qzc_input_response_duration_seconds", "", metrics.InputResponse.Snapshot());
        Header(text, "qzc_sound_delay_duration_seconds", "histogram", "From QEMU's handing over of a block of sound to its packet's leaving.");
        Histogram(text, "qzc_sound_delay_duration_seconds", "", metrics.SoundDelay.Snapshot());

        Header(text, "qzc_guest_hold_duration_seconds", "histogram", "From an UpdateDMABUF of QEMU's to the answer, for which the guest waits.");
        Histogram(text, "qzc_guest_hold_duration_seconds", "", metrics.GuestHold.Snapshot());
        Header(text, "qzc_viewer_frame_duration_seconds", "histogram", "What viewers add to single pictures' ways, and the whole way from the damage to their screens.");
        for (var stage = ViewerStage.Path; stage <= ViewerStage.Glass; stage++)
            Histogram(text, "qzc_viewer_frame_duration_seconds", $"stage=\"{ViewerStages.NameOf(stage)}\"", metrics.Viewer(stage).Snapshot());
        metrics.Collect();
        foreach (ServerCounter counter in Enum.GetValues<ServerCounter>())
        {
            ServerCounterInfo info = ServerCounterInfo.Of(counter);
            string name = CounterName(info);
            Header(text, name, "counter", info.Description);
            Line(text, name, "", metrics[counter]);
        }

        Header(text, "qzc_viewers", "gauge", "Viewers that are connected.");
        Line(text, "qzc_viewers", "", metrics.Viewers);
        return text.ToString();
    }

    private static string CounterName(ServerCounterInfo info) => info.Name.Replace('.', '_') + info.Unit switch
        {
            "By" => "_bytes_total",
            "ns" => "_nanoseconds_total",
            _ => "_total",
        };

    private static void Header(StringBuilder text, string name, string type, string help) =>
        text.Append("# HELP ").Append(name).Append(' ').Append(help).Append("\n# TYPE ").Append(name).Append(' ').Append(type).Append('\n');

    private static void Histogram(StringBuilder text, string name, string labels, LatencySnapshot snapshot)
    {
        string separator = labels.Length == 0 ? "" : ",";
        foreach (double bound in BoundsMs)
        {
            string le = (bound / 1000).ToString(CultureInfo.InvariantCulture);
            Line(text, name + "_bucket", $"{labels}{separator}le=\"{le}\"", snapshot.CountUpTo((long)(bound * 1e6)));
        }

        Line(text, name + "_bucket", $"{labels}{separator}le=\"+Inf\"", snapshot.Count);
        Line(text, name + "_sum", labels, snapshot.SumNs * 1e-9);
        Line(text, name + "_count", labels, snapshot.Count);
    }

    private static void Line(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0)
            text.Append('{').Append(labels).Append('}');
        text.Append(' ').Append(value.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }
}
