using System.Buffers.Binary;
using QemuZeroCopy.WebRtc.Sctp.Wire;

namespace QemuZeroCopy.WebRtc.Sctp;

/// <content>Data channels: opening by RFC 8832, messages by RFC 8831, closing by RFC 6525.</content>
internal sealed partial class SctpAssociation
{
    private static readonly byte[] s_emptyMessage = [0];

    private long _resetAtNs = long.MaxValue;
    private bool _resetDue;
    private bool _resetsWanted;
    private int _resetTries;

    /// <summary>Opens a channel from this side. False where none is free, or the label is too long.</summary>
    public bool TryOpen(long nowNs, ReadOnlySpan<byte> label, in Reliability reliability, out ushort channel)
    {
        channel = 0;
        if (State == SctpState.Ended || label.Length > Dcep.MaxNameBytes || OpenChannels >= _options.MaxChannels)
            return false;
        for (int stream = _firstOwnStream; stream < _outStreams; stream += 2)
        {
            if (_channels[stream].State != ChannelState.None)
                continue;
            Span<byte> open = stackalloc byte[Dcep.MaxOpenBytes];
            int length = Dcep.WriteOpen(open, reliability, label);
            if (_sendQueue.Add((ushort)stream, PayloadProtocol.Dcep, Reliability.Full, nowNs, open[..length]) != SendOutcome.Queued)
                return false;
            _channels[stream] = new Channel { State = ChannelState.Opening, Reliability = reliability };
            channel = (ushort)stream;
            return true;
        }

        return false;
    }

    /// <summary>Queues a message, as the channel's reliability says.</summary>
    public SendOutcome Send(long nowNs, ushort channel, bool isBinary, ReadOnlySpan<byte> message)
    {
        if (channel >= _outStreams || !_channels[channel].TakesMessages || State is not (SctpState.Established or SctpState.CookieWait or SctpState.CookieEchoed or SctpState.Closed))
            return SendOutcome.NotOpen;
        Reliability reliability = _channels[channel].Reliability;
        if (_channels[channel].State == ChannelState.Opening)
            reliability = reliability with { IsOrdered = true };
        if (!_peerTakesForwardTsn)
            reliability = new Reliability(reliability.IsOrdered);
        if (message.IsEmpty)
            return _sendQueue.Add(channel, isBinary ? PayloadProtocol.EmptyBinary : PayloadProtocol.EmptyString, reliability, nowNs, s_emptyMessage);
        return _sendQueue.Add(channel, isBinary ? PayloadProtocol.Binary : PayloadProtocol.String, reliability, nowNs, message);
    }

    /// <summary>Closes a channel; what was queued still goes out. The peer closes its direction in answer.</summary>
    public void CloseChannel(ushort channel)
    {
        if (channel >= _channels.Length || !_channels[channel].TakesMessages)
            return;
        BeginClose(channel);
        _events.Add(DataTransportEventKind.Closed, channel, false, 0);
    }

    /// <summary>Channels in any state but none.</summary>
    public int OpenChannels
    {
        get
        {
            int count = 0;
            foreach (ref readonly Channel channel in _channels.AsSpan())
                count += channel.State == ChannelState.None ? 0 : 1;
            return count;
        }
    }

    Span<byte> IMessageSink.Reserve(in DataHeader header, int bytes)
    {
        switch (header.Protocol)
        {
            case PayloadProtocol.Dcep when bytes <= _controlMessage.Length:
                return _controlMessage.AsSpan(0, bytes);
            case PayloadProtocol.EmptyString or PayloadProtocol.EmptyBinary when _channels[header.Stream].TakesMessages:
                _events.Add(DataTransportEventKind.Message, header.Stream, header.Protocol == PayloadProtocol.EmptyBinary, 0);
                return [];
            case PayloadProtocol.String or PayloadProtocol.Binary when _channels[header.Stream].TakesMessages && bytes <= _options.MaxMessageBytes:
                return _events.Add(DataTransportEventKind.Message, header.Stream, header.Protocol == PayloadProtocol.Binary, bytes);
            default:
                Counters.MessagesRefused++;
                return [];
        }
    }

    void IMessageSink.Commit(in DataHeader header, ReadOnlySpan<byte> message)
    {
        if (header.Protocol == PayloadProtocol.Dcep)
            HandleDcep(header.Stream, message);
    }

    private void HandleDcep(ushort stream, ReadOnlySpan<byte> message)
    {
        ref Channel channel = ref _channels[stream];
        if (message[0] == Dcep.Ack)
        {
            if (channel.State != ChannelState.Opening)
                return;
            channel.State = ChannelState.Open;
            _events.Add(DataTransportEventKind.Opened, stream, false, 0);
            return;
        }

        if (channel.State != ChannelState.None || !Dcep.TryReadOpen(message, out Reliability reliability, out ReadOnlySpan<byte> label))
        {
            Counters.MessagesRefused++;
            return;
        }

        bool isFull = OpenChannels >= _options.MaxChannels || stream >= _outStreams;
        channel = new Channel { State = ChannelState.Open, Reliability = reliability };
        if (isFull || _sendQueue.Add(stream, PayloadProtocol.Dcep, Reliability.Full, 0, [Dcep.Ack]) != SendOutcome.Queued)
        {
            Counters.MessagesRefused++;
            BeginClose(stream);
            return;
        }

        label.CopyTo(_events.Add(DataTransportEventKind.Opened, stream, false, label.Length));
    }

    private void BeginClose(ushort stream)
    {
        ref Channel channel = ref _channels[stream];
        channel.State = ChannelState.Closing;
        channel.ResetWanted = _resetsWanted = _peerTakesReset;
        if (!_peerTakesReset)
            _channels[stream] = default;
    }

    private void HandleReConfig(ReadOnlySpan<byte> value)
    {
        if (!HasAssociation)
            return;
        var parameters = new ParameterReader(value);
        while (parameters.TryRead(out ParameterType type, out ReadOnlySpan<byte> content))
        {
            if (content.Length < 4)
                break;
            uint request = BinaryPrimitives.ReadUInt32BigEndian(content);
            switch (type)
            {
                case ParameterType.OutgoingResetRequest when content.Length >= 12:
                    Answer(request, content, static (self, body) => self.ResetIncoming(body));
                    break;
                case ParameterType.IncomingResetRequest:
                    Answer(request, content, static (self, body) => self.ResetOutgoing(body));
                    break;
                case ParameterType.TsnResetRequest or ParameterType.AddOutgoingStreams or ParameterType.AddIncomingStreams:
                    Answer(request, content, static (_, _) => ResetResult.Denied);
                    break;
                case ParameterType.ReconfigResponse when content.Length >= 8:
                    HandleResetAnswer(request, (ResetResult)BinaryPrimitives.ReadUInt32BigEndian(content[4..]));
                    break;
            }
        }
    }

    private delegate ResetResult ResetAction(SctpAssociation self, ReadOnlySpan<byte> body);

    private void Answer(uint request, ReadOnlySpan<byte> content, ResetAction action)
    {
        if (_reset.IsNext(request))
            _reset.Answered(action(this, content));
        Span<byte> response = stackalloc byte[12];
        InitChunk.WriteParameterHeader(response, ParameterType.ReconfigResponse, 12);
        BinaryPrimitives.WriteUInt32BigEndian(response[4..], request);
        BinaryPrimitives.WriteUInt32BigEndian(response[8..], (uint)_reset.LastResult);
        AddControl(ChunkType.ReConfig, 0, response);
    }

    /// <summary>The peer resets its direction: its half of closing a channel (RFC 6525 section 5.2.2).</summary>
    private ResetResult ResetIncoming(ReadOnlySpan<byte> content)
    {
        if (Tsn.IsAfter(BinaryPrimitives.ReadUInt32BigEndian(content[8..]), _received.Cumulative))
            return ResetResult.InProgress;
        ReadOnlySpan<byte> streams = content[12..];
        if (streams.Length < 2)
        {
            for (int stream = 0; stream < _channels.Length; stream++)
                ResetIncoming((ushort)stream);
        }

        for (; streams.Length >= 2; streams = streams[2..])
            ResetIncoming(BinaryPrimitives.ReadUInt16BigEndian(streams));
        return ResetResult.Performed;
    }

    private void ResetIncoming(ushort stream)
    {
        if (stream >= _channels.Length)
            return;
        _reassembly.ResetStream(stream);
        ref Channel channel = ref _channels[stream];
        if (channel.State == ChannelState.None)
            return;
        channel.IncomingReset = true;
        if (channel.TakesMessages)
        {
            _events.Add(DataTransportEventKind.Closed, stream, false, 0);
            _sendQueue.AbandonStream(stream);
            BeginClose(stream);
        }

        FreeIfReset(stream);
    }

    private ResetResult ResetOutgoing(ReadOnlySpan<byte> content)
    {
        for (ReadOnlySpan<byte> streams = content[4..]; streams.Length >= 2; streams = streams[2..])
        {
            ushort stream = BinaryPrimitives.ReadUInt16BigEndian(streams);
            if (stream < _channels.Length && _channels[stream].TakesMessages)
            {
                _events.Add(DataTransportEventKind.Closed, stream, false, 0);
                BeginClose(stream);
            }
        }

        return ResetResult.Performed;
    }

    private void HandleResetAnswer(uint request, ResetResult result)
    {
        if (!_reset.IsAnswer(request, result))
            return;
        foreach (ushort stream in _reset.Streams)
        {
            ref Channel channel = ref _channels[stream];
            channel.ResetWanted = false;
            channel.OutgoingReset = true;
            _sendQueue.ResetStream(stream);
            FreeIfReset(stream);
        }

        _reset.Complete();
        _resetDue = false;
        _resetTries = 0;
        _resetAtNs = long.MaxValue;
    }

    private void FreeIfReset(ushort stream)
    {
        if (_channels[stream].IncomingReset && _channels[stream].OutgoingReset)
            _channels[stream] = default;
    }

    private void WriteResetRequest(long nowNs, ref PacketWriter packet)
    {
        if (_resetsWanted && !_reset.IsUnderWay)
            CollectResets();
        if (!_reset.IsUnderWay || !_resetDue || packet.Room < Chunk.HeaderBytes + Padding.Padded(_reset.RequestBytes))
            return;
        _resetDue = false;
        _resetAtNs = nowNs + _roundTrip.TimeoutNs;
        _reset.WriteRequest(packet.Add(ChunkType.ReConfig, 0, _reset.RequestBytes));
    }

    /// <summary>Streams whose data has all been acknowledged are reset together.</summary>
    private void CollectResets()
    {
        _resetsWanted = false;
        for (int stream = 0; stream < _channels.Length; stream++)
        {
            if (!_channels[stream].ResetWanted)
                continue;
            _resetsWanted = true;
            if (!_sendQueue.HasStream((ushort)stream))
                _resetDue |= _reset.TryInclude((ushort)stream);
        }

        if (_reset.IsUnderWay)
            _reset.Seal(_sendQueue.LastSentTsn);
    }

    private void OnResetTimeout(long nowNs)
    {
        _resetAtNs = long.MaxValue;
        if (!_reset.IsUnderWay)
            return;
        if (++_resetTries > _options.MaxRetransmits)
        {
            Abort(ErrorCause.UserInitiatedAbort);
            return;
        }

        _roundTrip.BackOff();
        _resetDue = true;
    }
}
