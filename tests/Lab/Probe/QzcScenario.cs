using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text.Json;
using QemuZeroCopy.Pipeline.Display.Qmp;

namespace QemuZeroCopy.Lab.Tests.Probe;

/// <summary>
/// The published qzc beside a real QEMU with gl=on (tests/Lab/vm/screen.S), on each way that it has for DMA-BUFs: what
/// a viewer gets while modes change, the known picture at rest, what qzc has counted meanwhile, and a QEMU that is
/// killed and comes back.
/// </summary>
internal static class QzcScenario
{
    private const string Output = "/run/lab", Token = "token-of-the-lab", Control = "/tmp/qmp-lab", Attached = "/tmp/qmp-qzc", Node = "/dev/dri/renderD128";
    private const int FirstPort = 8100;
    private const long FrameNs = 1_000_000_000 / 60;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(150), s_start = TimeSpan.FromSeconds(2), s_motion = TimeSpan.FromSeconds(6), s_silence = TimeSpan.FromSeconds(2);
    private static readonly string s_lab = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Environment.ProcessPath)!, ".."));

    private static readonly Way[] s_ways =
    [
        new("gl", ["--gpu", "gl", "--encoder", "x264"], ImportsByGpu: true, CopiesNothing: false),
        new("cpu-mapped", ["--gpu", "none"], ImportsByGpu: false, CopiesNothing: true),
        new("vaapi", ["--gpu", "vulkan", "--encoder", "vaapi", "--render-node", Node], ImportsByGpu: true, CopiesNothing: true),
        new("vulkan", ["--gpu", "vulkan", "--encoder", "x264"], ImportsByGpu: true, CopiesNothing: true),
    ];

    private sealed record Way(string Name, string[] Options, bool ImportsByGpu, bool CopiesNothing);

    public static void Run(Report report) => RunAsync(report).GetAwaiter().GetResult();

    private static async Task RunAsync(Report report)
    {
        using Process first = StartQemu();
        QmpClient monitor = await MonitorAsync();
        Process? second = null;
        try
        {
            for (int i = 0; i < s_ways.Length; i++)
            {
                bool isLast = i == s_ways.Length - 1;
                using Process qzc = StartQzc(s_ways[i], FirstPort + i);
                try
                {
                    using HttpClient http = Client(FirstPort + i);
                    await using VideoStream video = await WatchAsync(s_ways[i], FirstPort + i, qzc);
                    await MeasureAsync(report, s_ways[i], qzc, http, video, monitor);
                    if (isLast)
                    {
                        monitor.Dispose();
                        video.BeginFile();
                        first.Kill();
                        second = StartQemu();
                        await ComeBackAsync(report, s_ways[i].Name, qzc, http, video);
                    }
                    else
                    {
                        await PressKeyAsync(monitor);
                    }
                }
                finally
                {
                    await EndAsync(report, s_ways[i].Name, qzc);
                }
            }
        }
        finally
        {
            first.Kill();
            second?.Kill();
        }
    }

    private static async Task MeasureAsync(Report report, Way way, Process qzc, HttpClient http, VideoStream video, QmpClient monitor)
    {
        // Emulated in an emulator, a driver compiles for many seconds before the first picture.
        bool came = await video.ComesToAsync(1, s_patience);
        report.Add("qzc", $"{way.Name} first picture", came, "");
        await Task.Delay(s_start);
        long aboveAtStart;
        using (JsonDocument start = JsonDocument.Parse(await http.GetStringAsync("latency?buckets")))
            aboveAtStart = AboveAFrame(start.RootElement.GetProperty("guestHold"));
        long units = video.Units;
        int fds = await FewestFdsAsync(qzc);
        await Task.Delay(s_motion);
        await http.GetStringAsync("latency");
        int more = await FewestFdsAsync(qzc) - fds;
        report.Add("qzc", $"{way.Name} access units in motion", video.Units - units > 5, "", video.Units - units);
        // Imports of the mode before may still be kept at either moment; a leak at each frame would be hundreds.
        report.Add("qzc", $"{way.Name} fds flat", more is >= -12 and <= 12, "more fds", more);
        await PressKeyAsync(monitor);
        report.Add("qzc", $"{way.Name} rests", await video.RestsAsync(s_silence, s_patience), "");
        report.Add("qzc", $"{way.Name} stream", video.Current is not null, Path.GetFileName(video.Current) ?? "");
        using JsonDocument figures = JsonDocument.Parse(await http.GetStringAsync("latency?buckets"));
        AddFigures(report, way, figures.RootElement, aboveAtStart, AnsweringThread.Of(qzc.Id));
    }

    private static long AboveAFrame(JsonElement hold) => OfThoseAbove(hold).Sum(static bucket => bucket.Count);

    private static long ExcessNs(JsonElement hold) => OfThoseAbove(hold).Sum(static bucket => bucket.Count * (bucket.Ns - FrameNs));

    private static IEnumerable<(long Ns, long Count)> OfThoseAbove(JsonElement hold) =>
        hold.GetProperty("buckets").EnumerateArray().Select(static bucket => (Ns: bucket[0].GetInt64(), Count: bucket[1].GetInt64())).Where(static bucket => bucket.Ns > FrameNs);

    private static void AddFigures(Report report, Way way, JsonElement figures, long aboveAtStart, AnsweringThread thread)
    {
        JsonElement counters = figures.GetProperty("counters"), hold = figures.GetProperty("guestHold");
        long Count(string name) => counters.GetProperty(name).GetInt64();
        long holds = Count("qzc.display.holds"), releases = Count("qzc.display.releases");
        report.Add("qzc", $"{way.Name} UpdateDMABUF calls", holds > 20, "", holds);
        report.Add("qzc", $"{way.Name} UpdateDMABUF calls left unanswered", holds == releases, $"{holds} calls, {releases} answers", holds - releases);
        report.Add("qzc", $"{way.Name} guest pixels read by the CPU", Count("qzc.import.cpu") == 0 == way.ImportsByGpu, "bytes", Count("qzc.import.cpu"));
        report.Add("qzc", $"{way.Name} converted bytes copied by the CPU", !way.CopiesNothing || Count("qzc.convert.copied") == 0, "bytes", Count("qzc.convert.copied"));
        double Ms(string name) => hold.GetProperty(name).GetDouble() / 1000;
        string shares = string.Create(
            CultureInfo.InvariantCulture,
            $"{Count("qzc.display.releases.unread")} of {releases} before they were read; p99 {Ms("p99Us"):f1}, max {Ms("maxUs"):f1}, {AboveAFrame(hold)} above a frame at 60 Hz, {aboveAtStart} of them at the start, by {ExcessNs(hold) / 1e6:f0} ms together; the thread that answers waited {thread.WaitedNs / 1e6:f0} ms for a processor, and {thread.MajorFaults} times for the disk; conversions took {Count("qzc.convert.time") / 1e6:f0} ms in all, the GPU {Count("qzc.convert.gpu") / 1e6:f0}, the holds {hold.GetProperty("sumUs").GetDouble() / 1000:f0}");
        report.Add("qzc", $"{way.Name} ms that an update held the guest, median", true, shares, Ms("p50Us"));
    }

    private static async Task ComeBackAsync(Report report, string name, Process qzc, HttpClient http, VideoStream video)
    {
        int fds = await FewestFdsAsync(qzc);
        long units = video.Units, keys = video.Keys;
        bool resumed = await video.ComesToAsync(units + 10, s_patience);
        report.Add("qzc", $"{name} goes on when a killed QEMU comes back", resumed && video.Keys > keys, "access units", video.Units - units);
        await http.GetStringAsync("latency");
        int more = await FewestFdsAsync(qzc) - fds;
        report.Add("qzc", $"{name} fds flat over the loss of QEMU", more is >= -12 and <= 12, "more fds", more);
    }

    private static async Task EndAsync(Report report, string name, Process qzc)
    {
        Process.Start("kill", ["-TERM", qzc.Id.ToString(CultureInfo.InvariantCulture)]).Dispose();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            await qzc.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            qzc.Kill();
        }

        report.Add("qzc", $"{name} ends when told to", qzc.HasExited && qzc.ExitCode == 0, "exit code", qzc.HasExited ? qzc.ExitCode : -1);
    }

    private static async Task<VideoStream> WatchAsync(Way way, int port, Process qzc)
    {
        for (long end = Environment.TickCount64 + (long)s_patience.TotalMilliseconds; ; await Task.Delay(100))
        {
            var video = new VideoStream(new Uri($"ws://127.0.0.1:{port}/video"), Token, $"{Output}/qzc-{way.Name}");
            try
            {
                await video.OpenAsync();
                return video;
            }
            catch (WebSocketException) when (!qzc.HasExited && Environment.TickCount64 < end)
            {
                await video.DisposeAsync();
            }
        }
    }

    private static Process StartQzc(Way way, int port)
    {
        string command = $"exec {s_lab}/../publish/qzc attach --qmp {Attached} --listen 127.0.0.1:{port} --token {Token} {string.Join(' ', way.Options)} >{Output}/qzc-{way.Name}.log 2>&1";
        return Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command])
        {
            Environment = { ["LIBVA_DRIVERS_PATH"] = $"{s_lab}/../va-software", ["LIBVA_DRIVER_NAME"] = "software" },
        })!;
    }

    private static Process StartQemu()
    {
        File.Delete(Control);
        File.Delete(Attached);
        string command = $"exec qemu-system-x86_64 -accel tcg -m 64 -nodefaults -no-user-config -vga none -device virtio-vga-gl -serial null -monitor none"
            + $" -display dbus,p2p=yes,gl=on,rendernode={Node} -qmp unix:{Control},server=on,wait=off -qmp unix:{Attached},server=on,wait=off"
            + $" -drive file={s_lab}/screen.img,format=raw,if=ide,snapshot=on </dev/null >>{Output}/qemu.log 2>&1";
        return Process.Start("/bin/sh", ["-c", command]);
    }

    private static async Task<QmpClient> MonitorAsync()
    {
        for (long end = Environment.TickCount64 + (long)s_patience.TotalMilliseconds; ; await Task.Delay(100))
        {
            try
            {
                return await QmpClient.ConnectAsync(Control, CancellationToken.None);
            }
            catch (QmpException) when (Environment.TickCount64 < end)
            {
                // QEMU is still starting.
            }
        }
    }

    private static Task<JsonElement> PressKeyAsync(QmpClient monitor) => monitor.ExecuteAsync("send-key", json =>
    {
        json.WriteStartArray("keys");
        json.WriteStartObject();
        json.WriteString("type", "qcode");
        json.WriteString("data", "a");
        json.WriteEndObject();
        json.WriteEndArray();
    });

    private static HttpClient Client(int port) => new()
    {
        BaseAddress = new Uri($"http://127.0.0.1:{port}/"),
        DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", Token) },
    };

    /// <summary>The fewest of a second: at other moments scanouts and fences are on their way between threads.</summary>
    private static async Task<int> FewestFdsAsync(Process process)
    {
        int fewest = int.MaxValue;
        for (int i = 0; i < 20; i++, await Task.Delay(50))
            fewest = Math.Min(fewest, Directory.GetFiles($"/proc/{process.Id}/fd").Length);
        return fewest;
    }
}
