using QemuZeroCopy.Bench.Report.Page;

namespace QemuZeroCopy.Bench.Tests;

/// <summary>Every benchmark that needs no browser goes through in seconds and answers its row of the targets.</summary>
public sealed class SmokeTests
{
    [Theory]
    [InlineData("convert", "ratio_libyuv_1080p", "ratio_libyuv_4k", "ratio_libyuv_damage5")]
    [InlineData("encode", "ratio_x264_full", "ratio_x264_typing")]
    [InlineData("transport", "delay_p95_frames_loss1", "freeze_ms_max_loss5", "utilisation", "queue_ms_p95")]
    [InlineData("gpu", "cpu_bytes_copied", "bandwidth_share_4k", "cached_import_us")]
    public async Task A_benchmark_answers_its_targets(string name, params string[] metrics)
    {
        ResultFile result = await BenchProcess.SmokeAsync(name);
        foreach (string metric in metrics)
        {
            ResultRow row = Assert.Single(result.Rows, row => row.Metric == metric);
            Assert.True(row.Value is not null || row.Why is { Length: > 0 }, $"{metric} has neither a figure nor a reason");
        }
    }

    /// <summary>The gate: a frame and a packet in steady state allocate nothing.</summary>
    [Fact]
    public async Task A_frame_and_a_packet_allocate_nothing()
    {
        ResultFile result = await BenchProcess.SmokeAsync("alloc");
        Assert.Equal(0, Assert.Single(result.Rows, static row => row.Metric == "bytes_per_frame").Value);
        Assert.Equal(0, Assert.Single(result.Rows, static row => row.Metric == "bytes_per_packet").Value);
    }
}
