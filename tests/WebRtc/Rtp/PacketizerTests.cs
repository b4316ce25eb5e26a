using QemuZeroCopy.WebRtc.Rtp;
using QemuZeroCopy.WebRtc.Tests.Model;

namespace QemuZeroCopy.WebRtc.Tests.Rtp;

public class PacketizerTests
{
    private const int MaxPayload = 1142;

    [Fact]
    public void Small_units_share_a_STAP_A()
    {
        byte[] sps = [0x67, 1, 2, 3];
        byte[] pps = [0x68, 4, 5];
        VideoFrame frame = Write([0, 0, 0, 1, .. sps, 0, 0, 1, .. pps]);
        Assert.Equal(1, frame.PacketCount);
        Assert.Equal([0x78, 0, 4, .. sps, 0, 3, .. pps], frame.Payload(0).ToArray());
    }

    [Fact]
    public void A_lone_small_unit_is_sent_as_it_is()
    {
        VideoFrame frame = Write([0, 0, 1, 0x41, 7, 8, 9]);
        Assert.Equal([0x41, 7, 8, 9], frame.Payload(0).ToArray());
    }

    [Fact]
    public void A_large_unit_fills_its_fragments_but_for_the_last()
    {
        byte[] slice = Slice(5000);
        VideoFrame frame = Write([0, 0, 0, 1, .. slice]);
        Assert.Equal(5, frame.PacketCount);
        for (int i = 0; i < 4; i++)
            Assert.Equal(MaxPayload, frame.PayloadLength(i));
        Assert.Equal(0x7C, frame.Payload(0)[0]);
        Assert.Equal(0x85, frame.Payload(0)[1]);
        Assert.Equal(0x05, frame.Payload(1)[1]);
        Assert.Equal(0x45, frame.Payload(4)[1]);
    }

    [Fact]
    public void Delimiters_and_fillers_are_left_out()
    {
        VideoFrame frame = Write([0, 0, 0, 1, 9, 0x10, 0, 0, 0, 1, 0x41, 5, 0, 0, 0, 1, 0x0C, 0xFF, 0x80]);
        Assert.Equal(1, frame.PacketCount);
        Assert.Equal([0x41, 5], frame.Payload(0).ToArray());
    }

    [Theory]
    [InlineData(MaxPayload - 1, 1)]
    [InlineData(MaxPayload, 1)]
    [InlineData(MaxPayload + 1, 2)]
    public void The_bound_on_a_payload_is_kept_to_the_byte(int length, int packets)
    {
        VideoFrame frame = Write([0, 0, 0, 1, .. Slice(length)]);
        Assert.Equal(packets, frame.PacketCount);
        for (int i = 0; i < frame.PacketCount; i++)
            Assert.InRange(frame.PayloadLength(i), 1, MaxPayload);
    }

    [Fact]
    public void Whatever_is_packetized_is_put_together_again()
    {
        var random = new SeededRandom();
        TestContext.Current.TestOutputHelper?.WriteLine(random.ToString());
        for (int round = 0; round < 300; round++)
        {
            int max = random.Random.Next(300, 1400);
            var source = new VideoSource(VideoCodecKind.H264, max, 1024 * 1024);
            var expected = new List<byte>();
            for (int unit = random.Random.Next(1, 40); unit > 0; unit--)
            {
                byte[] slice = Slice(random.Random.Next(2, random.Random.Next(2) == 0 ? 60 : 4000), random);
                slice[0] = (byte)(0x60 | random.Random.Next(1, 9));
                expected.AddRange([0, 0, 0, 1, .. slice]);
            }

            VideoFrame frame = source.Write([.. expected], round, true);
            var actual = new List<byte>();
            for (int i = 0; i < frame.PacketCount; i++)
            {
                Assert.InRange(frame.PayloadLength(i), 1, max);
                H264Depacketizer.Append(frame.Payload(i), actual);
            }

            Assert.True(expected.SequenceEqual(actual), random.ToString());
        }
    }

    [Fact]
    public void Random_bytes_never_overrun_a_frame()
    {
        var random = new SeededRandom();
        TestContext.Current.TestOutputHelper?.WriteLine(random.ToString());
        foreach (VideoCodecKind codec in Enum.GetValues<VideoCodecKind>())
        {
            var source = new VideoSource(codec, 300, 256 * 1024);
            for (int round = 0; round < 2000; round++)
            {
                byte[] bytes = new byte[random.Random.Next(0, 5000)];
                random.Fill(bytes);
                // Many start codes, so that units of every size come up.
                for (int i = random.Random.Next(60); i > 0 && bytes.Length > 4; i--)
                    new byte[] { 0, 0, 1 }.CopyTo(bytes, random.Random.Next(bytes.Length - 3));
                VideoFrame frame = source.Write(bytes, round, false);
                Assert.InRange(frame.PayloadBytes, 0, bytes.Length + (bytes.Length / 37) + 64);
            }
        }
    }

    [Fact]
    public void Frames_stay_whole_until_the_ring_comes_round()
    {
        var random = new SeededRandom();
        TestContext.Current.TestOutputHelper?.WriteLine(random.ToString());
        var source = new VideoSource(VideoCodecKind.H264, MaxPayload, 128 * 1024);
        var kept = new List<(VideoFrame Frame, long Generation, byte[] Bytes)>();
        int alive = 0;
        for (int round = 0; round < 2000; round++)
        {
            byte[] unit = [0, 0, 0, 1, .. Slice(random.Random.Next(2, 30_000), random)];
            VideoFrame frame = source.Write(unit, round, false);
            kept.Add((frame, frame.Generation, unit));
            alive = 0;
            foreach ((VideoFrame old, long generation, byte[] bytes) in kept.Where(k => k.Frame.Generation == k.Generation))
            {
                alive++;
                var actual = new List<byte>();
                for (int i = 0; i < old.PacketCount; i++)
                    H264Depacketizer.Append(old.Payload(i), actual);
                Assert.True(bytes.AsSpan().SequenceEqual(actual.ToArray()), random.ToString());
            }

            kept.RemoveAll(k => k.Frame.Generation != k.Generation);
            Assert.True(alive >= 1, random.ToString());
        }

        Assert.InRange(alive, 3, 100);
    }

    [Fact]
    public void A_frame_larger_than_the_ring_makes_it_grow()
    {
        var source = new VideoSource(VideoCodecKind.H264, MaxPayload, 64 * 1024);
        VideoFrame small = source.Write([0, 0, 0, 1, .. Slice(100)], 0, false);
        long generation = small.Generation;
        VideoFrame large = source.Write([0, 0, 0, 1, .. Slice(500_000)], 1, true);
        Assert.NotEqual(generation, small.Generation);
        Assert.InRange(large.PayloadBytes, 500_000, 502_000);
    }

    private static VideoFrame Write(byte[] unit) => new VideoSource(VideoCodecKind.H264, MaxPayload, 64 * 1024).Write(unit, 0, true);

    private static byte[] Slice(int length, SeededRandom? random = null)
    {
        byte[] slice = new byte[length];
        (random ?? new SeededRandom(1)).Fill(slice);
        for (int i = 0; i < slice.Length; i++)
            slice[i] |= 1;
        slice[0] = 0x65;
        return slice;
    }
}
