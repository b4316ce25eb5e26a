using System.Buffers.Binary;
using QemuZeroCopy.WebRtc.Rtcp;

namespace QemuZeroCopy.WebRtc.Tests.Model;

/// <summary>One received stream: its packets by widened sequence number, and the access units put together from them.</summary>
internal sealed class ModelStream(uint ssrc, int payloadType)
{
    private readonly SortedDictionary<long, byte[]> _packets = [];
    private readonly Dictionary<long, long> _askedNs = [];
    private long _first = -1;
    private long _highest = -1;
    private uint _lastSenderReport;
    private long _lastSenderReportNs;

    public uint Ssrc { get; } = ssrc;

    public int PayloadType { get; } = payloadType;

    /// <summary>Whole RTP packets, header and all (decrypted), by widened sequence number.</summary>
    public SortedDictionary<long, byte[]> Packets => _packets;

    public int Repeated { get; private set; }

    public int SenderReports { get; private set; }

    public ulong LastNtp { get; private set; }

    public uint LastReportTimestamp { get; private set; }

    public bool IsGapless => _packets.Count > 0 && _packets.Keys.Last() - _packets.Keys.First() + 1 == _packets.Count;

    /// <summary>Drops all but the newest packets.</summary>
    public void Forget(int keep)
    {
        while (_packets.Count > keep)
        {
            long oldest = _packets.Keys.First();
            _packets.Remove(oldest);
            _first = oldest + 1;
        }
    }

    public void Take(long nowNs, long sequence, ReadOnlySpan<byte> packet, int header)
    {
        _ = (nowNs, header);
        if (_first < 0)
            _first = sequence;
        _highest = Math.Max(_highest, sequence);
        _packets[sequence] = packet.ToArray();
    }

    public void TakeRepeated(long nowNs, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> rtx)
    {
        _ = nowNs;
        Repeated++;
        ushort low = BinaryPrimitives.ReadUInt16BigEndian(payload);
        long sequence = Widen(low);
        byte[] packet = new byte[12 + payload.Length - 2];
        rtx[..12].CopyTo(packet);
        packet[0] &= 0xEF;
        packet[1] = (byte)((packet[1] & 0x80) | PayloadType);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), low);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(8), Ssrc);
        payload[2..].CopyTo(packet.AsSpan(12));
        _packets.TryAdd(sequence, packet);
        _highest = Math.Max(_highest, sequence);
    }

    /// <summary>Takes what parity brought back: the packet as it was, but for its transport-wide number.</summary>
    public void TakeRecovered(long nowNs, byte[] packet)
    {
        _ = nowNs;
        long sequence = Widen(BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(2)));
        _packets.TryAdd(sequence, packet);
        _highest = Math.Max(_highest, sequence);
    }

    public void TakeSenderReport(long nowNs, ReadOnlySpan<byte> body)
    {
        SenderReports++;
        LastNtp = BinaryPrimitives.ReadUInt64BigEndian(body[4..]);
        LastReportTimestamp = BinaryPrimitives.ReadUInt32BigEndian(body[12..]);
        _lastSenderReport = (uint)(LastNtp >> 16);
        _lastSenderReportNs = nowNs;
    }

    /// <summary>Gaps, each asked for at most every 60 ms and only while young.</summary>
    public IEnumerable<ushort> Missing(long nowNs)
    {
        for (long sequence = Math.Max(_first, _highest - 500); sequence < _highest; sequence++)
        {
            if (_packets.ContainsKey(sequence) || (_askedNs.TryGetValue(sequence, out long asked) && nowNs - asked < 60_000_000))
                continue;
            _askedNs[sequence] = nowNs;
            yield return (ushort)sequence;
        }
    }

    public ReportBlock Report(long nowNs) => new(
        Ssrc, 0, 0, (uint)_highest, 0, _lastSenderReport, _lastSenderReport == 0 ? 0 : (uint)((nowNs - _lastSenderReportNs) * 65536 / 1_000_000_000));

    /// <summary>The access units as Annex B, for as far as no packet is missing.</summary>
    public List<byte[]> AccessUnits()
    {
        var units = new List<byte[]>();
        var current = new List<byte>();
        long next = _packets.Count == 0 ? 0 : _packets.Keys.First();
        foreach ((long sequence, byte[] packet) in _packets)
        {
            if (sequence != next++)
                break;
            H264Depacketizer.Append(packet.AsSpan(HeaderOf(packet)), current);
            if ((packet[1] & 0x80) != 0)
            {
                units.Add([.. current]);
                current.Clear();
            }
        }

        return units;
    }

    private long Widen(ushort low)
    {
        long sequence = (_highest & ~0xFFFFL) | low;
        if (sequence > _highest + 0x8000)
            return sequence - 0x10000;
        return sequence < _highest - 0x8000 ? sequence + 0x10000 : sequence;
    }

    public static int HeaderOf(byte[] packet) => WebRtc.Rtp.RtpHeader.Measure(packet);
}

/// <summary>RFC 6184, the receiving side, written against the RFC and not against our sender.</summary>
internal static class H264Depacketizer
{
    public static void Append(ReadOnlySpan<byte> payload, List<byte> annexB)
    {
        switch (payload[0] & 0x1F)
        {
            case 24:
                for (ReadOnlySpan<byte> rest = payload[1..]; !rest.IsEmpty;)
                {
                    int length = BinaryPrimitives.ReadUInt16BigEndian(rest);
                    Unit(rest.Slice(2, length), annexB);
                    rest = rest[(2 + length)..];
                }

                break;
            case 28:
                if ((payload[1] & 0x80) != 0)
                {
                    annexB.AddRange([0, 0, 0, 1, (byte)((payload[0] & 0xE0) | (payload[1] & 0x1F))]);
                }

                annexB.AddRange(payload[2..]);
                break;
            default:
                Assert.InRange(payload[0] & 0x1F, 1, 23);
                Unit(payload, annexB);
                break;
        }
    }

    private static void Unit(ReadOnlySpan<byte> unit, List<byte> annexB)
    {
        annexB.AddRange([0, 0, 0, 1]);
        annexB.AddRange(unit);
    }
}

/// <summary>Builds transport-wide feedback with two-bit vectors, as the draft describes it.</summary>
internal static class TransportFeedbackBuilder
{
    public static byte[] Build(List<(ushort Sequence, long AtNs)> arrivals, byte count)
    {
        ushort first = arrivals[0].Sequence;
        foreach ((ushort sequence, _) in arrivals)
        {
            if ((short)(sequence - first) < 0)
                first = sequence;
        }

        int span = arrivals.Max(a => (ushort)(a.Sequence - first)) + 1;
        var byOffset = new Dictionary<int, long>();
        foreach ((ushort sequence, long at) in arrivals)
            byOffset.TryAdd((ushort)(sequence - first), at);
        long reference = byOffset[byOffset.Keys.Min()] / 64_000_000;
        long lastTicks = reference * 256;
        var symbols = new List<int>();
        var deltas = new List<byte>();
        for (int i = 0; i < span; i++)
        {
            if (!byOffset.TryGetValue(i, out long at))
            {
                symbols.Add(0);
                continue;
            }

            long ticks = at / 250_000;
            long delta = ticks - lastTicks;
            lastTicks = ticks;
            if (delta is >= 0 and <= 255)
            {
                symbols.Add(1);
                deltas.Add((byte)delta);
            }
            else
            {
                symbols.Add(2);
                deltas.Add((byte)(delta >> 8));
                deltas.Add((byte)delta);
            }
        }

        var bytes = new List<byte> { 0x8F, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, (byte)(first >> 8), (byte)first, (byte)(span >> 8), (byte)span, (byte)(reference >> 16), (byte)(reference >> 8), (byte)reference, count };
        for (int i = 0; i < span; i += 7)
        {
            int chunk = 0xC000;
            for (int j = 0; j < 7 && i + j < span; j++)
                chunk |= symbols[i + j] << (12 - (2 * j));
            bytes.Add((byte)(chunk >> 8));
            bytes.Add((byte)chunk);
        }

        bytes.AddRange(deltas);
        int padding = -bytes.Count & 3;
        for (int i = 1; i <= padding; i++)
            bytes.Add(i == padding ? (byte)padding : (byte)0);
        if (padding > 0)
            bytes[0] |= 0x20;
        int words = (bytes.Count / 4) - 1;
        (bytes[2], bytes[3]) = ((byte)(words >> 8), (byte)words);
        return [.. bytes];
    }
}
