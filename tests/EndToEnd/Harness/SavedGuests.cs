using System.Globalization;

namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>
/// Guests as they were when they had drawn their scene, in files of QEMU's migration format. Under TCG a boot takes five
/// seconds and going on from such a file half a second, so a machine like one before goes on from there.
/// </summary>
public sealed class SavedGuests : IDisposable
{
    /// <summary>A guest of 256 MiB leaves some 120 MB; tests of one class, which use the same, follow each other.</summary>
    private const int Most = 6;

    private readonly string _folder = Directory.CreateTempSubdirectory("qzc-guests-").FullName;
    private readonly List<SavedGuest> _guests = [];
    private readonly Dictionary<string, TaskCompletionSource> _booting = [];
    private int _saved;

    public SavedGuests() => Current = this;

    /// <summary>Those of this run of the tests; null where each machine boots.</summary>
    internal static SavedGuests? Current { get; private set; }

    /// <summary>
    /// A guest of these options, to be disposed of once QEMU has read it; null if there is none. Who is told so boots one
    /// and keeps it by <see cref="SaveAsync"/>; others that want the same wait for that, and then ask again.
    /// </summary>
    internal async Task<SavedGuest?> FindAsync(MachineOptions options)
    {
        string key = KeyOf(options);
        while (true)
        {
            Task elsewhere;
            lock (_guests)
            {
                if (_guests.Find(guest => guest.Key == key) is { } found)
                {
                    _guests.Remove(found);
                    _guests.Add(found);
                    found.Readers++;
                    return found;
                }

                if (!_booting.TryGetValue(key, out TaskCompletionSource? booting))
                {
                    _booting.Add(key, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
                    return null;
                }

                elsewhere = booting.Task;
            }

            await elsewhere;
        }
    }

    /// <summary>Ends the wait of those that want the same guest, whatever came of the boot.</summary>
    internal void HasBooted(MachineOptions options)
    {
        lock (_guests)
        {
            if (_booting.Remove(KeyOf(options), out TaskCompletionSource? booting))
                booting.SetResult();
        }
    }

    /// <summary>Keeps a guest that has drawn its scene and was not used yet. It runs on.</summary>
    internal async Task SaveAsync(MachineOptions options, Qmp monitor, GuestSerial serial)
    {
        // A file or a port belongs to one test.
        if (options.Arguments.Any(argument => argument.Contains('/') || argument.Contains("port=", StringComparison.Ordinal)))
            return;
        // What it says at its start is said.
        await serial.TellAsync("ping", "pong ");
        string file = Path.Combine(_folder, Interlocked.Increment(ref _saved).ToString(CultureInfo.InvariantCulture));
        await monitor.ExecuteAsync("migrate-set-parameters", new() { ["max-bandwidth"] = 0 });
        try
        {
            await monitor.ExecuteAsync("migrate", new() { ["uri"] = $"exec:cat > {file}" });
        }
        catch (InvalidOperationException)
        {
            // Some devices cannot be migrated: these machines boot.
            return;
        }

        string status = "";
        await Eventually.IsTrueAsync("the guest's state in a file", async () => (status = (await monitor.ExecuteAsync("query-migrate"))!["status"]!.GetValue<string>()) is "completed" or "failed");
        IReadOnlyList<string> lines = serial.Lines;
        await monitor.ExecuteAsync("cont");
        monitor.Events.Clear();
        if (status == "failed")
            return;
        lock (_guests)
        {
            // Those that are just being read are one or two.
            if (_guests.Count >= Most && _guests.Find(static guest => guest.Readers == 0) is { } oldest)
            {
                File.Delete(oldest.File);
                _guests.Remove(oldest);
            }

            _guests.Add(new SavedGuest(this, KeyOf(options), file, lines));
        }
    }

    public void Dispose()
    {
        Current = null;
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Whatever makes the guest and its devices; not how they are looked at.</summary>
    private static string KeyOf(MachineOptions options) => string.Join('\n', [.. QemuMachine.GuestArguments(options), options.SoundFormat ?? ""]);

    /// <summary>Read by QEMU until it is disposed of.</summary>
    /// <param name="key">What it is found by.</param>
    /// <param name="file">QEMU takes it by <c>-incoming</c>.</param>
    /// <param name="lines">What it had said at its serial port.</param>
    internal sealed class SavedGuest(SavedGuests owner, string key, string file, IReadOnlyList<string> lines) : IDisposable
    {
        public string Key { get; } = key;

        public string File { get; } = file;

        public IReadOnlyList<string> Lines { get; } = lines;

        /// <summary>How many machines read it now; guarded by the owner's list.</summary>
        internal int Readers { get; set; }

        public void Dispose()
        {
            lock (owner._guests)
                Readers--;
        }
    }
}
