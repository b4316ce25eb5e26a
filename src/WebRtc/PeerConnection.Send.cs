using System.Text;
using QemuZeroCopy.WebRtc.Congestion;
using QemuZeroCopy.WebRtc.Rtcp;
using QemuZeroCopy.WebRtc.Rtp;
using QemuZeroCopy.WebRtc.Srtp;

namespace QemuZeroCopy.WebRtc;

public sealed partial class PeerConnection
{
    /// <summary>Checks answered between two polls: one for each path of a peer that has just begun.</summary>
    private const int MaxStunResponses = 16;

    private const int StunResponseBytes = 128;
    private const long ReportIntervalNs = 1_000_000_000;

    /// <summary>The first reports come sooner, so that the receiver can map timestamps to time.</summary>
    private const long EarlyReportIntervalNs = 200_000_000;

    private const int EarlyReports = 5;

    private readonly byte[] _stunResponses = new byte[MaxStunResponses * StunResponseBytes];
    private readonly (TransportAddress Remote, int Length)[] _stunQueue = new (TransportAddress, int)[MaxStunResponses];
    private int _stunHead;
    private int _stunCount;
    private int _nextTrack;
    private int _reports;
    private long _nextReportNs = long.MaxValue;
    private bool _goodbyeDue;
    private TransportAddress? _held;

    /// <summary>Whether the path in use takes nothing now.</summary>
    private bool IsHeld => _held is { } held && _ice.HasSelected && _ice.Selected == held;

    internal void Hold(in TransportAddress remote) => _held = remote;

    internal void Release(in TransportAddress remote)
    {
        if (_held != remote)
            return;
        _held = null;
        Router?.MarkDirty(this);
    }

    /// <summary>
    /// Writes what shall be sent next into <paramref name="buffer"/> (<see cref="Transmit.BufferBytes"/>); false for nothing
    /// now. Media is encrypted straight into the buffer.
    /// </summary>
    public bool PollTransmit(long nowNs, Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        if (_isDisposed)
            return false;
        if (TryPollStun(buffer, out transmit))
            return true;
        if (!_ice.HasSelected || IsHeld)
            return false;
        TransportAddress remote = _ice.Selected;
        var writer = new SegmentWriter(buffer, remote.Kind == TransportKind.Tcp);
        if (_srtp is not null && _goodbyeDue)
        {
            _goodbyeDue = false;
            WriteGoodbye(nowNs, ref writer);
        }
        else if (!WriteDtls(nowNs, ref writer) && _state == PeerState.Connected && _srtp is not null)
        {
            if (nowNs >= _nextReportNs)
                WriteReports(nowNs, ref writer);
            if (writer.Count == 0)
                WriteAudio(nowNs, ref writer);
            if (writer.Count == 0)
                WriteVideo(nowNs, ref writer);
        }

        if (writer.Count == 0)
            return false;
        Statistics.BytesSent += writer.Length;
        transmit = writer.ToTransmit(remote);
        return true;
    }

    private Span<byte> NextStunResponse()
    {
        if (_stunCount == MaxStunResponses)
            DropStunResponse();
        return _stunResponses.AsSpan((_stunHead + _stunCount) % MaxStunResponses * StunResponseBytes, StunResponseBytes);
    }

    private void DropStunResponse()
    {
        _stunHead = (_stunHead + 1) % MaxStunResponses;
        _stunCount--;
    }

    private void QueueStunResponse(in TransportAddress remote, int length) =>
        _stunQueue[(_stunHead + _stunCount++) % MaxStunResponses] = (remote, length);

    private bool TryPollStun(Span<byte> buffer, out Transmit transmit)
    {
        transmit = default;
        // An answer that would wait is of no use: the peer asks again.
        while (_stunCount > 0 && _held is { } held && _stunQueue[_stunHead].Remote == held)
            DropStunResponse();
        if (_stunCount == 0)
            return false;
        (TransportAddress remote, int length) = _stunQueue[_stunHead];
        var writer = new SegmentWriter(buffer, remote.Kind == TransportKind.Tcp);
        _stunResponses.AsSpan(_stunHead * StunResponseBytes, length).CopyTo(writer.Next);
        writer.Commit(length);
        DropStunResponse();
        Statistics.BytesSent += writer.Length;
        transmit = writer.ToTransmit(remote);
        return true;
    }

    /// <summary>DTLS records: the handshake, and SCTP packets as application data.</summary>
    private bool WriteDtls(long nowNs, ref SegmentWriter writer)
    {
        if (_data is not null && _state == PeerState.Connected)
        {
            Span<byte> packet = _dataBuffer.AsSpan(0, _endpoint.MaxDatagramBytes - DtlsOverheadBytes);
            while (_dtls.HasRoom)
            {
                int length = _data.PollTransmit(nowNs, packet);
                if (length == 0 || !_dtls.TryWrite(packet[..length]))
                    break;
            }
        }

        if (!_dtls.TryTake(writer.Next, out int size))
            return false;
        writer.Commit(size);
        return true;
    }

    private void WriteAudio(long nowNs, ref SegmentWriter writer)
    {
        if (_audio is null)
            return;
        int overhead = _srtp!.RtpOverheadBytes;
        for (int size = _audio.NextPacketBytes(overhead); size > 0 && writer.Takes(size); size = _audio.NextPacketBytes(overhead))
        {
            int written = _audio.WriteNext(writer.Next, _srtp, (ushort)_sentPackets.NextSequence);
            writer.Commit(written);
            Statistics.PacketsSent++;
            if (_audio.UsesTransportFeedback)
                NoteSent(nowNs, written, PacketClass.Audio);
        }
    }

    /// <summary>
    /// Repetitions first: a picture waits for them. Then the parity of what has just left; then the tracks in turn, as far as
    /// the budget goes; then probes.
    /// </summary>
    private void WriteVideo(long nowNs, ref SegmentWriter writer)
    {
        int overhead = _srtp!.RtpOverheadBytes;
        foreach (VideoSender sender in _video)
        {
            for (int size = sender.NextRepeatBytes(overhead); size > 0 && writer.Takes(size); size = sender.NextRepeatBytes(overhead))
            {
                int written = sender.WriteRepeat(writer.Next, _srtp, (ushort)_sentPackets.NextSequence);
                writer.Commit(written);
                Statistics.PacketsRepeated++;
                if (sender.UsesTransportFeedback)
                    NoteSent(nowNs, written, PacketClass.Retransmission, 0, VideoOf(sender));
            }
        }

        if (writer.Count == 0)
            WriteParity(nowNs, ref writer);
        if (writer.Count > 0)
            return;
        int probe = _congestion?.ProbeBytes(nowNs) ?? 0;
        int probeId = probe > 0 ? _congestion!.ProbeId : 0;
        int budget = _congestion is null ? int.MaxValue : Math.Max(probe, _congestion.BudgetBytes(nowNs));
        for (int i = 0; i < _video.Length && writer.Count == 0; i++)
        {
            VideoSender sender = _video[_nextTrack];
            _nextTrack = (_nextTrack + 1) % _video.Length;
            WriteFrames(nowNs, sender, budget, probeId, ref writer);
        }

        if (writer.Count == 0 && probe > 0)
            WriteProbe(nowNs, probe, probeId, ref writer);
    }

    /// <summary>Parity is of use while the packets that it covers are waited for: it asks for no budget, but is charged.</summary>
    private void WriteParity(long nowNs, ref SegmentWriter writer)
    {
        int overhead = _srtp!.RtpOverheadBytes;
        foreach (VideoSender sender in _video)
        {
            for (int size = sender.NextParityBytes(overhead); size > 0 && writer.Takes(size); size = sender.NextParityBytes(overhead))
            {
                int written = sender.WriteParity(writer.Next, _srtp, (ushort)_sentPackets.NextSequence);
                writer.Commit(written);
                _protection.OnSent(0, written);
                Statistics.ParityPacketsSent++;
                NoteSent(nowNs, written, PacketClass.Parity);
            }
        }
    }

    private void WriteFrames(long nowNs, VideoSender sender, int budget, int probeId, ref SegmentWriter writer)
    {
        int overhead = _srtp!.RtpOverheadBytes;
        for (int size = sender.NextPacketBytes(nowNs, overhead); size > 0 && budget > 0 && !sender.HasParity && writer.Takes(size); size = sender.NextPacketBytes(nowNs, overhead))
        {
            int written = sender.WriteNext(nowNs, writer.Next, _srtp, (ushort)_sentPackets.NextSequence);
            writer.Commit(written);
            budget -= written;
            _protection.OnSent(written, 0);
            Statistics.PacketsSent++;
            if (sender.UsesTransportFeedback)
                NoteSent(nowNs, written, PacketClass.Video, probeId, VideoOf(sender));
        }

        Statistics.FramesSent = sender.FramesSent;
    }

    /// <summary>No video waits: the newest packet is repeated, which the receiver drops as known.</summary>
    private void WriteProbe(long nowNs, int bytes, int probeId, ref SegmentWriter writer)
    {
        foreach (VideoSender sender in _video)
        {
            while (sender.UsesTransportFeedback && bytes > 0)
            {
                int size = sender.ProbePacketBytes(_srtp!.RtpOverheadBytes);
                if (size == 0 || !writer.Takes(size))
                    return;
                int written = sender.WriteProbe(writer.Next, _srtp, (ushort)_sentPackets.NextSequence);
                writer.Commit(written);
                bytes -= written;
                NoteSent(nowNs, written, PacketClass.Probe, probeId);
            }
        }
    }

    private SentVideo VideoOf(VideoSender sender) => new((byte)Array.IndexOf(_video, sender), sender.LastSequence);

    private void NoteSent(long nowNs, int size, PacketClass packetClass, int probeId = 0, SentVideo video = default)
    {
        SentPacket sent = _sentPackets.Add(size, nowNs, packetClass, probeId, video);
        _congestion?.OnSent(sent);
    }

    /// <summary>SR and SDES of every stream that has begun, RR for the microphone (RFC 3550 section 6).</summary>
    private void WriteReports(long nowNs, ref SegmentWriter writer)
    {
        _nextReportNs = nowNs + (_reports++ < EarlyReports ? EarlyReportIntervalNs : ReportIntervalNs);
        ulong ntp = RtpClock.Ntp(_endpoint.UnixEpochNs + nowNs);
        Span<byte> place = writer.Next;
        var rtcp = new RtcpWriter(place[..Math.Min(place.Length, _endpoint.MaxDatagramBytes - SrtpProfile.MaxRtcpOverheadBytes)]);
        Span<byte> name = stackalloc byte[64];
        foreach (VideoSender sender in _video)
        {
            if (sender.PacketsSent == 0 || rtcp.Room < 128)
                continue;
            rtcp.AddSenderReport(sender.Ssrc, ntp, sender.Timestamp(nowNs), sender.PacketsSent, sender.OctetsSent);
            rtcp.AddName(sender.Ssrc, name[..Encoding.ASCII.GetBytes(sender.StreamId.AsSpan(0, Math.Min(64, sender.StreamId.Length)), name)]);
        }

        if (_audio is not null && _audio.HasStarted && rtcp.Room >= 128)
        {
            uint timestamp = _audio.LastTimestamp + RtpClock.Ticks(Math.Max(0, nowNs - _audio.LastQueuedNs), 48_000);
            rtcp.AddSenderReport(_audio.Ssrc, ntp, timestamp, _audio.PacketsSent, _audio.OctetsSent);
            rtcp.AddName(_audio.Ssrc, name[..Encoding.ASCII.GetBytes(_audio.StreamId.AsSpan(0, Math.Min(64, _audio.StreamId.Length)), name)]);
        }

        if (_microphone is not null && _microphone.TryReport(nowNs, out ReportBlock block) && rtcp.Room >= 64)
            rtcp.AddReceiverReport(ReporterSsrc, block);
        if (rtcp.Length > 0)
            writer.Commit(_srtp!.ProtectRtcp(place, rtcp.Length));
    }

    private uint ReporterSsrc => _video.Length > 0 ? _video[0].Ssrc : _audio?.Ssrc ?? 1;

    private void WriteGoodbye(long nowNs, ref SegmentWriter writer)
    {
        Span<byte> place = writer.Next;
        var rtcp = new RtcpWriter(place[..(_endpoint.MaxDatagramBytes - SrtpProfile.MaxRtcpOverheadBytes)]);
        rtcp.AddReceiverReport(ReporterSsrc, null);
        foreach (VideoSender sender in _video)
        {
            if (rtcp.Room >= 8)
                rtcp.AddGoodbye(sender.Ssrc);
        }

        writer.Commit(_srtp!.ProtectRtcp(place, rtcp.Length));
    }
}
