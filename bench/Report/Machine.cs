using System.Diagnostics;

namespace QemuZeroCopy.Bench.Report;

/// <summary>Where a figure was measured.</summary>
internal static class Machine
{
    /// <summary>Processor, number of cores and kernel.</summary>
    public static string Describe()
    {
        string model = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(static line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown processor"
            : "unknown processor";
        return $"{model}, {Environment.ProcessorCount} cores, Linux {Environment.OSVersion.Version}";
    }

    /// <summary>The checked-out commit, with a + where the tree differs from it; "unknown" outside a checkout.</summary>
    public static string Commit()
    {
        string commit = Git("rev-parse --short HEAD");
        return commit.Length == 0 ? "unknown" : Git("status --porcelain --untracked-files=no").Length == 0 ? commit : commit + "+";
    }

    /// <summary>The top folder of the checkout.</summary>
    public static string Root() => Git("rev-parse --show-toplevel") is { Length: > 0 } root ? root : Environment.CurrentDirectory;

    private static string Git(string arguments)
    {
        try
        {
            using Process git = Process.Start(new ProcessStartInfo("git", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            string output = git.StandardOutput.ReadToEnd().Trim();
            git.WaitForExit();
            return git.ExitCode == 0 ? output : "";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "";
        }
    }
}
