using System.Buffers.Binary;
using QemuZeroCopy.WebRtc.Sctp.Wire;

namespace QemuZeroCopy.WebRtc.Sctp;

/// <content>What goes out: bundling, the windows, T3, heartbeats.</content>
internal sealed partial class SctpAssociation
{
    private const long HeartbeatIntervalNs = 15_000_000_000;
    private const int HeartbeatInfoBytes = 20;
    private const int MaxSkippedStreams = 64;

    /// <summary>Small chunks that wait for the next packet; what finds no room is dropped, as if lost.</summary>
    private readonly byte[] _control = new byte[1024];
    private CongestionWindow _congestion;
    private RoundTrip _roundTrip;
    private int _controlLength;
    private uint _peerWindowBytes;
    private bool _isRecovering;
    private bool _fastRepeatDue;
    private uint _recoveryEnd;
    private bool _forwardTsnDue;
    private int _errors;
    private ulong _heartbeatNonce;
    private bool _heartbeatPending;
    private long _lastSentNs;
    private long _retransmitAtNs = long.MaxValue;
    private long _heartbeatAtNs = long.MaxValue;

    /// <inheritdoc/>
    public int PollTransmit(long nowNs, Span<byte> buffer)
    {
        buffer = buffer[..Math.Min(buffer.Length, _options.MaxPacketBytes)];
        if (_initAckLength > 0)
        {
            int length = _initAckLength;
            _initAckLength = 0;
            _initAck.AsSpan(0, length).CopyTo(buffer);
            return length;
        }

        var packet = new PacketWriter(buffer, _options.LocalPort, _options.RemotePort);
        if (_setUpDue)
        {
            _setUpDue = false;
            if (State == SctpState.CookieWait)
            {
                LocalInit(_localTag, _localInitialTsn).Write(packet.Add(ChunkType.Init, 0, InitChunk.FixedBytes + InitChunk.ExtensionBytes));
                return packet.Finish(0);
            }

            _peerCookie.CopyTo(packet.Add(ChunkType.CookieEcho, 0, _peerCookie.Length));
            return packet.Finish(_peerTag);
        }

        if (_controlLength > 0)
        {
            packet.AddRaw(_control.AsSpan(0, _controlLength));
            _controlLength = 0;
        }

        if (HasAssociation)
            Fill(nowNs, ref packet);
        if (packet.IsEmpty)
            return 0;
        _lastSentNs = nowNs;
        return packet.Finish(_peerTag);
    }

    /// <inheritdoc/>
    public void HandleTimeout(long nowNs)
    {
        if (nowNs >= _setUpAtNs)
            OnSetUpTimeout(nowNs);
        if (nowNs >= _sackAtNs)
        {
            _sackAtNs = long.MaxValue;
            _sackDue = true;
        }

        if (nowNs >= _retransmitAtNs)
            OnRetransmitTimeout(nowNs);
        if (nowNs >= _resetAtNs)
            OnResetTimeout(nowNs);
        if (nowNs >= _heartbeatAtNs)
            OnHeartbeatTimeout(nowNs);
    }

    private void Fill(long nowNs, ref PacketWriter packet)
    {
        bool wantsData = PeekData(nowNs) >= 0;
        if (_sackDue || (wantsData && _unacked > 0))
        {
            _received.WriteSack(ref packet, ReceiveWindowBytes);
            _sackDue = false;
            _unacked = 0;
            _sackAtNs = long.MaxValue;
        }

        if (_shutdownDue)
        {
            _shutdownDue = false;
            if (State == SctpState.ShutdownSent)
                BinaryPrimitives.WriteUInt32BigEndian(packet.Add(ChunkType.Shutdown, 0, 4), _received.Cumulative);
            else if (State == SctpState.ShutdownAckSent)
                packet.Add(ChunkType.ShutdownAck, 0, 0);
        }

        if (_forwardTsnDue)
            WriteForwardTsn(nowNs, ref packet);
        WriteResetRequest(nowNs, ref packet);
        while (PeekData(nowNs) is >= 0 and long index)
        {
            int length = _sendQueue.Peek(index).Length;
            if (packet.Room < Padding.Padded(Chunk.HeaderBytes + DataHeader.Bytes + length))
                break;
            if (_sendQueue.Peek(index).Sends > 0)
                Counters.ChunksRepeated++;
            Counters.ChunksSent++;
            _fastRepeatDue = false;
            _sendQueue.Take(index, nowNs, ref packet);
            _peerWindowBytes -= (uint)Math.Min(length, _peerWindowBytes);
            if (_retransmitAtNs == long.MaxValue)
                _retransmitAtNs = nowNs + _roundTrip.TimeoutNs;
        }
    }

    /// <summary>The chunk that both windows let go; -1 for none.</summary>
    private long PeekData(long nowNs)
    {
        if (State is not (SctpState.Established or SctpState.ShutdownPending or SctpState.ShutdownReceived))
            return -1;
        if (_sendQueue.InFlightBytes == 0 && nowNs - _lastSentNs > _roundTrip.TimeoutNs)
            _congestion.OnIdle();
        if (_sendQueue.InFlightBytes >= _congestion.Bytes && !_fastRepeatDue)
            return -1;
        long abandoned = _sendQueue.Abandoned;
        long index = _sendQueue.Next(nowNs, lostOnly: _sendQueue.InFlightBytes >= _congestion.Bytes);
        NoteAbandoned(abandoned, nowNs);
        if (index < 0 || _sendQueue.Peek(index).Sends > 0)
            return index;
        // A closed window is probed by one chunk (RFC 9260 section 6.1 A).
        return _sendQueue.Peek(index).Length <= _peerWindowBytes || _sendQueue.InFlightBytes == 0 ? index : -1;
    }

    private void ApplySack(long nowNs, uint cumulative, uint? windowBytes, ReadOnlySpan<byte> gapBlocks)
    {
        if (!_sendQueue.IsPlausible(cumulative))
        {
            Abort(ErrorCause.ProtocolViolation);
            return;
        }

        if (Tsn.IsAfter(_sendQueue.Acked, cumulative))
            return;
        bool wasFull = _sendQueue.InFlightBytes + _options.MaxPacketBytes > _congestion.Bytes;
        long abandoned = _sendQueue.Abandoned;
        SackOutcome outcome = _sendQueue.OnSack(cumulative, gapBlocks, _isRecovering);
        NoteAbandoned(abandoned, nowNs);
        if (outcome.SampleSentNs != 0)
            _roundTrip.Add(nowNs - outcome.SampleSentNs);
        if (_isRecovering && Tsn.IsAtOrAfter(cumulative, _recoveryEnd))
            _isRecovering = false;
        if (outcome.Advanced)
        {
            _errors = 0;
            if (!_isRecovering)
                _congestion.OnAdvance(outcome.AckedBytes, wasFull);
        }

        if (outcome.FoundLoss)
            OnLossFound();
        if (windowBytes is { } window)
            _peerWindowBytes = window - (uint)Math.Min(window, _sendQueue.InFlightBytes);
        if (!_sendQueue.HasOutstanding)
            _retransmitAtNs = long.MaxValue;
        else if (outcome.Advanced)
            _retransmitAtNs = nowNs + _roundTrip.TimeoutNs;
        if (_peerTakesForwardTsn && Tsn.IsAfter(_sendQueue.AdvancedAck, _sendQueue.Acked))
            _forwardTsnDue = true;
        AdvanceShutdown(nowNs);
    }

    private void OnLossFound()
    {
        if (!_isRecovering)
        {
            _isRecovering = true;
            _recoveryEnd = _sendQueue.LastSentTsn;
            _congestion.OnFastRetransmit();
        }

        _fastRepeatDue = _sendQueue.HasLost;
    }

    private void OnRetransmitTimeout(long nowNs)
    {
        if (++_errors > _options.MaxRetransmits)
        {
            Abort(ErrorCause.UserInitiatedAbort);
            return;
        }

        _roundTrip.BackOff();
        _congestion.OnTimeout();
        _isRecovering = false;
        long abandoned = _sendQueue.Abandoned;
        _sendQueue.OnTimeout(nowNs);
        NoteAbandoned(abandoned, nowNs);
        _forwardTsnDue = _peerTakesForwardTsn && Tsn.IsAfter(_sendQueue.AdvancedAck, _sendQueue.Acked);
        _retransmitAtNs = _sendQueue.HasOutstanding ? nowNs + _roundTrip.TimeoutNs : long.MaxValue;
    }

    private void NoteAbandoned(long before, long nowNs)
    {
        if (_sendQueue.Abandoned == before)
            return;
        Counters.MessagesAbandoned += _sendQueue.Abandoned - before;
        if (!_peerTakesForwardTsn || !Tsn.IsAfter(_sendQueue.AdvancedAck, _sendQueue.Acked))
            return;
        _forwardTsnDue = true;
        if (_retransmitAtNs == long.MaxValue)
            _retransmitAtNs = nowNs + _roundTrip.TimeoutNs;
    }

    private void WriteForwardTsn(long nowNs, ref PacketWriter packet)
    {
        Span<(ushort Stream, ushort Sequence)> skipped = stackalloc (ushort, ushort)[MaxSkippedStreams];
        int count = _sendQueue.CollectSkipped(skipped);
        if (packet.Room < Chunk.HeaderBytes + 4 + (4 * count))
            return;
        _forwardTsnDue = false;
        Span<byte> value = packet.Add(ChunkType.ForwardTsn, 0, 4 + (4 * count));
        BinaryPrimitives.WriteUInt32BigEndian(value, _sendQueue.AdvancedAck);
        for (int i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(value[(4 + (4 * i))..], skipped[i].Stream);
            BinaryPrimitives.WriteUInt16BigEndian(value[(6 + (4 * i))..], skipped[i].Sequence);
        }

        if (_retransmitAtNs == long.MaxValue)
            _retransmitAtNs = nowNs + _roundTrip.TimeoutNs;
    }

    /// <summary>RFC 9260 section 8.3; the answer also gives a round trip where no data flows.</summary>
    private void OnHeartbeatTimeout(long nowNs)
    {
        _heartbeatAtNs = nowNs + HeartbeatIntervalNs;
        if (_heartbeatPending && ++_errors > _options.MaxRetransmits)
        {
            Abort(ErrorCause.UserInitiatedAbort);
            return;
        }

        Span<byte> info = stackalloc byte[HeartbeatInfoBytes];
        _fillRandom(info[12..]);
        _heartbeatNonce = BinaryPrimitives.ReadUInt64BigEndian(info[12..]);
        BinaryPrimitives.WriteUInt16BigEndian(info, 1);
        BinaryPrimitives.WriteUInt16BigEndian(info[2..], HeartbeatInfoBytes);
        BinaryPrimitives.WriteInt64BigEndian(info[4..], nowNs);
        _heartbeatPending = AddControl(ChunkType.Heartbeat, 0, info);
    }

    private void HandleHeartbeatAck(long nowNs, ReadOnlySpan<byte> value)
    {
        if (!_heartbeatPending || value.Length != HeartbeatInfoBytes || BinaryPrimitives.ReadUInt64BigEndian(value[12..]) != _heartbeatNonce)
            return;
        _heartbeatPending = false;
        _errors = 0;
        _roundTrip.Add(nowNs - BinaryPrimitives.ReadInt64BigEndian(value[4..]));
    }

    private bool AddControl(ChunkType type, byte flags, ReadOnlySpan<byte> value)
    {
        int length = Padding.Padded(Chunk.HeaderBytes + value.Length);
        if (length > _control.Length - _controlLength)
            return false;
        Span<byte> chunk = _control.AsSpan(_controlLength, length);
        chunk.Clear();
        chunk[0] = (byte)type;
        chunk[1] = flags;
        BinaryPrimitives.WriteUInt16BigEndian(chunk[2..], (ushort)(Chunk.HeaderBytes + value.Length));
        value.CopyTo(chunk[Chunk.HeaderBytes..]);
        _controlLength += length;
        return true;
    }

    private void AddError(ErrorCause cause, ReadOnlySpan<byte> information)
    {
        Span<byte> value = stackalloc byte[4 + 512];
        if (information.Length > 512)
            return;
        BinaryPrimitives.WriteUInt16BigEndian(value, (ushort)cause);
        BinaryPrimitives.WriteUInt16BigEndian(value[2..], (ushort)(4 + information.Length));
        information.CopyTo(value[4..]);
        AddControl(ChunkType.Error, 0, value[..(4 + information.Length)]);
    }
}
