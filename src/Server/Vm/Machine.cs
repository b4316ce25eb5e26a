using System.Diagnostics.CodeAnalysis;
using QemuZeroCopy.Server.Clipboard;
using QemuZeroCopy.Pipeline.Audio;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Input.Barrier;
using QemuZeroCopy.Server.Terminals;
using QemuZeroCopy.Server.Vm.Drives;

namespace QemuZeroCopy.Server.Vm;

/// <summary>How things stand with QEMU.</summary>
internal enum MachineStatus
{
    /// <summary>The first attach is under way.</summary>
    Connecting,

    /// <summary>Attached.</summary>
    Running,

    /// <summary>QEMU has gone away; it is taken up again when it returns.</summary>
    Gone,
}

/// <summary>The machine as pages know it: its name, its state and its consoles.</summary>
internal sealed class Machine(InputMode inputMode = InputMode.Auto, BarrierRoster? barrierClients = null, ClipboardDirections clipboard = ClipboardDirections.Both, bool withMonitor = false, MediumFolder? media = null)
{
    private readonly Lock _gate = new();
    private MachineView _view = new(MachineStatus.Connecting, "", "", []);

    /// <summary>Pause, reset and the like.</summary>
    public MachineControl Control { get; } = new();

    /// <summary>What is copied and pasted.</summary>
    public ClipboardRelay Clipboard { get; } = new(clipboard);

    /// <summary>Serial ports, and QEMU's monitor where that is wanted.</summary>
    public TerminalShelf Terminals { get; } = new(withMonitor);

    /// <summary>A page's way to a console's own devices or to a Barrier client.</summary>
    public RoutedInput CreateInput(GuestConsole console) => new(console.Input, barrierClients, inputMode);

    /// <summary>Its removable media.</summary>
    public DriveBay Bay => field ??= new DriveBay(Control, media);

    /// <summary>Raised after every change of <see cref="View"/>.</summary>
    public ChangeSignal Changed { get; } = new();

    public MachineView View => Volatile.Read(ref _view);

    /// <summary>Any thread: replaces the view and tells the pages.</summary>
    public void Update(Func<MachineView, MachineView> change)
    {
        lock (_gate)
            Volatile.Write(ref _view, change(_view));
        Changed.Raise();
    }

    /// <summary>Looks at the drives, and tells the pages of what is new.</summary>
    public async Task LookAtDrivesAsync(CancellationToken cancellation)
    {
        if (await Bay.LookAsync(cancellation).ConfigureAwait(false))
            Update(view => view with { Drives = Bay.Drives, Files = Bay.Files });
    }

    public bool TryGetConsole(int index, [NotNullWhen(true)] out GuestConsole? console)
    {
        console = Array.Find(View.Consoles, c => c.Index == index);
        return console is not null;
    }
}

/// <summary>One consistent look at the machine.</summary>
/// <param name="Status">How things stand.</param>
/// <param name="Detail">A sentence about it for a person, or empty.</param>
/// <param name="Name">QEMU's name of the machine (-name), or empty.</param>
/// <param name="Consoles">Every console seen so far, by number; those that QEMU does not have now say so in their state.</param>
internal sealed record MachineView(MachineStatus Status, string Detail, string Name, GuestConsole[] Consoles)
{
    /// <summary>Whether there is a monitor through which pages may pause and reset it.</summary>
    public bool Controllable { get; init; }

    /// <summary>What can be opened as a terminal.</summary>
    public IReadOnlyList<GuestTerminal> Terminals { get; init; } = [];

    /// <summary>What there is of sound.</summary>
    public SoundState Sound { get; init; }

    /// <summary>The drives whose medium can be changed.</summary>
    public IReadOnlyList<RemovableDrive> Drives { get; init; } = [];

    /// <summary>The files that can be put into them.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>Whether the guest's processors stand still.</summary>
    public bool Paused { get; init; }
}
