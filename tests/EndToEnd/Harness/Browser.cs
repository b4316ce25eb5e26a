using Microsoft.Playwright;

namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>One headless Chromium for all tests; each viewer is a context of its own, with its own cookies.</summary>
public sealed class Browser : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("qzc-browser-");
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async ValueTask InitializeAsync()
    {
        _playwright = await Playwright.CreateAsync();
        string microphone = await FakeMicrophone.WriteAsync(_folder.FullName);
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Paths.Chromium,
            Headless = true,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
                "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", $"--use-file-for-fake-audio-capture={microphone}"],
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
        _folder.Delete(recursive: true);
    }

    internal async Task<Viewer> OpenAsync(Uri address, string folder, BrowserNewContextOptions? options = null, Func<IPage, Task>? prepare = null)
    {
        IBrowserContext context = await _browser!.NewContextAsync(options ?? new BrowserNewContextOptions { ViewportSize = new() { Width = 1280, Height = 800 } });
        return await Viewer.OpenAsync(context, address, folder, prepare);
    }
}
