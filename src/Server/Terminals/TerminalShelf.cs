using QemuZeroCopy.Pipeline.Display.Chardevs;

namespace QemuZeroCopy.Server.Terminals;

/// <summary>The machine's terminals: those of its character devices that a person can make something of.</summary>
/// <param name="withMonitor">
/// Whether QEMU's own monitor is among them: who is in it can do what QEMU can, reading and writing the host's files too.
/// </param>
internal sealed class TerminalShelf(bool withMonitor) : IAsyncDisposable
{
    private const string ConsolePrefix = "org.qemu.console.";
    private const string MonitorPrefix = "org.qemu.monitor.hmp.";

    private readonly Lock _gate = new();
    private GuestTerminal[] _terminals = [];

    /// <summary>What there is now, by id.</summary>
    public IReadOnlyList<GuestTerminal> Terminals => Volatile.Read(ref _terminals);

    public GuestTerminal? Find(string id) => Array.Find(Volatile.Read(ref _terminals), terminal => terminal.Id == id);

    /// <summary>Goes on with what QEMU has now; a terminal of the same id goes on as it was.</summary>
    public void Follow(IReadOnlyList<VmChardev> chardevs)
    {
        GuestTerminal[] gone;
        lock (_gate)
        {
            VmChardev[] shown = [.. chardevs.Where(chardev => LabelOf(chardev.Name) is not null)];
            GuestTerminal[] before = _terminals;
            _terminals = [.. shown.Select(chardev => Array.Find(before, terminal => terminal.Id == chardev.Id) ?? new GuestTerminal(chardev.Id, Label(chardev, shown)))];
            foreach (VmChardev chardev in shown)
                Find(chardev.Id)!.Attach(new ChardevDevice(chardev));
            gone = [.. before.Except(_terminals)];
        }

        foreach (GuestTerminal terminal in gone)
            _ = terminal.DisposeAsync().AsTask();
    }

    /// <summary>QEMU has gone: the terminals stay, with what they have shown.</summary>
    public void Detach()
    {
        foreach (GuestTerminal terminal in Terminals)
            terminal.Attach(null);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (GuestTerminal terminal in Terminals)
            await terminal.DisposeAsync().ConfigureAwait(false);
    }

    private string Label(VmChardev chardev, VmChardev[] all)
    {
        string label = LabelOf(chardev.Name)!;
        return all.Count(other => LabelOf(other.Name) == label) > 1 ? $"{label} ({chardev.Id})" : label;
    }

    /// <summary>"Serial 0" for org.qemu.console.serial.0; null for what is not shown.</summary>
    private string? LabelOf(string name)
    {
        if (withMonitor && name.StartsWith(MonitorPrefix, StringComparison.Ordinal))
            return "QEMU's monitor";
        if (!name.StartsWith(ConsolePrefix, StringComparison.Ordinal) || name.Length == ConsolePrefix.Length)
            return null;
        string kind = name[ConsolePrefix.Length..].Replace('.', ' ');
        return char.ToUpperInvariant(kind[0]) + kind[1..];
    }
}
