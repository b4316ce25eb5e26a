using System.Buffers.Binary;
using QemuZeroCopy.Interop.OpenSsl;
using QemuZeroCopy.WebRtc.Congestion;
using QemuZeroCopy.WebRtc.Ice;
using QemuZeroCopy.WebRtc.Rtcp;
using QemuZeroCopy.WebRtc.Rtp;
using QemuZeroCopy.WebRtc.Stun;

namespace QemuZeroCopy.WebRtc;

public sealed partial class PeerConnection
{
    /// <summary>Results of one feedback packet are handed on in pieces of this size.</summary>
    private const int ResultBatch = 512;

    /// <summary>Packets of one lost feedback message that are repeated at most: 50 ms at 25 Mbit/s.</summary>
    private const int MaxUnheard = 128;

    private readonly MicrophoneReceiver? _microphone;
    private readonly byte[] _dataBuffer = new byte[DtlsSession.MaxDatagramBytes];
    private readonly PacketResult[] _results = new PacketResult[ResultBatch];
    private long _feedbackReference = -1;
    private ushort? _nextReported;

    /// <summary>
    /// Takes one datagram from <paramref name="remote"/>; SRTP is decrypted in place. Says why it was dropped, if it was.
    /// </summary>
    public DropReason Handle(long nowNs, Span<byte> datagram, in TransportAddress remote)
    {
        if (_state == PeerState.Closed)
            return DropReason.Closed;
        if (datagram.IsEmpty)
            return DropReason.UnknownProtocol;
        // RFC 7983: the first byte tells the protocols apart.
        DropReason outcome = datagram[0] switch
        {
            < 4 => HandleStun(nowNs, datagram, remote),
            >= 20 and < 64 => HandleDtls(nowNs, datagram, remote),
            >= 128 and < 192 => HandleSrtp(nowNs, datagram, remote),
            _ => DropReason.UnknownProtocol,
        };
        Router?.MarkDirty(this);
        return outcome;
    }

    private DropReason HandleStun(long nowNs, ReadOnlySpan<byte> datagram, in TransportAddress remote) =>
        StunMessage.TryParse(datagram, out StunMessage message) ? HandleStun(nowNs, message, remote) : DropReason.MalformedStun;

    internal DropReason HandleStun(long nowNs, in StunMessage message, in TransportAddress remote)
    {
        if (_state == PeerState.Closed)
            return DropReason.Closed;
        Span<byte> response = NextStunResponse();
        IceOutcome outcome = _ice.Handle(nowNs, message, remote, response, out int length);
        if (outcome == IceOutcome.Dropped)
            return DropReason.RejectedStun;
        QueueStunResponse(remote, length);
        Router?.MarkDirty(this);
        return DropReason.None;
    }

    private DropReason HandleDtls(long nowNs, ReadOnlySpan<byte> datagram, in TransportAddress remote)
    {
        // Also the guard against amplification: nothing is answered to an address that has not shown the ICE password.
        if (!_ice.IsValidated(remote))
            return DropReason.UnvalidatedAddress;
        DtlsStep before = _dtls.Step;
        _dtls.Handle(nowNs, datagram);
        if (before == DtlsStep.Handshaking && _dtls.Step == DtlsStep.Established)
            CompleteHandshake(nowNs);
        for (int length = _dtls.Read(_dataBuffer); length > 0 && _state == PeerState.Connected; length = _dtls.Read(_dataBuffer))
        {
            _ice.Heard(nowNs);
            _data?.Handle(nowNs, _dataBuffer.AsSpan(0, length));
        }

        if (_dtls.Step == DtlsStep.Closed)
            End(CloseReason.Peer);
        else if (_dtls.Step == DtlsStep.Failed)
            End(_state == PeerState.Connecting ? CloseReason.HandshakeFailed : CloseReason.Peer);
        return DropReason.None;
    }

    private DropReason HandleSrtp(long nowNs, Span<byte> datagram, in TransportAddress remote)
    {
        if (!_ice.IsValidated(remote))
            return DropReason.UnvalidatedAddress;
        if (_srtp is null)
            return DropReason.TooEarly;
        // RFC 5761: RTCP types 192 to 223 stand where RTP has marker and payload type.
        if (datagram.Length > 1 && datagram[1] is >= 192 and <= 223)
        {
            int length = _srtp.UnprotectRtcp(datagram);
            if (length < 0)
                return DropReason.RejectedSrtp;
            _ice.Heard(nowNs);
            return HandleRtcp(nowNs, datagram[..length]) ? DropReason.None : DropReason.MalformedRtcp;
        }

        int header = RtpHeader.Measure(datagram);
        if (header < 0)
            return DropReason.MalformedRtp;
        int payloadLength = _srtp.UnprotectRtp(datagram, header, out long sequence);
        if (payloadLength < 0)
            return DropReason.RejectedSrtp;
        _ice.Heard(nowNs);
        return _microphone is not null && _microphone.Take(nowNs, datagram[..(header + payloadLength)], header, sequence)
            ? DropReason.None
            : DropReason.UnexpectedRtp;
    }

    internal bool HandleRtcp(long nowNs, ReadOnlySpan<byte> compound)
    {
        var reader = new RtcpReader(compound);
        bool good = true;
        while (reader.TryRead(out RtcpPacket packet))
        {
            good &= packet.Type switch
            {
                RtcpType.SenderReport => HandleReports(nowNs, packet, 24),
                RtcpType.ReceiverReport => HandleReports(nowNs, packet, 4),
                RtcpType.TransportFeedback when packet.Count == RtcpFormat.Nack => HandleNack(nowNs, packet.Body),
                RtcpType.TransportFeedback when packet.Count == RtcpFormat.TransportWide => HandleTransportFeedback(nowNs, packet.Body),
                RtcpType.PayloadFeedback => HandlePayloadFeedback(nowNs, packet),
                _ => true,
            };
        }

        return good && !reader.IsMalformed;
    }

    private bool HandleReports(long nowNs, in RtcpPacket packet, int blocksAt)
    {
        if (packet.Body.Length < blocksAt + (packet.Count * ReportBlock.Bytes))
            return false;
        if (packet.Type == RtcpType.SenderReport)
            _microphone?.NoteSenderReport(nowNs, BinaryPrimitives.ReadUInt32BigEndian(packet.Body), (uint)(BinaryPrimitives.ReadUInt64BigEndian(packet.Body[4..]) >> 16));
        for (int i = 0; i < packet.Count; i++)
        {
            ReportBlock block = ReportBlock.Read(packet.Body[(blocksAt + (i * ReportBlock.Bytes))..]);
            int index = FindVideo(block.Ssrc);
            if (index < 0)
                continue;
            Statistics.LossFraction = block.FractionLost / 256.0;
            Statistics.JitterMs = block.Jitter / 90.0;
            if (block.LastSenderReport != 0)
                NoteRoundTrip(nowNs, block);
            _feedbackPending = true;
        }

        return true;
    }

    private void NoteRoundTrip(long nowNs, in ReportBlock block)
    {
        // All three in units of 1/65536 s (RFC 3550 section 6.4.1).
        uint now = (uint)(RtpClock.Ntp(_endpoint.UnixEpochNs + nowNs) >> 16);
        uint elapsed = now - block.LastSenderReport - block.DelaySinceLast;
        if (elapsed > 60 * 65536)
            return;
        double sampleMs = elapsed * 1000.0 / 65536;
        Statistics.RoundTripMs = Statistics.RoundTripMs == 0 ? sampleMs : (Statistics.RoundTripMs * 0.875) + (sampleMs * 0.125);
    }

    private bool HandleNack(long nowNs, ReadOnlySpan<byte> body)
    {
        if (body.Length < 8)
            return false;
        int index = FindVideo(BinaryPrimitives.ReadUInt32BigEndian(body[4..]));
        if (index < 0)
            return true;
        long roundTripNs = Math.Max(5_000_000, (long)(Statistics.RoundTripMs * 1e6));
        int copies = RepeatCopies;
        for (ReadOnlySpan<byte> rest = body[8..]; rest.Length >= 4; rest = rest[4..])
        {
            ushort first = BinaryPrimitives.ReadUInt16BigEndian(rest);
            // Bit n of the mask stands for the n + 1st packet behind the first.
            int mask = (BinaryPrimitives.ReadUInt16BigEndian(rest[2..]) << 1) | 1;
            for (int i = 0; i < 17; i++)
            {
                if ((mask & (1 << i)) == 0)
                    continue;
                Statistics.PacketsMissed++;
                if (_video[index].TryRepeat(nowNs, (ushort)(first + i), roundTripNs, copies))
                    continue;
                Statistics.PacketsBeyondRepair++;
                WantRefresh(nowNs, index);
            }
        }

        return true;
    }

    /// <summary>
    /// A browser asks again only after 100 ms, so a lost repetition is a freeze: where losses are chance (no queue
    /// stands), repetitions go out more than once (after Hairpin, NSDI'24).
    /// </summary>
    private int RepeatCopies => _congestion is null || _congestion.Target.PathShowsQueue ? 1 : _congestion.LossShare switch
    {
        < 0.005 => 1,
        < 0.03 => 2,
        _ => 3,
    };

    private bool HandlePayloadFeedback(long nowNs, in RtcpPacket packet)
    {
        ReadOnlySpan<byte> body = packet.Body;
        if (body.Length < 8)
            return false;
        switch (packet.Count)
        {
            case RtcpFormat.PictureLoss:
                Statistics.KeyFrameRequests++;
                int index = FindVideo(BinaryPrimitives.ReadUInt32BigEndian(body[4..]));
                if (index >= 0)
                    WantKeyFrame(nowNs, index, KeyFrameReason.Requested);
                return true;
            case RtcpFormat.FullIntraRequest:
                for (ReadOnlySpan<byte> rest = body[8..]; rest.Length >= 8; rest = rest[8..])
                    HandleFullIntraRequest(nowNs, BinaryPrimitives.ReadUInt32BigEndian(rest), rest[4]);
                return true;
            case RtcpFormat.ApplicationLayer when body.Length >= 16 && body[8..12].SequenceEqual("REMB"u8):
                // Exponent of 6 bits, mantissa of 18 (draft-alvestrand-rmcat-remb-03 section 2.2).
                long mantissa = ((body[13] & 3) << 16) | (body[14] << 8) | body[15];
                Statistics.RemoteEstimate = (body[13] >> 2) < 40 ? mantissa << (body[13] >> 2) : long.MaxValue;
                return true;
            default:
                return true;
        }
    }

    private void HandleFullIntraRequest(long nowNs, uint ssrc, byte number)
    {
        int index = FindVideo(ssrc);
        if (index < 0)
            return;
        ref TrackState track = ref _tracks[index];
        // The same number is the same request, repeated (RFC 5104 section 4.3.1.2).
        if (track.HasFir && track.LastFirNumber == number)
            return;
        track.HasFir = true;
        track.LastFirNumber = number;
        Statistics.KeyFrameRequests++;
        WantKeyFrame(nowNs, index, KeyFrameReason.Requested);
    }

    private bool HandleTransportFeedback(long nowNs, ReadOnlySpan<byte> body)
    {
        if (!TransportFeedbackReader.TryCreate(body, out TransportFeedbackReader reader))
            return false;
        _feedbackReference = WidenReference(reader.ReferenceTime);
        reader.SetReference(_feedbackReference);
        RepairUnheard(nowNs, reader.BaseSequence);
        _nextReported = (ushort)(reader.BaseSequence + reader.PacketCount);
        int count = 0;
        while (reader.TryRead(out ushort sequence, out bool received, out long receivedNs))
        {
            if (!_sentPackets.TryFind(sequence, out SentPacket sent, out SentVideo video))
                continue;
            if (!received && sent.Class is (PacketClass.Video or PacketClass.Retransmission))
                RepairUnasked(nowNs, sent, video);
            if (count == ResultBatch)
            {
                NoteResults(nowNs, _results.AsSpan(0, count));
                count = 0;
            }

            _results[count++] = new PacketResult(sent, received ? receivedNs : PacketResult.NotReceived);
        }

        if (count > 0)
            NoteResults(nowNs, _results.AsSpan(0, count));
        NoteTarget();
        _feedbackPending = true;
        return true;
    }

    private void NoteResults(long nowNs, ReadOnlySpan<PacketResult> results)
    {
        if (_congestion is null)
            return;
        _congestion.OnFeedback(nowNs, results);
        if (!_congestion.Target.PathShowsQueue)
            _protection.OnFeedback(nowNs, results);
    }

    /// <summary>
    /// Feedback says that a packet did not arrive, and a NACK may be lost as well, or its answer: repeated without being
    /// asked, unless that was done since.
    /// </summary>
    private void RepairUnasked(long nowNs, in SentPacket sent, in SentVideo video)
    {
        if (video.Track < _video.Length)
            _video[video.Track].TryRepeat(nowNs, video.Sequence, Math.Max(1, nowNs - sent.SentNs), RepeatCopies);
    }

    /// <summary>
    /// A feedback message was lost, and with it what it said of losses; a NACK may have been too. Where losses are that
    /// common, what it would have spoken of is repeated.
    /// </summary>
    private void RepairUnheard(long nowNs, ushort reportedFrom)
    {
        int unheard = (ushort)(reportedFrom - (_nextReported ?? reportedFrom));
        if (unheard is 0 or > MaxUnheard || RepeatCopies < 3)
            return;
        for (int i = 0; i < unheard; i++)
        {
            if (_sentPackets.TryFind((ushort)(reportedFrom - unheard + i), out SentPacket sent, out SentVideo video) && sent.Class == PacketClass.Video && video.Track < _video.Length)
                _video[video.Track].TryRepeat(nowNs, video.Sequence, Math.Max(1, nowNs - sent.SentNs), copies: 1);
        }
    }

    /// <summary>24 bits of 64 ms wrap after 12 days; a step back of up to half of that is reordering.</summary>
    private long WidenReference(int reference)
    {
        if (_feedbackReference < 0)
            return reference;
        long candidate = (_feedbackReference & ~0xFFFFFFL) | (uint)reference;
        if (candidate > _feedbackReference + 0x800000 && candidate >= 0x1000000)
            return candidate - 0x1000000;
        return candidate < _feedbackReference - 0x800000 ? candidate + 0x1000000 : candidate;
    }

    private int FindVideo(uint ssrc)
    {
        for (int i = 0; i < _video.Length; i++)
        {
            if (_video[i].Ssrc == ssrc || (_video[i].RtxSsrc == ssrc && ssrc != 0))
                return i;
        }

        return -1;
    }
}
