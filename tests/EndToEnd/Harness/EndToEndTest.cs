using Microsoft.Playwright;

namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>What an end-to-end test starts, it starts through here: ended in reverse order, and its traces kept if it fails.</summary>
public abstract class EndToEndTest(Browser browser) : IAsyncLifetime
{
    private readonly Stack<IAsyncDisposable> _started = new();

    /// <summary>This test's own folder for sockets and logs; a Unix socket's path must stay below 108 bytes.</summary>
    internal string Folder { get; } = Directory.CreateTempSubdirectory("qzc-").FullName;

    internal async Task<QemuMachine> StartMachineAsync(MachineOptions? options = null) => Own(await QemuMachine.StartAsync(Folder, options));

    internal async Task<QzcProcess> AttachAsync(QemuMachine machine, int? port = null, params string[] more) => Own(await QzcProcess.AttachAsync(Folder, machine, port, more));

    /// <summary>Opens qzc's page; <paramref name="path"/> stands between the two, if given.</summary>
    internal async Task<Viewer> OpenAsync(QzcProcess qzc, NetworkPath? path = null) => Own(await browser.OpenAsync(qzc.Page, Folder, prepare: path is null ? null : path.InterposeAsync));

    /// <summary>Opens qzc's page after <paramref name="prepare"/> has had it.</summary>
    internal async Task<Viewer> OpenAsync(QzcProcess qzc, Func<Microsoft.Playwright.IPage, Task> prepare) => Own(await browser.OpenAsync(qzc.Page, Folder, prepare: prepare));

    internal async Task<Viewer> OpenAsync(Uri address) => Own(await browser.OpenAsync(address, Folder));

    internal async Task<Viewer> OpenAsync(QzcProcess qzc, BrowserNewContextOptions options) => Own(await browser.OpenAsync(qzc.Page, Folder, options));

    /// <summary>Machine, qzc and page, the usual three.</summary>
    internal async Task<(QemuMachine Machine, QzcProcess Qzc, Viewer Viewer)> StartSessionAsync(MachineOptions? options = null)
    {
        QemuMachine machine = await StartMachineAsync(options);
        QzcProcess qzc = await AttachAsync(machine);
        return (machine, qzc, await OpenAsync(qzc));
    }

    internal T Own<T>(T thing)
        where T : IAsyncDisposable
    {
        _started.Push(thing);
        return thing;
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        while (_started.TryPop(out IAsyncDisposable? thing))
            await thing.DisposeAsync();
        if (TestContext.Current.TestState?.Result == TestResult.Failed)
            Keep();
        Directory.Delete(Folder, recursive: true);
    }

    private void Keep()
    {
        string kept = Path.Combine(Paths.Artefacts, $"{GetType().Name}.{TestContext.Current.TestMethod?.MethodName}");
        Directory.CreateDirectory(kept);
        foreach (FileInfo file in new DirectoryInfo(Folder).EnumerateFiles().Where(file => file.UnixFileMode.HasFlag(UnixFileMode.UserRead) && file.Length > 0))
            file.CopyTo(Path.Combine(kept, file.Name), overwrite: true);
    }
}
