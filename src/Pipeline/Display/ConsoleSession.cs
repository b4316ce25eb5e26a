using System.Globalization;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Interop.SdBus;
using QemuZeroCopy.Pipeline.Display.Listening;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Display;

/// <summary>One console seen from the connection: its properties, and the registration of its listener.</summary>
internal sealed class ConsoleSession(
    DisplayClient client, ConsoleListener listener, Bus bus, NativeText? destination, DisplayThread thread, DisplayOptions options)
    : IDisplayTimer
{
    internal const string PathPrefix = "/org/qemu/Display1/Console_";

    private const string ConsoleInterface = "org.qemu.Display1.Console";
    private const string KeyboardInterface = "org.qemu.Display1.Keyboard";
    private const string MouseInterface = "org.qemu.Display1.Mouse";
    private const string TouchInterface = "org.qemu.Display1.MultiTouch";

    // QEMU on a bus refuses a client that it still takes for registered, until it has seen the old listener go.
    private const int RetriesAtMost = 5;
    private const long RetryDelayNs = 100_000_000;

    private int _missing;
    private int _retries;
    private long _retryNs = long.MaxValue;
    private bool _isClosed;
    private bool _wantsListening = options.ListenAtOnce;
    private bool _wasReady;
    private Action? _known;

    internal ConsoleListener Listener => listener;

    internal NativeText Path { get; } = new(PathPrefix + listener.Console.Id.ToString(CultureInfo.InvariantCulture));

    /// <summary>Whether the properties have been read.</summary>
    internal bool IsKnown { get; private set; }

    /// <summary>The pixels that a pointer can be on.</summary>
    internal PictureSize PointerArea => listener.Size ?? listener.Console.Size;

    /// <summary>Reads all properties, then calls <paramref name="known"/>, then registers the listener.</summary>
    internal void Begin(Action known)
    {
        _known = known;
        listener.PictureIsMissing = () =>
        {
            StopListening();
            Listen();
        };
        // Keyboard, Mouse and MultiTouch are optional: a text console has none, older QEMU no MultiTouch.
        foreach (string name in (ReadOnlySpan<string>)[ConsoleInterface, KeyboardInterface, MouseInterface, TouchInterface])
        {
            _missing++;
            client.GetAll(Path, name, reply => PropertiesArrived(name, reply));
        }
    }

    public long DueNs => _retryNs;

    public void Run(long nowNs)
    {
        if (_retryNs > nowNs)
            return;
        _retryNs = long.MaxValue;
        if (_wantsListening)
            Listen();
    }

    internal void FollowProperties(string name, BusReader changed)
    {
        if (!_isClosed)
            Properties.Read(changed, (property, value) => Set(name, property, value, tell: IsKnown));
    }

    internal void Listen()
    {
        _wantsListening = true;
        if (!IsKnown || _isClosed || listener.Bus is not null)
            return;
        (SafeFileHandle ours, SafeFileHandle theirs) = UnixSockets.CreatePair();
        using (theirs)
        {
            Bus peer = Bus.OpenPeer(ours);
            listener.Bus = peer;
            peer.Serve(ConsoleListener.Path, listener);
            thread.Add(peer, () => ListenerLost(peer));
            BusWriter call = bus.NewCall(destination, Path, "org.qemu.Display1.Console"u8, "RegisterListener"u8);
            call.AppendFd(theirs);
            bool sent = bus.TryCall(call, reply => Registered(peer, reply), DisplayClient.CallTimeout);
            call.Dispose();
            if (!sent)
                RegistrationFailed(peer, "the connection takes no file descriptors");
        }
    }

    internal void StopListening()
    {
        _wantsListening = false;
        if (listener.Bus is not { } peer)
            return;
        listener.StopListening();
        listener.Bus = null;
        thread.Remove(peer);
    }

    internal void Close()
    {
        _isClosed = true;
        Bus? peer = listener.Bus;
        listener.Close();
        listener.Bus = null;
        if (peer is not null)
            thread.Remove(peer);
        ReadyOnce();
    }

    private void PropertiesArrived(string name, BusReader reply)
    {
        if (_isClosed)
            return;
        if (!reply.IsError)
            Properties.Read(reply, (property, value) => Set(name, property, value, tell: false));
        else if (name == ConsoleInterface)
            listener.Refuse(RefusedInput.Call, $"{Path}: its properties cannot be read: {reply.ErrorText}.");
        if (--_missing != 0)
            return;
        IsKnown = true;
        _known?.Invoke();
        if (_wantsListening)
            Listen();
        else
            ReadyOnce();
    }

    private void Registered(Bus peer, BusReader reply)
    {
        if (listener.Bus != peer)
            return;
        if (reply.IsError)
        {
            RegistrationFailed(peer, reply.ErrorText);
            return;
        }

        _retries = 0;
        listener.Console.IsListening = true;
        ReadyOnce();
    }

    private void RegistrationFailed(Bus peer, string reason)
    {
        listener.Bus = null;
        thread.Remove(peer);
        if (_wasReady && _retries++ < RetriesAtMost)
        {
            _retryNs = MonotonicClock.NowNs + RetryDelayNs;
            return;
        }

        listener.Refuse(RefusedInput.Call, $"{listener.Console} cannot be listened to: {reason}.");
        ReadyOnce();
    }

    // QEMU closes the private connection when it goes, and when another client takes its place.
    private void ListenerLost(Bus peer)
    {
        if (listener.Bus != peer)
            return;
        listener.StopListening();
        listener.Bus = null;
        ReadyOnce();
    }

    private void ReadyOnce()
    {
        if (_wasReady)
            return;
        _wasReady = true;
        client.ConsoleIsReady();
    }

    private void Set(string name, string property, PropertyValue value, bool tell)
    {
        switch (name)
        {
            case ConsoleInterface:
                SetConsole(property, value);
                if (tell)
                    client.Events.ConsoleChanged(listener.Console);
                break;
            case KeyboardInterface when property == "Modifiers":
                KeyboardLeds leds = (KeyboardLeds)(value.Number & 7);
                bool ledsChanged = leds != listener.Console.Leds;
                listener.Console.Leds = leds;
                if (tell && ledsChanged)
                    client.Events.LedsChanged(listener.Console, leds);
                break;
            case MouseInterface when property == "IsAbsolute":
                bool isAbsolute = value.Number != 0;
                bool modeChanged = isAbsolute != listener.Console.IsPointerAbsolute;
                listener.Console.IsPointerAbsolute = isAbsolute;
                if (tell && modeChanged)
                    client.Events.PointerModeChanged(listener.Console, isAbsolute);
                break;
            case TouchInterface when property == "MaxSlots":
                listener.Console.MaxTouchSlots = (int)Math.Min(value.Number, 32);
                break;
        }
    }

    private void SetConsole(string property, PropertyValue value)
    {
        ConsoleDisplay console = listener.Console;
        switch (property)
        {
            case "Label":
                console.Label = value.Text;
                break;
            case "Head":
                console.Head = (uint)value.Number;
                break;
            case "Type":
                console.Kind = value.Text == "Graphic" ? ConsoleKind.Graphic : ConsoleKind.Text;
                break;
            case "DeviceAddress":
                console.DeviceAddress = value.Text;
                break;
            case "Width":
                SetSize(value.Number, (ulong)console.Size.Height, value.Number);
                break;
            case "Height":
                SetSize((ulong)console.Size.Width, value.Number, value.Number);
                break;
        }
    }

    private void SetSize(PictureSize size)
    {
        if (size == listener.Console.Size)
            return;
        listener.Console.Size = size;
        if (IsKnown)
            listener.SizeWasTold(MonotonicClock.NowNs);
    }

    private void SetSize(ulong width, ulong height, ulong given)
    {
        if (given > PictureSize.MaxDimension)
            listener.Refuse(RefusedInput.Property, $"{Path}: a width or height of {given}.");
        else
            SetSize(new PictureSize((int)width, (int)height));
    }
}
