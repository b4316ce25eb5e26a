using System.Diagnostics;
using QemuZeroCopy.Bench;
using QemuZeroCopy.Bench.Report.Page;

namespace QemuZeroCopy.Bench.Tests;

/// <summary>One benchmark's smoke run, in a process of its own as in the suite, with its result kept apart from the real ones.</summary>
internal static class BenchProcess
{
    public static async Task<ResultFile> SmokeAsync(string name)
    {
        string folder = Directory.CreateTempSubdirectory("qzc-smoke-").FullName;
        try
        {
            var start = new ProcessStartInfo("dotnet", [typeof(Suite).Assembly.Location, name, "--smoke", "--out", folder]) { RedirectStandardOutput = true, RedirectStandardError = true };
            using Process bench = Process.Start(start)!;
            Task<string> errors = bench.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            string output = await bench.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await bench.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(bench.ExitCode == 0, $"bench {name} ended with {bench.ExitCode}:\n{output}\n{await errors}");
            return ResultFile.Read(folder, new SuiteOutcome(name, 0, null));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
