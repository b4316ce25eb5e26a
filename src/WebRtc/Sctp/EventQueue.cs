namespace QemuZeroCopy.WebRtc.Sctp;

/// <summary>
/// Events with their data, until the host has polled them. Data stands in one piece and is valid until the next event
/// is added; the host drains the queue after every call, so it is short.
/// </summary>
internal sealed class EventQueue(int maxBytes)
{
    /// <summary>A packet of the smallest messages does not fill it.</summary>
    private const int MaxEvents = 2048;

    private const int FirstBytes = 2048;

    private byte[] _data = [];
    private Entry[] _entries = new Entry[16];
    private int _dataEnd;
    private int _next;
    private int _count;

    public int Bytes { get; private set; }

    /// <summary>Whether a message of <paramref name="bytes"/> finds room. State changes (without data) always do.</summary>
    public bool HasRoom(int bytes) => Bytes + bytes <= maxBytes && _count - _next < MaxEvents;

    /// <summary>Adds an event and gives its data to fill in.</summary>
    public Span<byte> Add(DataTransportEventKind kind, ushort channel, bool isBinary, int bytes)
    {
        if (_next == _count)
            _next = _count = _dataEnd = 0;
        if (_count == _entries.Length)
            Array.Resize(ref _entries, _entries.Length * 2);
        if (_dataEnd + bytes > _data.Length)
            Array.Resize(ref _data, Math.Max(FirstBytes, Math.Max(_data.Length * 2, _dataEnd + bytes)));
        _entries[_count++] = new Entry { Kind = kind, Channel = channel, IsBinary = isBinary, Offset = _dataEnd, Length = bytes };
        Span<byte> data = _data.AsSpan(_dataEnd, bytes);
        _dataEnd += bytes;
        Bytes += bytes;
        return data;
    }

    public bool TryPoll(out DataTransportEvent dataEvent)
    {
        if (_next == _count)
        {
            dataEvent = default;
            return false;
        }

        ref readonly Entry entry = ref _entries[_next++];
        Bytes -= entry.Length;
        dataEvent = new DataTransportEvent { Kind = entry.Kind, Channel = entry.Channel, IsBinary = entry.IsBinary, Data = _data.AsSpan(entry.Offset, entry.Length) };
        return true;
    }

    private struct Entry
    {
        public DataTransportEventKind Kind;
        public ushort Channel;
        public bool IsBinary;
        public int Offset;
        public int Length;
    }
}
