using QemuZeroCopy.Pipeline.Display;

namespace QemuZeroCopy.Server.Vm;

/// <summary>
/// Asks the guest for modes no faster than it can set them: of a storm the last one counts. The same one is asked
/// for once only, so that a page and a guest that cannot agree do not go on for ever.
/// </summary>
internal sealed class ModeRequests
{
    /// <summary>A guest sets a mode in some 100 ms; asked more often than this, it would do nothing else.</summary>
    public static readonly TimeSpan MinGap = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly ITimer _later;
    private readonly Action<ConsoleUiInfo> _ask;
    private ConsoleUiInfo? _wanted;
    private long _askedAt;
    private bool _asked;

    public ModeRequests(Action<ConsoleUiInfo> ask, TimeProvider time)
    {
        (_ask, _time) = (ask, time);
        _later = time.CreateTimer(_ => Repeat(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Any thread: asks now, or when the guest has had its time for the last one.</summary>
    public void Ask(in ConsoleUiInfo info)
    {
        lock (_gate)
        {
            if (info == _wanted)
                return;
            _wanted = info;
            TimeSpan since = _time.GetElapsedTime(_askedAt);
            if (_asked && since < MinGap)
                _later.Change(MinGap - since, Timeout.InfiniteTimeSpan);
            else
                AskNow(info);
        }
    }

    /// <summary>Any thread: QEMU has been started anew and knows of no request.</summary>
    public void Repeat()
    {
        lock (_gate)
        {
            if (_wanted is { } info)
                AskNow(info);
        }
    }

    private void AskNow(in ConsoleUiInfo info)
    {
        (_asked, _askedAt) = (true, _time.GetTimestamp());
        _ask(info);
    }
}
