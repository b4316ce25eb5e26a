using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Server.Input;

namespace QemuZeroCopy.Server.Vm;

/// <summary>
/// One screen of the machine, as pages know it. It outlives QEMU: when that comes back, its console of the
/// same number goes on here, and viewers that stayed see it without a new connection.
/// </summary>
internal sealed class GuestConsole
{
    private readonly Lock _gate = new();
    private readonly ModeRequests _modes;
    private ConsoleState _state = new();
    private volatile ConsoleDisplay? _display;

    public GuestConsole(int index, IInputSink input)
    {
        (Index, Input) = (index, input);
        _modes = new ModeRequests(info => _display?.SetUiInfo(info), TimeProvider.System);
    }

    /// <summary>QEMU's number of the console.</summary>
    public int Index { get; }

    /// <summary>Where its keyboard and pointer go.</summary>
    public IInputSink Input { get; }

    /// <summary>The console as QEMU has it now; null while QEMU is gone. A new one is asked for the mode that was asked for last.</summary>
    public ConsoleDisplay? Display
    {
        get => _display;
        set
        {
            _display = value;
            if (value is not null)
                _modes.Repeat();
        }
    }

    /// <summary>Its screen for pages that have no video yet.</summary>
    public StillShelf Stills { get; } = new();

    /// <summary>Raised after every change of <see cref="State"/>.</summary>
    public ChangeSignal Changed { get; } = new();

    public ConsoleState State => Volatile.Read(ref _state);

    /// <summary>Any thread: replaces the state and tells the pages.</summary>
    public void Update(Func<ConsoleState, ConsoleState> change)
    {
        lock (_gate)
        {
            ConsoleState next = change(_state);
            if (next == _state)
                return;
            Volatile.Write(ref _state, next);
        }

        Changed.Raise();
    }

    /// <summary>Any thread: asks the guest for a mode, or with a size of 0×0 to turn the screen off.</summary>
    public void AskForSize(in ConsoleUiInfo info) => _modes.Ask(info);
}
