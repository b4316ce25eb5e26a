using System.Globalization;

namespace QemuZeroCopy.Server.Tests.Input.Barrier;

/// <summary>An X server without a screen, and programs on it.</summary>
internal sealed class XServer : IDisposable
{
    private readonly ITestOutputHelper _output;
    private readonly RealProcess _server;
    private readonly string _display;

    private XServer(ITestOutputHelper output, RealProcess server, string display) => (_output, _server, _display) = (output, server, display);

    public static async Task<XServer> StartAsync(ITestOutputHelper output, string layout)
    {
        var process = new RealProcess(output, "Xvfb", "Xvfb", ["-displayfd", "1", "-screen", "0", "1280x720x24", "-nolisten", "tcp", "-noreset"]);
        string number = await process.WaitForAsync(line => int.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out _), "its display");
        var server = new XServer(output, process, ":" + number);
        using RealProcess keyboard = server.Run("setxkbmap", "setxkbmap", layout);
        await Eventually.TrueAsync(() => keyboard.HasExited, () => "setxkbmap did not end");
        return server;
    }

    public RealProcess Run(string label, string file, params string[] arguments) => new(_output, label, file, arguments, ("DISPLAY", _display));

    public void Dispose() => _server.Dispose();
}
