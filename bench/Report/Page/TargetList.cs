namespace QemuZeroCopy.Bench.Report.Page;

/// <summary>The figures that the targets name: each has its line in the report, whatever became of its benchmark.</summary>
internal static class TargetList
{
    private static readonly Dictionary<string, string[]> s_metrics = new()
    {
        ["convert"] = ["ratio_libyuv_1080p", "ratio_libyuv_4k", "ratio_libyuv_damage5"],
        ["encode"] = ["ratio_x264_full", "ratio_x264_typing"],
        ["host-latency"] = ["overhead_ms_p50", "overhead_ms_p99"],
        ["click-to-pixel"] = ["ratio_still_p50", "ratio_motion_p50", "first_picture_ms", "ratio_novnc_first_picture"],
        ["motion"] = ["ratio_fps", "gap_p95_frames"],
        ["idle"] = ["video_packets", "core_share"],
        ["fanout"] = ["core_share_per_viewer", "ratio_p99"],
        ["transport"] = ["delay_p95_frames_loss1", "freeze_ms_max_loss5", "utilisation", "queue_ms_p95"],
        ["gpu"] = ["cpu_bytes_copied", "bandwidth_share_4k", "cached_import_us"],
        ["alloc"] = ["bytes_per_frame", "bytes_per_packet"],
        ["binary"] = ["size_mib", "ready_ms", "rss_mib"],
    };

    /// <summary>Whether a figure is one of them.</summary>
    public static bool Names(string bench, string metric) => s_metrics.TryGetValue(bench, out string[]? metrics) && metrics.Contains(metric);

    /// <summary>Those of its benchmark that a result has nothing to say of, not even why.</summary>
    public static IReadOnlyList<string> MissingIn(ResultFile result) =>
        s_metrics.TryGetValue(result.Name, out string[]? metrics) ? [.. metrics.Where(metric => result.Rows.All(row => row.Metric != metric))] : [];
}
