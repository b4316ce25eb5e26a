using System.Buffers.Binary;
using QemuZeroCopy.WebRtc.Rtcp;
using QemuZeroCopy.WebRtc.Sdp;

namespace QemuZeroCopy.WebRtc.Rtp;

/// <summary>One packet of a microphone; the payload lies in the receiver until the next call on it.</summary>
internal readonly ref struct MicrophonePacket
{
    public ReadOnlySpan<byte> Payload { get; init; }

    public uint Timestamp { get; init; }

    public long Sequence { get; init; }
}

/// <summary>Takes the viewer's Opus packets in order of arrival, and keeps the figures for a receiver report.</summary>
internal sealed class MicrophoneReceiver(NegotiatedMedia media)
{
    /// <summary>320 ms of 20 ms packets, between two polls of events.</summary>
    private const int Capacity = 16;

    private const int MaxPayloadBytes = 1275;
    private const int ClockRate = 48_000;

    private readonly byte _payloadType = media.Format!.PayloadType;
    private readonly byte[] _payloads = new byte[Capacity * MaxPayloadBytes];
    private readonly (int Length, uint Timestamp, long Sequence)[] _queue = new (int, uint, long)[Capacity];
    private int _head;
    private int _count;
    private uint _ssrc;
    private bool _started;
    private long _first;
    private long _highest;
    private long _received;
    private long _expectedBefore;
    private long _receivedBefore;
    private double _jitter;
    private long _lastTransit;
    private uint _lastSenderReport;
    private long _lastSenderReportNs;

    /// <summary>Takes a decrypted packet; false where it is not the microphone's.</summary>
    public bool Take(long nowNs, ReadOnlySpan<byte> packet, int header, long sequence)
    {
        if ((packet[1] & 0x7F) != _payloadType)
            return false;
        ReadOnlySpan<byte> payload = packet[header..];
        if ((packet[0] & 0x20) != 0)
        {
            if (payload.IsEmpty || payload[^1] == 0 || payload[^1] > payload.Length)
                return false;
            payload = payload[..^payload[^1]];
        }

        uint timestamp = BinaryPrimitives.ReadUInt32BigEndian(packet[4..]);
        Note(nowNs, BinaryPrimitives.ReadUInt32BigEndian(packet[8..]), sequence, timestamp);
        if (payload.Length is 0 or > MaxPayloadBytes)
            return payload.IsEmpty;
        if (_count == Capacity)
        {
            _head = (_head + 1) % Capacity;
            _count--;
        }

        int place = (_head + _count++) % Capacity;
        payload.CopyTo(_payloads.AsSpan(place * MaxPayloadBytes));
        _queue[place] = (payload.Length, timestamp, sequence);
        return true;
    }

    public bool TryTake(out MicrophonePacket packet)
    {
        packet = default;
        if (_count == 0)
            return false;
        (int length, uint timestamp, long sequence) = _queue[_head];
        packet = new MicrophonePacket { Payload = _payloads.AsSpan(_head * MaxPayloadBytes, length), Timestamp = timestamp, Sequence = sequence };
        _head = (_head + 1) % Capacity;
        _count--;
        return true;
    }

    public void NoteSenderReport(long nowNs, uint ssrc, uint middleOfNtp)
    {
        if (!_started || ssrc != _ssrc)
            return;
        _lastSenderReport = middleOfNtp;
        _lastSenderReportNs = nowNs;
    }

    /// <summary>A report block on what came since the last one (RFC 3550 appendix A.3); false before the first packet.</summary>
    public bool TryReport(long nowNs, out ReportBlock block)
    {
        block = default;
        if (!_started)
            return false;
        long expected = _highest - _first + 1;
        long lost = expected - _received;
        long expectedNow = expected - _expectedBefore;
        long lostNow = expectedNow - (_received - _receivedBefore);
        _expectedBefore = expected;
        _receivedBefore = _received;
        byte fraction = expectedNow <= 0 || lostNow <= 0 ? (byte)0 : (byte)Math.Min(255, lostNow * 256 / expectedNow);
        uint delay = _lastSenderReport == 0 ? 0 : (uint)((nowNs - _lastSenderReportNs) * 65536 / 1_000_000_000);
        block = new ReportBlock(_ssrc, fraction, (int)Math.Clamp(lost, -0x800000, 0x7FFFFF), (uint)_highest, (uint)_jitter, _lastSenderReport, delay);
        return true;
    }

    private void Note(long nowNs, uint ssrc, long sequence, uint timestamp)
    {
        long transit = RtpClock.Ticks(nowNs, ClockRate) - timestamp;
        if (!_started || ssrc != _ssrc)
        {
            _started = true;
            _ssrc = ssrc;
            _first = _highest = sequence;
            _received = _expectedBefore = _receivedBefore = 0;
            _jitter = 0;
            _lastTransit = transit;
            _lastSenderReport = 0;
        }

        _received++;
        _highest = Math.Max(_highest, sequence);
        _jitter += (Math.Abs((int)(transit - _lastTransit)) - _jitter) / 16;
        _lastTransit = transit;
    }
}
