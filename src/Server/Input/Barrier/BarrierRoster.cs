using QemuZeroCopy.Server.Input.Barrier.Protocol;
using QemuZeroCopy.Server.Input.Barrier.Session;

namespace QemuZeroCopy.Server.Input.Barrier;

/// <summary>Who may connect, who is connected, and under what name each client's sink is found. Thread-safe.</summary>
internal sealed class BarrierRoster
{
    /// <summary>Names remembered when any is let in; more than anybody has machines, and no way to fill the memory.</summary>
    public const int MaxNames = 64;

    private readonly Lock _gate = new();
    private readonly bool _anyName;
    private BarrierSink[] _sinks;

    public BarrierRoster(IReadOnlyList<string> names)
    {
        _anyName = names.Count == 0;
        _sinks = [.. names.Distinct(ScreenName.Comparer).Select(name => new BarrierSink(name))];
    }

    /// <summary>Raised after a client has come or gone, or told of a new screen; listeners look at <see cref="Sinks"/> and return at once.</summary>
    public event Action? Changed;

    /// <summary>The sinks of all names, those given by the person first.</summary>
    public IReadOnlyList<BarrierSink> Sinks => Volatile.Read(ref _sinks);

    public BarrierSink? Find(string name) => Array.Find(Volatile.Read(ref _sinks), sink => ScreenName.Comparer.Equals(sink.Name, name));

    /// <summary>Seats a client under its name, unless there is a reason not to.</summary>
    public NameVerdict Claim(string name, BarrierConnection connection, out BarrierSink? sink)
    {
        lock (_gate)
        {
            sink = Find(name) ?? TryAdd(name);
            if (sink is null)
                return NameVerdict.Unknown;
            if (sink.TryAttach(connection))
                return NameVerdict.Welcome;
            sink = null;
            return NameVerdict.Busy;
        }
    }

    public void RaiseChanged() => Changed?.Invoke();

    /// <summary>A new name takes the place of one that nobody uses any more when there is no other.</summary>
    private BarrierSink? TryAdd(string name)
    {
        if (!_anyName)
            return null;
        BarrierSink[] kept = _sinks;
        if (kept.Length == MaxNames)
        {
            int idle = Array.FindIndex(kept, sink => !sink.IsTaken);
            if (idle < 0)
                return null;
            kept = [.. kept.AsSpan(0, idle), .. kept.AsSpan(idle + 1)];
        }

        var added = new BarrierSink(name);
        Volatile.Write(ref _sinks, [.. kept, added]);
        return added;
    }
}
