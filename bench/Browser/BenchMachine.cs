using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.Bench.Browser;

/// <summary>One QEMU with the demo guest, whose screen is served by D-Bus, VNC and SPICE alike.</summary>
internal sealed class BenchMachine : IAsyncDisposable
{
    private BenchMachine(QemuMachine qemu, int vncPort, int spicePort) => (Qemu, VncPort, SpicePort) = (qemu, vncPort, spicePort);

    public QemuMachine Qemu { get; }

    public int VncPort { get; }

    public int SpicePort { get; }

    public static async Task<BenchMachine> StartAsync(string folder, string scene, string mode, int framesPerSecond)
    {
        const int firstVncPort = 5900;
        int vnc = VncPortFrom(QzcProcess.FreePort()), spice = QzcProcess.FreePort();
        QemuMachine qemu = await QemuMachine.StartAsync(folder, new MachineOptions
        {
            Scene = scene, Mode = mode, Append = $"qzc.fps={framesPerSecond}",
            Arguments = ["-vnc", $"127.0.0.1:{vnc - firstVncPort}", "-spice", $"port={spice},addr=127.0.0.1,disable-ticketing=on"],
        });
        return new BenchMachine(qemu, vnc, spice);
    }

    public ValueTask DisposeAsync() => Qemu.DisposeAsync();

    /// <summary>QEMU counts VNC displays from 5900 on, and a display number must be positive.</summary>
    private static int VncPortFrom(int free) => free > 5900 ? free : free + 10_000;
}
