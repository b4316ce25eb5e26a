using QemuZeroCopy.Interop.SdBus;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Display.Listening;

/// <summary>
/// Calls of UpdateDMABUF that wait for their pixels to be read. Each is answered exactly once: when it is
/// acknowledged, when its time is over, or when the listener ends. Display thread only, but for
/// <see cref="Acknowledge"/>. <c>answered</c> is told of each one how long it has
/// held the guest, in ns, and whether that was for its pixels to be read.
/// </summary>
internal sealed class AcknowledgementQueue(DisplayThread thread, long limitNs, Action<long, bool> answered) : IFrameAcknowledger
{
    // QEMU sends one update for each refresh or guest flush and holds the guest meanwhile: more than a few
    // pending ones mean that it does not wait, and then an early answer does no harm.
    private const int Capacity = 64;

    private readonly (PendingCall Call, ulong Sequence, long ReceivedNs)[] _ring = new (PendingCall, ulong, long)[Capacity];
    private HoldLimit _limit = new(limitNs);
    private int _head;
    private int _count;
    private ulong _lastSequence;
    private ulong _acknowledged;

    /// <summary>When the oldest call's patience ends, ns; long.MaxValue without one.</summary>
    internal long DueNs => _count == 0 ? long.MaxValue : _ring[_head].ReceivedNs + _limit.Ns;

    /// <summary>Calls that wait.</summary>
    internal int Count => _count;

    /// <inheritdoc/>
    public void Acknowledge(ulong sequence)
    {
        ulong known = Volatile.Read(ref _acknowledged);
        while (sequence > known)
        {
            ulong seen = Interlocked.CompareExchange(ref _acknowledged, sequence, known);
            if (seen == known)
            {
                thread.Wake();
                return;
            }

            known = seen;
        }
    }

    /// <summary>Takes in a call and gives it its number.</summary>
    internal ulong Add(PendingCall call, long nowNs)
    {
        if (_count == Capacity)
            AnswerOldest();
        _ring[(_head + _count++) % Capacity] = (call, ++_lastSequence, nowNs);
        return _lastSequence;
    }

    /// <summary>Answers what has been acknowledged or has waited for the limit.</summary>
    internal void AnswerDue(long nowNs)
    {
        ulong acknowledged = Volatile.Read(ref _acknowledged);
        while (_count > 0 && _ring[_head].Sequence <= acknowledged)
            AnswerOldest();
        if (DueNs > nowNs)
            return;
        // The oldest alone: others of one burst have been due for less long, and would seem more punctual.
        _limit.Learn(nowNs - _ring[_head].ReceivedNs);
        do
            AnswerOldest();
        while (DueNs <= nowNs);
    }

    /// <summary>Answers everything, because nobody will read these pixels any more.</summary>
    internal void AnswerAll()
    {
        while (_count > 0)
            AnswerOldest();
    }

    private void AnswerOldest()
    {
        // Asked before the answer: the guest that gets it may let go what the reading waits for.
        bool wasRead = _ring[_head].Sequence <= Volatile.Read(ref _acknowledged);
        _ring[_head].Call.Reply();
        answered(MonotonicClock.NowNs - _ring[_head].ReceivedNs, wasRead);
        _ring[_head] = default;
        _head = (_head + 1) % Capacity;
        _count--;
    }
}
