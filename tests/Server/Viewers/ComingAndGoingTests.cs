using QemuZeroCopy.WebRtc;
using QemuZeroCopy.WebRtc.Tests.Local;

namespace QemuZeroCopy.Server.Tests.Viewers;

/// <summary>Counts what the whole process has open: runs with nothing beside it.</summary>
[Collection(nameof(ComingAndGoingTests))]
[CollectionDefinition(nameof(ComingAndGoingTests), DisableParallelization = true)]
public sealed class ComingAndGoingTests : IDisposable
{
    private readonly LocalMedia _media = new();

    public void Dispose() => _media.Dispose();

    [Fact]
    public async Task A_thousand_come_and_go_by_every_way_and_leave_nothing_behind()
    {
        const int together = 20, rounds = 50;
        await RoundAsync(together);
        HashSet<string> files = OpenFiles();
        long memory = GC.GetTotalMemory(forceFullCollection: true);
        // More than the 256 that the server takes at once: who is not let go of keeps others out.
        for (int round = 1; round < rounds; round++)
            await RoundAsync(together);
        // A few may come from the runtime itself, at any time; one lost in a round alone would be fifty.
        await LocalMedia.UntilAsync("the last one's file descriptors", () => OpenFiles().Count <= files.Count + 10, () => string.Join(", ", OpenFiles().Except(files)));
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - memory, long.MinValue, 8 << 20);
        SocketViewer after = await _media.JoinAsync();
        await _media.UntilShownAsync(after, _media.Deliver(isKey: true));
    }

    private async Task RoundAsync(int count)
    {
        SocketViewer[] viewers = await Task.WhenAll(Enumerable.Range(0, count).Select(i => _media.JoinAsync(i % 4 == 3 ? TransportKind.Tcp : TransportKind.Udp)));
        int key = _media.Deliver(isKey: true);
        foreach (SocketViewer viewer in viewers)
            await _media.UntilShownAsync(viewer, key);
        foreach (SocketViewer viewer in viewers)
            await _media.LeaveAsync(viewer);
    }

    /// <summary>Every descriptor's number and what it is, which tells a loss apart from the runtime's own.</summary>
    private static HashSet<string> OpenFiles() => [.. Directory.GetFiles("/proc/self/fd").Select(path => $"{Path.GetFileName(path)} {new FileInfo(path).LinkTarget}")];
}
