using System.Numerics;
using QemuZeroCopy.WebRtc.Congestion;
using QemuZeroCopy.WebRtc.Srtp;

namespace QemuZeroCopy.WebRtc.Rtp;

/// <content>
/// Parity over the packets of a frame, made from the shared frame when it is written: no viewer holds a copy. A frame of
/// more packets than a mask has bits for is cut into equal groups, each followed by its parities.
/// </content>
internal sealed partial class VideoSender
{
    private readonly LossProtection _protection;
    private long _nextParitySequence;
    private int _groupStart;
    private int _groupPackets;
    private ParityGroup _parity;

    /// <summary>Whether parity of packets that have just been written waits: it goes out before any other video.</summary>
    public bool HasParity => _parity.Next < _parity.Count;

    public uint ParitySsrc => _media.FecSsrc;

    public long ParityPacketsSent { get; private set; }

    /// <summary>Whole size of the next parity packet; 0 for none.</summary>
    public int NextParityBytes(int overheadBytes)
    {
        if (!HasParity)
            return 0;
        if (_parity.Frame.Generation == _parity.Generation)
            return RtpHeader.LeanBytes + FlexFec.HeaderBytes(_parity.Packets) + _parity.BodyBytes + overheadBytes;
        _parity = default;
        return 0;
    }

    /// <summary>Writes the parity packet that <see cref="NextParityBytes"/> announced; gives its size.</summary>
    public int WriteParity(Span<byte> destination, SrtpSession srtp, ushort transportSequence)
    {
        VideoFrame frame = _parity.Frame;
        long sequence = _nextParitySequence++;
        ParityPacketsSent++;
        LastSequence = (ushort)sequence;
        int header = WriteHeader(destination, frame, _media.Fec!.PayloadType, ParitySsrc, (ushort)sequence, _parity.Timestamp, marker: false, transportSequence, full: false);
        int fecHeader = FlexFec.HeaderBytes(_parity.Packets);
        Span<byte> payload = destination.Slice(header, fecHeader + _parity.BodyBytes);
        Span<byte> body = payload[fecHeader..];
        body.Clear();
        ulong mask = ParityCode.Mask(_parity.Count, _parity.Next++, _parity.Packets);

        // Protected as it was sent, but for the transport-wide number, which both ends take for zero.
        Span<byte> original = stackalloc byte[RtpHeader.FullBytes];
        FlexFec.Recovery recovery = default;
        for (ulong rest = mask; rest != 0; rest &= rest - 1)
        {
            int packet = _parity.First + BitOperations.TrailingZeroCount(rest);
            bool isLast = packet == frame.PacketCount - 1;
            int length = WriteHeader(original, frame, _payloadTypes[(int)frame.Codec], Ssrc, 0, _parity.Timestamp, isLast, transportSequence: 0, _parity.IsFull);
            ReadOnlySpan<byte> extension = original[RtpHeader.FixedBytes..length];
            ReadOnlySpan<byte> media = frame.Payload(packet);
            recovery ^= new FlexFec.Recovery(original[0], original[1], (ushort)(extension.Length + media.Length), _parity.Timestamp);
            FlexFec.Combine(extension, body);
            FlexFec.Combine(media, body[extension.Length..]);
        }

        FlexFec.WriteHeader(payload[..fecHeader], recovery, Ssrc, _parity.FirstSequence, mask);
        return srtp.ProtectRtp(destination, header, payload, ParitySsrc, sequence);
    }

    private void BeginParity(VideoFrame frame)
    {
        _groupStart = 0;
        int groups = (frame.PacketCount + FlexFec.MaxPackets - 1) / FlexFec.MaxPackets;
        _groupPackets = (frame.PacketCount + groups - 1) / groups;
    }

    /// <summary>The packet of this number was written: where it ends a group, the group's parity is due.</summary>
    private void NoteForParity(VideoFrame frame, uint timestamp, long sequence)
    {
        int packets = _packet - _groupStart + 1;
        if (packets < _groupPackets && _packet < frame.PacketCount - 1)
            return;
        int first = _groupStart;
        _groupStart = _packet + 1;
        int parities = _media.Fec is null ? 0 : _protection.Parities(packets);
        if (parities == 0)
            return;
        int longest = 0;
        for (int i = 0; i < packets; i++)
            longest = Math.Max(longest, frame.PayloadLength(first + i));
        _parity = new ParityGroup
        {
            Frame = frame,
            Generation = frame.Generation,
            Timestamp = timestamp,
            IsFull = _isFull,
            First = first,
            FirstSequence = (ushort)(sequence - packets + 1),
            Packets = packets,
            Count = parities,
            BodyBytes = HeaderBytes(_isFull) - RtpHeader.FixedBytes + longest,
        };
    }

    /// <summary>Packets that were sent in a row, and how far their parities have been sent.</summary>
    private struct ParityGroup
    {
        public VideoFrame Frame;
        public long Generation;
        public uint Timestamp;
        public bool IsFull;
        public int First;
        public ushort FirstSequence;
        public int Packets;
        public int Count;
        public int Next;
        public int BodyBytes;
    }
}
