using System.Buffers.Binary;
using QemuZeroCopy.WebRtc.Sctp.Wire;

namespace QemuZeroCopy.WebRtc.Sctp;

/// <content>What comes in: checks of the packet, then its chunks in turn.</content>
internal sealed partial class SctpAssociation
{
    /// <summary>RFC 9260 recommends 200 ms; input wants its sender to know sooner, and 20 ms still halves the packets.</summary>
    private const long SackDelayNs = 20_000_000;

    private const byte ReflectedTag = 1;

    private bool _sackDue;
    private int _unacked;
    private long _sackAtNs = long.MaxValue;

    private uint ReceiveWindowBytes => (uint)Math.Max(0, _options.ReceiveBufferBytes - _reassembly.Bytes - _events.Bytes);

    /// <inheritdoc/>
    public void Handle(long nowNs, ReadOnlySpan<byte> packet)
    {
        if (State == SctpState.Ended)
            return;
        if (!TryReadHeader(packet, out uint tag))
        {
            Counters.PacketsRefused++;
            return;
        }

        ReadOnlySpan<byte> chunks = packet[PacketWriter.HeaderBytes..];
        var first = new ChunkReader(chunks);
        if (!first.TryRead(out Chunk head) || !IsTagRight(tag, head, isAlone: first.IsAtEnd))
        {
            Counters.PacketsRefused++;
            return;
        }

        bool hasData = false;
        var reader = new ChunkReader(chunks);
        while (State != SctpState.Ended && reader.TryRead(out Chunk chunk))
        {
            if (chunk.Type == ChunkType.CookieEcho)
                HandleCookieEcho(nowNs, tag, chunk.Value);
            else if (tag != _localTag && chunk.Type is not (ChunkType.Init or ChunkType.Abort or ChunkType.ShutdownComplete))
                break;
            else if (!HandleChunk(nowNs, chunk, ref hasData))
                break;
        }

        if (reader.IsMalformed)
            Counters.PacketsRefused++;
        if (hasData && State != SctpState.Ended)
            AfterData(nowNs);
    }

    private bool TryReadHeader(ReadOnlySpan<byte> packet, out uint tag)
    {
        tag = 0;
        if (packet.Length < PacketWriter.HeaderBytes + Chunk.HeaderBytes)
            return false;
        tag = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        return BinaryPrimitives.ReadUInt16BigEndian(packet) == _options.RemotePort
            && BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) == _options.LocalPort
            && BinaryPrimitives.ReadUInt32LittleEndian(packet[Crc32c.FieldOffset..]) == Crc32c.OfPacket(packet);
    }

    /// <summary>RFC 9260 section 8.5.1: which tag a packet has to bear depends on its first chunk.</summary>
    private bool IsTagRight(uint tag, in Chunk head, bool isAlone) => head.Type switch
    {
        ChunkType.Init => tag == 0 && isAlone,
        ChunkType.Abort or ChunkType.ShutdownComplete when (head.Flags & ReflectedTag) != 0 => tag == _peerTag && _peerTag != 0,
        ChunkType.InitAck or ChunkType.ShutdownComplete => tag == _localTag && isAlone,
        ChunkType.CookieEcho => true,
        _ => tag == _localTag,
    };

    /// <summary>False to skip the rest of the packet.</summary>
    private bool HandleChunk(long nowNs, in Chunk chunk, ref bool hasData)
    {
        switch (chunk.Type)
        {
            case ChunkType.Data:
                hasData |= HandleData(nowNs, chunk);
                return true;
            case ChunkType.Sack:
                HandleSack(nowNs, chunk.Value);
                return true;
            case ChunkType.Init:
                HandleInit(nowNs, chunk.Value);
                return false;
            case ChunkType.InitAck:
                HandleInitAck(nowNs, chunk.Value);
                return false;
            case ChunkType.CookieAck:
                HandleCookieAck(nowNs);
                return true;
            case ChunkType.Heartbeat:
                if (HasAssociation)
                    AddControl(ChunkType.HeartbeatAck, 0, chunk.Value);
                return true;
            case ChunkType.HeartbeatAck:
                HandleHeartbeatAck(nowNs, chunk.Value);
                return true;
            case ChunkType.ForwardTsn:
                hasData |= HandleForwardTsn(nowNs, chunk.Value);
                return true;
            case ChunkType.ReConfig:
                HandleReConfig(chunk.Value);
                return true;
            case ChunkType.Abort:
                End();
                return false;
            case ChunkType.Error:
                HandleError(nowNs, chunk.Value);
                return true;
            case ChunkType.Shutdown:
                HandleShutdown(nowNs, chunk.Value);
                return true;
            case ChunkType.ShutdownAck:
                HandleShutdownAck();
                return false;
            case ChunkType.ShutdownComplete:
                if (State == SctpState.ShutdownAckSent)
                    End();
                return false;
            default:
                return HandleUnknown(chunk);
        }
    }

    /// <summary>The two highest bits of an unknown type say whether to go on and whether to report (RFC 9260 section 3.2).</summary>
    private bool HandleUnknown(in Chunk chunk)
    {
        const int maxReported = 256;
        if (((int)chunk.Type & 0x40) != 0 && HasAssociation && chunk.Value.Length <= maxReported)
        {
            Span<byte> whole = stackalloc byte[Chunk.HeaderBytes + maxReported];
            whole[0] = (byte)chunk.Type;
            whole[1] = chunk.Flags;
            BinaryPrimitives.WriteUInt16BigEndian(whole[2..], (ushort)(Chunk.HeaderBytes + chunk.Value.Length));
            chunk.Value.CopyTo(whole[Chunk.HeaderBytes..]);
            AddError(ErrorCause.UnrecognizedChunk, whole[..(Chunk.HeaderBytes + chunk.Value.Length)]);
        }

        return ((int)chunk.Type & 0x80) != 0;
    }

    private bool HandleData(long nowNs, in Chunk chunk)
    {
        if (State is not (SctpState.Established or SctpState.ShutdownPending or SctpState.ShutdownSent))
            return false;
        if (chunk.Value.Length <= DataHeader.Bytes)
        {
            Abort(chunk.Value.Length == DataHeader.Bytes ? ErrorCause.NoUserData : ErrorCause.ProtocolViolation);
            return false;
        }

        var header = new DataHeader
        {
            Tsn = BinaryPrimitives.ReadUInt32BigEndian(chunk.Value),
            Stream = BinaryPrimitives.ReadUInt16BigEndian(chunk.Value[4..]),
            Sequence = BinaryPrimitives.ReadUInt16BigEndian(chunk.Value[6..]),
            Protocol = BinaryPrimitives.ReadUInt32BigEndian(chunk.Value[8..]),
            Flags = (DataFlags)chunk.Flags,
        };
        ReadOnlySpan<byte> payload = chunk.Value[DataHeader.Bytes..];
        if (_received.Has(header.Tsn))
        {
            Counters.DuplicateData++;
            _received.AddDuplicate(header.Tsn);
            _sackDue = true;
            return true;
        }

        if (!_received.IsInWindow(header.Tsn))
        {
            Counters.DataRefused++;
            return true;
        }

        if (header.Stream >= _options.MaxStreams)
        {
            // Acknowledged, and reported (RFC 9260 section 6.5).
            Counters.DataRefused++;
            AddError(ErrorCause.InvalidStream, [(byte)(header.Stream >> 8), (byte)header.Stream, 0, 0]);
            _received.Add(header.Tsn);
        }
        else if (HasRoomFor(payload.Length) && _reassembly.TryAdd(header, payload))
        {
            _received.Add(header.Tsn);
        }
        else
        {
            Counters.DataRefused++;
            // The very next chunk does not fit although nothing waits for the host: no message may be that large.
            if (header.Tsn == _received.Cumulative + 1 && _events.Bytes == 0)
                Abort(ErrorCause.OutOfResource);
            return State != SctpState.Ended;
        }

        _sackDue |= (header.Flags & DataFlags.Immediate) != 0 || _received.HasGaps || State == SctpState.ShutdownSent;
        return true;
    }

    private bool HasRoomFor(int bytes) => _events.HasRoom(bytes) && _reassembly.Bytes + _events.Bytes + bytes <= _options.ReceiveBufferBytes;

    /// <summary>Every second packet is acknowledged at once (RFC 9260 section 6.2), and so are gaps.</summary>
    private void AfterData(long nowNs)
    {
        if (++_unacked >= 2)
            _sackDue = true;
        _sackAtNs = _sackDue ? long.MaxValue : Math.Min(_sackAtNs, nowNs + SackDelayNs);
        if (State == SctpState.ShutdownSent)
            _shutdownDue = true;
    }

    /// <summary>RFC 3758 section 3.6: the peer has given messages up.</summary>
    private bool HandleForwardTsn(long nowNs, ReadOnlySpan<byte> value)
    {
        if (!HasAssociation || value.Length < 4)
            return false;
        uint cumulative = BinaryPrimitives.ReadUInt32BigEndian(value);
        if (!Tsn.IsAfter(cumulative, _received.Cumulative))
        {
            _sackDue = true;
            return true;
        }

        if (cumulative - _received.Cumulative > ReceivedTsns.Window)
        {
            Abort(ErrorCause.ProtocolViolation);
            return false;
        }

        _received.SkipTo(cumulative);
        for (ReadOnlySpan<byte> streams = value[4..]; streams.Length >= 4; streams = streams[4..])
            _reassembly.SkipSequence(BinaryPrimitives.ReadUInt16BigEndian(streams), BinaryPrimitives.ReadUInt16BigEndian(streams[2..]));
        _reassembly.DropBroken(cumulative);
        _sackDue |= _received.HasGaps;
        return true;
    }

    private void HandleSack(long nowNs, ReadOnlySpan<byte> value)
    {
        if (!HasAssociation || value.Length < ReceivedTsns.SackFixedBytes)
            return;
        int gapBlocks = BinaryPrimitives.ReadUInt16BigEndian(value[8..]);
        if (value.Length < ReceivedTsns.SackFixedBytes + (4 * gapBlocks))
        {
            Counters.PacketsRefused++;
            return;
        }

        ApplySack(nowNs, BinaryPrimitives.ReadUInt32BigEndian(value), BinaryPrimitives.ReadUInt32BigEndian(value[4..]), value.Slice(ReceivedTsns.SackFixedBytes, 4 * gapBlocks));
    }
}
