using System.Buffers.Binary;

namespace QemuZeroCopy.WebRtc.Rtcp;

/// <summary>Writes a compound RTCP packet into a caller's buffer.</summary>
internal ref struct RtcpWriter(Span<byte> buffer)
{
    private readonly Span<byte> _buffer = buffer;

    public int Length { get; private set; }

    /// <summary>Room left, in bytes.</summary>
    public readonly int Room => _buffer.Length - Length;

    /// <summary>An SR without report blocks: what was sent until now.</summary>
    public void AddSenderReport(uint ssrc, ulong ntp, uint rtpTimestamp, uint packets, uint octets)
    {
        Span<byte> body = Begin(RtcpType.SenderReport, 0, 24);
        BinaryPrimitives.WriteUInt32BigEndian(body, ssrc);
        BinaryPrimitives.WriteUInt64BigEndian(body[4..], ntp);
        BinaryPrimitives.WriteUInt32BigEndian(body[12..], rtpTimestamp);
        BinaryPrimitives.WriteUInt32BigEndian(body[16..], packets);
        BinaryPrimitives.WriteUInt32BigEndian(body[20..], octets);
    }

    /// <summary>An RR with one block, or none.</summary>
    public void AddReceiverReport(uint ssrc, ReportBlock? block)
    {
        Span<byte> body = Begin(RtcpType.ReceiverReport, block is null ? 0 : 1, block is null ? 4 : 4 + ReportBlock.Bytes);
        BinaryPrimitives.WriteUInt32BigEndian(body, ssrc);
        block?.Write(body[4..]);
    }

    /// <summary>An SDES with one CNAME.</summary>
    public void AddName(uint ssrc, scoped ReadOnlySpan<byte> name)
    {
        Span<byte> body = Begin(RtcpType.SourceDescription, 1, (4 + 2 + name.Length + 1 + 3) & ~3);
        body.Clear();
        BinaryPrimitives.WriteUInt32BigEndian(body, ssrc);
        body[4] = 1;
        body[5] = (byte)name.Length;
        name.CopyTo(body[6..]);
    }

    /// <summary>A BYE for one source.</summary>
    public void AddGoodbye(uint ssrc) => BinaryPrimitives.WriteUInt32BigEndian(Begin(RtcpType.Goodbye, 1, 4), ssrc);

    /// <summary>PLI for one source.</summary>
    public void AddPictureLoss(uint sender, uint media)
    {
        Span<byte> body = Begin(RtcpType.PayloadFeedback, RtcpFormat.PictureLoss, 8);
        BinaryPrimitives.WriteUInt32BigEndian(body, sender);
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], media);
    }

    /// <summary>FIR for one source (RFC 5104 section 4.3.1).</summary>
    public void AddFullIntraRequest(uint sender, uint media, byte number)
    {
        Span<byte> body = Begin(RtcpType.PayloadFeedback, RtcpFormat.FullIntraRequest, 16);
        body.Clear();
        BinaryPrimitives.WriteUInt32BigEndian(body, sender);
        BinaryPrimitives.WriteUInt32BigEndian(body[8..], media);
        body[12] = number;
    }

    /// <summary>A generic NACK of packet identifiers with the bit masks behind each (RFC 4585 section 6.2.1).</summary>
    public void AddNack(uint sender, uint media, scoped ReadOnlySpan<(ushort First, ushort Mask)> lost)
    {
        Span<byte> body = Begin(RtcpType.TransportFeedback, RtcpFormat.Nack, 8 + (4 * lost.Length));
        BinaryPrimitives.WriteUInt32BigEndian(body, sender);
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], media);
        for (int i = 0; i < lost.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(body[(8 + (4 * i))..], lost[i].First);
            BinaryPrimitives.WriteUInt16BigEndian(body[(10 + (4 * i))..], lost[i].Mask);
        }
    }

    private Span<byte> Begin(byte type, int count, int bodyBytes)
    {
        Span<byte> packet = _buffer.Slice(Length, 4 + bodyBytes);
        packet[0] = (byte)(0x80 | count);
        packet[1] = type;
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)(bodyBytes / 4));
        Length += 4 + bodyBytes;
        return packet[4..];
    }
}
