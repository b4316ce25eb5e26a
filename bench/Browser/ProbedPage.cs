using System.Text.Json;
using Microsoft.Playwright;
using QemuZeroCopy.Bench.Report;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.Bench.Browser;

/// <summary>A page in headless Chromium with the probe in it.</summary>
internal sealed class ProbedPage : IAsyncDisposable
{
    private static readonly string Probe = EmbeddedScript.Read("probe.js");
    private readonly IBrowserContext _context;
    private readonly IPage _page;

    private ProbedPage(IBrowserContext context, IPage page) => (_context, _page) = (context, page);

    /// <summary>Opens the page and waits until it shows the guest's screen as it lives.</summary>
    public static async Task<ProbedPage> OpenAsync(IBrowser browser, Uri address, int width, int height)
    {
        // Larger than the guest, so that nothing is scaled or cut off.
        IBrowserContext context = await browser.NewContextAsync(new() { ViewportSize = new() { Width = width + 80, Height = height + 160 } });
        IPage page = await context.NewPageAsync();
        await page.AddInitScriptAsync(Probe);
        await page.GotoAsync(address.ToString());
        var probed = new ProbedPage(context, page);
        await Eventually.IsTrueAsync($"a picture in {address.AbsolutePath}", async () => await page.EvaluateAsync<bool>("window.__probe.firstLiving !== null"));
        return probed;
    }

    /// <summary>From the page's start to its first picture, ms; a still one counts.</summary>
    public Task<double> FirstPictureMsAsync() => _page.EvaluateAsync<double>("window.__probe.firstPicture");

    /// <summary>From the page's start to the first picture that others follow, ms.</summary>
    public Task<double> FirstLivingMsAsync() => _page.EvaluateAsync<double>("window.__probe.firstLiving");

    /// <summary>Puts the keyboard and the pointer on the screen, as a person does before anything else.</summary>
    public async Task FocusAsync()
    {
        await _page.EvaluateAsync("document.querySelector('video, canvas')?.focus?.()");
        (float x, float y) = await CentreAsync();
        await _page.Mouse.MoveAsync(x - 200, y - 150);
        await Task.Delay(300);
    }

    /// <summary>Presses a key, and waits until the block has changed. Null when it does not within two seconds.</summary>
    public Task<double?> KeyAsync() => RespondAsync(async () => await _page.Keyboard.PressAsync("a"));

    /// <summary>Moves the pointer by some pixels, and waits until the block has changed.</summary>
    public async Task<double?> PointerAsync(int step)
    {
        (float x, float y) = await CentreAsync();
        // Never where it stands already: seven and five places have the same pair only every 35 steps.
        return await RespondAsync(() => _page.Mouse.MoveAsync(x - 191 + step % 7 * 9, y - 143 + step % 5 * 7));
    }

    /// <summary>Counts the distinct pictures shown in a span of time, and the gaps between them in ms.</summary>
    public async Task<(int Pictures, Samples GapsMs)> CountAsync(TimeSpan span)
    {
        await StartCountingAsync();
        await Task.Delay(span);
        return await StopCountingAsync();
    }

    /// <summary>Counts from now on.</summary>
    public Task StartCountingAsync() => _page.EvaluateAsync("window.__probe.frames = [], window.__probe.counting = true");

    /// <summary>What <see cref="CountAsync"/> gives, since <see cref="StartCountingAsync"/>.</summary>
    public async Task<(int Pictures, Samples GapsMs)> StopCountingAsync()
    {
        JsonElement times = await _page.EvaluateAsync<JsonElement>("(window.__probe.counting = false, window.__probe.frames.map(f => f.now))");
        var gaps = new Samples();
        double[] at = [.. times.EnumerateArray().Select(static t => t.GetDouble())];
        for (int i = 1; i < at.Length; i++)
            gaps.Add(at[i] - at[i - 1]);
        return (at.Length, gaps);
    }

    /// <summary>RTP packets of video received so far; 0 in pages that use none.</summary>
    public Task<long> VideoPacketsAsync() => _page.EvaluateAsync<long>("window.__probe.videoPackets()");

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();

    private async Task<double?> RespondAsync(Func<Task> act)
    {
        int before = await _page.EvaluateAsync<int>("(window.__probe.arm(), window.__probe.waiting = null, window.__probe.responses.length)");
        await act();
        for (int i = 0; i < 100; i++)
        {
            await Task.Delay(20);
            double[] responses = await _page.EvaluateAsync<double[]>("window.__probe.responses");
            if (responses.Length > before)
                return responses[before];
        }

        return null;
    }

    private async Task<(float X, float Y)> CentreAsync()
    {
        var box = await _page.EvaluateAsync<float[]>("""
            () => { const r = [...document.querySelectorAll('video, canvas')].filter(e => (e.videoWidth || e.width) >= 320)[0].getBoundingClientRect();
                    return [r.x + r.width / 2, r.y + r.height / 2]; }
            """);
        return (box[0], box[1]);
    }
}
