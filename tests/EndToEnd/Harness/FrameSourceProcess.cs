namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>The frame source (bench/FrameSource): a display without a machine behind it, at any rate and size.</summary>
internal sealed class FrameSourceProcess : IAsyncDisposable
{
    private readonly ChildProgram _program;

    private FrameSourceProcess(ChildProgram program, string qmpPath) => (_program, QmpPath) = (program, qmpPath);

    /// <summary>What qzc attaches to.</summary>
    public string QmpPath { get; }

    public static async Task<FrameSourceProcess> StartAsync(string folder, string kind, string size, int framesPerSecond, int seed = 1, string memory = "shared")
    {
        string qmp = Path.Combine(folder, "source-qmp"), assembly = Path.Combine(AppContext.BaseDirectory, "QemuZeroCopy.FrameSource.dll");
        var program = new ChildProgram("frame-source", folder, "dotnet", [assembly, "--qmp", qmp, "--kind", kind, "--size", size, "--fps", $"{framesPerSecond}", "--seed", $"{seed}", "--memory", memory]);
        await program.LineAsync("behind");
        return new FrameSourceProcess(program, qmp);
    }

    public ValueTask DisposeAsync() => _program.DisposeAsync();
}
