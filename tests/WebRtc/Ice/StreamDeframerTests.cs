using QemuZeroCopy.WebRtc.Ice;

namespace QemuZeroCopy.WebRtc.Tests.Ice;

public class StreamDeframerTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(1000)]
    public void Packets_come_out_whole_however_the_stream_is_cut(int chunk)
    {
        byte[] large = new byte[StreamDeframer.MaxPacketBytes];
        new SeededRandom(1).Fill(large);
        byte[] stream = [0, 3, 1, 2, 3, 0, 0, (byte)(large.Length >> 8), (byte)large.Length, .. large, 0, 1, 9];
        List<byte[]> packets = Feed(new StreamDeframer(), stream, chunk);
        Assert.Equal([[1, 2, 3], large, [9]], packets);
    }

    [Fact]
    public void A_packet_that_is_too_long_ends_the_stream()
    {
        var deframer = new StreamDeframer();
        Assert.Empty(Feed(deframer, [0x08, 0x01, 1, 2, 3], 100));
        Assert.True(deframer.IsMalformed);
    }

    private static List<byte[]> Feed(StreamDeframer deframer, byte[] stream, int chunk)
    {
        var packets = new List<byte[]>();
        for (int at = 0; at < stream.Length;)
        {
            int count = Math.Min(Math.Min(chunk, stream.Length - at), deframer.Space.Length);
            stream.AsSpan(at, count).CopyTo(deframer.Space.Span);
            deframer.Advance(count);
            at += count;
            while (deframer.TryRead(out Span<byte> packet))
                packets.Add(packet.ToArray());
        }

        return packets;
    }
}
