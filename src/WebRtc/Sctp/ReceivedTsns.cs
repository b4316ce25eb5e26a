using System.Buffers.Binary;
using QemuZeroCopy.WebRtc.Sctp.Wire;

namespace QemuZeroCopy.WebRtc.Sctp;

/// <summary>Which TSNs have arrived: a cumulative one, and a bitmap of those beyond it. Writes the SACK (RFC 9260 section 3.3.4).</summary>
internal sealed class ReceivedTsns
{
    /// <summary>TSNs beyond the cumulative one that are kept track of; further ones are dropped, and so repeated by the peer.</summary>
    public const int Window = 2048;

    /// <summary>Cumulative TSN, window, two counts.</summary>
    public const int SackFixedBytes = 12;

    private const int MaxDuplicates = 16;
    private const int MaxGapBlocks = 64;

    private readonly ulong[] _bits = new ulong[Window / 64];
    private readonly uint[] _duplicates = new uint[MaxDuplicates];
    private int _duplicateCount;

    /// <summary>All TSNs up to here have arrived or been given up.</summary>
    public uint Cumulative { get; private set; }

    /// <summary>The highest TSN that has arrived.</summary>
    public uint Highest { get; private set; }

    public bool HasGaps => Highest != Cumulative;

    public void Reset(uint peerInitialTsn)
    {
        Array.Clear(_bits);
        _duplicateCount = 0;
        Cumulative = Highest = peerInitialTsn - 1;
    }

    public bool IsInWindow(uint tsn) => tsn - Cumulative - 1 < Window;

    /// <summary>Whether it has arrived before.</summary>
    public bool Has(uint tsn) => !Tsn.IsAfter(tsn, Cumulative) || (IsInWindow(tsn) && Bit(tsn));

    public void AddDuplicate(uint tsn)
    {
        if (_duplicateCount < MaxDuplicates)
            _duplicates[_duplicateCount++] = tsn;
    }

    /// <summary>Notes a TSN within the window.</summary>
    public void Add(uint tsn)
    {
        _bits[Word(tsn)] |= 1UL << (int)(tsn & 63);
        if (Tsn.IsAfter(tsn, Highest))
            Highest = tsn;
        Advance();
    }

    /// <summary>The peer gives up everything up to <paramref name="cumulative"/> (RFC 3758 section 3.6).</summary>
    public void SkipTo(uint cumulative)
    {
        while (Tsn.IsAfter(cumulative, Cumulative))
        {
            Cumulative++;
            _bits[Word(Cumulative)] &= ~(1UL << (int)(Cumulative & 63));
        }

        if (Tsn.IsAfter(Cumulative, Highest))
            Highest = Cumulative;
        Advance();
    }

    /// <summary>Adds a SACK with as many gap blocks and duplicates as find room.</summary>
    public void WriteSack(ref PacketWriter packet, uint windowBytes)
    {
        Span<ushort> blocks = stackalloc ushort[2 * MaxGapBlocks];
        int maxBlocks = Math.Min(MaxGapBlocks, (packet.Room - Chunk.HeaderBytes - SackFixedBytes) / 4);
        int count = CollectGapBlocks(blocks, maxBlocks);
        int duplicates = Math.Min(_duplicateCount, maxBlocks - count);
        Span<byte> sack = packet.Add(ChunkType.Sack, 0, SackFixedBytes + (4 * (count + duplicates)));
        BinaryPrimitives.WriteUInt32BigEndian(sack, Cumulative);
        BinaryPrimitives.WriteUInt32BigEndian(sack[4..], windowBytes);
        BinaryPrimitives.WriteUInt16BigEndian(sack[8..], (ushort)count);
        BinaryPrimitives.WriteUInt16BigEndian(sack[10..], (ushort)duplicates);
        Span<byte> at = sack[SackFixedBytes..];
        for (int i = 0; i < 2 * count; i++)
            BinaryPrimitives.WriteUInt16BigEndian(at[(2 * i)..], blocks[i]);
        at = at[(4 * count)..];
        for (int i = 0; i < duplicates; i++)
            BinaryPrimitives.WriteUInt32BigEndian(at[(4 * i)..], _duplicates[i]);
        _duplicateCount = 0;
    }

    private int CollectGapBlocks(Span<ushort> blocks, int maxBlocks)
    {
        int count = 0;
        uint span = Highest - Cumulative;
        for (uint offset = 1; offset <= span && count < maxBlocks; offset++)
        {
            if (!Bit(Cumulative + offset))
                continue;
            uint start = offset;
            while (offset < span && Bit(Cumulative + offset + 1))
                offset++;
            blocks[2 * count] = (ushort)start;
            blocks[(2 * count) + 1] = (ushort)offset;
            count++;
        }

        return count;
    }

    private void Advance()
    {
        while (Cumulative != Highest && Bit(Cumulative + 1))
        {
            Cumulative++;
            _bits[Word(Cumulative)] &= ~(1UL << (int)(Cumulative & 63));
        }
    }

    private bool Bit(uint tsn) => (_bits[Word(tsn)] & (1UL << (int)(tsn & 63))) != 0;

    private static int Word(uint tsn) => (int)(tsn % Window) >> 6;
}
