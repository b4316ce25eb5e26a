using System.Collections.Concurrent;
using System.Diagnostics;

namespace QemuZeroCopy.Server.Tests.Input.Barrier;

/// <summary>A program run for a test: its output line by line, and its end when the test ends.</summary>
internal sealed class RealProcess : IDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ITestOutputHelper _output;
    private readonly string _label;

    public RealProcess(ITestOutputHelper output, string label, string file, IEnumerable<string> arguments, params (string Name, string Value)[] environment)
    {
        (_output, _label) = (output, label);
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{file} did not start.");
        _process.OutputDataReceived += OnLine;
        _process.ErrorDataReceived += OnLine;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public IReadOnlyCollection<string> Lines => _lines;

    public bool HasExited => _process.HasExited;

    public StreamWriter Input => _process.StandardInput;

    /// <summary>Waits for a line that fits; fails with all of the output when none comes.</summary>
    public async Task<string> WaitForAsync(Func<string, bool> fits, string what, int from = 0)
    {
        string? found = null;
        await Eventually.TrueAsync(() => (found = _lines.Skip(from).FirstOrDefault(fits)) is not null, () => $"{_label} never said {what}:\n{string.Join('\n', _lines)}");
        return found!;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    private void OnLine(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is null)
            return;
        _lines.Enqueue(line.Data);
        try
        {
            _output.WriteLine($"{_label}: {line.Data}");
        }
        catch (InvalidOperationException)
        {
            // The test is over.
        }
    }
}

/// <summary>Waits for what another program does; how long that takes is not the test's business.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task TrueAsync(Func<bool> condition, Func<string> complaint)
    {
        long begin = Stopwatch.GetTimestamp();
        while (!condition())
        {
            if (Stopwatch.GetElapsedTime(begin) > Patience)
                Assert.Fail(complaint());
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}
