using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace QemuZeroCopy.Server.Cli.Doctor;

/// <summary>Looks at the machine without changing anything.</summary>
internal static class Probe
{
    /// <summary>How long a program may take to say something.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>What a program prints; null where it is not installed, hangs or fails.</summary>
    public static async Task<string?> OutputOfAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var timeout = new CancellationTokenSource(Timeout);
        try
        {
            using Process process = Process.Start(start)!;
            try
            {
                Task<string> errors = process.StandardError.ReadToEndAsync(timeout.Token);
                string output = await process.StandardOutput.ReadToEndAsync(timeout.Token).ConfigureAwait(false);
                output += await errors.ConfigureAwait(false);
                await process.WaitForExitAsync(timeout.Token).ConfigureAwait(false);
                return process.ExitCode == 0 ? output : null;
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                return null;
            }
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Whether a program of this name lies in one of PATH's folders.</summary>
    public static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries).Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>The first of the libraries that can be loaded; null for none.</summary>
    public static string? FirstLibrary(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out nint handle))
            {
                NativeLibrary.Free(handle);
                return name;
            }
        }

        return null;
    }

    /// <summary>Whether this user may open the file for reading and writing.</summary>
    public static bool CanOpen(string path)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return false;
        }
    }
}
