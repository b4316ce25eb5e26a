using QemuZeroCopy.WebRtc.Sctp.Wire;

namespace QemuZeroCopy.WebRtc.Sctp;

/// <summary>One DATA chunk (RFC 9260 section 3.3.1).</summary>
internal struct DataHeader
{
    public const int Bytes = 12;

    public uint Tsn;
    public ushort Stream;
    public ushort Sequence;
    public uint Protocol;
    public DataFlags Flags;

    public readonly bool IsOrdered => (Flags & DataFlags.Unordered) == 0;

    public readonly bool IsBegin => (Flags & DataFlags.Begin) != 0;

    public readonly bool IsEnd => (Flags & DataFlags.End) != 0;
}

/// <summary>Takes a whole message in one or more pieces.</summary>
internal interface IMessageSink
{
    /// <summary>Room for a message of <paramref name="bytes"/>, or an empty span where it is not wanted.</summary>
    Span<byte> Reserve(in DataHeader header, int bytes);

    /// <summary>The reserved message is filled in.</summary>
    void Commit(in DataHeader header, ReadOnlySpan<byte> message);
}

/// <summary>
/// Fragments, and messages that wait for an earlier one of their stream. A ring indexed by TSN, since the fragments of a
/// message have consecutive ones. What comes in order and in one piece passes by without being kept.
/// </summary>
internal sealed class Reassembly(int maxBytes, int streams, IMessageSink sink)
{
    /// <summary>Fragments kept at most: one message of a megabyte in small packets, or a window of TSNs.</summary>
    private const int MaxFragments = ReceivedTsns.Window;

    private const int FragmentBytes = 1536;
    private const int PooledFragments = 64;

    private readonly ushort[] _nextSequence = new ushort[streams];
    private readonly Stack<byte[]> _pool = new(PooledFragments);
    private Fragment[] _ring = new Fragment[64];
    private uint _oldest;
    private uint _newest;
    private int _count;

    /// <summary>Bytes kept.</summary>
    public int Bytes { get; private set; }

    /// <summary>Takes a chunk that has not come before. False where there is no room for it.</summary>
    public bool TryAdd(in DataHeader header, ReadOnlySpan<byte> payload)
    {
        if (header.IsBegin && header.IsEnd && (!header.IsOrdered || header.Sequence == _nextSequence[header.Stream]))
        {
            Deliver(header, payload);
            if (header.IsOrdered)
                DeliverWaiting(header.Stream, header.Tsn);
            return true;
        }

        if (!TryStore(header, payload))
            return false;
        if (TryFindMessage(header.Tsn, out uint first, out uint last, out _) && TryDeliver(first, last) && header.IsOrdered)
            DeliverWaiting(header.Stream, last);
        return true;
    }

    /// <summary>A stream's messages up to <paramref name="sequence"/> will not all come (RFC 3758 section 3.6).</summary>
    public void SkipSequence(ushort stream, ushort sequence)
    {
        if (stream >= _nextSequence.Length || Tsn.IsAfter(_nextSequence[stream], sequence))
            return;
        for (uint tsn = _oldest; _count > 0 && !Tsn.IsAfter(tsn, _newest); tsn++)
        {
            ref readonly Fragment fragment = ref At(tsn);
            if (!fragment.IsOf(tsn) || !fragment.Header.IsBegin || !fragment.Header.IsOrdered || fragment.Header.Stream != stream || Tsn.IsAfter(fragment.Header.Sequence, sequence))
                continue;
            if (TryFindMessage(tsn, out uint first, out uint last, out _))
            {
                _nextSequence[stream] = fragment.Header.Sequence;
                TryDeliver(first, last);
            }
        }

        _nextSequence[stream] = (ushort)(sequence + 1);
        if (_count > 0)
            DeliverWaiting(stream, _oldest - 1);
    }

    /// <summary>Frees fragments of messages that can no longer become whole, because one at or before <paramref name="cumulative"/> was given up.</summary>
    public void DropBroken(uint cumulative)
    {
        uint tsn = _oldest;
        while (_count > 0 && !Tsn.IsAfter(tsn, cumulative) && !Tsn.IsAfter(tsn, _newest))
        {
            if (!At(tsn).IsOf(tsn))
            {
                tsn++;
                continue;
            }

            bool isWhole = TryFindMessage(tsn, out uint first, out uint last, out uint missing);
            // Whole ones wait for their turn; those whose hole lies beyond may still be filled.
            uint next = isWhole ? last + 1 : missing;
            if (!isWhole && (!At(first).Header.IsBegin || !Tsn.IsAfter(missing, cumulative)))
            {
                for (uint dead = first; dead != missing; dead++)
                    Remove(dead);
            }

            tsn = Tsn.IsAfter(next, tsn) ? next : tsn + 1;
        }
    }

    /// <summary>The peer starts counting a stream afresh (RFC 6525 section 5.2.2).</summary>
    public void ResetStream(ushort stream)
    {
        if (stream < _nextSequence.Length)
            _nextSequence[stream] = 0;
    }

    public void Clear()
    {
        for (uint tsn = _oldest; _count > 0; tsn++)
            Remove(tsn);
        Array.Clear(_nextSequence);
    }

    private void DeliverWaiting(ushort stream, uint after)
    {
        for (uint tsn = after + 1; _count > 0 && !Tsn.IsAfter(tsn, _newest); tsn++)
        {
            ref readonly Fragment fragment = ref At(tsn);
            if (!fragment.IsOf(tsn) || !fragment.Header.IsOrdered || fragment.Header.Stream != stream || !fragment.Header.IsBegin || fragment.Header.Sequence != _nextSequence[stream])
                continue;
            if (!TryFindMessage(tsn, out uint first, out uint last, out _) || !TryDeliver(first, last))
                return;
            tsn = last;
        }
    }

    /// <summary>
    /// The bounds of the message that a kept fragment is part of, or as much of it as is there; <paramref name="missing"/>
    /// is then the first TSN behind that is not. True where it is whole.
    /// </summary>
    private bool TryFindMessage(uint tsn, out uint first, out uint last, out uint missing)
    {
        first = last = tsn;
        missing = tsn + 1;
        Fragment fragment = At(tsn);
        ushort stream = fragment.Header.Stream;
        while (!At(last).Header.IsEnd)
        {
            if (!At(last + 1).IsOf(last + 1) || At(last + 1).Header.Stream != stream || At(last + 1).Header.IsBegin)
            {
                missing = last + 1;
                last = first;
                SeekBegin(ref first, stream);
                return false;
            }

            last++;
        }

        missing = last + 1;
        SeekBegin(ref first, stream);
        return At(first).Header.IsBegin;
    }

    private void SeekBegin(ref uint first, ushort stream)
    {
        while (!At(first).Header.IsBegin && At(first - 1).IsOf(first - 1) && At(first - 1).Header.Stream == stream && !At(first - 1).Header.IsEnd)
            first--;
    }

    /// <summary>Hands over a whole message if it is its turn.</summary>
    private bool TryDeliver(uint first, uint last)
    {
        DataHeader header = At(first).Header;
        if (header.IsOrdered && header.Sequence != _nextSequence[header.Stream])
            return false;
        int bytes = 0;
        for (uint tsn = first; tsn != last + 1; tsn++)
            bytes += At(tsn).Length;
        Span<byte> message = sink.Reserve(header, bytes);
        int at = 0;
        for (uint tsn = first; tsn != last + 1; tsn++)
        {
            ref readonly Fragment fragment = ref At(tsn);
            if (!message.IsEmpty)
                fragment.Buffer.AsSpan(0, fragment.Length).CopyTo(message[at..]);
            at += fragment.Length;
            Remove(tsn);
        }

        if (header.IsOrdered)
            _nextSequence[header.Stream]++;
        if (!message.IsEmpty)
            sink.Commit(header, message);
        return true;
    }

    private void Deliver(in DataHeader header, ReadOnlySpan<byte> payload)
    {
        if (header.IsOrdered)
            _nextSequence[header.Stream]++;
        Span<byte> message = sink.Reserve(header, payload.Length);
        if (message.IsEmpty)
            return;
        payload.CopyTo(message);
        sink.Commit(header, message);
    }

    private bool TryStore(in DataHeader header, ReadOnlySpan<byte> payload)
    {
        if (Bytes + payload.Length > maxBytes)
            return false;
        uint oldest = _count == 0 || Tsn.IsAfter(_oldest, header.Tsn) ? header.Tsn : _oldest;
        uint newest = _count == 0 || Tsn.IsAfter(header.Tsn, _newest) ? header.Tsn : _newest;
        uint span = newest - oldest + 1;
        if (span > MaxFragments)
            return false;
        if (span > _ring.Length)
            Grow((int)span);
        _oldest = oldest;
        _newest = newest;
        byte[] buffer = payload.Length > FragmentBytes ? new byte[payload.Length] : _pool.Count > 0 ? _pool.Pop() : new byte[FragmentBytes];
        payload.CopyTo(buffer);
        At(header.Tsn) = new Fragment { IsUsed = true, Header = header, Buffer = buffer, Length = payload.Length };
        Bytes += payload.Length;
        _count++;
        return true;
    }

    private void Remove(uint tsn)
    {
        ref Fragment fragment = ref At(tsn);
        if (!fragment.IsOf(tsn))
            return;
        if (fragment.Buffer.Length == FragmentBytes && _pool.Count < PooledFragments)
            _pool.Push(fragment.Buffer);
        Bytes -= fragment.Length;
        _count--;
        fragment = default;
        while (_count > 0 && !At(_oldest).IsOf(_oldest))
            _oldest++;
        while (_count > 0 && !At(_newest).IsOf(_newest))
            _newest--;
    }

    private void Grow(int needed)
    {
        int size = _ring.Length;
        while (size < needed)
            size *= 2;
        var larger = new Fragment[size];
        foreach (ref readonly Fragment fragment in _ring.AsSpan())
        {
            if (fragment.IsUsed)
                larger[fragment.Header.Tsn % (uint)size] = fragment;
        }

        _ring = larger;
    }

    private ref Fragment At(uint tsn) => ref _ring[tsn % (uint)_ring.Length];

    private struct Fragment
    {
        public bool IsUsed;
        public DataHeader Header;
        public byte[] Buffer;
        public int Length;

        public readonly bool IsOf(uint tsn) => IsUsed && Header.Tsn == tsn;
    }
}
