using System.Buffers.Binary;
using QemuZeroCopy.WebRtc.Sctp.Wire;

namespace QemuZeroCopy.WebRtc.Sctp;

/// <summary>What INIT and INIT-ACK say (RFC 9260 sections 3.3.2 and 3.3.3).</summary>
internal ref struct InitChunk
{
    /// <summary>Tag, window, streams both ways, first TSN.</summary>
    public const int FixedBytes = 16;

    /// <summary>RFC 3758 section 3.1 (4 bytes), and the list of extensions of RFC 5061 section 4.2.7 (6, padded to 8).</summary>
    public const int ExtensionBytes = 12;

    public uint Tag;
    public uint WindowBytes;
    public ushort OutStreams;
    public ushort InStreams;
    public uint InitialTsn;
    public bool TakesForwardTsn;
    public bool TakesReset;

    /// <summary>Empty where there is none.</summary>
    public ReadOnlySpan<byte> Cookie;

    /// <summary>False where a field is missing or forbidden: tag 0, no streams.</summary>
    public static bool TryRead(ReadOnlySpan<byte> value, out InitChunk init)
    {
        init = default;
        if (value.Length < FixedBytes)
            return false;
        init.Tag = BinaryPrimitives.ReadUInt32BigEndian(value);
        init.WindowBytes = BinaryPrimitives.ReadUInt32BigEndian(value[4..]);
        init.OutStreams = BinaryPrimitives.ReadUInt16BigEndian(value[8..]);
        init.InStreams = BinaryPrimitives.ReadUInt16BigEndian(value[10..]);
        init.InitialTsn = BinaryPrimitives.ReadUInt32BigEndian(value[12..]);
        var parameters = new ParameterReader(value[FixedBytes..]);
        while (parameters.TryRead(out ParameterType type, out ReadOnlySpan<byte> content))
        {
            switch (type)
            {
                case ParameterType.StateCookie:
                    init.Cookie = content;
                    break;
                case ParameterType.ForwardTsnSupported:
                    init.TakesForwardTsn = true;
                    break;
                case ParameterType.SupportedExtensions:
                    init.TakesForwardTsn |= content.Contains((byte)ChunkType.ForwardTsn);
                    init.TakesReset |= content.Contains((byte)ChunkType.ReConfig);
                    break;
            }
        }

        return !parameters.IsMalformed && init.Tag != 0 && init.OutStreams != 0 && init.InStreams != 0;
    }

    /// <summary>Writes the fixed part and the extensions that are spoken here.</summary>
    public readonly void Write(Span<byte> value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(value, Tag);
        BinaryPrimitives.WriteUInt32BigEndian(value[4..], WindowBytes);
        BinaryPrimitives.WriteUInt16BigEndian(value[8..], OutStreams);
        BinaryPrimitives.WriteUInt16BigEndian(value[10..], InStreams);
        BinaryPrimitives.WriteUInt32BigEndian(value[12..], InitialTsn);
        WriteParameterHeader(value[16..], ParameterType.ForwardTsnSupported, 4);
        WriteParameterHeader(value[20..], ParameterType.SupportedExtensions, 6);
        value[24] = (byte)ChunkType.ReConfig;
        value[25] = (byte)ChunkType.ForwardTsn;
        value[26] = value[27] = 0;
    }

    public static void WriteParameterHeader(Span<byte> at, ParameterType type, int length)
    {
        BinaryPrimitives.WriteUInt16BigEndian(at, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(at[2..], (ushort)length);
    }
}
