using System.Buffers.Binary;
using System.Text;
using QemuZeroCopy.WebRtc.Congestion;
using QemuZeroCopy.WebRtc.Sdp;
using QemuZeroCopy.WebRtc.Srtp;

namespace QemuZeroCopy.WebRtc.Rtp;

/// <summary>
/// One viewer's side of a video track: which frames wait, under which numbers they went out, and what may be repeated.
/// Frames are the source's; this holds references with their generation and no picture data.
/// </summary>
internal sealed partial class VideoSender
{
    /// <summary>A viewer further behind skips to the next entry point.</summary>
    private const long MaxWaitNs = 500_000_000;

    /// <summary>As many frames as come in that time at 60 frames per second.</summary>
    private const int QueueCapacity = 32;

    /// <summary>As many frames as a source keeps at most.</summary>
    private const int HistoryCapacity = 256;

    /// <summary>Packets that were asked for again and wait: a burst of losses; beyond it a key frame is cheaper.</summary>
    private const int RepeatCapacity = 512;

    /// <summary>A repetition of an older picture would come too late to be shown or to save a key frame.</summary>
    private const long MaxRepeatAgeNs = 600_000_000;

    /// <summary>Frames at the start carry all extensions, since any of them may be lost.</summary>
    private const long FullStartNs = 2_000_000_000;

    private const long FullEveryNs = 1_000_000_000;
    private const int ClockRate = 90_000;
    private const int CodecCount = (int)VideoCodecKind.Av1 + 1;

    private readonly NegotiatedMedia _media;
    private readonly RtpExtensionIds _extensions;
    private readonly byte[] _mid;
    private readonly Queued[] _queue = new Queued[QueueCapacity];
    private readonly Sent[] _history = new Sent[HistoryCapacity];
    private readonly long[] _repeats = new long[RepeatCapacity];
    private readonly Repeated[] _repeated = new Repeated[RepeatCapacity];
    private readonly uint _timestampOffset;
    private readonly byte[] _payloadTypes = new byte[CodecCount]; // by VideoCodecKind; 0: not negotiated
    private readonly byte[] _rtxPayloadTypes = new byte[CodecCount];
    private readonly long _unixEpochNs;
    private int _queueHead;
    private int _queueCount;
    private int _packet;
    private bool _isFull;
    private long _historyNext;
    private long _nextSequence;
    private long _nextRtxSequence;
    private int _repeatHead;
    private int _repeatCount;
    private (int MinMs, int MaxMs) _framePlayoutDelay;
    private long _firstSentNs = long.MaxValue;
    private long _lastFullNs;

    public VideoSender(NegotiatedMedia media, long unixEpochNs, FillRandom fillRandom, LossProtection protection)
    {
        _media = media;
        _protection = protection;
        _extensions = media.UsesTransportFeedback ? media.Extensions : media.Extensions with { TransportSequence = 0 };
        _mid = Encoding.ASCII.GetBytes(media.Offered.Mid);
        foreach (NegotiatedFormat format in media.VideoFormats)
        {
            _payloadTypes[(int)format.Wanted.Codec] = format.Format.PayloadType;
            _rtxPayloadTypes[(int)format.Wanted.Codec] = format.Rtx?.PayloadType ?? 0;
        }

        _unixEpochNs = unixEpochNs;
        Span<byte> random = stackalloc byte[10];
        fillRandom(random);
        // The first sequence number lies in the lower half, so that the receiver's roll-over counter starts at 0 (RFC 3711, 3.3.1).
        _nextSequence = BitConverter.ToUInt16(random) & 0x7FFF;
        _nextRtxSequence = BitConverter.ToUInt16(random[2..]) & 0x7FFF;
        _timestampOffset = BitConverter.ToUInt32(random[4..]);
        _nextParitySequence = BitConverter.ToUInt16(random[8..]) & 0x7FFF;
    }

    public uint Ssrc => _media.Ssrc;

    public uint RtxSsrc => _media.RtxSsrc;

    public int Track => _media.Track;

    public string StreamId => _media.StreamId;

    public (int MinMs, int MaxMs) PlayoutDelay { get; set; }

    /// <summary>Whether nothing is sent before the next entry point.</summary>
    public bool NeedsEntryPoint { get; private set; } = true;

    /// <summary>When the last entry point began to leave; <see cref="long.MinValue"/> before the first.</summary>
    public long EntryPointSentNs { get; private set; } = long.MinValue;

    /// <summary>When a packet left for the first time last; <see cref="long.MinValue"/> before the first.</summary>
    public long LastSentNs { get; private set; } = long.MinValue;

    public bool UsesTransportFeedback => _extensions.TransportSequence != 0;

    /// <summary>RTP number of the packet written last; of the repeated one where it was a repetition.</summary>
    public ushort LastSequence { get; private set; }

    public uint PacketsSent { get; private set; }

    public uint OctetsSent { get; private set; }

    public long FramesSent { get; private set; }

    public long FramesSkipped { get; private set; }

    public bool HasPackets => _queueCount > 0;

    public bool HasRepeats => _repeatCount > 0;

    /// <summary>Payload bytes that wait to be sent for the first time.</summary>
    public long QueuedBytes { get; private set; }

    /// <summary>The RTP timestamp of an instant.</summary>
    public uint Timestamp(long ns) => _timestampOffset + RtpClock.Ticks(ns, ClockRate);

    /// <summary>Queues a frame. False where it was skipped because the viewer has to wait for an entry point.</summary>
    public bool Enqueue(VideoFrame frame)
    {
        if (frame.IsEntryPoint)
            DropWaiting();
        else if (_queueCount == QueueCapacity || (_queueCount > 0 && frame.CaptureNs - _queue[_queueHead].CaptureNs > MaxWaitNs))
            Skip();
        if (_payloadTypes[(int)frame.Codec] == 0)
            NeedsEntryPoint = true; // of another codec, which this viewer takes
        if ((NeedsEntryPoint && !frame.IsEntryPoint) || frame.PacketCount == 0 || _payloadTypes[(int)frame.Codec] == 0)
        {
            FramesSkipped++;
            return frame.PacketCount == 0;
        }

        NeedsEntryPoint = false;
        _queue[(_queueHead + _queueCount++) % QueueCapacity] = new Queued { Frame = frame, Generation = frame.Generation, CaptureNs = frame.CaptureNs };
        QueuedBytes += frame.PayloadBytes;
        return true;
    }

    /// <summary>Gives up what waits; the viewer goes on at the next entry point.</summary>
    public void Skip()
    {
        FramesSkipped += _queueCount;
        _queueCount = 0;
        _packet = 0;
        QueuedBytes = 0;
        NeedsEntryPoint = true;
    }

    /// <summary>Whole size of the next packet with <paramref name="overheadBytes"/> of SRTP; 0 for none.</summary>
    public int NextPacketBytes(long nowNs, int overheadBytes)
    {
        if (_queueCount == 0)
            return 0;
        ref Queued head = ref _queue[_queueHead];
        if (head.Frame.Generation != head.Generation)
        {
            // The source's ring has come round: this viewer is seconds behind.
            Skip();
            return 0;
        }

        if (_packet == 0)
            _isFull = WantsFull(nowNs, head.Frame);
        return HeaderBytes(_isFull) + head.Frame.PayloadLength(_packet) + overheadBytes;
    }

    /// <summary>Writes the packet that <see cref="NextPacketBytes"/> announced; gives its size.</summary>
    public int WriteNext(long nowNs, Span<byte> destination, SrtpSession srtp, ushort transportSequence)
    {
        VideoFrame frame = _queue[_queueHead].Frame;
        uint timestamp = Timestamp(frame.CaptureNs);
        if (_packet == 0)
            Begin(nowNs, frame, timestamp);
        bool last = _packet == frame.PacketCount - 1;
        long sequence = _nextSequence++;
        LastSequence = (ushort)sequence;
        int header = WriteHeader(destination, frame, _payloadTypes[(int)frame.Codec], Ssrc, (ushort)sequence, timestamp, last, transportSequence, _isFull);
        ReadOnlySpan<byte> payload = frame.Payload(_packet);
        int length = srtp.ProtectRtp(destination, header, payload, Ssrc, sequence);
        PacketsSent++;
        LastSentNs = nowNs;
        OctetsSent += (uint)payload.Length;
        QueuedBytes -= payload.Length;
        NoteForParity(frame, timestamp, sequence);
        _packet++;
        if (last)
        {
            _packet = 0;
            _queueHead = (_queueHead + 1) % QueueCapacity;
            _queueCount--;
            FramesSent++;
        }

        return length;
    }

    /// <summary>
    /// Notes that the peer misses a packet. False where it can no longer be repeated; repetitions within
    /// <paramref name="roundTripNs"/> of each other are taken for one. It goes out <paramref name="copies"/> times.
    /// </summary>
    public bool TryRepeat(long nowNs, ushort sequence, long roundTripNs, int copies)
    {
        long last = _nextSequence - 1;
        long wide = (last & ~0xFFFFL) | sequence;
        if (wide > last)
            wide -= 0x10000;
        if (!TryFindRepeatable(wide, out _, out VideoFrame? frame, out _) || nowNs - frame!.CaptureNs > MaxRepeatAgeNs)
            return false;
        ref Repeated repeated = ref _repeated[wide % RepeatCapacity];
        bool again = repeated.SequencePlusOne == wide + 1;
        if (again && nowNs - repeated.AtNs < roundTripNs)
            return true;
        // A repetition that was lost as well goes out twice: a third round trip would come too late (Hairpin, NSDI'24).
        copies = again ? Math.Max(2, copies) : copies;
        if (_repeatCount + copies > RepeatCapacity)
            return false;
        repeated = new Repeated { SequencePlusOne = wide + 1, AtNs = nowNs };
        while (copies-- > 0)
            _repeats[(_repeatHead + _repeatCount++) % RepeatCapacity] = wide;
        return true;
    }

    /// <summary>Whole size of the next repetition; 0 for none.</summary>
    public int NextRepeatBytes(int overheadBytes)
    {
        while (_repeatCount > 0)
        {
            if (TryFind(_repeats[_repeatHead], out int packet, out VideoFrame? frame, out _))
                return HeaderBytes(full: false) + RtxHeader.Bytes + frame!.PayloadLength(packet) + overheadBytes;
            PopRepeat();
        }

        return 0;
    }

    /// <summary>Writes the repetition that <see cref="NextRepeatBytes"/> announced (RFC 4588 section 4); gives its size.</summary>
    public int WriteRepeat(Span<byte> destination, SrtpSession srtp, ushort transportSequence)
    {
        long original = _repeats[_repeatHead];
        PopRepeat();
        return TryFind(original, out int packet, out VideoFrame? frame, out uint timestamp)
            ? WriteRtx(destination, srtp, transportSequence, original, frame!, packet, timestamp)
            : 0;
    }

    /// <summary>Whole size of a probe packet; 0 where there is nothing to repeat.</summary>
    public int ProbePacketBytes(int overheadBytes) =>
        TryFindRepeatable(_nextSequence - 1, out int packet, out VideoFrame? frame, out _)
            ? HeaderBytes(full: false) + RtxHeader.Bytes + frame!.PayloadLength(packet) + overheadBytes
            : 0;

    /// <summary>
    /// Writes a repetition of the newest packet, to probe the path with bytes that do no harm; 0 where there is none.
    /// </summary>
    public int WriteProbe(Span<byte> destination, SrtpSession srtp, ushort transportSequence)
    {
        long newest = _nextSequence - 1;
        return TryFindRepeatable(newest, out int packet, out VideoFrame? frame, out uint timestamp)
            ? WriteRtx(destination, srtp, transportSequence, newest, frame!, packet, timestamp)
            : 0;
    }

    private int WriteRtx(Span<byte> destination, SrtpSession srtp, ushort transportSequence, long original, VideoFrame frame, int packet, uint timestamp)
    {
        long sequence = _nextRtxSequence++;
        LastSequence = (ushort)original;
        int header = WriteHeader(destination, frame, _rtxPayloadTypes[(int)frame.Codec], RtxSsrc, (ushort)sequence, timestamp, packet == frame.PacketCount - 1, transportSequence, full: false);
        ReadOnlySpan<byte> payload = frame.Payload(packet);
        Span<byte> body = destination.Slice(header, RtxHeader.Bytes + payload.Length);
        BinaryPrimitives.WriteUInt16BigEndian(body, (ushort)original);
        payload.CopyTo(body[RtxHeader.Bytes..]);
        return srtp.ProtectRtp(destination, header, body, RtxSsrc, sequence);
    }

    private void Begin(long nowNs, VideoFrame frame, uint timestamp)
    {
        if (_firstSentNs == long.MaxValue)
            _firstSentNs = nowNs;
        if (_isFull)
            _lastFullNs = nowNs;
        if (frame.IsEntryPoint)
            EntryPointSentNs = nowNs;
        _framePlayoutDelay = PlayoutDelay;
        BeginParity(frame);
        _history[_historyNext++ % HistoryCapacity] = new Sent { First = _nextSequence, Frame = frame, Generation = frame.Generation, Timestamp = timestamp };
    }

    private bool WantsFull(long nowNs, VideoFrame frame) =>
        frame.IsEntryPoint || nowNs - _lastFullNs >= FullEveryNs || _firstSentNs == long.MaxValue || nowNs - _firstSentNs < FullStartNs;

    private int HeaderBytes(bool full) =>
        full ? RtpHeader.FullBytes : _extensions.TransportSequence != 0 ? RtpHeader.LeanBytes : RtpHeader.FixedBytes;

    private int WriteHeader(Span<byte> destination, VideoFrame frame, byte payloadType, uint ssrc, ushort sequence, uint timestamp, bool marker, ushort transportSequence, bool full)
    {
        int length = HeaderBytes(full);
        RtpHeader.Write(destination, payloadType, marker, sequence, timestamp, ssrc, hasExtension: length > RtpHeader.FixedBytes);
        if (full)
        {
            var info = new RtpFrameInfo((long)RtpClock.Ntp(_unixEpochNs + frame.CaptureNs), _framePlayoutDelay.MinMs, _framePlayoutDelay.MaxMs);
            RtpHeader.WriteFull(destination, _extensions, transportSequence, info, _mid);
        }
        else if (length > RtpHeader.FixedBytes)
        {
            RtpHeader.WriteLean(destination, _extensions, transportSequence);
        }

        return length;
    }

    /// <summary>An entry point makes what waits behind the frame in progress pointless.</summary>
    private void DropWaiting()
    {
        int keep = _packet > 0 ? 1 : 0;
        while (_queueCount > keep)
        {
            _queueCount--;
            ref Queued dropped = ref _queue[(_queueHead + _queueCount) % QueueCapacity];
            QueuedBytes -= dropped.Frame.Generation == dropped.Generation ? dropped.Frame.PayloadBytes : 0;
            FramesSkipped++;
        }

        if (_queueCount == 0)
            QueuedBytes = 0;
    }

    private bool TryFindRepeatable(long sequence, out int packet, out VideoFrame? frame, out uint timestamp) =>
        TryFind(sequence, out packet, out frame, out timestamp) && _rtxPayloadTypes[(int)frame!.Codec] != 0;

    private bool TryFind(long sequence, out int packet, out VideoFrame? frame, out uint timestamp)
    {
        packet = 0;
        frame = null;
        timestamp = 0;
        if (sequence < 0 || sequence >= _nextSequence || _historyNext == 0)
            return false;
        long low = Math.Max(0, _historyNext - HistoryCapacity);
        long high = _historyNext - 1;
        while (low < high)
        {
            long middle = low + ((high - low + 1) / 2);
            if (_history[middle % HistoryCapacity].First <= sequence)
                low = middle;
            else
                high = middle - 1;
        }

        ref readonly Sent sent = ref _history[low % HistoryCapacity];
        long offset = sequence - sent.First;
        if (offset < 0 || sent.Frame is null || sent.Frame.Generation != sent.Generation || offset >= sent.Frame.PacketCount)
            return false;
        packet = (int)offset;
        frame = sent.Frame;
        timestamp = sent.Timestamp;
        return true;
    }

    private void PopRepeat()
    {
        _repeatHead = (_repeatHead + 1) % RepeatCapacity;
        _repeatCount--;
    }

    private struct Queued
    {
        public VideoFrame Frame;
        public long Generation;
        public long CaptureNs;
    }

    private struct Sent
    {
        public long First;
        public VideoFrame? Frame;
        public long Generation;
        public uint Timestamp;
    }

    private struct Repeated
    {
        /// <summary>Plus 1, so that an unused place is no packet.</summary>
        public long SequencePlusOne;
        public long AtNs;
    }
}
