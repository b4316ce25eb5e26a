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
    private int _saved;

    public SavedGuests() => Current = this;

    /// <summary>Those of this run of the tests; null where each machine boots.</summary>
    internal static SavedGuests? Current { get; private set; }

    /// <summary>A guest of these options; null if there is none.</summary>
    internal SavedGuest? Find(MachineOptions options)
    {
        string key = KeyOf(options);
        SavedGuest? found = _guests.Find(guest => guest.Key == key);
        if (found is not null)
        {
            _guests.Remove(found);
            _guests.Add(found);
        }

        return found;
    }

    /// <summary>Keeps a guest that has drawn its scene and was not used yet. It runs on.</summary>
    internal async Task SaveAsync(MachineOptions options, Qmp monitor, GuestSerial serial)
    {
        // A file that is attached belongs to one test.
        if (options.Arguments.Any(argument => argument.Contains('/')))
            return;
        // What it says at its start is said.
        await serial.TellAsync("ping", "pong ");
        string file = Path.Combine(_folder, (++_saved).ToString(CultureInfo.InvariantCulture));
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
        if (_guests.Count == Most)
        {
            File.Delete(_guests[0].File);
            _guests.RemoveAt(0);
        }

        _guests.Add(new SavedGuest(KeyOf(options), file, lines));
    }

    public void Dispose()
    {
        Current = null;
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Whatever makes the guest and its devices; not how they are looked at.</summary>
    private static string KeyOf(MachineOptions options) => string.Join('\n', [.. QemuMachine.GuestArguments(options), options.SoundFormat ?? ""]);
}

/// <summary>One of <see cref="SavedGuests"/>.</summary>
/// <param name="Key">What it is found by.</param>
/// <param name="File">QEMU takes it by <c>-incoming</c>.</param>
/// <param name="Lines">What it had said at its serial port.</param>
internal sealed record SavedGuest(string Key, string File, IReadOnlyList<string> Lines);
