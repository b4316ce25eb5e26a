namespace QemuZeroCopy.WebRtc.Rtp;

/// <summary>
/// AV1 by AOM's "RTP Payload Format For AV1" v1.0: OBUs without their size fields, each as one element with its length
/// in front (W = 0), cut where a packet is full.
/// </summary>
internal static class Av1Packetizer
{
    private const int TemporalDelimiter = 2;
    private const int TileList = 8;
    private const int Padding = 15;
    private const byte SizeFieldFlag = 0x02;
    private const byte ExtensionFlag = 0x04;
    private const byte ContinuesFlag = 0x80;
    private const byte GoesOnFlag = 0x40;
    private const byte NewSequenceFlag = 0x08;

    public static void Packetize(ReadOnlySpan<byte> temporalUnit, int maxPayloadBytes, bool isEntryPoint, VideoFrame frame)
    {
        var packet = new Packet(frame, maxPayloadBytes, isEntryPoint);
        ReadOnlySpan<byte> rest = temporalUnit;
        while (TryReadObu(ref rest, out ReadOnlySpan<byte> header, out ReadOnlySpan<byte> payload))
        {
            if (((header[0] >> 3) & 15) is TemporalDelimiter or TileList or Padding)
                continue;
            packet.Add(header, payload);
        }

        packet.Close(goesOn: false);
    }

    /// <summary>Takes one OBU off the front; false at the end or where what is left is malformed.</summary>
    private static bool TryReadObu(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> header, out ReadOnlySpan<byte> payload)
    {
        header = payload = default;
        if (rest.IsEmpty)
            return false;
        int headerBytes = (rest[0] & ExtensionFlag) != 0 ? 2 : 1;
        if (rest.Length < headerBytes)
            return false;
        header = rest[..headerBytes];
        ReadOnlySpan<byte> body = rest[headerBytes..];
        if ((header[0] & SizeFieldFlag) == 0)
        {
            payload = body;
            rest = default;
            return true;
        }

        int sizeBytes = Leb128.TryRead(body, out int size);
        if (sizeBytes == 0 || size > body.Length - sizeBytes)
            return false;
        payload = body.Slice(sizeBytes, size);
        rest = body[(sizeBytes + size)..];
        return true;
    }

    private ref struct Packet(VideoFrame frame, int maxPayloadBytes, bool isEntryPoint)
    {
        /// <summary>Below this much room an element is better begun in the next packet.</summary>
        private const int LeastFragment = 16;

        private byte _flags = isEntryPoint ? NewSequenceFlag : (byte)0;
        private Span<byte> _place;
        private int _length;

        public void Add(scoped ReadOnlySpan<byte> header, scoped ReadOnlySpan<byte> payload)
        {
            int sent = 0;
            int total = header.Length + payload.Length;
            while (sent < total)
            {
                if (_length > 0 && maxPayloadBytes - _length < Math.Min(LeastFragment, total - sent + 2))
                    Close(goesOn: sent > 0);
                if (_length == 0)
                {
                    _place = frame.Reserve(Math.Min(maxPayloadBytes, total - sent + 3));
                    if (sent > 0)
                        _flags |= ContinuesFlag;
                    _length = 1;
                }

                // The length's own two bytes serve all elements below 16 kB, which packets are.
                int count = Math.Min(total - sent, maxPayloadBytes - _length - 2);
                _place = frame.Reserve(_length + 2 + count);
                _place[_length] = (byte)(0x80 | (count & 0x7F));
                _place[_length + 1] = (byte)(count >> 7);
                Span<byte> element = _place.Slice(_length + 2, count);
                for (int i = 0; i < count && sent + i < header.Length; i++)
                    element[i] = sent + i == 0 ? (byte)(header[0] & ~SizeFieldFlag) : header[1];
                int fromPayload = Math.Max(sent, header.Length) - header.Length;
                int headerPart = Math.Max(0, header.Length - sent);
                if (count > headerPart)
                    payload.Slice(fromPayload, count - headerPart).CopyTo(element[headerPart..]);
                sent += count;
                _length += 2 + count;
            }
        }

        public void Close(bool goesOn)
        {
            if (_length == 0)
                return;
            _place[0] = (byte)(_flags | (goesOn ? GoesOnFlag : 0));
            frame.Commit(_length);
            _length = 0;
            _flags = 0;
        }
    }
}

/// <summary>Little-endian base-128 numbers.</summary>
internal static class Leb128
{
    /// <summary>Bytes that the number takes; 0 where it is malformed or above 2^28.</summary>
    public static int TryRead(ReadOnlySpan<byte> bytes, out int value)
    {
        value = 0;
        for (int i = 0; i < Math.Min(bytes.Length, 4); i++)
        {
            value |= (bytes[i] & 0x7F) << (7 * i);
            if ((bytes[i] & 0x80) == 0)
                return i + 1;
        }

        return 0;
    }
}
