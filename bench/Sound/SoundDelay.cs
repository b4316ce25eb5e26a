using System.Globalization;
using System.Text.Json;
using Microsoft.Playwright;
using QemuZeroCopy.Bench.Browser;
using QemuZeroCopy.Bench.Report;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.Bench.Sound;

/// <summary>
/// From the moment in which the guest's sound card takes a beep's first sample, which the guest says on its serial port, to
/// its turn in the page's audio track. Both are read on the host's monotonic clock.
/// </summary>
internal sealed class SoundDelay : IBenchmark
{
    /// <summary>Opus' lookahead at 48 kHz while nothing gets lost (opus_encoder_ctl's OPUS_GET_LOOKAHEAD).</summary>
    private const double LookaheadMs = 2.5;

    /// <summary>A beep that the card took within a time longer than this, in which the guest did not look, is not counted.</summary>
    private const double MaxMarkMs = 3;

    /// <summary>The block that QEMU gathers before it hands over the first sample of it; less than this cannot be.</summary>
    private const double LeastInQemuMs = 4;

    /// <summary>The browser's buffer begins long. It counts as settled this close to its aim, or after so many beeps.</summary>
    private const double SettledMs = 8, SettledAimMs = 25;

    private const int MostSettlingBeeps = 96, LeastSettlingBeeps = 24, LookAfterBeeps = 8;

    private const int Beeps = 48;

    /// <summary>A card as QEMU has it of itself, and as docs/sound.md says; with what QEMU's audiodev is told beside its name.</summary>
    private static readonly (string Name, string[] Devices, string Audiodev)[] s_cards =
    [
        ("hda", ["intel-hda", "hda-duplex,audiodev=snd"], ""),
        ("hda_tuned", ["intel-hda", "hda-duplex,audiodev=snd,use-timer=off"], ",timer-period=2000,nsamples=240,out.frequency=48000"),
    ];

    public string Name => "sound";

    public string Summary => "from a sample that the guest's sound card takes to its turn in the page's audio track";

    public BenchReport Run(int repeats, bool isSmoke) => RunAsync(isSmoke).GetAwaiter().GetResult();

    private static async Task<BenchReport> RunAsync(bool isSmoke)
    {
        var report = new BenchReport("sound", 1);
        await using BrowserSession session = await BrowserSession.StartAsync();
        foreach ((string name, string[] devices, string audiodev) in s_cards)
        {
            string folder = Directory.CreateDirectory(Path.Combine(session.Folder, name)).FullName;
            await using QemuMachine machine = await QemuMachine.StartAsync(folder, new MachineOptions { SoundFormat = audiodev, Devices = ["virtio-vga", .. devices] });
            await using QzcProcess qzc = await QzcProcess.AttachAsync(folder, machine);
            await using IBrowserContext context = await session.Chromium.NewContextAsync();
            IPage page = await context.NewPageAsync();
            await page.AddInitScriptAsync(EmbeddedScript.Read("sound-probe.js"));
            await page.GotoAsync(qzc.Page.ToString());
            await machine.Serial.LineAsync("device sound");
            await Eventually.IsTrueAsync("the page's audio track", () => page.EvaluateAsync<bool>("window.__sound.begin()"));
            // One stream for all, as a machine that plays has it: where one begins, the guest stutters.
            using var stream = new BeepStream(page, machine.Serial);
            await stream.BeginAsync(MostSettlingBeeps + Beeps + LookAfterBeeps);
            JsonElement before = await SettleAsync(page, stream, isSmoke);
            BeepDelays beeps = await stream.TakeAsync(isSmoke ? 6 : Beeps, MaxMarkMs);
            Add(report, name, beeps, before, await page.EvaluateAsync<JsonElement>("window.__sound.figures()"));
        }

        return report;
    }

    /// <summary>Waits until the browser's buffer stands where it aims; its figures then.</summary>
    private static async Task<JsonElement> SettleAsync(IPage page, BeepStream stream, bool isSmoke)
    {
        // Before the first packet there are no figures.
        await stream.PassAsync(2);
        JsonElement now = await page.EvaluateAsync<JsonElement>("window.__sound.figures()");
        for (int passed = 0; passed < (isSmoke ? LookAfterBeeps : MostSettlingBeeps - LookAfterBeeps); passed += LookAfterBeeps)
        {
            JsonElement before = now;
            await stream.PassAsync(LookAfterBeeps);
            now = await page.EvaluateAsync<JsonElement>("window.__sound.figures()");
            double aim = Mean(before, now, "target");
            if (passed >= LeastSettlingBeeps && Mean(before, now, "delay") - aim < SettledMs && aim < SettledAimMs)
                break;
        }

        return now;
    }

    /// <summary>A sum of the browser's over the samples that it has played between two readings, in ms.</summary>
    private static double Mean(JsonElement before, JsonElement after, string figure) =>
        1000 * (after.GetProperty(figure).GetDouble() - before.GetProperty(figure).GetDouble()) / (after.GetProperty("emitted").GetDouble() - before.GetProperty("emitted").GetDouble());

    private static void Add(BenchReport report, string card, BeepDelays beeps, JsonElement before, JsonElement after)
    {
        Samples delays = beeps.Delays;
        double Between(string figure) => after.GetProperty(figure).GetDouble() - before.GetProperty(figure).GetDouble();
        double server = 1000 * Between("serverSum") / Between("serverCount"), buffer = Mean(before, after, "delay");
        double mean = delays.Count > 0 ? delays.Values.Average() : 0, inQemu = mean - server - LookaheadMs - buffer;
        string? why = delays.Count * 2 < beeps.Asked
            ? string.Create(CultureInfo.InvariantCulture, $"of {beeps.Asked} beeps {beeps.Unseen} were not seen by the guest within {MaxMarkMs} ms of the card's taking them, {beeps.Unheard} not heard: too little of the processor was left for it")
            : server + buffer > BeepDelays.LatestMs / 2 ? string.Create(CultureInfo.InvariantCulture, $"the browser held {buffer:F0} ms in hand: which beep was heard cannot be told from so far behind, and nothing from a machine so busy")
            : inQemu < LeastInQemuMs ? string.Create(CultureInfo.InvariantCulture, $"the guest's word of its beeps came late: {inQemu:F1} ms would be left for QEMU's part") : null;
        if (why is not null)
        {
            foreach (int percent in new[] { 50, 95 })
                report.Add(new BenchRow { Metric = $"delay_ms_p{percent}_{card}", Unit = "ms", Target = Target.AtMost(60), Why = why });
            return;
        }

        report.Add(new BenchRow
        {
            Metric = $"delay_ms_p50_{card}", Unit = "ms", Value = delays.Median, Spread = delays.Spread, Target = Target.AtMost(60), Percentiles = delays.Percentiles(),
            Stages = new Dictionary<string, double> { ["QEMU"] = inQemu, ["server"] = server, ["lookahead"] = LookaheadMs, ["jitter buffer"] = buffer },
            Note = string.Create(CultureInfo.InvariantCulture, $"QEMU {inQemu:F1}, server {server:F2}, Opus {LookaheadMs}, jitter buffer {buffer:F1} (it aims at {Mean(before, after, "target"):F1}, and could do with {Mean(before, after, "least"):F1}); {delays.Count} beeps, {beeps.Unseen} left out, {Between("concealed") / Between("received"):P2} concealed, {Between("slowed")} and {Between("hastened")} samples stretched and shortened"),
        });
        report.Add(new BenchRow { Metric = $"delay_ms_p95_{card}", Unit = "ms", Value = delays.Percentile(95), Target = Target.AtMost(60) });
    }
}
