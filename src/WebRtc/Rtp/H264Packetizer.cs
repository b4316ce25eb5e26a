using System.Buffers.Binary;

namespace QemuZeroCopy.WebRtc.Rtp;

/// <summary>
/// H.264 by RFC 6184 in packetization mode 1: small NAL units together in a STAP-A, large ones in FU-A fragments that
/// fill their packets but for the last.
/// </summary>
internal static class H264Packetizer
{
    private const byte AccessUnitDelimiter = 9;
    private const byte Filler = 12;
    private const byte StapA = 24;
    private const byte FuA = 28;
    private const byte TypeMask = 0x1F;
    private const byte ReferenceMask = 0x60;

    public static void Packetize(ReadOnlySpan<byte> accessUnit, int maxPayloadBytes, VideoFrame frame)
    {
        var reader = new AnnexBReader(accessUnit);
        var run = new NalRun(stackalloc Range[NalRun.Capacity], headerBytes: 1, maxPayloadBytes);
        while (reader.TryRead(out Range range))
        {
            ReadOnlySpan<byte> unit = accessUnit[range];
            // Neither carries a picture, and mode 1 has no use for them.
            if ((unit[0] & TypeMask) is AccessUnitDelimiter or Filler)
                continue;
            if (!run.Takes(unit.Length))
                Flush(accessUnit, ref run, frame);
            if (unit.Length > maxPayloadBytes)
                Fragment(unit, maxPayloadBytes, frame);
            else
                run.Add(range, unit.Length);
        }

        Flush(accessUnit, ref run, frame);
    }

    private static void Flush(ReadOnlySpan<byte> accessUnit, ref NalRun run, VideoFrame frame)
    {
        if (run.Units.Length > 1)
        {
            Span<byte> place = frame.Reserve(run.AggregatedBytes);
            byte references = 0;
            foreach (Range range in run.Units)
                references = Math.Max(references, (byte)(accessUnit[range][0] & ReferenceMask));
            place[0] = (byte)(StapA | references);
            run.WriteUnits(accessUnit, place);
            frame.Commit(run.AggregatedBytes);
        }
        else if (run.Units.Length == 1)
        {
            ReadOnlySpan<byte> unit = accessUnit[run.Units[0]];
            unit.CopyTo(frame.Reserve(unit.Length));
            frame.Commit(unit.Length);
        }

        run.Clear();
    }

    private static void Fragment(ReadOnlySpan<byte> unit, int maxPayloadBytes, VideoFrame frame)
    {
        byte indicator = (byte)((unit[0] & ~TypeMask) | FuA);
        byte type = (byte)(unit[0] & TypeMask);
        ReadOnlySpan<byte> rest = unit[1..];
        byte position = 0x80;
        while (!rest.IsEmpty)
        {
            int length = Math.Min(rest.Length, maxPayloadBytes - 2);
            if (length == rest.Length)
                position |= 0x40;
            Span<byte> place = frame.Reserve(length + 2);
            place[0] = indicator;
            place[1] = (byte)(position | type);
            rest[..length].CopyTo(place[2..]);
            frame.Commit(length + 2);
            rest = rest[length..];
            position = 0;
        }
    }
}

/// <summary>NAL units in a row that may share a packet: a header, then each with two bytes of length in front.</summary>
internal ref struct NalRun(Span<Range> units, int headerBytes, int maxPayloadBytes)
{
    /// <summary>Parameter sets, SEI and a few small slices; more simply begin the next packet.</summary>
    public const int Capacity = 16;

    private readonly Span<Range> _units = units;
    private readonly int _headerBytes = headerBytes;
    private int _count;

    public readonly ReadOnlySpan<Range> Units => _units[.._count];

    public int AggregatedBytes { get; private set; } = headerBytes;

    public readonly bool Takes(int unitLength) =>
        _count == 0 ? unitLength <= maxPayloadBytes : _count < Capacity && AggregatedBytes + 2 + unitLength <= maxPayloadBytes;

    public void Add(Range unit, int length)
    {
        _units[_count++] = unit;
        AggregatedBytes += 2 + length;
    }

    public readonly void WriteUnits(ReadOnlySpan<byte> accessUnit, Span<byte> place)
    {
        int at = _headerBytes;
        foreach (Range range in Units)
        {
            ReadOnlySpan<byte> unit = accessUnit[range];
            BinaryPrimitives.WriteUInt16BigEndian(place[at..], (ushort)unit.Length);
            unit.CopyTo(place[(at + 2)..]);
            at += 2 + unit.Length;
        }
    }

    public void Clear()
    {
        _count = 0;
        AggregatedBytes = _headerBytes;
    }
}
