using System.Runtime.InteropServices;
using QemuZeroCopy.Interop.Linux;

namespace QemuZeroCopy.Server.Cli;

/// <summary>Ctrl+C, SIGTERM and SIGHUP: ends the program in order, and hands them on to QEMU where we started it.</summary>
internal sealed class StopSignals : IDisposable
{
    private static readonly (PosixSignal Signal, int Number)[] s_signals =
        [(PosixSignal.SIGINT, ProcessSignal.Interrupt), (PosixSignal.SIGTERM, ProcessSignal.Terminate), (PosixSignal.SIGHUP, ProcessSignal.Hangup)];

    private readonly CancellationTokenSource _stop = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private Action<int>? _receiver;

    public StopSignals()
    {
        foreach ((PosixSignal signal, int number) in s_signals)
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                if (Volatile.Read(ref _receiver) is { } receiver)
                    receiver(number);
                else
                    _stop.Cancel();
            }));
        }
    }

    /// <summary>Cancelled by a signal that nobody else takes.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>From now on signals go to <paramref name="receiver"/> and do not cancel anything here; null takes that back.</summary>
    public void Redirect(Action<int>? receiver) => Volatile.Write(ref _receiver, receiver);

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _stop.Dispose();
    }
}
