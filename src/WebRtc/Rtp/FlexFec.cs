using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace QemuZeroCopy.WebRtc.Rtp;

/// <summary>
/// FlexFEC's header (draft-ietf-payload-flexible-fec-scheme-03 section 4.2, flexible mask, one protected stream), and what
/// of an RTP packet goes into the parity: all but sequence number and SSRC, with the transport-wide number taken for zero.
/// </summary>
internal static class FlexFec
{
    /// <summary>The format's name in SDP; the final RFC 8627 has another header.</summary>
    public const string Encoding = "flexfec-03";

    /// <summary>Packets that one parity packet covers at most: the mask's first two parts.</summary>
    public const int MaxPackets = 46;

    /// <summary>The header with <see cref="MaxPackets"/>.</summary>
    public const int MaxHeaderBytes = FixedBytes + 2 + 4;

    private const int ShortMaskPackets = 15;
    private const int FixedBytes = 18;
    private const ushort EndOfMask = 0x8000;

    /// <summary>Bytes of the header of a parity over <paramref name="packets"/> in a row, or some of these.</summary>
    public static int HeaderBytes(int packets) => packets <= ShortMaskPackets ? FixedBytes + 2 : MaxHeaderBytes;

    /// <summary>Writes what the parity came to, and which packets are in it.</summary>
    /// <param name="header"><see cref="HeaderBytes"/> of them.</param>
    /// <param name="recovery">The protected packets' header fields, combined.</param>
    /// <param name="ssrc">The protected stream.</param>
    /// <param name="firstSequence">RTP number of the packet that bit 0 of the mask stands for.</param>
    /// <param name="mask">Bit n stands for the n-th packet behind the first.</param>
    public static void WriteHeader(Span<byte> header, in Recovery recovery, uint ssrc, ushort firstSequence, ulong mask)
    {
        // The upper two bits would say "retransmission" and "fixed mask".
        header[0] = (byte)(recovery.Flags & 0x3F);
        header[1] = recovery.MarkerAndType;
        BinaryPrimitives.WriteUInt16BigEndian(header[2..], recovery.Length);
        BinaryPrimitives.WriteUInt32BigEndian(header[4..], recovery.Timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(header[8..], 1u << 24); // one SSRC
        BinaryPrimitives.WriteUInt32BigEndian(header[12..], ssrc);
        BinaryPrimitives.WriteUInt16BigEndian(header[16..], firstSequence);
        // Bit 0 comes first on the wire, behind a bit that says whether this part of the mask is the last one.
        ushort first = 0;
        for (int i = 0; i < ShortMaskPackets; i++)
            first |= (ushort)(((mask >> i) & 1) << (14 - i));
        bool isShort = header.Length == FixedBytes + 2;
        BinaryPrimitives.WriteUInt16BigEndian(header[FixedBytes..], isShort ? (ushort)(first | EndOfMask) : first);
        if (isShort)
            return;
        uint second = (uint)EndOfMask << 16;
        for (int i = ShortMaskPackets; i < MaxPackets; i++)
            second |= (uint)((mask >> i) & 1) << (MaxPackets - 1 - i);
        BinaryPrimitives.WriteUInt32BigEndian(header[(FixedBytes + 2)..], second);
    }

    /// <summary>Combines <paramref name="source"/> into the front of <paramref name="destination"/>, which is at least as long.</summary>
    public static void Combine(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        destination = destination[..source.Length];
        ReadOnlySpan<Vector<byte>> wideSource = MemoryMarshal.Cast<byte, Vector<byte>>(source);
        Span<Vector<byte>> wideDestination = MemoryMarshal.Cast<byte, Vector<byte>>(destination);
        for (int i = 0; i < wideSource.Length; i++)
            wideDestination[i] ^= wideSource[i];
        for (int i = wideSource.Length * Vector<byte>.Count; i < source.Length; i++)
            destination[i] ^= source[i];
    }

    /// <summary>The header fields of several packets, combined.</summary>
    /// <param name="Flags">Padding, extension and CSRC count.</param>
    /// <param name="MarkerAndType">Marker and payload type.</param>
    /// <param name="Length">Bytes behind the 12 of the fixed header.</param>
    /// <param name="Timestamp">RTP timestamp.</param>
    public readonly record struct Recovery(byte Flags, byte MarkerAndType, ushort Length, uint Timestamp)
    {
        public static Recovery operator ^(Recovery a, Recovery b) =>
            new((byte)(a.Flags ^ b.Flags), (byte)(a.MarkerAndType ^ b.MarkerAndType), (ushort)(a.Length ^ b.Length), a.Timestamp ^ b.Timestamp);
    }
}
