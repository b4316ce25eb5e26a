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
    /// <summary>Opus' lookahead at 48 kHz (opus_encoder_ctl's OPUS_GET_LOOKAHEAD).</summary>
    private const double LookaheadMs = 6.5;

    /// <summary>A card as QEMU has it of itself, and as docs/sound.md says; with what QEMU's audiodev is told beside its name.</summary>
    private static readonly (string Name, string[] Devices, string Audiodev)[] s_cards =
    [
        ("hda", ["intel-hda", "hda-duplex,audiodev=snd"], ""),
        ("hda_tuned", ["intel-hda", "hda-duplex,audiodev=snd,use-timer=off"], ",timer-period=2000,nsamples=240,out.frequency=48000"),
    ];

    public string Name => "sound";

    public string Summary => "from a sample that the guest's sound card takes to its turn in the page's audio track";

    public BenchReport Run(int repeats, bool isSmoke) => RunAsync(repeats, isSmoke).GetAwaiter().GetResult();

    private static async Task<BenchReport> RunAsync(int repeats, bool isSmoke)
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
            // The browser's buffer begins long, and comes down while it sees for most of a minute that it can.
            for (int round = 0; round < (isSmoke ? 1 : 4); round++)
                await BeepAsync(page, machine.Serial, isSmoke ? 4 : 40);
            JsonElement before = await page.EvaluateAsync<JsonElement>("window.__sound.figures()");
            Samples delays = await BeepAsync(page, machine.Serial, isSmoke ? 6 : 12 * repeats);
            Add(report, name, delays, before, await page.EvaluateAsync<JsonElement>("window.__sound.figures()"));
        }

        return report;
    }

    private static void Add(BenchReport report, string card, Samples delays, JsonElement before, JsonElement after)
    {
        double Between(string figure) => after.GetProperty(figure).GetDouble() - before.GetProperty(figure).GetDouble();
        double server = 1000 * Between("serverSum") / Between("serverCount"), buffer = 1000 * Between("delay") / Between("emitted");
        double mean = delays.Values.Average();
        report.Add(new BenchRow
        {
            Metric = $"delay_ms_p50_{card}", Unit = "ms", Value = delays.Median, Spread = delays.Spread, Target = Target.AtMost(60), Percentiles = delays.Percentiles(),
            Stages = new Dictionary<string, double> { ["QEMU"] = mean - server - LookaheadMs - buffer, ["server"] = server, ["lookahead"] = LookaheadMs, ["jitter buffer"] = buffer },
            Note = string.Create(CultureInfo.InvariantCulture, $"QEMU {mean - server - LookaheadMs - buffer:F1}, server {server:F2}, Opus {LookaheadMs}, jitter buffer {buffer:F1} (it aims at {1000 * Between("target") / Between("emitted"):F1}, and could do with {1000 * Between("least") / Between("emitted"):F1}); {delays.Count} beeps, {Between("concealed") / Between("received"):P2} concealed, {Between("slowed")} and {Between("hastened")} samples stretched and shortened"),
        });
        report.Add(new BenchRow { Metric = $"delay_ms_p95_{card}", Unit = "ms", Value = delays.Percentile(95), Target = Target.AtMost(60) });
    }

    /// <summary>Has the guest beep, and gives each beep's delay in ms. A beep that was not heard is left out.</summary>
    private static async Task<Samples> BeepAsync(IPage page, GuestSerial serial, int count)
    {
        var said = new List<long>();
        void Note(string line, long at)
        {
            if (line.StartsWith("beep ", StringComparison.Ordinal))
                said.Add(at);
        }

        await page.EvaluateAsync("window.__sound.beeps = []");
        serial.Heard += Note;
        await serial.TellAsync($"beeps {count}");
        await serial.LineAsync($"beep {count}", serial.Position);
        serial.Heard -= Note;
        await Task.Delay(300);
        double offset = await PageClock.OffsetMsAsync(page);
        double[] heard = [.. (await page.EvaluateAsync<double[]>("window.__sound.beeps")).Select(at => at + offset)];
        var delays = new Samples();
        foreach (double at in said.Select(PageClock.ToMs))
        {
            double? first = heard.Where(time => time > at - 5 && time < at + 240).Select(static time => (double?)time).FirstOrDefault();
            if (first is { } time)
                delays.Add(time - at);
        }

        return delays;
    }
}
