using System.Diagnostics;
using System.Text;

namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>A child process whose whole output is kept, and which never outlives the test.</summary>
internal sealed class ChildProgram : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly string _logPath;

    public ChildProgram(string name, string logFolder, string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        Name = name;
        _logPath = Path.Combine(logFolder, $"{name}.log");
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        foreach ((string key, string value) in environment ?? new Dictionary<string, string>())
            start.Environment[key] = value;
        Keep($"$ {program} {string.Join(' ', start.ArgumentList)}");
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data, error: true);
        _process.Start();
        _process.StandardInput.Close();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Name { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>Everything written so far, both streams, in the order of arrival, after the command line itself.</summary>
    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>What was written to stderr alone.</summary>
    public List<string> Errors { get; } = [];

    /// <summary>Waits for a line that contains <paramref name="part"/>; a process that ends first is a failure with its output.</summary>
    public Task<string> LineAsync(string part, TimeSpan? patience = null) => Eventually.GetAsync($"'{part}' from {Name}", () =>
    {
        string? line = Output.Split('\n').Skip(1).FirstOrDefault(line => line.Contains(part, StringComparison.Ordinal));
        return line is null && HasExited
            ? throw new InvalidOperationException($"{Name} ended with {ExitCode} before it said '{part}':\n{Output}")
            : Task.FromResult(line);
    }, () => Output, patience);

    public async Task<int> ExitAsync(TimeSpan? patience = null)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(patience ?? Eventually.Patience);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{Name} did not end:\n{Output}");
        }

        return _process.ExitCode;
    }

    public void Signal(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", $"{Id}"]);
        kill.WaitForExit();
    }

    public void Kill()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        await File.WriteAllTextAsync(_logPath, Output, CancellationToken.None);
        _process.Dispose();
    }

    private void Keep(string? line, bool error = false)
    {
        if (line is null)
            return;
        lock (_output)
        {
            _output.Append(line).Append('\n');
            if (error)
                Errors.Add(line);
        }
    }
}
