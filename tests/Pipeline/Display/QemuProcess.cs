using System.Diagnostics;

namespace QemuZeroCopy.Pipeline.Tests.Display;

/// <summary>A real QEMU without a guest, sitting in its firmware's text screen.</summary>
internal sealed class QemuProcess : IDisposable
{
    private readonly Process _process;
    private readonly string _directory;

    private QemuProcess(Process process, string directory)
    {
        _process = process;
        _directory = directory;
    }

    internal string QmpPath => Path.Combine(_directory, "qmp");

    internal static async Task<QemuProcess> StartAsync(string display, params string[] arguments)
    {
        string directory = Directory.CreateTempSubdirectory("qzc-test").FullName;
        ProcessStartInfo start = new("qemu-system-x86_64") { RedirectStandardError = true, RedirectStandardOutput = true };
        string qmp = Path.Combine(directory, "qmp");
        string[] all =
        [
            "-nodefaults", "-machine", "q35", "-accel", "tcg", "-m", "64", "-name", "probe", "-uuid", "12345678-1234-1234-1234-123456789abc",
            "-display", display, "-qmp", $"unix:{qmp},server=on,wait=off", .. arguments,
        ];
        foreach (string argument in all)
            start.ArgumentList.Add(argument);
        Process process = Process.Start(start)!;
        QemuProcess qemu = new(process, directory);
        await Recorder.Until(() => IsListening(qmp) || process.HasExited, () => "QEMU's QMP socket");
        if (process.HasExited)
            throw new InvalidOperationException("QEMU did not start: " + await process.StandardError.ReadToEndAsync());
        return qemu;
    }

    // The socket's file is there before QEMU listens on it; the kernel's table tells.
    private static bool IsListening(string path) =>
        File.ReadLines("/proc/net/unix").Any(line => line.EndsWith(path, StringComparison.Ordinal) && line.Split(' ')[3] == "00010000");

    internal void Kill()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }
}
