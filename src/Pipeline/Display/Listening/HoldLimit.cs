namespace QemuZeroCopy.Pipeline.Display.Listening;

/// <summary>
/// How long an update may hold the guest, less what the thread that answers lately woke up late: the guest counts from its
/// own call to the answer, and a kernel with coarse timers or busy processors wakes a sleeper some milliseconds after its
/// time. A late wake-up counts at once and is forgotten slowly; it takes off half of the limit at most. The first answers
/// are taken for somewhat late ones.
/// </summary>
/// <param name="limitNs">What the guest may be held for, ns.</param>
internal struct HoldLimit(long limitNs)
{
    // A limit reached at each frame of 60 Hz: half of what was learned is forgotten in a third of a second.
    private const int Memory = 32;

    private long _lateNs = limitNs / 8;

    /// <summary>After how long the thread should wake up to answer, ns.</summary>
    public readonly long Ns => limitNs - _lateNs;

    /// <summary>Learns from an answer that came because the time was over, <paramref name="heldNs"/> after the call.</summary>
    public void Learn(long heldNs)
    {
        long lateNs = Math.Clamp(heldNs - Ns, 0, limitNs / 2);
        _lateNs = lateNs > _lateNs ? lateNs : _lateNs - ((_lateNs - lateNs) / Memory);
    }
}
