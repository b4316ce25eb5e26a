using Microsoft.Playwright;

namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>
/// One machine, one qzc and one page for all tests of a class: what they look at stands still between them. What was
/// seen stays in artifacts/e2e/CLASS, as nobody knows here how the tests went.
/// </summary>
public abstract class SharedSession(Browser browser) : IAsyncLifetime
{
    private readonly Stack<IAsyncDisposable> _started = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("qzc-").FullName;

    internal QemuMachine Machine { get; private set; } = null!;

    internal QzcProcess Qzc { get; private set; } = null!;

    internal Viewer Viewer { get; private set; } = null!;

    internal GuestSerial Guest => Machine.Serial;

    internal IPage Page => Viewer.Page;

    private protected virtual MachineOptions Options => new();

    private protected virtual string[] QzcArguments => [];

    /// <summary>For files of the session; gone after it.</summary>
    private protected string Folder => _folder;

    public virtual async ValueTask InitializeAsync()
    {
        Machine = Own(await QemuMachine.StartAsync(_folder, Options));
        Qzc = Own(await QzcProcess.AttachAsync(_folder, Machine, null, QzcArguments));
        Viewer = await OpenAsync();
        await Viewer.StateAsync("picture");
    }

    /// <summary>Another page of the same machine, in a browser context of its own.</summary>
    internal async Task<Viewer> OpenAsync(string query = "", BrowserNewContextOptions? options = null) =>
        Own(await browser.OpenAsync(new Uri(Qzc.Page + query), _folder, options));

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        while (_started.TryPop(out IAsyncDisposable? thing))
            await thing.DisposeAsync();
        string kept = Path.Combine(Paths.Artefacts, GetType().DeclaringType?.Name ?? GetType().Name);
        Directory.CreateDirectory(kept);
        foreach (FileInfo file in new DirectoryInfo(_folder).EnumerateFiles().Where(file => file.UnixFileMode.HasFlag(UnixFileMode.UserRead) && file.Length > 0))
            file.CopyTo(Path.Combine(kept, file.Name), overwrite: true);
        Directory.Delete(_folder, recursive: true);
    }

    private T Own<T>(T thing)
        where T : IAsyncDisposable
    {
        _started.Push(thing);
        return thing;
    }
}
