using System.Diagnostics;

namespace QemuZeroCopy.Pipeline.Tests.Display;

/// <summary>A private dbus-daemon.</summary>
internal sealed class BusDaemon : IDisposable
{
    private readonly Process _process;

    private BusDaemon(Process process, string address)
    {
        _process = process;
        Address = address;
    }

    internal string Address { get; }

    internal static BusDaemon Start()
    {
        string directory = Directory.CreateTempSubdirectory("qzc-bus").FullName;
        ProcessStartInfo start = new("dbus-daemon") { RedirectStandardOutput = true };
        foreach (string argument in (string[])["--session", "--nofork", "--print-address", $"--address=unix:dir={directory}"])
            start.ArgumentList.Add(argument);
        Process process = Process.Start(start)!;
        string address = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("dbus-daemon did not start.");
        return new BusDaemon(process, address.Split(',')[0]);
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
