using QemuZeroCopy.Interop.Opus;
using QemuZeroCopy.Pipeline.Audio;

namespace QemuZeroCopy.Pipeline.Tests.Audio;

/// <summary>One decoder hears everything, as a browser's does.</summary>
public sealed class SoundEncoderTests : IDisposable, ISoundSink
{
    private const int Hz = 997;

    private readonly SoundEncoder _encoder = new();
    private readonly OpusDecoder _decoder = OpusDecoder.Open();
    private readonly List<float> _heard = [];
    private readonly List<byte[]> _packets = [];
    private readonly List<long> _times = [];
    private long _time = 1_000_000;
    private int _lossPercent;

    bool ISoundSink.IsHeard => true;

    int ISoundSink.LossPercent => _lossPercent;

    int ISoundSink.SpareMs => 0;

    void ISoundSink.Deliver(ReadOnlySpan<byte> opus, long sampleTime, long arrivedNs)
    {
        float[] block = new float[OpusDecoder.SamplesOf(opus) * 2];
        _decoder.Decode(opus, block);
        _heard.AddRange(block);
        _packets.Add(opus.ToArray());
        _times.Add(sampleTime);
    }

    public void Dispose()
    {
        _encoder.Dispose();
        _decoder.Dispose();
    }

    [Fact]
    public void Packets_carry_the_sound_before_them_only_while_some_get_lost()
    {
        Play(30);
        Assert.False(_encoder.IsRobust);
        Assert.All(_packets, packet => Assert.True(IsCelt(packet)));
        _lossPercent = 20;
        Play(30);
        Assert.True(_encoder.IsRobust);
        Assert.False(IsCelt(_packets[^1]));
        // What the last packet has of the one before it is the tone, from a decoder that has heard neither.
        using OpusDecoder late = OpusDecoder.Open();
        float[] copy = new float[SoundClock.BlockFrames * 4];
        late.Recover(_packets[^1], copy);
        Assert.True(Waves.Level(copy, Hz, SoundClock.Rate) > 0.1, $"{Waves.Level(copy, Hz, SoundClock.Rate)}");
        _lossPercent = 0;
        Play(100);
        Assert.True(_encoder.IsRobust);
        _time += 31 * SoundClock.Rate;
        Play(4);
        Assert.False(_encoder.IsRobust);
        Assert.True(IsCelt(_packets[^1]));
    }

    [Fact]
    public void The_change_is_not_heard_as_a_click()
    {
        Play(50);
        int before = _heard.Count;
        _lossPercent = 3;
        Play(51);
        Assert.True(_encoder.IsRobust);
        _lossPercent = 0;
        _time += 31 * SoundClock.Rate;
        Play(50);
        Assert.False(_encoder.IsRobust);
        // The steepest that the tone is by itself, as it was decoded before; a click is steeper.
        float usual = Steepest(before / 2, before), most = Steepest(before, _heard.Count), loudest = _heard.Skip(before).Max();
        Assert.True(most < 1.2f * usual, $"{most} against {usual}");
        Assert.InRange(loudest, 0.45f, 0.6f);
        Assert.Equal(0.5, Waves.Level([.. _heard.Skip(_heard.Count - 9600)], Hz, SoundClock.Rate), 0.03);
    }

    [Fact]
    public void A_gap_at_which_FEC_ends_costs_no_sound_behind_it()
    {
        _lossPercent = 3;
        Play(51);
        long lost = _time - SoundClock.BlockFrames;
        _lossPercent = 0;
        // One packet within half a minute of that, and half of the next one beyond it.
        _time = lost + (30 * SoundClock.Rate) - SoundClock.BlockFrames;
        Play(3);
        Assert.True(_encoder.IsRobust);
        _time += SoundClock.Rate;
        long resumed = _time;
        Play(2);
        Assert.False(_encoder.IsRobust);
        Assert.Equal([resumed, resumed + SoundClock.BlockFrames], _times.TakeLast(2));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    public void Silence_ends_with_a_packet_that_says_so(int lossPercent)
    {
        _lossPercent = lossPercent;
        Play(20);
        for (int i = 0; i < 120; i++)
            Encode(new float[SoundClock.BlockFrames * 2]);
        Assert.True(_encoder.IsQuiet);
        Assert.InRange(_packets[^1].Length, 1, 2);
        int sent = _packets.Count;
        Encode(new float[SoundClock.BlockFrames * 2]);
        Assert.Equal(sent, _packets.Count);
    }

    /// <summary>Configurations from 16 on are CELT alone (RFC 6716 section 3.1), which has no FEC.</summary>
    private static bool IsCelt(byte[] packet) => packet[0] >> 3 >= 16;

    private float Steepest(int from, int to)
    {
        float most = 0;
        for (int i = from + 2; i < to; i += 2)
            most = Math.Max(most, Math.Abs(_heard[i] - _heard[i - 2]));
        return most;
    }

    private void Play(int blocks)
    {
        for (int b = 0; b < blocks; b++)
            Encode(Waves.Tone(Hz, SoundClock.Rate, SoundClock.BlockFrames, from: _time % (SoundClock.Rate * 1000L)));
    }

    private void Encode(float[] block)
    {
        _encoder.Encode(block, _time, 0, this);
        _time += SoundClock.BlockFrames;
    }
}
