using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Interop.SdBus;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Audio;

/// <summary>
/// The sound of one attachment: registers the two listeners with QEMU, and owns the audio thread, on which they are
/// served and Opus is made. Encoding a block takes longer than the display thread may, and the guest's recording must
/// not wait for pictures. Belongs to the display thread but for what it posts.
/// </summary>
internal sealed class SoundSession : IDisplayTimer, IDisposable
{
    private static readonly NativeText AudioPath = new("/org/qemu/Display1/Audio");

    // QEMU refuses a client that it still takes for registered, until it has seen the old listener go.
    private const int RetriesAtMost = 20;
    private const long RetryDelayNs = 100_000_000;

    private readonly DisplayClient _client;
    private readonly Bus _bus;
    private readonly DisplayThread _display;
    private readonly GuestSound _sound;
    private readonly Action<string> _refuse;
    private readonly AudioOutListener _out;
    private readonly AudioInListener _in;
    private readonly DisplayThread _thread;
    private readonly Registration[] _registrations;
    private volatile bool _hasOutput;
    private bool _wasRefused;

    internal SoundSession(DisplayClient client, Bus bus, DisplayThread display, GuestSound sound, Action<string> refuse)
    {
        (_client, _bus, _display, _sound, _refuse) = (client, bus, display, sound, refuse);
        _out = new AudioOutListener(sound.Output, Changed, Refuse);
        _in = new AudioInListener(sound.Microphone, Changed, Refuse);
        _registrations = [new Registration(AudioOutListener.Path, _out), new Registration(AudioInListener.Path, _in)];
        _thread = new DisplayThread(DecodeMicrophone, Ended, "qzc-audio");
    }

    /// <summary>When a registration is to be tried again.</summary>
    public long DueNs => Math.Min(_registrations[0].RetryNs, _registrations[1].RetryNs);

    /// <summary>Display thread: asks whether QEMU has sound to hand over, and takes it.</summary>
    internal void Begin() => _client.GetAll(AudioPath, "org.qemu.Display1.Audio", reply =>
    {
        // Without an audiodev for the display there is no such object, which is quite usual.
        if (reply.IsError)
            return;
        _thread.Post(() => _thread.Add(new PauseTimer(_sound.Output)));
        _sound.Microphone.Arrived = _thread.Wake;
        _thread.Start();
        _display.Add(this);
        foreach (Registration registration in _registrations)
            Register(registration);
    });

    public void Run(long nowNs)
    {
        foreach (Registration registration in _registrations)
        {
            if (registration.RetryNs > nowNs)
                continue;
            registration.RetryNs = long.MaxValue;
            Register(registration);
        }
    }

    public void Dispose()
    {
        _sound.Microphone.Arrived = null;
        _display.Remove(this);
        _thread.Dispose();
        _out.Clear();
        _in.Clear();
        _sound.SetState(default);
    }

    private void Register(Registration registration)
    {
        (SafeFileHandle ours, SafeFileHandle theirs) = UnixSockets.CreatePair();
        using (theirs)
        {
            _thread.Post(() => Serve(ours, registration));
            ReadOnlySpan<byte> method = registration.Listener == _out ? "RegisterOutListener"u8 : "RegisterInListener"u8;
            BusWriter call = _client.NewCall(AudioPath, "org.qemu.Display1.Audio"u8, method);
            call.AppendFd(theirs);
            if (!_bus.TryCall(call, reply => Registered(registration, reply), DisplayClient.CallTimeout))
                _refuse("the connection takes no file descriptors, so that there is no sound");
            call.Dispose();
        }
    }

    private void Registered(Registration registration, BusReader reply)
    {
        if (!reply.IsError)
        {
            if (registration.Listener == _out)
            {
                _hasOutput = true;
                _thread.Post(Changed);
            }
        }
        else if (registration.Retries++ < RetriesAtMost)
        {
            registration.RetryNs = MonotonicClock.NowNs + RetryDelayNs;
        }
        else
        {
            _refuse($"QEMU registered no listener: {reply.ErrorText}");
        }
    }

    // Audio thread. A try that QEMU refuses ends by itself: its other end is closed.
    private void Serve(SafeFileHandle socket, Registration registration)
    {
        Bus peer;
        try
        {
            peer = Bus.OpenPeer(socket);
        }
        catch (BusException)
        {
            return; // refused already
        }

        peer.Serve(registration.Path, registration.Listener);
        registration.Peer = peer;
        _thread.Add(peer, () => Lost(registration, peer));
    }

    private void Lost(Registration registration, Bus peer)
    {
        if (registration.Peer != peer)
            return;
        registration.Listener.Clear();
        if (registration.Listener == _out)
            _hasOutput = false;
        Changed();
    }

    private bool DecodeMicrophone()
    {
        _sound.Microphone.Decode();
        return false;
    }

    private void Changed() => _sound.SetState(new SoundState(_hasOutput, _sound.Output.IsPlaying, _in.IsRecording));

    private void Refuse(string detail)
    {
        if (_wasRefused)
            return;
        _wasRefused = true;
        _display.Post(() => _refuse(detail));
    }

    private void Ended(Exception? failure)
    {
        if (failure is not null)
            _display.Post(() => _refuse($"the sound has ended: {failure.Message}"));
    }

    private sealed class Registration(string path, AudioListener listener)
    {
        public string Path => path;

        public AudioListener Listener => listener;

        /// <summary>The newest connection; the audio thread's.</summary>
        public Bus? Peer { get; set; }

        public int Retries { get; set; }

        public long RetryNs { get; set; } = long.MaxValue;
    }

    private sealed class PauseTimer(SoundOutput output) : IDisplayTimer
    {
        public long DueNs => output.DueNs;

        public void Run(long nowNs) => output.HandlePause(nowNs);
    }
}
