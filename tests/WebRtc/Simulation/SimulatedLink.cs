namespace QemuZeroCopy.WebRtc.Tests.Simulation;

/// <summary>
/// One direction of a network on a clock that is passed in: loss, bottleneck with a finite queue, delay, jitter, reordering
/// and duplication as the plan says, all from one seed.
/// </summary>
internal sealed class SimulatedLink(LinkPlan plan, int seed)
{
    private readonly Random _random = new(seed);
    private readonly PriorityQueue<byte[], (long AtNs, long Order)> _inFlight = new();
    private readonly Stack<byte[]> _buffers = new();
    private bool _isBad;
    private long _freeAtNs;
    private long _lastArrivalNs;
    private long _order;

    public LinkPlan Plan => plan;

    public long Sent { get; private set; }

    public long Lost { get; private set; }

    /// <summary>Those of the lost that found the queue full.</summary>
    public long Overflowed { get; private set; }

    public long BytesDelivered { get; private set; }

    /// <summary>When the next packet arrives; <see cref="long.MaxValue"/> for none.</summary>
    public long NextArrivalNs => _inFlight.TryPeek(out _, out (long AtNs, long Order) next) ? next.AtNs : long.MaxValue;

    /// <summary>How long a packet sent now would wait before the bottleneck.</summary>
    public long QueueNs(long nowNs) => Math.Max(0, _freeAtNs - nowNs);

    public void Send(long nowNs, ReadOnlySpan<byte> packet)
    {
        Sent++;
        if (packet.Length > plan.MtuBytes || IsLost())
        {
            Lost++;
            return;
        }

        long bps = plan.CapacityAt(nowNs / 1e6);
        long departureNs = nowNs;
        if (bps != long.MaxValue)
        {
            long waitingBytes = (long)(QueueNs(nowNs) / 1e9 * bps / 8);
            if (waitingBytes + packet.Length > plan.QueueBytes)
            {
                Lost++;
                Overflowed++;
                return;
            }

            departureNs = _freeAtNs = Math.Max(nowNs, _freeAtNs) + (long)((packet.Length + plan.HeaderBytes) * 8e9 / bps);
        }

        Deliver(departureNs, packet);
        if (plan.Duplicate > 0 && _random.NextDouble() < plan.Duplicate)
            Deliver(departureNs + 1_000_000, packet);
    }

    /// <summary>Takes what has arrived by now; null for nothing. Give the buffer back by <see cref="Return"/>.</summary>
    public byte[]? Receive(long nowNs, out int length, out long arrivedNs)
    {
        length = 0;
        arrivedNs = NextArrivalNs;
        if (arrivedNs > nowNs)
            return null;
        byte[] buffer = _inFlight.Dequeue();
        length = BitConverter.ToInt32(buffer, buffer.Length - 4);
        BytesDelivered += length;
        return buffer;
    }

    public void Return(byte[] buffer) => _buffers.Push(buffer);

    private void Deliver(long departureNs, ReadOnlySpan<byte> packet)
    {
        bool overtakes = plan.Reorder > 0 && _random.NextDouble() < plan.Reorder;
        double delayMs = overtakes ? plan.DelayMs / 2 : plan.DelayMs + (_random.NextDouble() * plan.JitterMs);
        long arrivalNs = departureNs + (long)(delayMs * 1e6);
        if (!overtakes)
            arrivalNs = _lastArrivalNs = Math.Max(arrivalNs, _lastArrivalNs);
        byte[] buffer = _buffers.Count > 0 ? _buffers.Pop() : new byte[2048];
        packet.CopyTo(buffer);
        BitConverter.TryWriteBytes(buffer.AsSpan(buffer.Length - 4), packet.Length);
        _inFlight.Enqueue(buffer, (arrivalNs, _order++));
    }

    private bool IsLost()
    {
        if (plan.Bursts is { } bursts)
        {
            _isBad = _random.NextDouble() < (_isBad ? 1 - bursts.ToGood : bursts.ToBad);
            if (_isBad && _random.NextDouble() < bursts.LossInBad)
                return true;
        }

        return plan.Loss > 0 && _random.NextDouble() < plan.Loss;
    }
}
