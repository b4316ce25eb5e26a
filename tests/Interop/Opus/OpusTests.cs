using QemuZeroCopy.Interop.Opus;

namespace QemuZeroCopy.Interop.Tests.Opus;

public sealed class OpusTests
{
    private const int Block = 480;

    [Theory]
    [InlineData(OpusApplication.Audio, 312)]
    [InlineData(OpusApplication.LowDelay, 120)]
    public void A_tone_comes_back_as_it_was_but_for_the_lookahead(OpusApplication application, int lookahead)
    {
        using OpusEncoder encoder = OpusEncoder.Open(128_000, 7, application);
        using OpusDecoder decoder = OpusDecoder.Open();
        const int blocks = 100;
        float[] decoded = new float[blocks * Block * 2];
        byte[] packet = new byte[OpusEncoder.MaxPacketBytes];
        for (int b = 0; b < blocks; b++)
        {
            int length = encoder.Encode(Tone(b), packet);
            Assert.InRange(length, 3, packet.Length);
            Assert.Equal(Block, OpusDecoder.SamplesOf(packet.AsSpan(0, length)));
            Assert.Equal(Block, decoder.Decode(packet.AsSpan(0, length), decoded.AsSpan(b * Block * 2, Block * 2)));
        }

        Assert.Equal(lookahead, encoder.LookaheadSamples);
        double signal = 0, noise = 0;
        for (int i = blocks * Block / 2; i < blocks * Block; i++)
        {
            double expected = Sample(i - encoder.LookaheadSamples);
            signal += expected * expected;
            noise += Math.Pow(decoded[2 * i] - expected, 2);
        }

        Assert.True(10 * Math.Log10(signal / noise) > 20, $"{10 * Math.Log10(signal / noise):F1} dB");
    }

    [Fact]
    public void Silence_is_said_in_a_byte_or_two()
    {
        using OpusEncoder encoder = OpusEncoder.Open(128_000, 7, OpusApplication.Audio);
        byte[] packet = new byte[OpusEncoder.MaxPacketBytes];
        for (int b = 0; b < 50; b++)
            encoder.Encode(Tone(b), packet);
        int[] lengths = [.. Enumerable.Range(0, 60).Select(_ => encoder.Encode(new float[Block * 2], packet))];
        Assert.Contains(lengths, length => length is 1 or 2);
    }

    [Fact]
    public void A_lost_packet_leaves_no_hole()
    {
        using OpusEncoder encoder = OpusEncoder.Open(128_000, 7, OpusApplication.Audio);
        using OpusDecoder decoder = OpusDecoder.Open();
        encoder.LossPercent = 20;
        byte[] packet = new byte[OpusEncoder.MaxPacketBytes];
        float[] decoded = new float[Block * 2];
        for (int b = 0; b < 30; b++)
            decoder.Decode(packet.AsSpan(0, encoder.Encode(Tone(b), packet)), decoded);
        encoder.Encode(Tone(30), packet);
        int next = encoder.Encode(Tone(31), packet);
        foreach (int length in new[] { next, 0 })
        {
            Array.Clear(decoded);
            Assert.Equal(Block, decoder.Recover(packet.AsSpan(0, length), decoded));
            Assert.True(decoded.Max() > 0.2, "what is made up is silent");
        }
    }

    [Fact]
    public void What_is_no_packet_is_refused()
    {
        using OpusDecoder decoder = OpusDecoder.Open();
        float[] decoded = new float[OpusDecoder.MaxPacketSamples * 2];
        Assert.True(decoder.Decode([], decoded) < 0);
        Assert.True(OpusDecoder.SamplesOf([]) < 0);
        // Code 3 with more frames than 120 ms hold (RFC 6716 section 3.2.5).
        Assert.True(decoder.Decode([0x1F, 0x3F], decoded) < 0);
        // A good packet that has no room.
        using OpusEncoder encoder = OpusEncoder.Open(64_000, 0, OpusApplication.Audio);
        byte[] packet = new byte[OpusEncoder.MaxPacketBytes];
        int length = encoder.Encode(Tone(0), packet);
        Assert.True(decoder.Decode(packet.AsSpan(0, length), decoded.AsSpan(0, 100)) < 0);
        Assert.True(encoder.Encode(new float[2 * 7], packet) < 0);
    }

    [Fact]
    public void Coding_allocates_nothing()
    {
        using OpusEncoder encoder = OpusEncoder.Open(128_000, 7, OpusApplication.Audio);
        using OpusDecoder decoder = OpusDecoder.Open();
        float[] tone = Tone(0), decoded = new float[Block * 2];
        byte[] packet = new byte[OpusEncoder.MaxPacketBytes];
        long allocated = 0;
        for (int round = 0; round < 2; round++)
        {
            allocated = GC.GetAllocatedBytesForCurrentThread();
            for (int b = 0; b < 100; b++)
            {
                encoder.LossPercent = b % 3;
                decoder.Decode(packet.AsSpan(0, encoder.Encode(tone, packet)), decoded);
                decoder.Recover(default, decoded);
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        }

        Assert.Equal(0, allocated);
    }

    [Fact]
    public void The_library_says_its_version()
    {
        Assert.StartsWith("libopus", OpusLibrary.TryGetVersion(out string? whyNot), StringComparison.Ordinal);
        Assert.Null(whyNot);
    }

    private static double Sample(int i) => 0.5 * Math.Sin(2 * Math.PI * 997 * i / 48_000);

    private static float[] Tone(int block) => [.. Enumerable.Range(0, Block * 2).Select(i => (float)Sample((block * Block) + (i / 2)))];
}
