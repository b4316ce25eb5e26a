using QemuZeroCopy.Interop.SdBus;

namespace QemuZeroCopy.Pipeline.Audio;

/// <summary>
/// org.qemu.Display1.AudioInListener: the samples that the guest records. The first voice that is enabled has the
/// microphone; others hear silence. QEMU's main loop waits for each Read.
/// </summary>
internal sealed class AudioInListener(MicrophoneInput microphone, Action changed, Action<string> refuse) : AudioListener(refuse)
{
    internal const string Path = "/org/qemu/Display1/AudioInListener";

    /// <summary>40 ms of the widest format there is: no more is ever due.</summary>
    private const int MaxReadBytes = AudioFormat.MaxRate / 25 * AudioFormat.MaxChannels * sizeof(float);

    private readonly List<InputVoice> _voices = new(SoundOutput.MaxVoices);
    private readonly byte[] _data = new byte[MaxReadBytes];

    /// <summary>Whether the guest records.</summary>
    public bool IsRecording => _voices.Exists(voice => voice.IsEnabled);

    protected override ReadOnlySpan<byte> Interface => "org.qemu.Display1.AudioInListener"u8;

    internal override void Clear() => _voices.Clear();

    protected override bool HandleSamples(BusReader message, ReadOnlySpan<byte> member, long nowNs)
    {
        if (!member.SequenceEqual("Read"u8))
            return false;
        if (!(message.TryRead(out ulong id) && message.TryRead(out ulong bytes)))
            return Answer(message, false);
        int length = 0;
        if (Find(id) is { } voice)
        {
            microphone.Decode();
            length = voice.Read(voice == FirstEnabled() ? microphone : null, _data.AsSpan(0, (int)Math.Min(bytes, MaxReadBytes)), nowNs);
        }

        using BusWriter reply = Bus.NewReply(message);
        reply.AppendBytes(_data.AsSpan(0, length));
        reply.TrySend();
        return true;
    }

    protected override bool TryAdd(ulong id, AudioFormat format)
    {
        _voices.RemoveAll(voice => voice.Id == id);
        if (_voices.Count == SoundOutput.MaxVoices)
            return false;
        _voices.Add(new InputVoice(id, format));
        return true;
    }

    protected override bool Fini(ulong id)
    {
        bool found = _voices.RemoveAll(voice => voice.Id == id) > 0;
        changed();
        return found;
    }

    protected override bool SetEnabled(ulong id, bool enabled, long nowNs)
    {
        if (Find(id) is not { } voice)
            return false;
        voice.Enable(enabled, nowNs);
        changed();
        return true;
    }

    protected override bool SetVolume(ulong id, bool mute, ReadOnlySpan<byte> volume)
    {
        if (Find(id) is not { } voice)
            return false;
        voice.SetVolume(mute, volume);
        return true;
    }

    private InputVoice? Find(ulong id)
    {
        foreach (InputVoice voice in _voices)
        {
            if (voice.Id == id)
                return voice;
        }

        return null;
    }

    private InputVoice? FirstEnabled()
    {
        foreach (InputVoice voice in _voices)
        {
            if (voice.IsEnabled)
                return voice;
        }

        return null;
    }
}
