using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Server.Input;

namespace QemuZeroCopy.Server.Vm;

/// <summary>
/// One screen of the machine, as pages know it. It outlives QEMU: when that comes back, its console of the
/// same number goes on here, and viewers that stayed see it without a new connection.
/// </summary>
internal sealed class GuestConsole(int index, IInputSink input)
{
    /// <summary>A guest sets a mode in some 100 ms; asking more often than this, it would do nothing else.</summary>
    private const long MinResizeGapMs = 250;

    private readonly Lock _gate = new();
    private ConsoleState _state = new();
    private volatile ConsoleDisplay? _display;
    private ConsoleUiInfo _asked;
    private long _askedMs = long.MinValue / 2;

    /// <summary>QEMU's number of the console.</summary>
    public int Index { get; } = index;

    /// <summary>Where its keyboard and pointer go.</summary>
    public IInputSink Input { get; } = input;

    /// <summary>The console as QEMU has it now; null while QEMU is gone.</summary>
    public ConsoleDisplay? Display
    {
        get => _display;
        set => _display = value;
    }

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

    /// <summary>
    /// Any thread: asks the guest for a mode. False, and nothing happens, when it was asked for that one last, or
    /// for another a moment ago: the page asks again when its window has come to rest.
    /// </summary>
    public bool AskForSize(in ConsoleUiInfo info, long nowMs)
    {
        lock (_gate)
        {
            if (info == _asked || nowMs - _askedMs < MinResizeGapMs)
                return false;
            (_asked, _askedMs) = (info, nowMs);
        }

        _display?.SetUiInfo(info);
        return true;
    }
}
