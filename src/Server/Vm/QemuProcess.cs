using System.ComponentModel;
using System.Diagnostics;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Server.Cli;

namespace QemuZeroCopy.Server.Vm;

/// <summary>A QEMU that we started, with its QMP socket in a folder that only this user can enter.</summary>
internal sealed class QemuProcess : IDisposable
{
    private static readonly TimeSpan s_helpTimeout = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly DirectoryInfo _folder;

    private QemuProcess(Process process, DirectoryInfo folder, string program) => (_process, _folder, Program) = (process, folder, program);

    /// <summary>What was started.</summary>
    public string Program { get; }

    public string QmpSocketPath => QmpPath(_folder);

    public bool HasExited => _process.HasExited;

    /// <summary>Starts <paramref name="command"/> with a D-Bus display and a QMP socket added; it shares our terminal.</summary>
    /// <param name="command">QEMU's command line.</param>
    /// <param name="displayOptions">More for the display, each with a comma before it.</param>
    /// <param name="withSound">Whether the display has the machine's sound too.</param>
    /// <exception cref="UserError">The program cannot be started, or brings a display of its own.</exception>
    public static QemuProcess Start(IReadOnlyList<string> command, string displayOptions = "", bool withSound = true)
    {
        if (command.Skip(1).FirstOrDefault(a => a is "-display" or "--display" or "-nographic" or "-curses" or "-sdl" or "-vnc" or "-spice") is { } own)
            throw UserError.Usage($"qzc run brings QEMU's display itself: leave {own} out of QEMU's command line.");
        if (withSound)
        {
            (command, string? backend) = QemuAudio.Connect(command);
            displayOptions += backend is null ? "" : $",audiodev={backend}";
        }

        DirectoryInfo folder = Directory.CreateTempSubdirectory("qzc-");
        var start = new ProcessStartInfo(command[0]) { UseShellExecute = false };
        foreach (string argument in command.Skip(1))
            start.ArgumentList.Add(argument);
        foreach (string argument in (string[])["-display", $"dbus,p2p=yes{displayOptions}", "-qmp", $"unix:{QmpPath(folder)},server=on,wait=off"])
            start.ArgumentList.Add(argument);
        try
        {
            return new QemuProcess(Process.Start(start)!, folder, command[0]);
        }
        catch (Win32Exception e)
        {
            folder.Delete(recursive: true);
            throw new UserError($"{command[0]} cannot be started ({e.Message}): check its name, or install QEMU (Debian: qemu-system-x86).", inner: e);
        }
    }

    /// <summary>Passes a signal on.</summary>
    public void Signal(int signal)
    {
        if (!_process.HasExited)
            ProcessSignal.Send(_process.Id, signal);
    }

    /// <summary>QEMU's exit code, once it has ended; 128 + n for signal n.</summary>
    public async Task<int> WaitForExitAsync()
    {
        await _process.WaitForExitAsync().ConfigureAwait(false);
        return _process.ExitCode;
    }

    /// <summary>Asks the program itself whether it was built with the D-Bus display.</summary>
    public static Task<bool> HasDBusDisplayAsync(string program) => OffersAsync(program, "-display");

    /// <summary>Asks the program itself whether it can hand its sound over by D-Bus.</summary>
    public static Task<bool> HasDBusSoundAsync(string program) => OffersAsync(program, "-audiodev");

    private static async Task<bool> OffersAsync(string program, string option)
    {
        var start = new ProcessStartInfo(program, [option, "help"]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var timeout = new CancellationTokenSource(s_helpTimeout);
        try
        {
            using Process help = Process.Start(start)!;
            string text = await help.StandardOutput.ReadToEndAsync(timeout.Token).ConfigureAwait(false);
            return text.Split('\n', StringSplitOptions.TrimEntries).Contains("dbus");
        }
        catch (Exception e) when (e is Win32Exception or OperationCanceledException or InvalidOperationException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            ProcessSignal.Send(_process.Id, ProcessSignal.Terminate);
            if (!_process.WaitForExit(TimeSpan.FromSeconds(3)))
                _process.Kill();
        }

        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private static string QmpPath(DirectoryInfo folder) => Path.Combine(folder.FullName, "qmp");
}
