using System.Buffers.Binary;

namespace QemuZeroCopy.WebRtc.Rtp;

/// <summary>H.265 by RFC 7798 without DONL: small NAL units together in an aggregation packet, large ones in fragmentation units.</summary>
internal static class H265Packetizer
{
    private const int AccessUnitDelimiter = 35;
    private const int Filler = 38;
    private const int Aggregation = 48;
    private const int Fragmentation = 49;
    private const int HeaderBytes = 2;

    public static void Packetize(ReadOnlySpan<byte> accessUnit, int maxPayloadBytes, VideoFrame frame)
    {
        var reader = new AnnexBReader(accessUnit);
        var run = new NalRun(stackalloc Range[NalRun.Capacity], HeaderBytes, maxPayloadBytes);
        while (reader.TryRead(out Range range))
        {
            ReadOnlySpan<byte> unit = accessUnit[range];
            if (unit.Length <= HeaderBytes || Type(unit) is AccessUnitDelimiter or Filler)
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

    private static int Type(ReadOnlySpan<byte> unit) => (unit[0] >> 1) & 0x3F;

    private static void Flush(ReadOnlySpan<byte> accessUnit, ref NalRun run, VideoFrame frame)
    {
        if (run.Units.Length > 1)
        {
            Span<byte> place = frame.Reserve(run.AggregatedBytes);
            // Layer and temporal identifiers are the lowest of the units together (section 4.4.2).
            int layer = 63, temporal = 7;
            foreach (Range range in run.Units)
            {
                int header = BinaryPrimitives.ReadUInt16BigEndian(accessUnit[range]);
                layer = Math.Min(layer, (header >> 3) & 63);
                temporal = Math.Min(temporal, header & 7);
            }

            BinaryPrimitives.WriteUInt16BigEndian(place, (ushort)((Aggregation << 9) | (layer << 3) | temporal));
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
        byte type = (byte)Type(unit);
        ReadOnlySpan<byte> rest = unit[HeaderBytes..];
        byte position = 0x80;
        while (!rest.IsEmpty)
        {
            int length = Math.Min(rest.Length, maxPayloadBytes - HeaderBytes - 1);
            if (length == rest.Length)
                position |= 0x40;
            Span<byte> place = frame.Reserve(length + HeaderBytes + 1);
            place[0] = (byte)((unit[0] & 0x81) | (Fragmentation << 1));
            place[1] = unit[1];
            place[2] = (byte)(position | type);
            rest[..length].CopyTo(place[3..]);
            frame.Commit(length + HeaderBytes + 1);
            rest = rest[length..];
            position = 0;
        }
    }
}
