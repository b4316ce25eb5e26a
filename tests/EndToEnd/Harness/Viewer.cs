using System.Text.Json;
using Microsoft.Playwright;

namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>Our page in a real browser, and what it really shows: pixels are read back from what the video element presents.</summary>
internal sealed class Viewer : IAsyncDisposable
{
    // Seen from outside the page's own code: a mode change must not need a new connection, and the microphone is asked for
    // by a click alone. Notes the first picture, and keeps the session's socket for tests that say what the page never would.
    private const string CountConnections = """
        (() => {
          const Native = window.RTCPeerConnection;
          window.__connections = 0;
          window.RTCPeerConnection = class extends Native { constructor(...a) { super(...a); window.__connections++; window.__peer = this; } };
          new MutationObserver(() => { if (document.body?.dataset.state === 'picture') window.__pictureAt ??= performance.now(); })
            .observe(document, { subtree: true, attributes: true, attributeFilter: ['data-state'] });
          window.__asked = 0;
          const ask = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
          if (ask) navigator.mediaDevices.getUserMedia = constraints => { window.__asked++; return ask(constraints); };
          const NativeSocket = window.WebSocket;
          window.WebSocket = class extends NativeSocket { constructor(...a) { super(...a); if (String(a[0]).includes('/session')) window.__session = this; } };
        })();
        """;

    // Megabytes, which cost more to hand over than to compare: a picture that stands still is told by a word.
    private const string GrabScript = """
        async isKnown => {
          const shown = [...document.querySelectorAll('video, canvas')].find(e => (e.videoWidth || e.width) > 0 && e.getClientRects().length > 0);
          const width = shown?.videoWidth ?? shown?.width ?? 0, height = shown?.videoHeight ?? shown?.height ?? 0;
          if (!shown || !width || (shown.readyState ?? 4) < 2) return null;
          const canvas = window.__grab ??= new OffscreenCanvas(16, 16);
          canvas.width = width; canvas.height = height;
          const context = canvas.getContext('2d', { willReadFrequently: true });
          context.drawImage(shown, 0, 0);
          const bytes = new Uint8Array(context.getImageData(0, 0, width, height).data.buffer);
          if (isKnown != null) {
            const before = window.__grabbed, now = new Int32Array(bytes.buffer);
            window.__grabbed = { width, pixels: now };
            let alike = isKnown && before?.width === width && before.pixels.length === now.length ? 0 : -1;
            while (alike >= 0 && alike < now.length) alike = now[alike] === before.pixels[alike] ? alike + 1 : -1;
            if (alike >= 0) return 'the same';
          }
          let text = '';
          for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode.apply(null, bytes.subarray(i, i + 32768));
          return { width, height, data: btoa(text) };
        }
        """;

    private readonly IBrowserContext _context;
    private readonly string _folder;
    private readonly List<string> _console = [];
    private Picture? _last;

    private Viewer(IBrowserContext context, IPage page, string folder)
    {
        _context = context;
        Page = page;
        _folder = folder;
        page.Console += (_, message) => _console.Add($"{message.Type}: {message.Text}");
        page.PageError += (_, error) => _console.Add($"uncaught: {error}");
    }

    public IPage Page { get; }

    /// <summary>What the page wrote to its console, uncaught errors among it.</summary>
    public IReadOnlyList<string> Console => _console;

    public static async Task<Viewer> OpenAsync(IBrowserContext context, Uri address, string folder, Func<IPage, Task>? prepare = null)
    {
        context.SetDefaultTimeout((float)Eventually.Patience.TotalMilliseconds);
        IPage page = await context.NewPageAsync();
        var viewer = new Viewer(context, page, folder);
        await page.AddInitScriptAsync(CountConnections);
        if (prepare is not null)
            await prepare(page);
        await page.GotoAsync(address.ToString());
        return viewer;
    }

    /// <summary>How many peer connections the page has made since it was loaded.</summary>
    public Task<int> ConnectionsAsync() => Page.EvaluateAsync<int>("window.__connections");

    /// <summary>Waits until the page says that the picture comes this way: "UDP", "TCP" or "WebSocket".</summary>
    public Task WayAsync(string way) => Eventually.IsTrueAsync($"the picture over {way}", async () => (await LinkTextAsync()).StartsWith(way + " ·", StringComparison.Ordinal), () => $"the console said:\n{string.Join('\n', _console)}");

    /// <summary>What stands at the top right.</summary>
    public async Task<string> LinkTextAsync() => await Page.Locator("#link-text").TextContentAsync() ?? "";

    /// <summary>Waits until the page says that it is in this state: "picture", "gone", "lost"… (the body's data-state).</summary>
    public Task StateAsync(string state) => Eventually.IsTrueAsync($"the page's state '{state}'", async () => await StateAsync() == state, () => $"the console said:\n{string.Join('\n', _console)}");

    public Task<string?> StateAsync() => Page.EvaluateAsync<string?>("document.body.dataset.state ?? null");

    /// <summary>Waits until an expression is true in the page, whose own policy forbids what Playwright's waiting does.</summary>
    public Task UntilAsync(string expression) => Eventually.IsTrueAsync($"'{expression}' in the page", () => Page.EvaluateAsync<bool>(expression));

    /// <summary>Clicks a button of the bar, which shows itself to whoever has the focus in it.</summary>
    public async Task ClickBarAsync(string selector)
    {
        await Page.FocusAsync(selector);
        await Page.ClickAsync(selector);
    }

    /// <summary>The place on the page, in CSS pixels, where this pixel of the guest is shown.</summary>
    public async Task<(float X, float Y)> PlaceOfAsync(double x, double y, int guestWidth, int guestHeight)
    {
        double[] box = await Page.EvaluateAsync<double[]>("""
            () => {
              const shown = [...document.querySelectorAll('video, canvas')].find(e => (e.videoWidth || e.width) > 1 && e.getClientRects().length > 0);
              const r = shown.getBoundingClientRect();
              return [r.left, r.top, r.width, r.height];
            }
            """);
        return ((float)(box[0] + (x + 0.5) * box[2] / guestWidth), (float)(box[1] + (y + 0.5) * box[3] / guestHeight));
    }

    /// <summary>The picture that is shown now at its own size; null while there is none.</summary>
    public async Task<Picture?> GrabAsync()
    {
        JsonElement? grabbed = await Page.EvaluateAsync<JsonElement?>(GrabScript, _last is not null);
        if (grabbed is { ValueKind: JsonValueKind.String })
            return _last;
        if (grabbed is not { ValueKind: JsonValueKind.Object } found)
            return null;
        return _last = new Picture(found.GetProperty("width").GetInt32(), found.GetProperty("height").GetInt32(), found.GetProperty("data").GetBytesFromBase64());
    }

    /// <summary>The pixels of the still picture that stands until the video runs; null where there is none.</summary>
    public async Task<Picture?> GrabStillAsync()
    {
        JsonElement? grabbed = await Page.EvaluateAsync<JsonElement?>(GrabScript.Replace("'video, canvas'", "'#still'", StringComparison.Ordinal)
            .Replace("videoWidth", "naturalWidth", StringComparison.Ordinal).Replace("videoHeight", "naturalHeight", StringComparison.Ordinal), null);
        return grabbed is { ValueKind: JsonValueKind.Object } found
            ? new Picture(found.GetProperty("width").GetInt32(), found.GetProperty("height").GetInt32(), found.GetProperty("data").GetBytesFromBase64())
            : null;
    }

    /// <summary>Waits for a picture that meets the condition.</summary>
    public Task<Picture> PictureAsync(string what, Predicate<Picture> condition) => Eventually.GetAsync(what, async () =>
    {
        Picture? picture = await GrabAsync();
        return picture is not null && condition(picture) ? picture : null;
    }, () => $"The last picture was {(_last is null ? "none at all" : $"{_last.Width}×{_last.Height}, number {FrameBarcode.Read(_last)}")}; the console said:\n{string.Join('\n', _console)}");

    /// <summary>Waits for the guest's test card at this size and quality.</summary>
    public async Task<Picture> CardAsync(int width, int height, double psnr = 35, int head = 0)
    {
        Picture expected = TestCard.Expected(width, height, head);
        double best = 0;
        try
        {
            return await PictureAsync($"the test card at {width}×{height} with {psnr} dB", picture =>
            {
                double now = picture.Psnr(expected);
                best = Math.Max(best, now);
                return now >= psnr;
            });
        }
        catch (TimeoutException failure)
        {
            throw new TimeoutException($"{failure.Message}\nThe best was {best:F1} dB.", failure);
        }
    }

    public async ValueTask DisposeAsync()
    {
        // What a test that passed saw is of no use; in a session of several it is not known yet.
        if (TestContext.Current.TestState?.Result is not TestResult.Passed)
            await KeepAsync();
        await _context.DisposeAsync();
    }

    private async Task KeepAsync()
    {
        try
        {
            _last?.SavePpm(Path.Combine(_folder, "picture.ppm"));
            await File.WriteAllLinesAsync(Path.Combine(_folder, "console.log"), _console);
            await Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(_folder, "page.png"), Timeout = 10_000 });
        }
        catch (Exception lost) when (lost is PlaywrightException or TimeoutException)
        {
            // The page is gone; what was seen of it before is kept.
        }
    }
}
