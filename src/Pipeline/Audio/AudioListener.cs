using QemuZeroCopy.Interop.SdBus;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Audio;

/// <summary>
/// What the two listener objects have in common (ui/dbus-display1.xml, AudioOutListener and AudioInListener): voices
/// come, go, are switched and get a volume.
/// </summary>
internal abstract class AudioListener(Action<string> refuse) : IBusObject
{
    /// <summary>The interface, which is also what errors name.</summary>
    protected abstract ReadOnlySpan<byte> Interface { get; }

    public bool Handle(BusReader message)
    {
        if (message.Kind != BusMessageKind.Call)
            return false;
        if (message.Interface.SequenceEqual(Properties.Interface))
            return HandleProperties(message);
        if (!message.Interface.SequenceEqual(Interface))
            return false;
        long nowNs = MonotonicClock.NowNs;
        ReadOnlySpan<byte> member = message.Member;
        if (HandleSamples(message, member, nowNs))
            return true;
        if (member.SequenceEqual("Init"u8))
            return Answer(message, Init(message));
        if (member.SequenceEqual("Fini"u8))
            return Answer(message, message.TryRead(out ulong id) && Fini(id));
        if (member.SequenceEqual("SetEnabled"u8))
            return Answer(message, message.TryRead(out ulong id) && message.TryRead(out bool enabled) && SetEnabled(id, enabled, nowNs));
        return member.SequenceEqual("SetVolume"u8) && Answer(message, message.TryRead(out ulong voice) && message.TryRead(out bool mute)
            && message.TryReadBytes(out ReadOnlySpan<byte> volume) && SetVolume(voice, mute, volume));
    }

    /// <summary>The connection is gone, and all voices with it.</summary>
    internal abstract void Clear();

    /// <summary>Takes the message if it is the one that carries samples; answers it too.</summary>
    protected abstract bool HandleSamples(BusReader message, ReadOnlySpan<byte> member, long nowNs);

    protected abstract bool TryAdd(ulong id, AudioFormat format);

    protected abstract bool Fini(ulong id);

    protected abstract bool SetEnabled(ulong id, bool enabled, long nowNs);

    protected abstract bool SetVolume(ulong id, bool mute, ReadOnlySpan<byte> volume);

    protected bool Answer(BusReader message, bool understood)
    {
        if (understood)
        {
            Bus.Reply(message);
            return true;
        }

        refuse($"{System.Text.Encoding.ASCII.GetString(message.Member)} for a voice that is not there, or with other arguments than the interface has");
        ReplyRefused(message);
        return true;
    }

    protected static void ReplyRefused(BusReader message)
    {
        if (message.ExpectsReply)
            Bus.ReplyError(message, "org.freedesktop.DBus.Error.InvalidArgs"u8, "refused"u8);
    }

    private bool Init(BusReader message)
    {
        if (!(message.TryRead(out ulong id) && message.TryRead(out byte bits) && message.TryRead(out bool isSigned) && message.TryRead(out bool isFloat)
            && message.TryRead(out uint rate) && message.TryRead(out byte channels) && message.TryRead(out uint bytesPerFrame)
            && message.TryRead(out uint _) && message.TryRead(out bool isBigEndian)))
            return false;
        if (AudioFormat.TryCreate(bits, isSigned, isFloat, rate, channels, bytesPerFrame, isBigEndian, out AudioFormat format))
            return TryAdd(id, format);
        Fini(id);
        refuse($"a voice of {bits} bits, {rate} Hz, {channels} channels and {bytesPerFrame} bytes for each frame");
        return true;
    }

    // QEMU's proxy reads all properties when a listener is registered, and waits for them.
    private static bool HandleProperties(BusReader message)
    {
        if (!message.Member.SequenceEqual("GetAll"u8))
            return false;
        BusWriter reply = Bus.NewReply(message);
        reply.OpenArray("{sv}"u8);
        reply.OpenEntry("sv"u8);
        reply.AppendText("Interfaces"u8);
        reply.OpenVariant("as"u8);
        reply.OpenArray("s"u8);
        reply.Close();
        reply.Close();
        reply.Close();
        reply.Close();
        reply.TrySend();
        reply.Dispose();
        return true;
    }
}
