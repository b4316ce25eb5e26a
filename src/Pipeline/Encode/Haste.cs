using QemuZeroCopy.Interop.Linux;

namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>
/// The first picture of a mode goes first: opening its encoder takes some milliseconds of a core, and on busy cores several times
/// as long. Threads that x264 starts meanwhile are as all others. For the calling thread, which begins and ends it.
/// </summary>
internal struct Haste
{
    private int? _nicenessBefore;

    public void Begin()
    {
        if (_nicenessBefore is not null || ThreadScheduling.Current is not { } now)
            return;
        _nicenessBefore = now.Niceness;
        ThreadScheduling.PreferWakeUp();
    }

    public void End()
    {
        if (_nicenessBefore is not { } before)
            return;
        _nicenessBefore = null;
        ThreadScheduling.PreferNoMore(before);
    }
}
