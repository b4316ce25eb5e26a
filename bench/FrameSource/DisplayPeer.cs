using System.Collections.Concurrent;
using System.Text;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.SdBus;
using QemuZeroCopy.Pipeline.Display;

namespace QemuZeroCopy.FrameSource;

/// <summary>One console that a <see cref="DisplayPeer"/> has.</summary>
public sealed record PeerConsole(uint Id, string Label, uint Width, uint Height, bool IsAbsolute = true, int MaxSlots = 10);

/// <summary>
/// The other side of org.qemu.Display1 over a private connection, as QEMU plays it: properties, input,
/// registration of listeners with its synchronous-looking GetAll. Drives the real client in tests and benches.
/// </summary>
public sealed class DisplayPeer : IBusObject, IDisposable
{
    private const string ConsolePrefix = "/org/qemu/Display1/Console_";

    private readonly DisplayThread _thread;
    private readonly Bus _bus;
    private readonly ConcurrentDictionary<uint, TaskCompletionSource<ListenerPeer>> _listeners = new();
    private readonly ConcurrentQueue<string> _input = new();
    private PeerConsole[] _consoles;

    /// <summary>Serves on <paramref name="socket"/>, which it takes over.</summary>
    public DisplayPeer(SafeFileHandle socket, params PeerConsole[] consoles)
    {
        _consoles = consoles;
        _bus = Bus.OpenPeer(socket, isServer: true);
        _bus.ServeBelow("/org/qemu/Display1", this);
        _thread = new DisplayThread(() => false, _ => { });
        _thread.Post(() => _thread.Add(_bus, () => Disconnected.TrySetResult()));
        _thread.Start();
    }

    /// <summary>Done when the client has gone.</summary>
    public TaskCompletionSource Disconnected { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Every input call in order, as "Console_0 Press 30".</summary>
    public IReadOnlyCollection<string> Input => _input;

    /// <summary>The sound of the machine; null for one without.</summary>
    public AudioPeer? Audio { get; set; }

    /// <summary>Called on the peer's thread after each input call.</summary>
    public Action<string>? InputArrived { get; set; }

    /// <summary>Interfaces whose GetAll answers with an error, as an older QEMU does.</summary>
    public HashSet<string> MissingInterfaces { get; } = [];

    /// <summary>An error to answer RegisterListener with; null registers.</summary>
    public bool RefusesListeners { get; set; }

    /// <summary>The clipboard's other end; null plays a QEMU without one.</summary>
    public ClipboardPeer? Clipboard { get; set; }

    /// <summary>The next listener of a console, once it has been registered.</summary>
    public Task<ListenerPeer> ListenerAsync(uint console) => Slot(console).Task;

    /// <summary>Forgets a listener that has gone, so that the next one can be waited for.</summary>
    public void ForgetListener(uint console) => _listeners.TryRemove(console, out _);

    /// <summary>Another set of consoles from now on, told by PropertiesChanged.</summary>
    public void SetConsoles(params PeerConsole[] consoles) => _thread.Post(() =>
    {
        _consoles = consoles;
        EmitChanged("/org/qemu/Display1/VM", "org.qemu.Display1.VM", "ConsoleIDs", "au"u8, (ref BusWriter writer) => writer.AppendUInts(_consoles.Select(c => c.Id).ToArray()));
    });

    /// <summary>Tells that one property of a console changed.</summary>
    public void Change(uint console, string name, string property, bool value) => _thread.Post(() =>
        EmitChanged(ConsolePrefix + console, name, property, "b"u8, (ref BusWriter writer) => writer.Append(value)));

    /// <summary>Tells that one property of a console changed.</summary>
    public void Change(uint console, string name, string property, uint value) => _thread.Post(() =>
        EmitChanged(ConsolePrefix + console, name, property, "u"u8, (ref BusWriter writer) => writer.Append(value)));

    /// <summary>Closes everything at once, as a killed QEMU does.</summary>
    public void Dispose()
    {
        foreach (TaskCompletionSource<ListenerPeer> listener in _listeners.Values)
        {
            if (listener.Task.IsCompletedSuccessfully)
                listener.Task.Result.Close();
        }

        _thread.Post(() => _thread.Remove(_bus));
        _thread.Dispose();
    }

    /// <inheritdoc/>
    public bool Handle(BusReader message)
    {
        string path = Encoding.UTF8.GetString(message.Path);
        string member = Encoding.UTF8.GetString(message.Member);
        if (path == ClipboardPeer.Path)
            return Clipboard?.Handle(message, _thread, _bus) == true;
        if (path == AudioPeer.Path)
            return Audio?.Handle(message, _thread) == true;
        if (message.Interface.SequenceEqual("org.freedesktop.DBus.Properties"u8))
            return member == "GetAll" && GetAll(message, path);
        if (!path.StartsWith(ConsolePrefix, StringComparison.Ordinal))
            return false;
        uint id = uint.Parse(path.AsSpan(ConsolePrefix.Length), System.Globalization.CultureInfo.InvariantCulture);
        if (member == "RegisterListener")
            return Register(message, id);
        string call = $"Console_{id} {member} {ReadArguments(message)}".TrimEnd();
        _input.Enqueue(call);
        Bus.Reply(message);
        InputArrived?.Invoke(call);
        return true;
    }

    private TaskCompletionSource<ListenerPeer> Slot(uint console) =>
        _listeners.GetOrAdd(console, _ => new TaskCompletionSource<ListenerPeer>(TaskCreationOptions.RunContinuationsAsynchronously));

    private bool Register(BusReader message, uint id)
    {
        if (RefusesListeners || !message.TryReadFd(out SafeFileHandle socket))
        {
            Bus.ReplyError(message, "org.freedesktop.DBus.Error.Failed"u8, "no listener taken"u8);
            return true;
        }

        PendingCall call = message.Keep();
        ListenerPeer listener = new(_thread, Bus.OpenPeer(socket, isServer: true));
        // QEMU reads the listener's properties while the registration is pending; so does this peer.
        listener.Begin(() =>
        {
            call.Reply();
            Slot(id).TrySetResult(listener);
        });
        return true;
    }

    private bool GetAll(BusReader message, string path)
    {
        message.TryRead(out string name);
        if (MissingInterfaces.Contains(name))
        {
            Bus.ReplyError(message, "org.freedesktop.DBus.Error.InvalidArgs"u8, "No such interface"u8);
            return true;
        }

        BusWriter reply = Bus.NewReply(message);
        reply.OpenArray("{sv}"u8);
        if (path == "/org/qemu/Display1/VM")
            WriteVm(ref reply);
        else if (_consoles.FirstOrDefault(c => path == ConsolePrefix + c.Id) is { } console)
            WriteConsole(ref reply, console, name);
        reply.Close();
        reply.TrySend();
        reply.Dispose();
        return true;
    }

    private void WriteVm(ref BusWriter writer)
    {
        Entry(ref writer, "Name", "s"u8, (ref BusWriter w) => w.Append("frame source"));
        Entry(ref writer, "UUID", "s"u8, (ref BusWriter w) => w.Append("00000000-0000-0000-0000-000000000001"));
        Entry(ref writer, "ConsoleIDs", "au"u8, (ref BusWriter w) => w.AppendUInts(_consoles.Select(c => c.Id).ToArray()));
    }

    private static void WriteConsole(ref BusWriter writer, PeerConsole console, string name)
    {
        switch (name)
        {
            case "org.qemu.Display1.Console":
                Entry(ref writer, "Label", "s"u8, (ref BusWriter w) => w.Append(console.Label));
                Entry(ref writer, "Head", "u"u8, (ref BusWriter w) => w.Append(0u));
                Entry(ref writer, "Type", "s"u8, (ref BusWriter w) => w.Append("Graphic"));
                Entry(ref writer, "Width", "u"u8, (ref BusWriter w) => w.Append(console.Width));
                Entry(ref writer, "Height", "u"u8, (ref BusWriter w) => w.Append(console.Height));
                Entry(ref writer, "DeviceAddress", "s"u8, (ref BusWriter w) => w.Append("pci/0000/02.0"));
                break;
            case "org.qemu.Display1.Keyboard":
                Entry(ref writer, "Modifiers", "u"u8, (ref BusWriter w) => w.Append(0u));
                break;
            case "org.qemu.Display1.Mouse":
                Entry(ref writer, "IsAbsolute", "b"u8, (ref BusWriter w) => w.Append(console.IsAbsolute));
                break;
            case "org.qemu.Display1.MultiTouch":
                Entry(ref writer, "MaxSlots", "i"u8, (ref BusWriter w) => w.Append(console.MaxSlots));
                break;
        }
    }

    private void EmitChanged(string path, string name, string property, ReadOnlySpan<byte> type, BodyWriter value)
    {
        BusWriter signal = _bus.NewSignal(new NativeText(path), "org.freedesktop.DBus.Properties"u8, "PropertiesChanged"u8);
        signal.Append(name);
        signal.OpenArray("{sv}"u8);
        Entry(ref signal, property, type, value);
        signal.Close();
        signal.OpenArray("s"u8);
        signal.Close();
        signal.TrySend();
        signal.Dispose();
    }

    private static void Entry(ref BusWriter writer, string name, ReadOnlySpan<byte> type, BodyWriter value)
    {
        writer.OpenEntry("sv"u8);
        writer.Append(name);
        writer.OpenVariant(type);
        value(ref writer);
        writer.Close();
        writer.Close();
    }

    private static string ReadArguments(BusReader message)
    {
        StringBuilder text = new();
        foreach (byte type in message.Signature)
        {
            text.Append(type switch
            {
                (byte)'u' => message.TryRead(out uint u) ? $"{u} " : "? ",
                (byte)'i' => message.TryRead(out int i) ? $"{i} " : "? ",
                (byte)'q' => message.TryRead(out ushort q) ? $"{q} " : "? ",
                (byte)'t' => message.TryRead(out ulong t) ? $"{t} " : "? ",
                (byte)'d' => message.TryRead(out double d) ? $"{d} " : "? ",
                _ => "? ",
            });
        }

        return text.ToString();
    }
}
