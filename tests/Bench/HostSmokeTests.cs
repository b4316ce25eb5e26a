using QemuZeroCopy.Bench.Report.Page;

namespace QemuZeroCopy.Bench.Tests;

/// <summary>The benchmarks around the published binary, a real QEMU and a real browser; run with the end-to-end tests.</summary>
public sealed class HostSmokeTests
{
    [Fact]
    public async Task The_stages_of_real_frames_add_up()
    {
        ResultFile result = await BenchProcess.SmokeAsync("host-latency");
        Assert.True(Assert.Single(result.Rows, static row => row.Metric == "stage_sum_error").Value <= 0.02);
        Assert.NotNull(Assert.Single(result.Rows, static row => row.Metric == "overhead_ms_p99").Value);
        ResultRow total = Assert.Single(result.Rows, static row => row.Metric == "total_full60_720p");
        Assert.True(total.Stages.Sum(static stage => stage.Value) > 0);
    }

    [Fact]
    public async Task Three_ways_to_see_a_guest_in_motion_are_counted()
    {
        ResultFile result = await BenchProcess.SmokeAsync("motion");
        ResultRow shown = Assert.Single(result.Rows, static row => row.Metric == "fps_1280x800");
        Assert.True(shown.Value > 0, "our page showed nothing");
        Assert.True(shown.PeerValue > 0, "no peer showed anything");
    }
}
