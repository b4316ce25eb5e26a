namespace QemuZeroCopy.WebRtc.Sctp;

/// <summary>Bytes in order of arrival, addressed by a position that only grows. Doubles its memory on demand up to a bound.</summary>
internal sealed class ByteRing(int maxBytes)
{
    private const int FirstBytes = 4096;

    private byte[] _memory = [];
    private long _head;
    private long _tail;

    /// <summary>Position of the next byte appended.</summary>
    public long Tail => _tail;

    public int Count => (int)(_tail - _head);

    public int Free => maxBytes - Count;

    /// <summary>The caller has looked at <see cref="Free"/>.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (Count + bytes.Length > _memory.Length)
            Grow(Count + bytes.Length);
        int at = (int)(_tail % _memory.Length);
        int first = Math.Min(bytes.Length, _memory.Length - at);
        bytes[..first].CopyTo(_memory.AsSpan(at));
        bytes[first..].CopyTo(_memory);
        _tail += bytes.Length;
    }

    public void CopyTo(long position, Span<byte> destination)
    {
        if (destination.IsEmpty)
            return;
        int at = (int)(position % _memory.Length);
        int first = Math.Min(destination.Length, _memory.Length - at);
        _memory.AsSpan(at, first).CopyTo(destination);
        _memory.AsSpan(0, destination.Length - first).CopyTo(destination[first..]);
    }

    /// <summary>Forgets everything before <paramref name="position"/>.</summary>
    public void FreeUpTo(long position) => _head = Math.Max(_head, position);

    public void Clear() => _head = _tail;

    private void Grow(int needed)
    {
        int size = Math.Max(_memory.Length, FirstBytes);
        while (size < needed)
            size *= 2;
        byte[] larger = new byte[size];
        for (long position = _head; position < _tail;)
        {
            int from = (int)(position % _memory.Length);
            int to = (int)(position % size);
            int count = (int)Math.Min(_tail - position, Math.Min(_memory.Length - from, size - to));
            _memory.AsSpan(from, count).CopyTo(larger.AsSpan(to));
            position += count;
        }

        _memory = larger;
    }
}
