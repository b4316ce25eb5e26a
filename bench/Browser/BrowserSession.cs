using Microsoft.Playwright;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.Bench.Browser;

/// <summary>Chromium, and a folder for sockets and logs, for one benchmark.</summary>
internal sealed class BrowserSession : IAsyncDisposable
{
    private readonly IPlaywright _playwright;

    private BrowserSession(IPlaywright playwright, IBrowser chromium) => (_playwright, Chromium) = (playwright, chromium);

    public IBrowser Chromium { get; }

    public string Folder { get; } = Directory.CreateTempSubdirectory("qzc-bench-").FullName;

    /// <summary>Whom we are measured against, noVNC first.</summary>
    public static string[] Peers { get; } = ["noVNC", "spice-html5"];

    /// <summary>The peers in the order in which each repeat runs them.</summary>
    public static IReadOnlyList<Func<BenchMachine, string, Task<Screen>>> Screens { get; } = [Screen.OursAsync, Screen.NoVncAsync, Screen.SpiceAsync];

    public static async Task<BrowserSession> StartAsync()
    {
        IPlaywright playwright = await Playwright.CreateAsync();
        IBrowser chromium = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Paths.Chromium, Headless = true,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"],
        });
        return new BrowserSession(playwright, chromium);
    }

    public async ValueTask DisposeAsync()
    {
        await Chromium.DisposeAsync();
        _playwright.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
