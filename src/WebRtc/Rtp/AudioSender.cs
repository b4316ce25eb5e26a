using QemuZeroCopy.WebRtc.Sdp;
using QemuZeroCopy.WebRtc.Srtp;

namespace QemuZeroCopy.WebRtc.Rtp;

/// <summary>One viewer's side of the sound: Opus packets (RFC 7587), one to a packet, never repeated.</summary>
internal sealed class AudioSender
{
    /// <summary>Packets that wait: 80 ms of 5 ms frames; older ones give way.</summary>
    private const int Capacity = 16;

    /// <summary>The largest Opus packet of one frame (RFC 6716 section 3.4).</summary>
    private const int MaxPayloadBytes = 1275;

    private readonly NegotiatedMedia _media;
    private readonly RtpExtensionIds _extensions;
    private readonly byte[] _payloads = new byte[Capacity * MaxPayloadBytes];
    private readonly (int Length, uint Timestamp)[] _queue = new (int, uint)[Capacity];
    private readonly uint _timestampOffset;
    private int _head;
    private int _count;
    private long _nextSequence;
    private bool _started;
    private bool _marker = true;

    public AudioSender(NegotiatedMedia media, FillRandom fillRandom)
    {
        _media = media;
        _extensions = media.UsesTransportFeedback ? media.Extensions : media.Extensions with { TransportSequence = 0 };
        Span<byte> random = stackalloc byte[8];
        fillRandom(random);
        _nextSequence = BitConverter.ToUInt16(random) & 0x7FFF;
        _timestampOffset = BitConverter.ToUInt32(random[4..]);
    }

    public uint Ssrc => _media.Ssrc;

    public string StreamId => _media.StreamId;

    public bool UsesTransportFeedback => _extensions.TransportSequence != 0;

    public bool HasPackets => _count > 0;

    public uint PacketsSent { get; private set; }

    public uint OctetsSent { get; private set; }

    /// <summary>The RTP timestamp of the newest sample given, and when that was: for SR.</summary>
    public uint LastTimestamp { get; private set; }

    public long LastQueuedNs { get; private set; }

    /// <summary>Queues one Opus packet; the oldest gives way where the queue is full. False where it is too large or empty.</summary>
    public bool Enqueue(long nowNs, ReadOnlySpan<byte> opus, long sampleTime)
    {
        if (opus.Length is 0 or > MaxPayloadBytes)
            return false;
        if (_count == Capacity)
        {
            _head = (_head + 1) % Capacity;
            _count--;
        }

        int place = (_head + _count++) % Capacity;
        LastTimestamp = _timestampOffset + (uint)sampleTime;
        LastQueuedNs = nowNs;
        _queue[place] = (opus.Length, LastTimestamp);
        opus.CopyTo(_payloads.AsSpan(place * MaxPayloadBytes));
        return true;
    }

    /// <summary>Whole size of the next packet; 0 for none.</summary>
    public int NextPacketBytes(int overheadBytes) => _count == 0 ? 0 : HeaderBytes + _queue[_head].Length + overheadBytes;

    /// <summary>Writes the next packet; gives its size.</summary>
    public int WriteNext(Span<byte> destination, SrtpSession srtp, ushort transportSequence)
    {
        (int length, uint timestamp) = _queue[_head];
        long sequence = _nextSequence++;
        int header = RtpHeader.Write(destination, _media.Format!.PayloadType, _marker, (ushort)sequence, timestamp, Ssrc, UsesTransportFeedback);
        if (UsesTransportFeedback)
            header = RtpHeader.WriteLean(destination, _extensions, transportSequence);
        _marker = false;
        ReadOnlySpan<byte> payload = _payloads.AsSpan(_head * MaxPayloadBytes, length);
        _head = (_head + 1) % Capacity;
        _count--;
        _started = true;
        PacketsSent++;
        OctetsSent += (uint)length;
        return srtp.ProtectRtp(destination, header, payload, Ssrc, sequence);
    }

    /// <summary>Whether anything was sent at all.</summary>
    public bool HasStarted => _started;

    private int HeaderBytes => UsesTransportFeedback ? RtpHeader.LeanBytes : RtpHeader.FixedBytes;
}
