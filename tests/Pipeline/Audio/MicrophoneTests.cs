using QemuZeroCopy.Interop.Opus;
using QemuZeroCopy.Pipeline.Audio;

namespace QemuZeroCopy.Pipeline.Tests.Audio;

/// <summary>What the guest records, with a clock of the test's own: real Opus in, samples in QEMU's format out.</summary>
public sealed class MicrophoneTests : IDisposable
{
    private const long Ms = 1_000_000;
    private const int PacketFrames = 960;

    private readonly MicrophoneInput _microphone = new() { IsWanted = true };
    private readonly OpusEncoder _encoder = OpusEncoder.Open(64_000, 5, OpusApplication.Audio);
    private readonly byte[] _packet = new byte[OpusEncoder.MaxPacketBytes];
    private readonly byte[] _data = new byte[100_000];
    private readonly List<float> _heard = [];
    private long _nowNs = 5_000 * Ms;
    private long _sequence = 100;
    private long _spoken;

    public void Dispose()
    {
        _microphone.Dispose();
        _encoder.Dispose();
    }

    [Theory]
    [InlineData(48_000u, 16, 2)]
    [InlineData(44_100u, 16, 2)]
    [InlineData(16_000u, 32, 1)]
    public void The_guest_hears_the_tone(uint rate, int bits, int channels)
    {
        InputVoice voice = Voice(rate, bits, channels);
        for (int i = 0; i < 150; i++)
        {
            Speak();
            Record(voice);
            Record(voice);
        }

        Assert.Equal(3.0 * rate, _heard.Count / 2, rate / 100.0);
        // A quarter of a second: the pitch may still move by a hair.
        ReadOnlySpan<float> heard = _heard.ToArray().AsSpan(_heard.Count - ((int)rate / 4 * 2));
        Assert.Equal(0.5, Waves.Level(heard, 700, (int)rate), 0.05);
    }

    [Fact]
    public void Without_a_microphone_silence_comes_at_the_guests_own_pace()
    {
        InputVoice voice = Voice();
        for (int i = 0; i < 100; i++)
            Record(voice);
        Assert.Equal(48_000, _heard.Count / 2);
        Assert.All(_heard, sample => Assert.Equal(0, sample));
        // However often it is asked, time gives no more.
        Assert.Equal(0, voice.Read(_microphone, _data, _nowNs));
        _nowNs += 10_000 * Ms;
        Assert.Equal(48_000 * 40 / 1000 * 4, voice.Read(_microphone, _data, _nowNs));
        Assert.Equal(0, voice.Read(_microphone, _data, _nowNs));
    }

    /// <summary>Two minutes of a browser whose clock is wrong, with packets that come up to 30 ms late.</summary>
    [Theory]
    [InlineData(+200)]
    [InlineData(-200)]
    public void Drift_between_the_clocks_makes_no_holes_and_no_heap(int partsPerMillion)
    {
        const int seed = 20251;
        var random = new Random(seed);
        InputVoice voice = Voice();
        double period = 20 * Ms / (1 + (partsPerMillion * 1e-6));
        double nextMadeNs = _nowNs, lastArrivalNs = 0;
        var onTheWay = new Queue<(double ArrivesNs, byte[] Packet)>();
        byte[] speech = SpeakPacket();
        int holes = 0, samples = 0;
        for (int i = 0; i < 12_000; i++)
        {
            _nowNs += 10 * Ms;
            for (; nextMadeNs <= _nowNs; nextMadeNs += period)
                onTheWay.Enqueue((lastArrivalNs = Math.Max(lastArrivalNs, nextMadeNs + (random.NextDouble() * 30 * Ms)), speech));
            while (onTheWay.TryPeek(out (double ArrivesNs, byte[] Packet) next) && next.ArrivesNs <= _nowNs)
            {
                _microphone.Push(_sequence++, onTheWay.Dequeue().Packet);
                _microphone.Decode();
            }

            int bytes = voice.Read(_microphone, _data, _nowNs);
            if (i < 3_000)
                continue;
            samples += bytes / 4;
            float loudest = 0;
            for (int at = 0; at < bytes; at += 4)
                loudest = Math.Max(loudest, Math.Abs(BitConverter.ToInt16(_data, at) / 32768f));
            holes += loudest < 0.01f ? 1 : 0;
            Assert.InRange(_microphone.WaitingFrames, 0, 8 * PacketFrames);
        }

        Assert.Equal(0, holes);
        Assert.Equal(90 * 48_000, samples, 48_0.0);
    }

    [Fact]
    public void Lost_packets_are_made_up_for_and_late_ones_left_out()
    {
        InputVoice voice = Voice();
        for (int i = 0; i < 100; i++)
        {
            if (i % 7 == 3)
                _sequence++;
            else
                Speak();
            if (i % 10 == 9)
                _microphone.Push(_sequence - 5, SpeakPacket());
            Record(voice);
            Record(voice);
        }

        // From the moment that the buffer had filled, the tone goes on: no block of silence in it.
        float[] heard = [.. _heard.Skip(_heard.Count / 4 / 2 * 2)];
        for (int i = 0; i + 960 <= heard.Length; i += 960)
            Assert.True(heard.Skip(i).Take(960).Max() > 0.05, $"silence at {i / 96} ms");
        Assert.Equal(0, _microphone.MalformedCount);
    }

    [Fact]
    public void Nonsense_is_counted_and_harmless()
    {
        InputVoice voice = Voice();
        const int seed = 4711;
        var random = new Random(seed);
        for (int i = 0; i < 500; i++)
        {
            byte[] noise = new byte[random.Next(0, 1400)];
            random.NextBytes(noise);
            _microphone.Push(random.NextInt64(), noise);
            Record(voice);
        }

        _microphone.Restart();
        _sequence = 5;
        for (int i = 0; i < 30; i++)
        {
            Speak();
            Record(voice);
            Record(voice);
        }

        Assert.True(_heard.Skip(_heard.Count - 960).Max() > 0.3, $"the tone is not heard after noise of seed {seed}");
    }

    [Fact]
    public void Nothing_is_kept_while_the_guest_does_not_record()
    {
        _microphone.IsWanted = false;
        for (int i = 0; i < 10; i++)
            Speak();
        Assert.Equal(0, _microphone.WaitingFrames);
    }

    [Fact]
    public void Recording_allocates_nothing()
    {
        InputVoice voice = Voice();
        byte[] speech = SpeakPacket();
        long before = 0;
        for (int i = 0; i < 300; i++)
        {
            if (i == 100)
                before = GC.GetAllocatedBytesForCurrentThread();
            _microphone.Push(_sequence++, speech);
            _microphone.Decode();
            voice.Read(_microphone, _data, _nowNs += 10 * Ms);
            voice.Read(_microphone, _data, _nowNs += 10 * Ms);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private InputVoice Voice(uint rate = 48_000, int bits = 16, int channels = 2)
    {
        var voice = new InputVoice(1, AudioFormatTests.Format(bits, true, false, false, channels, rate));
        voice.Enable(true, _nowNs);
        return voice;
    }

    private byte[] SpeakPacket()
    {
        float[] tone = Waves.Tone(700, 48_000, PacketFrames, from: _spoken);
        _spoken += PacketFrames;
        return _packet[.._encoder.Encode(tone, _packet)];
    }

    private void Speak()
    {
        _microphone.Push(_sequence++, SpeakPacket());
        _microphone.Decode();
    }

    private void Record(InputVoice voice)
    {
        _nowNs += 10 * Ms;
        _microphone.Decode();
        int bytes = voice.Read(_microphone, _data, _nowNs);
        float[] stereo = new float[bytes / voice.Format.BytesPerFrame * 2];
        SampleConverter.ToStereo(voice.Format, _data.AsSpan(0, bytes), stereo);
        _heard.AddRange(stereo);
    }
}
