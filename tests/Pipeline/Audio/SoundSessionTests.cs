using System.Collections.Concurrent;
using QemuZeroCopy.FrameSource;
using QemuZeroCopy.Interop.SdBus;
using QemuZeroCopy.Pipeline.Audio;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Tests.Display;

namespace QemuZeroCopy.Pipeline.Tests.Audio;

/// <summary>The two listeners against a peer that plays QEMU over real D-Bus connections, every message in the test's hand.</summary>
public sealed class SoundSessionTests : IDisposable
{
    private readonly AudioPeer _peer = new();
    private readonly Packets _packets = new();
    private readonly GuestSound _sound;
    private AttachedPeer? _attached;

    public SoundSessionTests() => _sound = new GuestSound(_packets);

    public void Dispose()
    {
        _attached?.Dispose();
        _sound.Dispose();
    }

    [Fact]
    public async Task Samples_of_a_voice_become_packets()
    {
        await AttachAsync();
        Assert.Null(await InitAsync(true, 7));
        Assert.Null(await EnableAsync(true, 7, true));
        await Recorder.Until(() => _sound.State is { HasOutput: true, IsPlaying: true, IsRecording: false }, () => $"sound, not {_sound.State}");
        for (int i = 0; i < 10; i++)
            Assert.Null(await WriteAsync(7, Waves.ToS16(Waves.Tone(997, 48_000, 480, from: i * 480))));
        await Recorder.Until(() => _packets.Lengths.Count(length => length > 10) >= 5, () => "packets");
        Assert.Null(await EnableAsync(true, 7, false));
        Assert.Null(await _peer.CallOut("Fini", (ref BusWriter writer) => writer.Append(7ul)));
        await Recorder.Until(() => !_sound.State.IsPlaying, () => "the end");
        // What is left is silence, and that ends too.
        await Recorder.Until(() => _packets.Lengths.LastOrDefault() <= 2, () => "the packet that says so");
        Assert.Empty(_attached!.Events.Refusals);
    }

    [Fact]
    public async Task The_guest_records_at_its_own_pace_and_the_microphone_is_wanted_meanwhile()
    {
        await AttachAsync();
        Assert.False(_sound.Microphone.IsWanted);
        Assert.Null(await InitAsync(false, 3));
        Assert.Null(await EnableAsync(false, 3, true));
        await Recorder.Until(() => _sound.Microphone.IsWanted, () => "the microphone");
        for (int bytes = 0; bytes < 4 * 480;)
            bytes += (await _peer.Read(3, 1920))!.Length;
        Assert.InRange((await _peer.Read(3, ulong.MaxValue))!.Length, 0, 4 * 48 * 40);
        Assert.Empty((await _peer.Read(99, 1920))!);
        Assert.Null(await EnableAsync(false, 3, false));
        await Recorder.Until(() => !_sound.Microphone.IsWanted, () => "nobody to want it");
    }

    [Fact]
    public async Task What_cannot_be_is_refused_once_and_the_rest_goes_on()
    {
        await AttachAsync();
        Assert.Null(await InitAsync(true, 1, bits: 24, bytesPerFrame: 6));
        Assert.Null(await InitAsync(true, 2, rate: 0));
        Assert.Null(await InitAsync(true, 3, channels: 200, bytesPerFrame: 400));
        Assert.Null(await WriteAsync(1, new byte[1920]));
        Assert.NotNull(await EnableAsync(true, 1, true));
        Assert.NotNull(await _peer.CallOut("Init", (ref BusWriter writer) => writer.Append("nonsense")));
        Assert.NotNull(await _peer.CallOut("Write", (ref BusWriter writer) => writer.Append(1ul)));
        Assert.NotNull(await _peer.CallOut("Dance", (ref BusWriter _) => { }));
        Assert.NotNull(await _peer.CallIn("Read", (ref BusWriter _) => { }));
        Assert.Null(await InitAsync(true, 4));
        Assert.Null(await EnableAsync(true, 4, true));
        Assert.Null(await _peer.CallOut("SetVolume", (ref BusWriter writer) =>
        {
            writer.Append(4ul);
            writer.Append(false);
            writer.AppendBytes(new byte[100]);
        }));
        Assert.Null(await WriteAsync(4, new byte[1_000_000]));
        Assert.Equal(RefusedInput.Sound, Assert.Single(_attached!.Events.Refusals).Kind);
    }

    [Fact]
    public async Task A_machine_without_sound_is_shown_all_the_same()
    {
        _attached = await AttachedPeer.CreateAsync(new DisplayOptions { Sound = _sound });
        await _attached.Listener;
        Assert.Equal(default, _sound.State);
        Assert.Empty(_attached.Events.Refusals);
    }

    [Fact]
    public async Task The_end_of_a_machine_without_sound_is_told()
    {
        _attached = await AttachedPeer.CreateAsync(new DisplayOptions { Sound = _sound });
        await _attached.Listener;
        _attached.Peer.Dispose();
        await _attached.Events.Seen("disconnected");
    }

    [Fact]
    public async Task A_registration_that_QEMU_refuses_for_the_last_clients_sake_is_tried_again()
    {
        _peer.RefusedRegistrations = 3;
        await AttachAsync();
        await Recorder.Until(() => _sound.State.HasOutput, () => "sound");
        Assert.Empty(_attached!.Events.Refusals);
    }

    [Fact]
    public async Task Lost_listeners_are_told_and_the_next_attachment_has_the_sound_again()
    {
        await AttachAsync();
        await InitAsync(false, 3);
        await EnableAsync(false, 3, true);
        await Recorder.Until(() => _sound.State.IsRecording, () => "a recording");
        _peer.Close();
        await Recorder.Until(() => _sound.State == default, () => $"the loss, not {_sound.State}");
        _attached!.Dispose();
        AudioPeer next = new();
        using AttachedPeer again = await AttachedPeer.CreateAsync(new DisplayOptions { Sound = _sound }, peer => peer.Audio = next);
        await next.Registered.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        await Recorder.Until(() => _sound.State.HasOutput, () => "sound again");
    }

    private async Task AttachAsync()
    {
        _attached = await AttachedPeer.CreateAsync(new DisplayOptions { Sound = _sound }, peer => peer.Audio = _peer);
        await _peer.Registered.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    private Task<string?> InitAsync(bool isOut, ulong id, byte bits = 16, uint rate = 48_000, byte channels = 2, uint bytesPerFrame = 4)
    {
        void Body(ref BusWriter writer)
        {
            writer.Append(id);
            writer.Append(bits);
            writer.Append(true);
            writer.Append(false);
            writer.Append(rate);
            writer.Append(channels);
            writer.Append(bytesPerFrame);
            writer.Append(rate * bytesPerFrame);
            writer.Append(false);
        }

        return isOut ? _peer.CallOut("Init", Body) : _peer.CallIn("Init", Body);
    }

    private Task<string?> EnableAsync(bool isOut, ulong id, bool enabled)
    {
        void Body(ref BusWriter writer)
        {
            writer.Append(id);
            writer.Append(enabled);
        }

        return isOut ? _peer.CallOut("SetEnabled", Body) : _peer.CallIn("SetEnabled", Body);
    }

    private Task<string?> WriteAsync(ulong id, byte[] data) => _peer.CallOut("Write", (ref BusWriter writer) =>
    {
        writer.Append(id);
        writer.AppendBytes(data);
    });

    private sealed class Packets : ISoundSink
    {
        public ConcurrentQueue<int> Lengths { get; } = new();

        public bool IsHeard => true;

        public int LossPercent => 0;

        public int SpareMs => 0;

        public void Deliver(ReadOnlySpan<byte> opus, long sampleTime, long arrivedNs) => Lengths.Enqueue(opus.Length);
    }
}
