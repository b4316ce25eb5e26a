using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Input.Barrier;

namespace QemuZeroCopy.Server.Tests.Input.Barrier;

/// <summary>The real barrierc on a real X server, judged by what a window there gets (xev) and by its clipboard.</summary>
public sealed partial class BarriercTests(ITestOutputHelper output) : IDisposable
{
    private static readonly PictureSize TwiceItsScreen = new(2560, 1440);
    private readonly string _home = Directory.CreateTempSubdirectory("qzc-barrierc-").FullName;

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Fact]
    public async Task Keys_come_out_in_the_clients_layout_with_their_modifiers()
    {
        using XServer x = await XServer.StartAsync(output, "fr");
        await using BarrierServer server = Start();
        using RealProcess client = StartClient(x, server);
        using RealProcess xev = await StartXevAsync(x);
        BarrierSink sink = await ReadyAsync(server);

        sink.MoveTo(200, 200, TwiceItsScreen);
        Tap(sink, "KeyQ", "a");
        Tap(sink, "Digit2", "é");
        sink.Key(new KeyInput(KeyAction.Down, "ShiftLeft", "Shift", KeyModifiers.Shift));
        Tap(sink, "KeyQ", "A", KeyModifiers.Shift);
        sink.Key(new KeyInput(KeyAction.Up, "ShiftLeft", "Shift", KeyModifiers.None));
        Tap(sink, "KeyA", "a"); // the same letter typed on a US keyboard
        Tap(sink, "ArrowLeft", "ArrowLeft");
        Tap(sink, "F5", "F5");
        Tap(sink, "ControlRight", "Control", KeyModifiers.Control);
        Tap(sink, "BracketLeft", "Dead"); // nothing by itself
        Tap(sink, "KeyE", "ê");
        Tap(sink, "Enter", "Enter");
        // As the page's menu sends it: without letters and modifiers.
        sink.Key(new KeyInput(KeyAction.Down, "ControlLeft", "", KeyModifiers.None));
        Tap(sink, "F1", "");
        sink.Key(new KeyInput(KeyAction.Up, "ControlLeft", "", KeyModifiers.None));

        await PressedAsync(xev, "a 24", "eacute 11", "Shift_L 50", "A 24", "a 24", "Left 113", "F5 71", "Control_R 105", "dead_circumflex 34", "e 26", "ecircumflex 0", "Return 36", "Control_L 37", "F1 67");
        Assert.Contains(Details(xev, "KeyPress"), line => line.Contains("state 0x4, keycode 67", StringComparison.Ordinal));
        // All that went down went up again, but for what the input method made of two keys.
        await Eventually.TrueAsync(() => Keys(xev, "KeyRelease").Count == Keys(xev, "KeyPress").Count - 1, () => "a key hangs: " + string.Join(", ", Keys(xev, "KeyRelease")));
    }

    [Fact]
    public async Task Motion_buttons_and_wheel_arrive_scaled_to_the_screen()
    {
        using XServer x = await XServer.StartAsync(output, "us");
        await using BarrierServer server = Start();
        using RealProcess client = StartClient(x, server);
        using RealProcess xev = await StartXevAsync(x);
        BarrierSink sink = await ReadyAsync(server);

        sink.MoveTo(200, 100, TwiceItsScreen);
        await xev.WaitForAsync(line => line.Contains("root:(100,50)", StringComparison.Ordinal), "the position");
        foreach (PointerButton button in Enum.GetValues<PointerButton>())
        {
            sink.Button(button, true);
            sink.Button(button, false);
        }

        sink.Scroll(0, 120);
        sink.Scroll(0, -60);
        sink.Scroll(0, -60);
        string[] wanted = ["1", "2", "3", "8", "9", "5", "4"];
        await Eventually.TrueAsync(() => Buttons(xev).SequenceEqual(wanted), () => "buttons: " + string.Join(' ', Buttons(xev)));

        sink.MoveBy(10, -20);
        await xev.WaitForAsync(line => line.Contains("root:(110,30)", StringComparison.Ordinal), "the motion");
    }

    [Fact]
    public async Task Clipboard_text_goes_both_ways()
    {
        const string Ours = "grüße\nzwei", Theirs = "vom anderen Rechner ✓";
        using XServer x = await XServer.StartAsync(output, "us");
        await using BarrierServer server = Start();
        using RealProcess client = StartClient(x, server);
        BarrierSink sink = await ReadyAsync(server);
        string? heard = null;
        sink.GuestClipboardChanged += text => Volatile.Write(ref heard, text);

        sink.MoveTo(200, 200, TwiceItsScreen);
        await Eventually.TrueAsync(() => sink.Capabilities.HasFlag(InputCapabilities.Clipboard), () => "no clipboard");
        sink.SetClipboardText(Ours);
        await client.WaitForAsync(line => line.Contains("clipboard was updated", StringComparison.Ordinal), "that it has the clipboard");
        using (RealProcess paste = x.Run("xclip -o", "xclip", "-o", "-selection", "clipboard"))
            await Eventually.TrueAsync(() => string.Join('\n', paste.Lines) == Ours, () => "pasted: " + string.Join('\n', paste.Lines));

        using RealProcess copy = x.Run("xclip -i", "xclip", "-i", "-selection", "clipboard", "-quiet");
        await copy.Input.WriteAsync(Theirs);
        copy.Input.Close();
        await Eventually.TrueAsync(() => Volatile.Read(ref heard) == Theirs, () => $"heard: {Volatile.Read(ref heard)}");
    }

    [Fact]
    public async Task A_megabyte_of_text_arrives_whole_in_both_directions()
    {
        string text = string.Join('\n', Enumerable.Range(0, 100_000).Select(i => i.ToString("D9", CultureInfo.InvariantCulture)));
        using XServer x = await XServer.StartAsync(output, "us");
        await using BarrierServer server = Start();
        using RealProcess client = StartClient(x, server);
        BarrierSink sink = await ReadyAsync(server);
        string? heard = null;
        sink.GuestClipboardChanged += got => Volatile.Write(ref heard, got);

        sink.MoveTo(200, 200, TwiceItsScreen);
        await Eventually.TrueAsync(() => sink.Capabilities.HasFlag(InputCapabilities.Clipboard), () => "no clipboard");
        sink.SetClipboardText(text);
        await client.WaitForAsync(line => line.Contains("clipboard was updated", StringComparison.Ordinal), "that it has the clipboard");

        string file = Path.Combine(_home, "text");
        await File.WriteAllTextAsync(file, text + "!", TestContext.Current.CancellationToken);
        using RealProcess copy = x.Run("xclip -i", "xclip", "-i", "-selection", "clipboard", "-quiet", file);
        await Eventually.TrueAsync(() => Volatile.Read(ref heard) == text + "!", () => $"heard {Volatile.Read(ref heard)?.Length} characters");
    }

    [Fact]
    public async Task With_TLS_the_client_connects_once_it_trusts_the_shown_fingerprint()
    {
        string pem = Path.Combine(_home, "own", "barrier.pem");
        using XServer x = await XServer.StartAsync(output, "us");
        await using BarrierServer server = Start(pem);
        using X509Certificate2 certificate = BarrierCertificate.LoadOrCreate(pem, DateTimeOffset.UtcNow);
        using (RealProcess stranger = StartClient(x, server, tls: true))
        {
            string shown = await stranger.WaitForAsync(line => line.Contains("fingerprint", StringComparison.OrdinalIgnoreCase), "a fingerprint");
            await Eventually.TrueAsync(() => stranger.Lines.Any(line => Sha256().Matches(line).Any(m => server.Fingerprint!.Contains(m.Value, StringComparison.OrdinalIgnoreCase))), () => $"shown: {shown}, ours: {server.Fingerprint}");
            Assert.Null(server.Roster.Find("desk"));
        }

        string trusted = Path.Combine(_home, "SSL", "Fingerprints", "TrustedServers.txt");
        Directory.CreateDirectory(Path.GetDirectoryName(trusted)!);
        await File.WriteAllTextAsync(trusted, BarrierCertificate.TrustLine(certificate) + "\n", TestContext.Current.CancellationToken);
        using RealProcess client = StartClient(x, server, tls: true);
        using RealProcess xev = await StartXevAsync(x);
        BarrierSink sink = await ReadyAsync(server);
        sink.MoveTo(200, 200, TwiceItsScreen);
        Tap(sink, "KeyA", "a");
        await PressedAsync(xev, "a 38");
    }

    [Fact]
    public async Task A_client_comes_back_by_itself_after_a_restart_of_the_server_and_its_page_goes_on()
    {
        using XServer x = await XServer.StartAsync(output, "us");
        BarrierServer server = Start();
        int port = server.EndPoint.Port;
        using RealProcess client = StartClient(x, server);
        using RealProcess xev = await StartXevAsync(x);
        BarrierSink sink = await ReadyAsync(server);
        sink.MoveTo(200, 200, TwiceItsScreen);
        sink.Key(new KeyInput(KeyAction.Down, "ShiftLeft", "Shift", KeyModifiers.Shift));
        await PressedAsync(xev, "Shift_L 50");
        await server.DisposeAsync();
        Assert.False(sink.IsConnected);

        await using BarrierServer again = Start(port: port);
        sink = await ReadyAsync(again);
        sink.MoveTo(200, 200, TwiceItsScreen);
        Tap(sink, "KeyB", "b");
        await PressedAsync(xev, "Shift_L 50", "b 56");
    }

    private static void Tap(BarrierSink sink, string code, string key, KeyModifiers modifiers = KeyModifiers.None)
    {
        sink.Key(new KeyInput(KeyAction.Down, code, key, modifiers));
        sink.Key(new KeyInput(KeyAction.Up, code, key, modifiers));
    }

    private static BarrierServer Start(string? certificate = null, int port = 0)
    {
        var settings = new BarrierSettings { Listen = new IPEndPoint(IPAddress.Loopback, port), UseTls = certificate is not null };
        return BarrierServer.Start(certificate is null ? settings : settings with { CertificatePath = certificate }, TimeProvider.System, NullLogger.Instance);
    }

    private RealProcess StartClient(XServer x, BarrierServer server, bool tls = false) => x.Run(
        "barrierc", "barrierc", "--no-daemon", "--no-tray", "--debug", "INFO", "--profile-dir", _home, "--name", "desk",
        tls ? "--enable-crypto" : "--disable-crypto", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{server.EndPoint.Port}"));

    private static async Task<RealProcess> StartXevAsync(XServer x)
    {
        RealProcess xev = x.Run("xev", "stdbuf", "-oL", "xev", "-geometry", "1280x720+0+0", "-event", "keyboard", "-event", "mouse", "-event", "button");
        await xev.WaitForAsync(line => line.StartsWith("EnterNotify", StringComparison.Ordinal) || line.StartsWith("Outer window", StringComparison.Ordinal), "that its window is there");
        return xev;
    }

    private static async Task<BarrierSink> ReadyAsync(BarrierServer server)
    {
        await Eventually.TrueAsync(() => server.Roster.Find("desk") is { } sink && sink.Capabilities.HasFlag(InputCapabilities.Clipboard), () => "barrierc did not connect.");
        return server.Roster.Find("desk")!;
    }

    private static async Task PressedAsync(RealProcess xev, params string[] wanted) =>
        await Eventually.TrueAsync(() => Keys(xev, "KeyPress").SequenceEqual(wanted), () => $"pressed: {string.Join(", ", Keys(xev, "KeyPress"))}");

    /// <summary>"keysym keycode" of each event of a kind.</summary>
    private static List<string> Keys(RealProcess xev, string kind) =>
        [.. Details(xev, kind).Select(line => KeyLine().Match(line)).Where(match => match.Success).Select(match => $"{match.Groups[2].Value} {match.Groups[1].Value}")];

    private static List<string> Buttons(RealProcess xev) =>
        [.. Details(xev, "ButtonPress").Select(line => ButtonLine().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value)];

    /// <summary>The third line of each event, which has what matters.</summary>
    private static IEnumerable<string> Details(RealProcess xev, string kind)
    {
        string[] lines = [.. xev.Lines];
        return lines.Select((line, index) => (line, index)).Where(at => at.line.StartsWith(kind, StringComparison.Ordinal) && at.index + 2 < lines.Length).Select(at => lines[at.index + 2]);
    }

    [GeneratedRegex(@"keycode (\d+) \(keysym 0x[0-9a-f]+, (\w+)\)")]
    private static partial Regex KeyLine();

    [GeneratedRegex(@"button (\d+),")]
    private static partial Regex ButtonLine();

    [GeneratedRegex("([0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}")]
    private static partial Regex Sha256();
}
