using System.Diagnostics;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>The page on networks that carry less than everything: which way it takes, and that everything works there.</summary>
[Collection(nameof(Alone))]
public sealed class NetworkTests(Browser browser) : EndToEndTest(browser)
{
    [Fact]
    public async Task Without_UDP_picture_and_input_take_TCP_and_come_back_to_UDP_by_themselves()
    {
        NetworkPath path = Path();
        path.Udp.Plan = new NetworkPlan { IsBlocked = true };
        (QemuMachine machine, Viewer viewer) = await OpenAsync(path);
        await viewer.WayAsync("TCP");
        await viewer.CardAsync(1280, 800);
        await TypeAsync(machine, viewer, "a", 30);
        int connections = await viewer.ConnectionsAsync();

        path.Udp.Plan = new NetworkPlan();
        await viewer.WayAsync("UDP");
        await viewer.CardAsync(1280, 800);
        await TypeAsync(machine, viewer, "b", 48);
        // The paths were checked anew, under a connection that went on.
        Assert.Equal(connections, await viewer.ConnectionsAsync());
    }

    [Fact]
    public async Task Without_UDP_and_TCP_picture_and_input_take_the_WebSocket_and_come_back_by_themselves()
    {
        NetworkPath path = Path();
        path.Udp.Plan = new NetworkPlan { IsBlocked = true };
        path.BlocksTcp = true;
        (QemuMachine machine, Viewer viewer) = await OpenAsync(path);
        await viewer.WayAsync("WebSocket");
        Report($"The first picture stood there after {await FirstPictureMsAsync(viewer):0} ms.");
        await viewer.CardAsync(1280, 800);
        await TypeAsync(machine, viewer, "a", 30);

        path.Udp.Plan = new NetworkPlan();
        await viewer.WayAsync("UDP");
        await viewer.CardAsync(1280, 800);
        await TypeAsync(machine, viewer, "b", 48);
    }

    [Fact]
    public async Task When_UDP_stops_in_the_middle_the_picture_goes_on_over_the_WebSocket()
    {
        NetworkPath path = Path();
        path.BlocksTcp = true;
        (QemuMachine machine, Viewer viewer) = await OpenAsync(path);
        await viewer.WayAsync("UDP");
        await viewer.CardAsync(1280, 800);
        path.Udp.Plan = new NetworkPlan { IsBlocked = true };
        await viewer.WayAsync("WebSocket");
        await machine.Serial.TellAsync("mode 1024x768");
        await viewer.CardAsync(1024, 768);
        await TypeAsync(machine, viewer, "a", 30);
    }

    [Fact]
    public async Task Two_percent_of_loss_and_delay_freeze_nothing_for_longer_than_200_ms()
    {
        NetworkPath path = Path();
        path.Udp.Plan = new NetworkPlan { Loss = 0.02, DelayMs = 20 };
        QemuMachine machine = await StartMachineAsync(s_motion);
        QzcProcess qzc = await AttachAsync(machine);
        // The other viewer sees what machine, encoder and browser do at the same time: what it gets and the first one does not is the path's doing.
        Viewer viewer = await OpenAsync(qzc, path), other = await OpenAsync(qzc);
        await viewer.WayAsync("UDP");
        await other.WayAsync("UDP");
        await PictureRecorder.StartAsync(viewer);
        await PictureRecorder.StartAsync(other);
        long lostBefore = path.Udp.Lost;
        await Eventually.IsTrueAsync("a hundred datagrams that were lost", () => path.Udp.Lost - lostBefore >= 100, patience: 3 * Eventually.Patience);
        long lost = path.Udp.Lost - lostBefore;
        IReadOnlyList<ShownPicture> shown = await PictureRecorder.StopAsync(viewer), reference = await PictureRecorder.StopAsync(other);
        double machineMs = PictureRecorder.LongestGapMs(reference), freezeMs = PictureRecorder.OwnFreezeMs(shown, reference, path.Udp.LateMs);
        Report($"{shown.Count} pictures of {reference.Count}, {lost} datagrams lost; longest freeze of its own {freezeMs:0} ms; longest gaps, with what the machine did, {PictureRecorder.LongestGapMs(shown):0} and {machineMs:0} ms");
        Assert.InRange(shown.Count, reference.Count / 2, int.MaxValue);
        // Where even the other one had to wait for longer than three pictures' time, the machine was busy elsewhere.
        Assert.InRange(freezeMs, 0, 200 + Math.Max(0, machineMs - 100));
    }

    [Fact]
    public async Task A_step_of_capacity_is_followed_down_and_up()
    {
        NetworkPath path = Path();
        path.Udp.Plan = new NetworkPlan { DelayMs = 20 };
        (_, Viewer viewer) = await OpenAsync(path, new MachineOptions { Scene = "full", Mode = "1024x768", Append = "qzc.fps=30" });
        await viewer.WayAsync("UDP");
        const double narrow = 1_500_000;
        double free = await FollowsAsync(path, "more than a narrow path carries", static span => span.Bps > 1.5 * narrow);
        path.Udp.Plan = path.Udp.Plan with { DownBps = (long)narrow };
        double less = await FollowsAsync(path, "a rate that fits, without a queue that stands", static span => span.Bps > 0.4 * narrow && span.MedianQueueMs < 50);
        path.Udp.Plan = path.Udp.Plan with { DownBps = long.MaxValue };
        double more = await FollowsAsync(path, "more again", static span => span.Bps > 1.5 * narrow);
        Report($"{free / 1e6:0.00} Mbit/s, on a path of {narrow / 1e6:0.00} {less / 1e6:0.00}, then {more / 1e6:0.00}");
    }

    /// <summary>Waits for two seconds on the path that are as wanted; gives their rate.</summary>
    private static async Task<double> FollowsAsync(NetworkPath path, string what, Func<(double Bps, double MedianQueueMs), bool> isWanted)
    {
        (double Bps, double MedianQueueMs) span = default;
        await Eventually.IsTrueAsync(what, async () =>
        {
            long bytes = path.Udp.BytesDown, start = Stopwatch.GetTimestamp();
            var queuesMs = new List<double>();
            while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(2))
            {
                await Task.Delay(10, TestContext.Current.CancellationToken);
                queuesMs.Add(path.Udp.QueueMs);
            }

            queuesMs.Sort();
            span = ((path.Udp.BytesDown - bytes) * 8 / Stopwatch.GetElapsedTime(start).TotalSeconds, queuesMs[queuesMs.Count / 2]);
            return isWanted(span);
        }, () => $"The last was {span.Bps / 1e6:0.00} Mbit/s with a queue of {span.MedianQueueMs:0} ms.");
        return span.Bps;
    }

    private static readonly MachineOptions s_motion = new() { Scene = "anim", Mode = "640x480", Append = "qzc.fps=30" };

    private static void Report(string line) => TestContext.Current.TestOutputHelper?.WriteLine(line);

    private NetworkPath Path()
    {
        int seed = Random.Shared.Next();
        Report($"seed {seed}");
        return Own(new NetworkPath(seed));
    }

    private async Task<(QemuMachine Machine, Viewer Viewer)> OpenAsync(NetworkPath path, MachineOptions? options = null)
    {
        QemuMachine machine = await StartMachineAsync(options);
        QzcProcess qzc = await AttachAsync(machine);
        return (machine, await OpenAsync(qzc, path));
    }

    private static async Task TypeAsync(QemuMachine machine, Viewer viewer, string key, int code)
    {
        int before = machine.Serial.Position;
        await viewer.Page.Keyboard.PressAsync(key);
        await machine.Serial.LineAsync($"key {code} 1", before);
        await machine.Serial.LineAsync($"key {code} 0", before);
    }

    private static Task<double> FirstPictureMsAsync(Viewer viewer) =>
        viewer.Page.EvaluateAsync<double>("window.__pictureAt");
}
