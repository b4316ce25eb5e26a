using System.Buffers.Binary;
using QemuZeroCopy.WebRtc.Sctp.Wire;

namespace QemuZeroCopy.WebRtc.Tests.Sctp;

/// <summary>Packets made by hand.</summary>
internal static class SctpBytes
{
    /// <summary>Puts the right checksum into a changed packet.</summary>
    public static byte[] WithChecksum(byte[] packet)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(packet.AsSpan(Crc32c.FieldOffset), Crc32c.OfPacket(packet));
        return packet;
    }
}
