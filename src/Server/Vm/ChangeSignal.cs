namespace QemuZeroCopy.Server.Vm;

/// <summary>
/// Tells any number of listeners that something changed, never what: they look at the current state, so
/// that a slow one misses nothing but the states in between and there is no queue to fill.
/// </summary>
internal sealed class ChangeSignal
{
    private readonly Lock _gate = new();
    private Action[] _listeners = [];

    /// <summary>Calls every listener; they return at once.</summary>
    public void Raise()
    {
        foreach (Action listener in Volatile.Read(ref _listeners))
            listener();
    }

    /// <summary>Adds a listener, until the returned object is disposed of.</summary>
    public IDisposable Subscribe(Action listener)
    {
        lock (_gate)
            _listeners = [.. _listeners, listener];
        return new Subscription(this, listener);
    }

    private void Remove(Action listener)
    {
        lock (_gate)
            _listeners = Array.FindAll(_listeners, l => l != listener);
    }

    private sealed class Subscription(ChangeSignal signal, Action listener) : IDisposable
    {
        public void Dispose() => signal.Remove(listener);
    }
}
