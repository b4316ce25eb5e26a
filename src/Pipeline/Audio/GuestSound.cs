namespace QemuZeroCopy.Pipeline.Audio;

/// <summary>What there is of sound.</summary>
/// <param name="HasOutput">QEMU hands its sound over: it was started with a dbus audiodev.</param>
/// <param name="IsPlaying">A voice of the guest is open; it may be silent.</param>
/// <param name="IsRecording">The guest listens to its microphone.</param>
public readonly record struct SoundState(bool HasOutput, bool IsPlaying, bool IsRecording);

/// <summary>
/// A VM's loudspeaker and microphone. It outlives an attachment (<see cref="Display.DisplayOptions.Sound"/>), which brings
/// the thread that does the work; one attachment at a time may have it.
/// </summary>
public sealed class GuestSound : IDisposable
{
    private readonly SoundEncoder _encoder = new();

    /// <summary>Sound that goes to <paramref name="sink"/>.</summary>
    /// <exception cref="Interop.Opus.OpusException">libopus is missing; the message says what to install.</exception>
    public GuestSound(ISoundSink sink)
    {
        Output = new SoundOutput(_encoder, sink);
        Microphone = new MicrophoneInput();
    }

    /// <summary>What the guest records; packets may come from any thread.</summary>
    public MicrophoneInput Microphone { get; }

    /// <summary>How things stand.</summary>
    public SoundState State { get; private set; }

    /// <summary>Called on the audio or the display thread after <see cref="State"/> has changed.</summary>
    public Action? Changed { get; set; }

    internal SoundOutput Output { get; }

    internal void SetState(SoundState state)
    {
        if (state == State)
            return;
        State = state;
        Microphone.IsWanted = state.IsRecording;
        Changed?.Invoke();
    }

    /// <summary>Frees encoder and decoder. The attachment has to be gone.</summary>
    public void Dispose()
    {
        _encoder.Dispose();
        Microphone.Dispose();
    }
}
