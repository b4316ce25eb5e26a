using System.Buffers.Binary;

namespace QemuZeroCopy.WebRtc.Tests.Model;

/// <summary>
/// The receiving side of FlexFEC, written against draft-ietf-payload-flexible-fec-scheme-03 and not against our sender: what
/// one parity packet misses exactly one packet of is solved, again and again. Transport-wide numbers are taken for zero,
/// as libwebrtc does.
/// </summary>
internal sealed class FlexFecReceiver(uint protectedSsrc, byte transportSequenceId)
{
    private const int RtpBytes = 12;
    private const int KeptPackets = 192;
    private const int KeptParities = 48;

    private readonly Dictionary<ushort, byte[]> _packets = [];
    private readonly Queue<ushort> _order = new();
    private readonly List<Parity> _parities = [];

    public int ParityPackets { get; private set; }

    public int Recovered { get; private set; }

    /// <summary>Takes a packet of the protected stream; gives what could be solved with it, whole RTP packets.</summary>
    public IReadOnlyList<byte[]> TakeMedia(ReadOnlySpan<byte> packet)
    {
        byte[] copy = packet.ToArray();
        ClearTransportSequence(copy);
        Keep(copy);
        return Solve();
    }

    /// <summary>Takes the payload of a parity packet.</summary>
    public IReadOnlyList<byte[]> TakeParity(ReadOnlySpan<byte> payload)
    {
        ParityPackets++;
        Parity parity = Read(payload);
        _parities.Add(parity);
        if (_parities.Count > KeptParities)
            _parities.RemoveAt(0);
        return Solve();
    }

    private Parity Read(ReadOnlySpan<byte> payload)
    {
        Assert.Equal(0, payload[0] & 0xC0); // neither retransmission nor fixed mask
        Assert.Equal(1, payload[8]);
        Assert.Equal(0, (payload[9] << 16) | (payload[10] << 8) | payload[11]);
        Assert.Equal(protectedSsrc, BinaryPrimitives.ReadUInt32BigEndian(payload[12..]));
        ushort first = BinaryPrimitives.ReadUInt16BigEndian(payload[16..]);
        var covered = new List<ushort>();
        int at = 18, offset = 0;
        bool isLast = false;
        // Three parts of 15, 31 and 63 bits, each behind a bit that is set in the last one.
        foreach (int bits in new[] { 15, 31, 63 })
        {
            isLast = (payload[at] & 0x80) != 0;
            for (int i = 0; i < bits; i++)
            {
                if ((payload[at + ((i + 1) / 8)] & (0x80 >> ((i + 1) % 8))) != 0)
                    covered.Add((ushort)(first + offset + i));
            }

            at += (bits + 1) / 8;
            offset += bits;
            if (isLast)
                break;
        }

        Assert.True(isLast);
        Assert.NotEmpty(covered);
        return new Parity(covered, payload[..8].ToArray(), payload[at..].ToArray());
    }

    private List<byte[]> Solve()
    {
        var solved = new List<byte[]>();
        for (bool again = true; again;)
        {
            again = false;
            for (int i = 0; i < _parities.Count; i++)
            {
                Parity parity = _parities[i];
                ushort[] missing = [.. parity.Covered.Where(sequence => !_packets.ContainsKey(sequence))];
                if (missing.Length > 1)
                    continue;
                _parities.RemoveAt(i--);
                if (missing.Length == 0)
                    continue;
                byte[] packet = Recover(parity, missing[0]);
                Keep(packet);
                solved.Add(packet);
                Recovered++;
                again = true;
            }
        }

        return solved;
    }

    private byte[] Recover(Parity parity, ushort sequence)
    {
        byte[] header = [.. parity.Header];
        byte[] body = [.. parity.Body];
        foreach (byte[] packet in parity.Covered.Where(s => s != sequence).Select(s => _packets[s]))
        {
            header[0] ^= packet[0];
            header[1] ^= packet[1];
            header[2] ^= (byte)((packet.Length - RtpBytes) >> 8);
            header[3] ^= (byte)(packet.Length - RtpBytes);
            for (int i = 4; i < 8; i++)
                header[i] ^= packet[i];
            Assert.True(packet.Length - RtpBytes <= body.Length);
            for (int i = RtpBytes; i < packet.Length; i++)
                body[i - RtpBytes] ^= packet[i];
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(2));
        Assert.InRange(length, 0, body.Length);
        byte[] recovered = new byte[RtpBytes + length];
        header.AsSpan(0, 8).CopyTo(recovered);
        recovered[0] = (byte)((recovered[0] & 0x3F) | 0x80);
        BinaryPrimitives.WriteUInt16BigEndian(recovered.AsSpan(2), sequence);
        BinaryPrimitives.WriteUInt32BigEndian(recovered.AsSpan(8), protectedSsrc);
        body.AsSpan(0, length).CopyTo(recovered.AsSpan(RtpBytes));
        return recovered;
    }

    private void Keep(byte[] packet)
    {
        ushort sequence = BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(2));
        if (!_packets.TryAdd(sequence, packet))
            return;
        _order.Enqueue(sequence);
        if (_order.Count > KeptPackets)
            _packets.Remove(_order.Dequeue());
    }

    private void ClearTransportSequence(byte[] packet)
    {
        if ((packet[0] & 0x10) == 0)
            return;
        int end = RtpBytes + 4 + (4 * BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(RtpBytes + 2)));
        for (int at = RtpBytes + 4; at < end && packet[at] != 0; at += 2 + (packet[at] & 15))
        {
            if (packet[at] >> 4 == transportSequenceId)
                packet[at + 1] = packet[at + 2] = 0;
        }
    }

    private sealed record Parity(List<ushort> Covered, byte[] Header, byte[] Body);
}
