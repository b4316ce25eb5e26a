using System.Buffers.Binary;

namespace QemuZeroCopy.WebRtc.Rtcp;

/// <summary>RTCP packet types (RFC 3550, RFC 4585).</summary>
internal static class RtcpType
{
    public const byte SenderReport = 200;
    public const byte ReceiverReport = 201;
    public const byte SourceDescription = 202;
    public const byte Goodbye = 203;
    public const byte TransportFeedback = 205;
    public const byte PayloadFeedback = 206;
}

/// <summary>Formats of feedback packets (RFC 4585, RFC 5104, transport-wide-cc draft).</summary>
internal static class RtcpFormat
{
    public const byte Nack = 1;
    public const byte TransportWide = 15;
    public const byte PictureLoss = 1;
    public const byte FullIntraRequest = 4;
    public const byte ApplicationLayer = 15;
}

/// <summary>One packet of a compound: its common header and what follows it.</summary>
internal readonly ref struct RtcpPacket(ReadOnlySpan<byte> bytes)
{
    /// <summary>Report count, or format of a feedback packet.</summary>
    public byte Count { get; } = (byte)(bytes[0] & 0x1F);

    public byte Type { get; } = bytes[1];

    /// <summary>Behind the common header of four bytes, without padding.</summary>
    public ReadOnlySpan<byte> Body { get; } = bytes[4..];
}

/// <summary>Walks a compound RTCP packet (or one of reduced size, RFC 5506).</summary>
internal ref struct RtcpReader(ReadOnlySpan<byte> compound)
{
    private ReadOnlySpan<byte> _rest = compound;

    /// <summary>Whether the walk ended on something malformed.</summary>
    public bool IsMalformed { get; private set; }

    /// <summary>The next packet; false at the end, or where what follows is malformed.</summary>
    public bool TryRead(out RtcpPacket packet)
    {
        packet = default;
        if (_rest.IsEmpty)
            return false;
        if (_rest.Length < 4 || _rest[0] >> 6 != 2)
            return Stop();
        int length = 4 + (4 * BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]));
        if (length > _rest.Length)
            return Stop();
        int padding = 0;
        if ((_rest[0] & 0x20) != 0)
        {
            padding = _rest[length - 1];
            if (padding == 0 || padding > length - 4)
                return Stop();
        }

        packet = new RtcpPacket(_rest[..(length - padding)]);
        _rest = _rest[length..];
        return true;
    }

    private bool Stop()
    {
        IsMalformed = true;
        _rest = default;
        return false;
    }
}

/// <summary>One report block of 24 bytes (RFC 3550 section 6.4.1).</summary>
internal readonly record struct ReportBlock(uint Ssrc, byte FractionLost, int CumulativeLost, uint HighestSequence, uint Jitter, uint LastSenderReport, uint DelaySinceLast)
{
    public const int Bytes = 24;

    public static ReportBlock Read(ReadOnlySpan<byte> block)
    {
        uint lost = BinaryPrimitives.ReadUInt32BigEndian(block[4..]);
        return new ReportBlock(
            BinaryPrimitives.ReadUInt32BigEndian(block), (byte)(lost >> 24), (int)(lost << 8) >> 8,
            BinaryPrimitives.ReadUInt32BigEndian(block[8..]), BinaryPrimitives.ReadUInt32BigEndian(block[12..]),
            BinaryPrimitives.ReadUInt32BigEndian(block[16..]), BinaryPrimitives.ReadUInt32BigEndian(block[20..]));
    }

    public void Write(Span<byte> block)
    {
        BinaryPrimitives.WriteUInt32BigEndian(block, Ssrc);
        BinaryPrimitives.WriteUInt32BigEndian(block[4..], ((uint)FractionLost << 24) | ((uint)CumulativeLost & 0xFFFFFF));
        BinaryPrimitives.WriteUInt32BigEndian(block[8..], HighestSequence);
        BinaryPrimitives.WriteUInt32BigEndian(block[12..], Jitter);
        BinaryPrimitives.WriteUInt32BigEndian(block[16..], LastSenderReport);
        BinaryPrimitives.WriteUInt32BigEndian(block[20..], DelaySinceLast);
    }
}
