using System.Text.Json;
using Microsoft.Playwright;
using QemuZeroCopy.Bench.Host;
using QemuZeroCopy.Bench.Report;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.Bench.Browser;

/// <summary>From QEMU's word of a new scanout to its first picture on the screen, for a guest in motion that changes its mode.</summary>
internal sealed class ModeChange : IBenchmark
{
    private const int FramesPerSecond = 60;

    private static readonly (int Width, int Height)[] s_modes = [(1024, 768), (1920, 1080), (1280, 800)];

    public string Name => "modes";

    public string Summary => "from a new mode of the guest to its first picture on the screen, by stages";

    public BenchReport Run(int repeats, bool isSmoke) => RunAsync(isSmoke ? 1 : 3 * repeats, isSmoke).GetAwaiter().GetResult();

    private static async Task<BenchReport> RunAsync(int repeats, bool isSmoke)
    {
        await using BrowserSession session = await BrowserSession.StartAsync();
        await using QemuMachine machine = await QemuMachine.StartAsync(session.Folder, new MachineOptions { Scene = "anim", Append = $"qzc.fps={FramesPerSecond}" });
        await using QzcProcess qzc = await QzcProcess.AttachAsync(session.Folder, machine);
        await using IBrowserContext context = await session.Chromium.NewContextAsync();
        IPage page = await context.NewPageAsync();
        await page.AddInitScriptAsync(EmbeddedScript.Read("mode-probe.js"));
        await page.GotoAsync(qzc.Page.ToString());
        await page.WaitForSelectorAsync("body[data-state=picture]");
        await page.EvaluateAsync("window.__modes.begin()");
        var totals = s_modes.ToDictionary(static mode => mode, static _ => new Samples());
        var stages = s_modes.ToDictionary(static mode => mode, static _ => new double[StageReading.Parts.Count + 2]);
        for (int i = 0; i < repeats * s_modes.Length; i++)
        {
            (int Width, int Height) mode = s_modes[i % s_modes.Length];
            await machine.Serial.TellAsync($"mode {mode.Width}x{mode.Height}");
            JsonElement first = (JsonElement)await Eventually.GetAsync($"the first picture at {mode.Width}x{mode.Height}",
                async () => await page.EvaluateAsync<JsonElement?>("window.__modes.last()") is { ValueKind: JsonValueKind.Object } found && found.GetProperty("width").GetInt32() == mode.Width ? (object)found : null);
            double offset = await PageClock.OffsetMsAsync(page);
            double[] host = [.. first.GetProperty("stages").EnumerateArray().Select(static stage => stage.GetDouble())];
            double sent = first.GetProperty("sentAt").GetDouble(), received = first.GetProperty("receivedAt").GetDouble() + offset, shown = first.GetProperty("shownAt").GetDouble() + offset;
            double[] all = [.. host, received - sent, shown - received];
            totals[mode].Add(all.Sum());
            for (int stage = 0; stage < all.Length; stage++)
                stages[mode][stage] += all[stage] / repeats;
            await Task.Delay(isSmoke ? 100 : 700);
        }

        var report = new BenchReport("modes", repeats);
        foreach ((int Width, int Height) mode in s_modes)
        {
            Samples total = totals[mode];
            string[] names = [.. StageReading.Parts, "path", "browser"];
            string size = $"{mode.Width}x{mode.Height}";
            report.Add(new BenchRow
            {
                Metric = $"first_picture_frames_p50_{size}", Unit = "frames", Value = total.Median * FramesPerSecond / 1000, Spread = total.Spread * FramesPerSecond / 1000, Target = Target.AtMost(2),
            });
            report.Add(new BenchRow
            {
                Metric = $"first_picture_ms_p50_{size}", Unit = "ms", Value = total.Median, Spread = total.Spread, Percentiles = total.Percentiles(),
                Stages = names.Select((name, i) => (name, i)).ToDictionary(static stage => stage.name, stage => stages[mode][stage.i]),
                Note = string.Join(", ", names.Select((name, i) => FormattableString.Invariant($"{name} {stages[mode][i]:F1}"))),
            });
        }

        return report;
    }
}
