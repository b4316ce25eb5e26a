using System.Buffers.Binary;
using QemuZeroCopy.WebRtc.Sdp;

namespace QemuZeroCopy.WebRtc.Rtp;

/// <summary>What a sent packet's extensions say beside the transport-wide sequence number.</summary>
internal readonly record struct RtpFrameInfo(long CaptureNtp, int PlayoutMinMs, int PlayoutMaxMs);

/// <summary>
/// RTP headers (RFC 3550) with one-byte extensions (RFC 8285) in one of two fixed lengths, so that all packets of a
/// frame are of equal size: lean with the transport-wide sequence number only, or full.
/// </summary>
internal static class RtpHeader
{
    public const int FixedBytes = 12;

    /// <summary>Fixed header, extension header, transport-wide sequence number, padding.</summary>
    public const int LeanBytes = FixedBytes + 4 + 4;

    /// <summary>The same with playout delay (4), capture time (9) and mid (1 + up to 7).</summary>
    public const int FullBytes = FixedBytes + 4 + 24;

    /// <summary>Longer mids are left out; the SSRC in the answer tells the m-line as well.</summary>
    public const int MaxMidBytes = 7;

    private const ushort OneByteProfile = 0xBEDE;

    /// <summary>Writes a header and gives its length.</summary>
    public static int Write(Span<byte> packet, byte payloadType, bool marker, ushort sequence, uint timestamp, uint ssrc, bool hasExtension)
    {
        packet[0] = (byte)(0x80 | (hasExtension ? 0x10 : 0));
        packet[1] = (byte)(payloadType | (marker ? 0x80 : 0));
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(packet[4..], timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(packet[8..], ssrc);
        return FixedBytes;
    }

    /// <summary>Writes the lean extension block behind the fixed header; gives the header's whole length.</summary>
    public static int WriteLean(Span<byte> packet, in RtpExtensionIds ids, ushort transportSequence)
    {
        WriteExtensionHeader(packet, LeanBytes);
        WriteTransportSequence(packet[16..], ids, transportSequence);
        packet[19] = 0;
        return LeanBytes;
    }

    /// <summary>Writes the full extension block behind the fixed header; gives the header's whole length.</summary>
    public static int WriteFull(Span<byte> packet, in RtpExtensionIds ids, ushort transportSequence, in RtpFrameInfo info, ReadOnlySpan<byte> mid)
    {
        WriteExtensionHeader(packet, FullBytes);
        Span<byte> block = packet[16..FullBytes];
        block.Clear();
        int length = ids.TransportSequence == 0 ? 0 : WriteTransportSequence(block, ids, transportSequence);
        if (ids.PlayoutDelay != 0)
        {
            block[length] = (byte)((ids.PlayoutDelay << 4) | 2);
            // Two fields of 12 bits, in units of 10 ms.
            int value = (Math.Clamp(info.PlayoutMinMs / 10, 0, 0xFFF) << 12) | Math.Clamp(info.PlayoutMaxMs / 10, 0, 0xFFF);
            block[length + 1] = (byte)(value >> 16);
            BinaryPrimitives.WriteUInt16BigEndian(block[(length + 2)..], (ushort)value);
            length += 4;
        }

        if (ids.CaptureTime != 0)
        {
            block[length] = (byte)((ids.CaptureTime << 4) | 7);
            BinaryPrimitives.WriteInt64BigEndian(block[(length + 1)..], info.CaptureNtp);
            length += 9;
        }

        if (ids.Mid != 0 && mid.Length is > 0 and <= MaxMidBytes)
        {
            block[length] = (byte)((ids.Mid << 4) | (mid.Length - 1));
            mid.CopyTo(block[(length + 1)..]);
        }

        return FullBytes;
    }

    /// <summary>
    /// The length of a received header with its CSRCs and extension; -1 where the packet is not RTP or too short.
    /// </summary>
    public static int Measure(ReadOnlySpan<byte> packet)
    {
        if (packet.Length < FixedBytes || (packet[0] & 0xC0) != 0x80)
            return -1;
        int length = FixedBytes + (4 * (packet[0] & 0x0F));
        if ((packet[0] & 0x10) != 0)
        {
            if (packet.Length < length + 4)
                return -1;
            length += 4 + (4 * BinaryPrimitives.ReadUInt16BigEndian(packet[(length + 2)..]));
        }

        return packet.Length < length ? -1 : length;
    }

    private static void WriteExtensionHeader(Span<byte> packet, int headerBytes)
    {
        BinaryPrimitives.WriteUInt16BigEndian(packet[12..], OneByteProfile);
        BinaryPrimitives.WriteUInt16BigEndian(packet[14..], (ushort)((headerBytes - FixedBytes - 4) / 4));
    }

    private static int WriteTransportSequence(Span<byte> block, in RtpExtensionIds ids, ushort transportSequence)
    {
        block[0] = (byte)((ids.TransportSequence << 4) | 1);
        BinaryPrimitives.WriteUInt16BigEndian(block[1..], transportSequence);
        return 3;
    }
}

/// <summary>The original sequence number in front of a repeated payload (RFC 4588 section 4).</summary>
internal static class RtxHeader
{
    public const int Bytes = 2;
}
