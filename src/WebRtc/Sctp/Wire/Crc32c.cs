using System.Buffers.Binary;
using System.Numerics;

namespace QemuZeroCopy.WebRtc.Sctp.Wire;

/// <summary>The checksum of SCTP (RFC 9260 appendix A): CRC-32C over the packet with the field itself zero, stored little-endian.</summary>
internal static class Crc32c
{
    public const int FieldOffset = 8;

    /// <summary>The value for a whole packet, whatever its checksum field holds.</summary>
    public static uint OfPacket(ReadOnlySpan<byte> packet)
    {
        uint crc = Update(uint.MaxValue, packet[..FieldOffset]);
        crc = BitOperations.Crc32C(crc, 0u);
        return ~Update(crc, packet[(FieldOffset + 4)..]);
    }

    private static uint Update(uint crc, ReadOnlySpan<byte> data)
    {
        while (data.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
            data = data[8..];
        }

        foreach (byte b in data)
            crc = BitOperations.Crc32C(crc, b);
        return crc;
    }
}
