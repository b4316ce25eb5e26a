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
        ResultRow glass = Assert.Single(result.Rows, static row => row.Metric == "glass_1280x800");
        Assert.True(glass.Value > 0, "our page told of no picture");
        Assert.True(glass.Stages.Single(static stage => stage.Name == "decode").Value > 0, "the decoder took no time");
    }

    [Fact]
    public async Task Each_scene_has_its_cost_beside_noVNC()
    {
        ResultFile result = await BenchProcess.SmokeAsync("scenes");
        foreach (string scene in new[] { "typing", "scroll", "full" })
        {
            ResultRow cost = Assert.Single(result.Rows, row => row.Metric == $"core_share_{scene}");
            Assert.True(cost.Value > 0 && cost.PeerValue > 0, $"{scene} cost {cost.Value} and {cost.PeerValue}");
        }
    }

    [Fact]
    public async Task The_sounds_delay_is_the_sum_of_its_parts()
    {
        ResultFile result = await BenchProcess.SmokeAsync("sound");
        ResultRow delay = Assert.Single(result.Rows, static row => row.Metric == "delay_ms_p50_hda_tuned");
        ResultRow late = Assert.Single(result.Rows, static row => row.Metric == "delay_ms_p95_hda_tuned");
        // On a machine that has too little of a processor for the guest there is a reason instead of a figure that counts for nothing.
        if (delay.Value is null)
        {
            Assert.Contains(" ms", delay.Why, StringComparison.Ordinal);
            Assert.Equal(delay.Why, late.Why);
            return;
        }

        Assert.True(delay.Value > 0, "no beep was heard");
        Assert.True(delay.Stages.Single(static stage => stage.Name == "jitter buffer").Value > 0, "the browser's buffer held nothing");
        Assert.True(late.Value >= delay.Value, $"{late.Value} and {delay.Value} ms");
    }

    [Fact]
    public async Task A_new_mode_is_timed_to_its_first_picture()
    {
        ResultFile result = await BenchProcess.SmokeAsync("modes");
        ResultRow first = Assert.Single(result.Rows, static row => row.Metric == "first_picture_ms_p50_1920x1080");
        Assert.True(first.Value > 0);
        Assert.True(first.Stages.Single(static stage => stage.Name == "encode").Value > 0, "the encoder took no time");
    }

    [Fact]
    public async Task The_overlay_is_measured_open_and_closed()
    {
        ResultFile result = await BenchProcess.SmokeAsync("overlay");
        Assert.NotNull(Assert.Single(result.Rows, static row => row.Metric == "overlay_main_thread_motion").Value);
        Assert.NotNull(Assert.Single(result.Rows, static row => row.Metric == "overlay_core_share_typing").Value);
    }
}
