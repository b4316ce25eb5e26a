namespace QemuZeroCopy.Server.Input.Barrier.Protocol;

/// <summary>
/// Messages that wait for the socket, first in, first out. Pointer positions right behind one another are
/// merged into the newest, relative motion is left as it is (a game counts every part of it).
/// </summary>
internal sealed class OutgoingQueue
{
    private readonly OutgoingMessage[] _ring = new OutgoingMessage[BarrierLimits.MaxQueuedMessages];
    private int _head;

    /// <summary>Messages waiting.</summary>
    public int Count { get; private set; }

    /// <summary>Puts a message at the end; false when the queue is full.</summary>
    public bool TryEnqueue(in OutgoingMessage message)
    {
        if (message.Code == MessageCode.MoveTo && Count > 0)
        {
            ref OutgoingMessage last = ref _ring[(_head + Count - 1) % _ring.Length];
            if (last.Code == MessageCode.MoveTo)
            {
                last = message;
                return true;
            }
        }

        if (Count == _ring.Length)
            return false;
        _ring[(_head + Count) % _ring.Length] = message;
        Count++;
        return true;
    }

    /// <summary>Writes the first message to <paramref name="destination"/> and removes it; 0 when there is none.</summary>
    public int Dequeue(Span<byte> destination)
    {
        if (Count == 0)
            return 0;
        int length = _ring[_head].CopyTo(destination);
        _head = (_head + 1) % _ring.Length;
        Count--;
        return length;
    }

    public void Clear() => Count = 0;
}
