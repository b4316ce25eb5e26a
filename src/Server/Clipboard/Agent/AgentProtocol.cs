using System.Buffers.Binary;

namespace QemuZeroCopy.Server.Clipboard.Agent;

/// <summary>Kinds of messages between a SPICE agent and its client that concern the clipboard (vd_agent.h of spice-protocol).</summary>
internal enum AgentMessageKind : uint
{
    Clipboard = 4,
    AnnounceCapabilities = 6,
    ClipboardGrab = 7,
    ClipboardRequest = 8,
    ClipboardRelease = 9,
}

/// <summary>What either side can; the numbers are bits of the announcement's first word.</summary>
[Flags]
internal enum AgentCapabilities : uint
{
    None = 0,
    ClipboardByDemand = 1 << 5,
    ClipboardSelection = 1 << 6,
    GuestLineEndCrLf = 1 << 9,
    ClipboardGrabSerial = 1 << 17,
}

/// <summary>
/// Takes the stream of an agent's port apart: chunks of a port number, a size and bytes, which together make messages
/// of protocol, kind, an opaque word, a size and bytes; all little-endian. Everything in it is the guest's word. The
/// rest of what an agent said that has died may stand before what the next one says: so nothing is taken until an
/// announcement of capabilities begins, with which each agent does, nor after something that is no chunk.
/// </summary>
internal sealed class AgentReader(Action<AgentMessageKind, ReadOnlyMemory<byte>> take, Action<AgentMessageKind, uint> tooLarge)
{
    public const int ChunkHeaderBytes = 8;
    public const int MessageHeaderBytes = 20;

    /// <summary>A clipboard and the words before it.</summary>
    public const uint MaxMessageBytes = Pipeline.Display.Clipboard.ClipboardFormats.MaxBytes + 8;

    /// <summary>VD_AGENT_MAX_DATA_SIZE.</summary>
    public const int MaxChunkBytes = 2048;

    private const int BeginningBytes = 16;

    private readonly byte[] _beginning = new byte[BeginningBytes];
    private readonly byte[] _chunkHeader = new byte[ChunkHeaderBytes];
    private readonly byte[] _header = new byte[MessageHeaderBytes];
    private byte[] _body = [];
    private int _chunkHeaderFilled;
    private int _headerFilled;
    private int _bodyFilled;
    private uint _chunkLeft;
    private uint _toSkip;
    private bool _isLost = true;

    private AgentMessageKind Kind => (AgentMessageKind)BinaryPrimitives.ReadUInt32LittleEndian(_header.AsSpan(4));

    private uint BodyBytes => BinaryPrimitives.ReadUInt32LittleEndian(_header.AsSpan(16));

    /// <summary>Another agent begins: what was not finished never will be.</summary>
    public void Reset()
    {
        (_chunkHeaderFilled, _headerFilled, _bodyFilled, _chunkLeft, _toSkip) = (0, 0, 0, 0, 0);
        _body = [];
        _isLost = true;
        Array.Clear(_beginning);
    }

    /// <summary>Goes on with the next bytes of the stream.</summary>
    public void Read(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_isLost)
            {
                bytes = bytes[FindBeginning(bytes.Span)..];
                continue;
            }

            if (_chunkLeft == 0)
            {
                bytes = bytes[Fill(_chunkHeader, ref _chunkHeaderFilled, bytes.Span)..];
                if (_chunkHeaderFilled < ChunkHeaderBytes)
                    return;
                _chunkHeaderFilled = 0;
                _chunkLeft = BinaryPrimitives.ReadUInt32LittleEndian(_chunkHeader.AsSpan(4));
                if (!IsChunk(_chunkHeader))
                    Reset();
                continue;
            }

            int taken = ReadMessage(bytes.Span[..(int)Math.Min((uint)bytes.Length, _chunkLeft)]);
            _chunkLeft -= (uint)taken;
            bytes = bytes[taken..];
        }
    }

    /// <summary>Goes on to where a chunk and in it an announcement begin; what of it has been seen then is kept.</summary>
    private int FindBeginning(ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            _beginning.AsSpan(1).CopyTo(_beginning);
            _beginning[^1] = bytes[i];
            ReadOnlySpan<byte> message = _beginning.AsSpan(ChunkHeaderBytes);
            uint chunkBytes = BinaryPrimitives.ReadUInt32LittleEndian(_beginning.AsSpan(4));
            if (!IsChunk(_beginning) || chunkBytes < MessageHeaderBytes || BinaryPrimitives.ReadUInt32LittleEndian(message) != AgentWriter.Protocol
                || BinaryPrimitives.ReadUInt32LittleEndian(message[4..]) != (uint)AgentMessageKind.AnnounceCapabilities)
                continue;
            message.CopyTo(_header);
            _headerFilled = message.Length;
            _chunkLeft = chunkBytes - (uint)message.Length;
            _isLost = false;
            return i + 1;
        }

        return bytes.Length;
    }

    /// <summary>A port of the two that there are, and a size that an agent may send.</summary>
    private static bool IsChunk(ReadOnlySpan<byte> header) =>
        BinaryPrimitives.ReadUInt32LittleEndian(header) is 1 or 2 && BinaryPrimitives.ReadUInt32LittleEndian(header[4..]) is >= 1 and <= MaxChunkBytes;

    /// <summary>Takes some of a chunk's bytes, as far as one step goes.</summary>
    private int ReadMessage(ReadOnlySpan<byte> part)
    {
        if (_toSkip > 0)
        {
            int skipped = (int)Math.Min(_toSkip, (uint)part.Length);
            _toSkip -= (uint)skipped;
            return skipped;
        }

        int taken;
        if (_headerFilled < MessageHeaderBytes)
        {
            taken = Fill(_header, ref _headerFilled, part);
            if (_headerFilled < MessageHeaderBytes)
                return taken;
            if (BodyBytes > MaxMessageBytes)
            {
                tooLarge(Kind, BodyBytes);
                _toSkip = BodyBytes;
                _headerFilled = 0;
                return taken;
            }
        }
        else
        {
            // Grows with what arrives, not with what was announced.
            int needed = (int)Math.Min(BodyBytes, (uint)(_bodyFilled + part.Length));
            if (needed > _body.Length)
                Array.Resize(ref _body, (int)Math.Min(BodyBytes, (uint)Math.Max(needed, 2 * _body.Length)));
            taken = Fill(_body.AsSpan(0, needed), ref _bodyFilled, part);
        }

        if (_bodyFilled == BodyBytes)
        {
            byte[] body = _body;
            int length = _bodyFilled;
            (_headerFilled, _bodyFilled, _body) = (0, 0, []);
            take(Kind, body.AsMemory(0, length));
        }

        return taken;
    }

    private static int Fill(Span<byte> target, ref int filled, ReadOnlySpan<byte> source)
    {
        int count = Math.Min(target.Length - filled, source.Length);
        source[..count].CopyTo(target[filled..]);
        filled += count;
        return count;
    }
}

/// <summary>Puts messages for an agent's port together.</summary>
internal static class AgentWriter
{
    /// <summary>VDP_CLIENT_PORT.</summary>
    private const uint ClientPort = 1;

    /// <summary>VD_AGENT_PROTOCOL.</summary>
    public const uint Protocol = 1;

    /// <summary>One message, cut into chunks: words, then bytes.</summary>
    public static byte[] Write(AgentMessageKind kind, ReadOnlySpan<uint> words, ReadOnlySpan<byte> data = default)
    {
        int bodyBytes = words.Length * sizeof(uint) + data.Length, messageBytes = AgentReader.MessageHeaderBytes + bodyBytes;
        byte[] message = new byte[messageBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(message, Protocol);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(4), (uint)kind);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(16), (uint)bodyBytes);
        for (int i = 0; i < words.Length; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(AgentReader.MessageHeaderBytes + i * sizeof(uint)), words[i]);
        data.CopyTo(message.AsSpan(messageBytes - data.Length));

        byte[] stream = new byte[messageBytes + (messageBytes + AgentReader.MaxChunkBytes - 1) / AgentReader.MaxChunkBytes * AgentReader.ChunkHeaderBytes];
        for (int from = 0, to = 0; from < messageBytes; from += AgentReader.MaxChunkBytes)
        {
            int count = Math.Min(AgentReader.MaxChunkBytes, messageBytes - from);
            BinaryPrimitives.WriteUInt32LittleEndian(stream.AsSpan(to), ClientPort);
            BinaryPrimitives.WriteUInt32LittleEndian(stream.AsSpan(to + 4), (uint)count);
            message.AsSpan(from, count).CopyTo(stream.AsSpan(to + AgentReader.ChunkHeaderBytes));
            to += AgentReader.ChunkHeaderBytes + count;
        }

        return stream;
    }
}
