namespace QemuZeroCopy.Pipeline.Display;

/// <summary>
/// Input on its way from any thread to the display thread, in order. Bounded: 1024 commands are ten seconds of
/// fast typing and pointing together, since moves that QEMU has not taken yet are merged into one.
/// </summary>
internal sealed class CommandQueue
{
    internal const int Capacity = 1024;

    private readonly object _gate = new();
    private readonly InputCommand[] _ring = new InputCommand[Capacity];
    private int _head;
    private int _count;

    /// <summary>Takes in a command; false when the queue is full and the command was dropped.</summary>
    public bool TryEnqueue(in InputCommand command)
    {
        lock (_gate)
        {
            if (_count > 0 && TryMerge(ref _ring[(_head + _count - 1) % Capacity], command))
                return true;
            if (_count == Capacity)
                return false;
            _ring[(_head + _count) % Capacity] = command;
            _count++;
            return true;
        }
    }

    /// <summary>Takes out the oldest command; false when there is none.</summary>
    public bool TryDequeue(out InputCommand command)
    {
        lock (_gate)
        {
            if (_count == 0)
            {
                command = default;
                return false;
            }

            command = _ring[_head];
            _ring[_head] = default;
            _head = (_head + 1) % Capacity;
            _count--;
            return true;
        }
    }

    // Only the newest absolute position, the sum of relative motion and the newest wish for a size matter.
    private static bool TryMerge(ref InputCommand last, in InputCommand next)
    {
        if (last.Kind != next.Kind || last.Console != next.Console)
            return false;
        switch (next.Kind)
        {
            case InputKind.MoveTo:
            case InputKind.SetUiInfo:
                last = next;
                return true;
            case InputKind.MoveBy:
                last.X += next.X;
                last.Y += next.Y;
                return true;
            default:
                return false;
        }
    }
}
