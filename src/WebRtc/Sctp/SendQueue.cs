using System.Buffers.Binary;
using QemuZeroCopy.WebRtc.Sctp.Wire;

namespace QemuZeroCopy.WebRtc.Sctp;

/// <summary>What of an outgoing chunk is known.</summary>
internal enum OutState : byte
{
    /// <summary>Not sent yet.</summary>
    Waiting,
    InFlight,

    /// <summary>Reported behind a gap.</summary>
    Acked,

    /// <summary>Lost, to be sent again.</summary>
    Lost,

    /// <summary>Given up; the peer is told to go on without it.</summary>
    Abandoned,

    /// <summary>Given up before it had a TSN: nobody needs to know.</summary>
    Dropped,
}

/// <summary>One DATA chunk on its way out.</summary>
internal struct OutChunk
{
    public DataHeader Header;
    public OutState State;
    public byte Misses;
    public bool WasFastRepeated;
    public int Length;
    public int Sends;
    public int MaxSends;
    public long Position;
    public long Message;
    public long SentNs;
    public long ExpiresNs;
}

/// <summary>What a SACK changed.</summary>
internal struct SackOutcome
{
    public int AckedBytes;
    public bool Advanced;
    public bool FoundLoss;

    /// <summary>When the newest chunk acknowledged for the first time was sent, if it was sent once (Karn); else 0.</summary>
    public long SampleSentNs;
}

/// <summary>
/// Messages cut into chunks, in one line from the first unacknowledged to the last queued; a TSN is given when a chunk
/// first leaves. First in, first out over all streams: large messages are the host's to cut (it owns the protocol above).
/// </summary>
internal sealed class SendQueue(int maxBytes, int streams, int fragmentBytes)
{
    private const int MaxChunks = 4096;
    private const int MissesForLoss = 3;

    private readonly ByteRing _payload = new(maxBytes);
    private readonly ushort[] _nextSequence = new ushort[streams];
    private OutChunk[] _ring = new OutChunk[16];
    private long _head;
    private long _waiting;
    private long _tail;
    private long _nextMessage;
    private uint _nextTsn;
    private int _lostCount;

    /// <summary>Bytes in flight.</summary>
    public int InFlightBytes { get; private set; }

    /// <summary>The peer's cumulative acknowledgement.</summary>
    public uint Acked { get; private set; }

    /// <summary>Where the peer shall go on after chunks that were given up (RFC 3758 Advanced.Peer.Ack.Point).</summary>
    public uint AdvancedAck { get; private set; }

    public uint LastSentTsn => _nextTsn - 1;

    public int BufferedBytes => _payload.Count;

    public bool IsEmpty => _head == _tail;

    public bool HasLost => _lostCount > 0;

    /// <summary>Whether something sent is neither acknowledged nor passed over.</summary>
    public bool HasOutstanding => _head != _waiting;

    public bool HasWaiting => _waiting != _tail;

    public long Abandoned { get; private set; }

    public void Reset(uint initialTsn)
    {
        _nextTsn = initialTsn;
        Acked = AdvancedAck = initialTsn - 1;
    }

    public void Clear()
    {
        _head = _waiting = _tail;
        _payload.Clear();
        _lostCount = 0;
        InFlightBytes = 0;
        Array.Clear(_nextSequence);
    }

    public void ResetStream(ushort stream) => _nextSequence[stream] = 0;

    /// <summary>Whether chunks of a stream wait or are in flight.</summary>
    public bool HasStream(ushort stream)
    {
        for (long i = _head; i < _tail; i++)
        {
            if (At(i).Header.Stream == stream && At(i).State is (OutState.Waiting or OutState.InFlight or OutState.Lost))
                return true;
        }

        return false;
    }

    public SendOutcome Add(ushort stream, uint protocol, in Reliability reliability, long nowNs, ReadOnlySpan<byte> message)
    {
        if (message.Length > maxBytes)
            return SendOutcome.TooLarge;
        int fragments = Math.Max(1, (message.Length + fragmentBytes - 1) / fragmentBytes);
        if (message.Length > _payload.Free || _tail - _head + fragments > MaxChunks)
            return SendOutcome.BufferFull;
        while (_tail - _head + fragments > _ring.Length)
            Grow();
        long expires = reliability.MaxLifetimeMs is { } lifetime ? nowNs + (lifetime * 1_000_000L) : long.MaxValue;
        DataFlags order = reliability.IsOrdered ? DataFlags.None : DataFlags.Unordered;
        for (int i = 0; i < fragments; i++)
        {
            ReadOnlySpan<byte> piece = message.Slice(i * fragmentBytes, Math.Min(fragmentBytes, message.Length - (i * fragmentBytes)));
            DataFlags flags = order | (i == 0 ? DataFlags.Begin : 0) | (i == fragments - 1 ? DataFlags.End : 0);
            At(_tail++) = new OutChunk
            {
                Header = new DataHeader { Stream = stream, Protocol = protocol, Flags = flags },
                Length = piece.Length,
                Position = _payload.Tail,
                Message = _nextMessage,
                MaxSends = reliability.MaxRetransmits is { } repeats ? repeats + 1 : int.MaxValue,
                ExpiresNs = expires,
            };
            _payload.Append(piece);
        }

        _nextMessage++;
        return SendOutcome.Queued;
    }

    /// <summary>The next chunk to send: lost ones first. Its index, or -1.</summary>
    public long Next(long nowNs, bool lostOnly)
    {
        if (_lostCount > 0)
        {
            for (long i = _head; i < _waiting; i++)
            {
                if (At(i).State != OutState.Lost)
                    continue;
                if (nowNs < At(i).ExpiresNs)
                    return i;
                Abandon(i);
            }
        }

        while (!lostOnly && _waiting < _tail)
        {
            ref readonly OutChunk chunk = ref At(_waiting);
            if (chunk.State == OutState.Waiting && nowNs < chunk.ExpiresNs)
                return _waiting;
            if (chunk.State == OutState.Waiting)
                Abandon(_waiting);
            else
                _waiting++;
        }

        Trim();
        return -1;
    }

    public ref readonly OutChunk Peek(long index) => ref At(index);

    /// <summary>Writes a chunk as it leaves. The I bit asks for a SACK at once where nothing follows.</summary>
    public void Take(long index, long nowNs, ref PacketWriter packet)
    {
        ref OutChunk chunk = ref At(index);
        if (chunk.State == OutState.Lost)
            _lostCount--;
        else
            GiveTsn(ref chunk);
        if (index == _waiting)
            _waiting++;
        chunk.State = OutState.InFlight;
        chunk.Sends++;
        chunk.Misses = 0;
        chunk.SentNs = nowNs;
        InFlightBytes += chunk.Length;
        DataFlags flags = chunk.Header.Flags | (HasWaiting || HasLost ? 0 : DataFlags.Immediate);
        Span<byte> value = packet.Add(ChunkType.Data, (byte)flags, DataHeader.Bytes + chunk.Length);
        BinaryPrimitives.WriteUInt32BigEndian(value, chunk.Header.Tsn);
        BinaryPrimitives.WriteUInt16BigEndian(value[4..], chunk.Header.Stream);
        BinaryPrimitives.WriteUInt16BigEndian(value[6..], chunk.Header.Sequence);
        BinaryPrimitives.WriteUInt32BigEndian(value[8..], chunk.Header.Protocol);
        _payload.CopyTo(chunk.Position, value[DataHeader.Bytes..]);
    }

    /// <summary>Whether a cumulative acknowledgement speaks of something that was sent.</summary>
    public bool IsPlausible(uint cumulative) => !Tsn.IsAfter(cumulative, LastSentTsn);

    /// <summary>Applies a SACK: pairs of offsets of what arrived behind <paramref name="cumulative"/>.</summary>
    public SackOutcome OnSack(uint cumulative, ReadOnlySpan<byte> gapBlocks, bool isRecovering)
    {
        var outcome = new SackOutcome();
        while (_head < _waiting && (At(_head).State == OutState.Dropped || !Tsn.IsAfter(At(_head).Header.Tsn, cumulative)))
        {
            if (At(_head).State != OutState.Dropped)
                outcome.Advanced = true;
            Acknowledge(ref At(_head), ref outcome);
            _head++;
        }

        _payload.FreeUpTo(_head < _tail ? At(_head).Position : _payload.Tail);
        Acked = cumulative;
        if (Tsn.IsAfter(cumulative, AdvancedAck))
            AdvancedAck = cumulative;
        uint highestNew = ReadGaps(cumulative, gapBlocks, ref outcome, out uint highestReported);
        CountMisses(isRecovering && outcome.Advanced ? highestReported : highestNew, ref outcome);
        AdvanceOverAbandoned();
        return outcome;
    }

    /// <summary>T3 has run out: all that is in flight counts as lost (RFC 9260 section 6.3.3).</summary>
    public void OnTimeout(long nowNs)
    {
        for (long i = _head; i < _waiting; i++)
        {
            if (At(i).State == OutState.InFlight)
                MarkLost(i, nowNs);
        }

        AdvanceOverAbandoned();
    }

    /// <summary>Gives up what waits on a stream that is being closed.</summary>
    public void AbandonStream(ushort stream)
    {
        for (long i = _head; i < _tail; i++)
        {
            if (At(i).Header.Stream == stream && At(i).State is OutState.Waiting)
                Abandon(i);
        }
    }

    /// <summary>Streams with their last given-up sequence number, for FORWARD-TSN; gives their number.</summary>
    public int CollectSkipped(Span<(ushort Stream, ushort Sequence)> skipped)
    {
        int count = 0;
        for (long i = _head; i < _waiting; i++)
        {
            ref readonly OutChunk chunk = ref At(i);
            if (chunk.State == OutState.Dropped)
                continue;
            if (Tsn.IsAfter(chunk.Header.Tsn, AdvancedAck))
                break;
            if (chunk.State != OutState.Abandoned || !chunk.Header.IsOrdered)
                continue;
            int at = 0;
            while (at < count && skipped[at].Stream != chunk.Header.Stream)
                at++;
            if (at == skipped.Length)
                continue;
            skipped[at] = (chunk.Header.Stream, chunk.Header.Sequence);
            count = Math.Max(count, at + 1);
        }

        return count;
    }

    private uint ReadGaps(uint cumulative, ReadOnlySpan<byte> gapBlocks, ref SackOutcome outcome, out uint highestReported)
    {
        uint highestNew = highestReported = cumulative;
        long index = _head;
        while (gapBlocks.Length >= 4 && index < _waiting)
        {
            uint start = cumulative + BinaryPrimitives.ReadUInt16BigEndian(gapBlocks);
            uint end = cumulative + BinaryPrimitives.ReadUInt16BigEndian(gapBlocks[2..]);
            gapBlocks = gapBlocks[4..];
            for (; index < _waiting; index++)
            {
                ref OutChunk chunk = ref At(index);
                if (chunk.State == OutState.Dropped)
                    continue;
                if (Tsn.IsAfter(chunk.Header.Tsn, end))
                    break;
                if (!Tsn.IsAtOrAfter(chunk.Header.Tsn, start))
                    continue;
                highestReported = chunk.Header.Tsn;
                if (chunk.State is OutState.InFlight or OutState.Lost)
                {
                    highestNew = chunk.Header.Tsn;
                    Acknowledge(ref chunk, ref outcome);
                }
            }
        }

        return highestNew;
    }

    /// <summary>
    /// Miss indications of the highest-newly-acknowledged rule (RFC 9260 section 7.2.4). A peer that takes back what it
    /// reported behind a gap is not followed: browsers never do, and T3 repairs it through the cumulative number.
    /// </summary>
    private void CountMisses(uint before, ref SackOutcome outcome)
    {
        for (long i = _head; i < _waiting; i++)
        {
            ref OutChunk chunk = ref At(i);
            if (chunk.State == OutState.Dropped)
                continue;
            if (!Tsn.IsAfter(before, chunk.Header.Tsn))
                break;
            if (chunk.State != OutState.InFlight || chunk.WasFastRepeated || ++chunk.Misses < MissesForLoss)
                continue;
            chunk.WasFastRepeated = true;
            outcome.FoundLoss = true;
            MarkLost(i, long.MinValue);
        }
    }

    private void MarkLost(long index, long nowNs)
    {
        ref OutChunk chunk = ref At(index);
        if (chunk.Sends >= chunk.MaxSends || nowNs >= chunk.ExpiresNs)
        {
            Abandon(index);
            return;
        }

        chunk.State = OutState.Lost;
        chunk.Misses = 0;
        InFlightBytes -= chunk.Length;
        _lostCount++;
    }

    private void Acknowledge(ref OutChunk chunk, ref SackOutcome outcome)
    {
        if (chunk.State == OutState.InFlight)
        {
            InFlightBytes -= chunk.Length;
            outcome.AckedBytes += chunk.Length;
            outcome.SampleSentNs = chunk.Sends == 1 ? chunk.SentNs : outcome.SampleSentNs;
        }
        else if (chunk.State == OutState.Lost)
        {
            _lostCount--;
            outcome.AckedBytes += chunk.Length;
        }

        if (chunk.State is OutState.InFlight or OutState.Lost)
            chunk.State = OutState.Acked;
    }

    /// <summary>Gives up the whole message that a chunk belongs to (RFC 3758 section 3.5 A3).</summary>
    private void Abandon(long index)
    {
        long message = At(index).Message;
        long first = index;
        while (first > _head && At(first - 1).Message == message)
            first--;
        long end = index + 1;
        while (end < _tail && At(end).Message == message)
            end++;
        bool wasSent = At(first).State is not OutState.Waiting || !At(first).Header.IsBegin;
        Abandoned++;
        for (long i = first; i < end; i++)
        {
            ref OutChunk chunk = ref At(i);
            if (chunk.State == OutState.Waiting)
            {
                chunk.State = wasSent ? OutState.Abandoned : OutState.Dropped;
                if (wasSent)
                    GiveTsn(ref chunk);
                continue;
            }

            if (chunk.State == OutState.InFlight)
                InFlightBytes -= chunk.Length;
            else if (chunk.State == OutState.Lost)
                _lostCount--;
            if (chunk.State != OutState.Acked)
                chunk.State = OutState.Abandoned;
        }

        // What was sent is contiguous: with its message given up, the line of the unsent begins behind it.
        if (wasSent && _waiting >= first && _waiting < end)
            _waiting = end;
        AdvanceOverAbandoned();
    }

    private void AdvanceOverAbandoned()
    {
        for (long i = _head; i < _waiting; i++)
        {
            ref readonly OutChunk chunk = ref At(i);
            if (chunk.State == OutState.Dropped)
                continue;
            // What arrived behind the given-up ones is the peer's own to go over.
            if (chunk.State != OutState.Abandoned)
                break;
            if (Tsn.IsAfter(chunk.Header.Tsn, AdvancedAck))
                AdvancedAck = chunk.Header.Tsn;
        }
    }

    /// <summary>Forgets what was dropped before it had a TSN: no acknowledgement will come for it.</summary>
    private void Trim()
    {
        while (_head < _waiting && At(_head).State == OutState.Dropped)
            _head++;
        _payload.FreeUpTo(_head < _tail ? At(_head).Position : _payload.Tail);
    }

    private void GiveTsn(ref OutChunk chunk)
    {
        chunk.Header.Tsn = _nextTsn++;
        if (!chunk.Header.IsOrdered)
            return;
        // All fragments of a message carry the same number; the last one ends it.
        chunk.Header.Sequence = _nextSequence[chunk.Header.Stream];
        if (chunk.Header.IsEnd)
            _nextSequence[chunk.Header.Stream]++;
    }

    private void Grow()
    {
        var larger = new OutChunk[_ring.Length * 2];
        for (long i = _head; i < _tail; i++)
            larger[i % larger.Length] = At(i);
        _ring = larger;
    }

    private ref OutChunk At(long index) => ref _ring[index % _ring.Length];
}
