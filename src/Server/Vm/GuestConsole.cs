using QemuZeroCopy.Server.Input;

namespace QemuZeroCopy.Server.Vm;

/// <summary>
/// One screen of the machine, as pages know it. It outlives QEMU: when that comes back, its console of the
/// same number goes on here, and viewers that stayed see it without a new connection.
/// </summary>
internal sealed class GuestConsole(int index, IInputSink input)
{
    private readonly Lock _gate = new();
    private ConsoleState _state = new();

    /// <summary>QEMU's number of the console.</summary>
    public int Index { get; } = index;

    /// <summary>Where its keyboard and pointer go.</summary>
    public IInputSink Input { get; } = input;

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
}
