using System.Globalization;
using System.Net.Sockets;
using QemuZeroCopy.Bench.Host;
using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.Bench.Browser;

/// <summary>One way to see the guest in a browser: ours, or a peer's.</summary>
internal sealed class Screen : IAsyncDisposable
{
    private readonly ChildProgram? _gateway;
    private readonly QzcProcess? _qzc;

    private Screen(string name, Uri page, ChildProgram? gateway, QzcProcess? qzc)
    {
        Name = name;
        Page = page;
        _gateway = gateway;
        _qzc = qzc;
    }

    public string Name { get; }

    public Uri Page { get; }

    /// <summary>The process that serves this way; QEMU itself is shared by all.</summary>
    public int ProcessId => _gateway?.Id ?? _qzc!.Program.Id;

    /// <summary>CPU time of whatever serves the page, without QEMU, in seconds: websockify forks for each connection.</summary>
    public double CpuSeconds => ProcessUsage.Children(ProcessId).Prepend(ProcessId).Sum(ProcessUsage.CpuSeconds);

    /// <summary>The page of this project, served by the published binary.</summary>
    public static async Task<Screen> OursAsync(BenchMachine machine, string folder)
    {
        QzcProcess qzc = await QzcProcess.AttachAsync(folder, machine.Qemu);
        return new Screen("qzc", qzc.Page, null, qzc);
    }

    /// <summary>noVNC on QEMU's VNC server.</summary>
    public static async Task<Screen> NoVncAsync(BenchMachine machine, string folder)
    {
        (ChildProgram gateway, int port) = await GatewayAsync("novnc", "/usr/share/novnc", machine.VncPort, folder);
        return new Screen("noVNC", Address(port, $"vnc_lite.html?host=127.0.0.1&port={port}"), gateway, null);
    }

    /// <summary>spice-html5 on QEMU's SPICE server.</summary>
    public static async Task<Screen> SpiceAsync(BenchMachine machine, string folder)
    {
        (ChildProgram gateway, int port) = await GatewayAsync("spice", "/usr/share/spice-html5", machine.SpicePort, folder);
        return new Screen("spice-html5", Address(port, $"spice_auto.html?host=127.0.0.1&port={port}"), gateway, null);
    }

    public async ValueTask DisposeAsync()
    {
        if (_gateway is not null)
            await _gateway.DisposeAsync();
        if (_qzc is not null)
            await _qzc.DisposeAsync();
    }

    private static Uri Address(int port, string path) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/{path}"));

    private static async Task<(ChildProgram Gateway, int Port)> GatewayAsync(string name, string web, int target, string folder)
    {
        if (!Directory.Exists(web))
            throw new InvalidOperationException($"{web} is missing: run ./dev setup.");
        int port = QzcProcess.FreePort();
        var gateway = new ChildProgram(name, folder, "websockify", ["--web", web, $"127.0.0.1:{port}", $"127.0.0.1:{target}"]);
        await Eventually.IsTrueAsync($"websockify on port {port}", () => Listens(port), () => gateway.Output);
        return (gateway, port);
    }

    private static bool Listens(int port)
    {
        try
        {
            using var probe = new TcpClient("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
