using System.Buffers.Binary;

namespace QemuZeroCopy.WebRtc.Sctp;

/// <summary>Payload protocol identifiers of data channels (RFC 8831 section 8).</summary>
internal static class PayloadProtocol
{
    public const uint Dcep = 50;
    public const uint String = 51;
    public const uint Binary = 53;
    public const uint EmptyString = 56;
    public const uint EmptyBinary = 57;
}

/// <summary>DATA_CHANNEL_OPEN and DATA_CHANNEL_ACK (RFC 8832 section 5).</summary>
internal static class Dcep
{
    public const byte Ack = 2;
    public const byte Open = 3;

    /// <summary>A label or a sub-protocol's name longer than this is refused.</summary>
    public const int MaxNameBytes = 256;
    public const int MaxOpenBytes = FixedBytes + (2 * MaxNameBytes);

    private const int FixedBytes = 12;
    private const byte UnorderedBit = 0x80;
    private const byte LimitedRetransmits = 1;
    private const byte LimitedLifetime = 2;
    private const ushort NormalPriority = 256;

    public static bool TryReadOpen(ReadOnlySpan<byte> message, out Reliability reliability, out ReadOnlySpan<byte> label)
    {
        reliability = default;
        label = default;
        if (message.Length < FixedBytes || message[0] != Open)
            return false;
        uint parameter = BinaryPrimitives.ReadUInt32BigEndian(message[4..]);
        int labelBytes = BinaryPrimitives.ReadUInt16BigEndian(message[8..]);
        int protocolBytes = BinaryPrimitives.ReadUInt16BigEndian(message[10..]);
        if (labelBytes > MaxNameBytes || protocolBytes > MaxNameBytes || message.Length != FixedBytes + labelBytes + protocolBytes)
            return false;
        bool isOrdered = (message[1] & UnorderedBit) == 0;
        ushort limit = (ushort)Math.Min(parameter, ushort.MaxValue);
        switch (message[1] & ~UnorderedBit)
        {
            case 0:
                reliability = new Reliability(isOrdered);
                break;
            case LimitedRetransmits:
                reliability = new Reliability(isOrdered, MaxRetransmits: limit);
                break;
            case LimitedLifetime:
                reliability = new Reliability(isOrdered, MaxLifetimeMs: limit);
                break;
            default:
                return false;
        }

        label = message.Slice(FixedBytes, labelBytes);
        return true;
    }

    /// <summary>Writes DATA_CHANNEL_OPEN without a sub-protocol; gives its length.</summary>
    public static int WriteOpen(Span<byte> destination, in Reliability reliability, ReadOnlySpan<byte> label)
    {
        destination[..FixedBytes].Clear();
        destination[0] = Open;
        destination[1] = (byte)((reliability.IsOrdered ? 0 : UnorderedBit)
            | (reliability.MaxRetransmits is not null ? LimitedRetransmits : reliability.MaxLifetimeMs is not null ? LimitedLifetime : 0));
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], NormalPriority);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], reliability.MaxRetransmits ?? reliability.MaxLifetimeMs ?? 0u);
        BinaryPrimitives.WriteUInt16BigEndian(destination[8..], (ushort)label.Length);
        label.CopyTo(destination[FixedBytes..]);
        return FixedBytes + label.Length;
    }
}
