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

    /// <summary>The browser's buffer begins long. It counts as settled this close to its aim, or after so many rounds.</summary>
    private const double SettledMs = 14;

    private const int MaxSettlingRounds = 3, SettlingBeeps = 12;

    private const int Rounds = 3, Beeps = 16;

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
        var report = new BenchReport("sound", isSmoke ? 1 : Rounds);
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
            JsonElement before = await SettleAsync(page, machine.Serial, isSmoke);
            var beeps = new BeepDelays(MaxMarkMs);
            for (int round = 0; round < (isSmoke ? 1 : Rounds); round++)
                await BeepAsync(page, machine.Serial, isSmoke ? 6 : Beeps, beeps);
            Add(report, name, beeps, before, await page.EvaluateAsync<JsonElement>("window.__sound.figures()"));
        }

        return report;
    }

    /// <summary>Beeps until the browser's buffer stands where it aims; its figures then.</summary>
    private static async Task<JsonElement> SettleAsync(IPage page, GuestSerial serial, bool isSmoke)
    {
        // Before the first packet there are no figures.
        await BeepAsync(page, serial, 2, new BeepDelays(MaxMarkMs));
        JsonElement now = await page.EvaluateAsync<JsonElement>("window.__sound.figures()");
        for (int round = 0; round < (isSmoke ? 1 : MaxSettlingRounds); round++)
        {
            JsonElement before = now;
            await BeepAsync(page, serial, isSmoke ? 4 : SettlingBeeps, new BeepDelays(MaxMarkMs));
            now = await page.EvaluateAsync<JsonElement>("window.__sound.figures()");
            double delay = Mean(before, now, "delay"), target = Mean(before, now, "target");
            if (delay - target < SettledMs && target < 25)
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

    /// <summary>Has the guest beep, and adds each beep's delay.</summary>
    private static async Task BeepAsync(IPage page, GuestSerial serial, int count, BeepDelays beeps)
    {
        var said = new List<(string Line, long At)>();
        void Note(string line, long at)
        {
            if (line.StartsWith("beep ", StringComparison.Ordinal))
                said.Add((line, at));
        }

        await page.EvaluateAsync("window.__sound.beeps = []");
        serial.Heard += Note;
        await serial.TellAsync($"beeps {count}");
        await serial.LineAsync($"beep {count} ", serial.Position);
        serial.Heard -= Note;
        await Task.Delay(300);
        double offset = await PageClock.OffsetMsAsync(page);
        beeps.Add(count, said, [.. (await page.EvaluateAsync<double[]>("window.__sound.beeps")).Select(at => at + offset)]);
    }
}
