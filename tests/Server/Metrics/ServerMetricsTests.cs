using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Metrics;

namespace QemuZeroCopy.Server.Tests.Metrics;

public sealed class ServerMetricsTests
{
    private static readonly FrameTimeline Complete = new()
    {
        DamageNs = 1_000, FreeNs = 1_020, ReadyNs = 1_050, TakenNs = 1_100, ImportedNs = 1_300, ConvertedNs = 1_700,
        EncodedNs = 2_500, FirstSentNs = 2_600, LastSentNs = 2_900,
    };

    [Fact]
    public void The_stages_add_up_to_the_total() => AssertAddsUp(Complete);

    [Theory]
    [InlineData(nameof(FrameTimeline.DamageNs))]
    [InlineData(nameof(FrameTimeline.FreeNs))]
    [InlineData(nameof(FrameTimeline.ReadyNs))]
    [InlineData(nameof(FrameTimeline.ImportedNs))]
    [InlineData(nameof(FrameTimeline.ConvertedNs))]
    [InlineData(nameof(FrameTimeline.LastSentNs))]
    public void A_missing_stamp_leaves_the_sum_whole(string missing)
    {
        FrameTimeline timeline = Complete;
        object boxed = timeline;
        typeof(FrameTimeline).GetProperty(missing)!.SetValue(boxed, 0L);
        AssertAddsUp((FrameTimeline)boxed);
    }

    [Theory]
    [InlineData("wait")]
    [InlineData("pace")]
    [InlineData("wake")]
    [InlineData("import")]
    [InlineData("convert")]
    [InlineData("encode")]
    [InlineData("send")]
    public void A_delay_shows_up_in_its_stage_and_nowhere_else(string delayed)
    {
        const long delay = 7_000_000;
        FrameTimeline timeline = Complete;
        if (delayed is "wait")
            timeline.FreeNs += delay;
        if (delayed is "wait" or "pace")
            timeline.ReadyNs += delay;
        if (delayed is "wait" or "pace" or "wake")
            timeline.TakenNs += delay;
        if (delayed is "wait" or "pace" or "wake" or "import")
            timeline.ImportedNs += delay;
        if (delayed is "wait" or "pace" or "wake" or "import" or "convert")
            timeline.ConvertedNs += delay;
        if (delayed is "wait" or "pace" or "wake" or "import" or "convert" or "encode")
            (timeline.EncodedNs, timeline.FirstSentNs) = (timeline.EncodedNs + delay, timeline.FirstSentNs + delay);
        timeline.LastSentNs += delay;
        for (var stage = FrameStage.Wait; stage < FrameStage.Total; stage++)
        {
            long grown = FrameStages.DurationNs(timeline, stage) - FrameStages.DurationNs(Complete, stage);
            Assert.Equal(FrameStages.NameOf(stage) == delayed ? delay : 0, grown);
        }

        long overhead = FrameStages.DurationNs(timeline, FrameStage.Overhead) - FrameStages.DurationNs(Complete, FrameStage.Overhead);
        Assert.Equal(delayed is "wait" or "pace" or "encode" ? 0 : delay, overhead);
    }

    [Fact]
    public void Recording_a_frame_allocates_nothing()
    {
        using var metrics = new ServerMetrics();
        metrics.RecordFrame(Complete);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            metrics.RecordFrame(Complete);
            metrics.RecordInputResponse(5_000);
            metrics.Add(ServerCounter.PacketsSent, 12);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(12_000, metrics[ServerCounter.PacketsSent]);
    }

    [Fact]
    public void Prometheus_text_has_cumulative_buckets_and_base_units()
    {
        using var metrics = new ServerMetrics();
        metrics.AddViewers(3);
        metrics.RecordFrame(Complete);
        metrics.Add(ServerCounter.BytesSent, 4711);
        string text = PrometheusText.Write(metrics);
        Assert.Contains("qzc_frame_stage_duration_seconds_bucket{stage=\"encode\",le=\"0.001\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("qzc_frame_stage_duration_seconds_bucket{stage=\"encode\",le=\"+Inf\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("qzc_frame_stage_duration_seconds_count{stage=\"total\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("qzc_network_io_bytes_total 4711\n", text, StringComparison.Ordinal);
        Assert.Contains("qzc_viewers 3\n", text, StringComparison.Ordinal);
        Assert.All(text.Split('\n', StringSplitOptions.RemoveEmptyEntries), static line => Assert.Matches("^(#|[a-z_]+(\\{[^}]*\\})? [-0-9.eE+]+$)", line));
    }

    private static void AssertAddsUp(in FrameTimeline timeline)
    {
        long sum = 0;
        for (var stage = FrameStage.Wait; stage < FrameStage.Total; stage++)
            sum += FrameStages.DurationNs(timeline, stage);
        Assert.Equal(FrameStages.DurationNs(timeline, FrameStage.Total), sum);
    }
}
