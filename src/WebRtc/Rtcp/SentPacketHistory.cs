using QemuZeroCopy.WebRtc.Congestion;

namespace QemuZeroCopy.WebRtc.Rtcp;

/// <summary>Which video packet it was that left.</summary>
/// <param name="Track">The connection's n-th video stream.</param>
/// <param name="Sequence">RTP sequence number; of the repeated packet where it is a repetition.</param>
internal readonly record struct SentVideo(byte Track, ushort Sequence);

/// <summary>What left under which transport-wide number, until feedback has spoken of it. A ring: the oldest goes.</summary>
internal sealed class SentPacketHistory
{
    /// <summary>Half a second at 100 Mbit/s: feedback comes every 50 to 100 ms.</summary>
    public const int Capacity = 4096;

    private readonly Entry[] _ring = new Entry[Capacity];

    /// <summary>The number that the next packet gets; grows by one for each.</summary>
    public long NextSequence { get; private set; }

    /// <summary>Remembers a packet under the next number.</summary>
    public SentPacket Add(int sizeBytes, long nowNs, PacketClass packetClass, int probeId, SentVideo video = default)
    {
        long sequence = NextSequence++;
        _ring[sequence & (Capacity - 1)] = new Entry { SentNs = nowNs, Size = (ushort)sizeBytes, Class = packetClass, ProbeId = probeId, Video = video };
        return new SentPacket(sequence, sizeBytes, nowNs, packetClass, probeId);
    }

    /// <summary>The packet of a 16-bit number, which is widened to the nearest at or below the last one sent.</summary>
    public bool TryFind(ushort sequence, out SentPacket packet, out SentVideo video)
    {
        video = default;
        long last = NextSequence - 1;
        long candidate = (last & ~0xFFFFL) | sequence;
        if (candidate > last)
            candidate -= 0x10000;
        if (candidate < 0 || candidate <= last - Capacity)
        {
            packet = default;
            return false;
        }

        ref readonly Entry entry = ref _ring[candidate & (Capacity - 1)];
        packet = new SentPacket(candidate, entry.Size, entry.SentNs, entry.Class, entry.ProbeId);
        video = entry.Video;
        return true;
    }

    private struct Entry
    {
        public long SentNs;
        public int ProbeId;
        public ushort Size;
        public PacketClass Class;
        public SentVideo Video;
    }
}
