using QemuZeroCopy.Interop.SdBus;

namespace QemuZeroCopy.Pipeline.Audio;

/// <summary>org.qemu.Display1.AudioOutListener: the samples that the guest plays.</summary>
internal sealed class AudioOutListener(SoundOutput output, Action changed, Action<string> refuse) : AudioListener(refuse)
{
    internal const string Path = "/org/qemu/Display1/AudioOutListener";

    protected override ReadOnlySpan<byte> Interface => "org.qemu.Display1.AudioOutListener"u8;

    internal override void Clear() => output.Clear();

    protected override bool HandleSamples(BusReader message, ReadOnlySpan<byte> member, long nowNs)
    {
        if (!member.SequenceEqual("Write"u8))
            return false;
        if (!(message.TryRead(out ulong id) && message.TryReadBytes(out ReadOnlySpan<byte> data)))
            return Answer(message, false);
        // Samples of a voice whose format was refused come by the hundred; that was said once.
        if (output.Find(id) is { } voice)
            output.Write(voice, data, nowNs);
        Bus.Reply(message);
        return true;
    }

    protected override bool TryAdd(ulong id, AudioFormat format) => output.TryAdd(id, format);

    protected override bool Fini(ulong id)
    {
        bool found = output.Remove(id);
        changed();
        return found;
    }

    protected override bool SetEnabled(ulong id, bool enabled, long nowNs)
    {
        if (output.Find(id) is not { } voice)
            return false;
        output.SetEnabled(voice, enabled, nowNs);
        changed();
        return true;
    }

    protected override bool SetVolume(ulong id, bool mute, ReadOnlySpan<byte> volume)
    {
        if (output.Find(id) is not { } voice)
            return false;
        voice.SetVolume(mute, volume);
        return true;
    }
}
