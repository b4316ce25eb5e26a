using System.Buffers.Binary;

namespace QemuZeroCopy.WebRtc.Tests.Simulation;

/// <summary>
/// Transport-wide feedback as Chromium sends it (draft-holmer-rmcat-transport-wide-cc-extensions-01): everything from the
/// last reported number to the highest seen, in steps of 250 µs.
/// </summary>
internal sealed class FeedbackWriter
{
    private const int MaxSpan = 2000;
    private const long TickNs = 250_000;

    private readonly Dictionary<long, long> _arrivals = [];
    private readonly byte[] _deltas = new byte[2 * MaxSpan];
    private readonly byte[] _symbols = new byte[MaxSpan];
    private long _first = -1;
    private long _highest = -1;
    private byte _count;

    public bool HasNews => _arrivals.Count > 0;

    public void Add(ushort sequence, long nowNs)
    {
        long wide = _highest < 0 ? sequence : Widen(sequence);
        if (_first < 0)
            _first = wide;
        _highest = Math.Max(_highest, wide);
        if (wide >= _first - 500)
            _arrivals.TryAdd(wide, nowNs);
        _first = Math.Min(_first, wide);
    }

    /// <summary>Writes one packet; gives its length, 0 for nothing new.</summary>
    public int Write(Span<byte> destination)
    {
        if (_arrivals.Count == 0)
            return 0;
        int span = (int)Math.Min(_highest - _first + 1, MaxSpan);
        long firstNs = long.MaxValue;
        for (int i = 0; i < span && firstNs == long.MaxValue; i++)
            firstNs = _arrivals.TryGetValue(_first + i, out long at) ? at : firstNs;
        long reference = firstNs / 64_000_000;
        long lastTick = reference * 256;
        int deltaBytes = 0;
        for (int i = 0; i < span; i++)
        {
            if (!_arrivals.TryGetValue(_first + i, out long atNs))
            {
                _symbols[i] = 0;
                continue;
            }

            long delta = (atNs / TickNs) - lastTick;
            lastTick += delta;
            _symbols[i] = (byte)(delta is >= 0 and <= 255 ? 1 : 2);
            if (_symbols[i] == 2)
                _deltas[deltaBytes++] = (byte)(delta >> 8);
            _deltas[deltaBytes++] = (byte)delta;
        }

        int length = 20;
        for (int i = 0; i < span; i += 7, length += 2)
        {
            int chunk = 0xC000;
            for (int j = 0; j < 7 && i + j < span; j++)
                chunk |= _symbols[i + j] << (12 - (2 * j));
            BinaryPrimitives.WriteUInt16BigEndian(destination[length..], (ushort)chunk);
        }

        _deltas.AsSpan(0, deltaBytes).CopyTo(destination[length..]);
        length += deltaBytes;
        int padding = -length & 3;
        destination.Slice(length, padding).Clear();
        length += padding;
        if (padding > 0)
            destination[length - 1] = (byte)padding;
        WriteHeader(destination, length, padding > 0, span, reference);
        _first += span;
        _arrivals.Clear();
        return length;
    }

    private void WriteHeader(Span<byte> destination, int length, bool isPadded, int span, long reference)
    {
        destination[0] = (byte)(0x8F | (isPadded ? 0x20 : 0));
        destination[1] = 205;
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)((length / 4) - 1));
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], 1);
        BinaryPrimitives.WriteUInt32BigEndian(destination[8..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(destination[12..], (ushort)_first);
        BinaryPrimitives.WriteUInt16BigEndian(destination[14..], (ushort)span);
        BinaryPrimitives.WriteUInt32BigEndian(destination[16..], ((uint)reference << 8) | _count++);
    }

    private long Widen(ushort sequence) => _highest + (short)(ushort)(sequence - (ushort)_highest);
}
