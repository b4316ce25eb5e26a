using System.Globalization;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Interop.SdBus;
using QemuZeroCopy.Pipeline.Display.Chardevs;
using QemuZeroCopy.Pipeline.Display.Clipboard;
using QemuZeroCopy.Pipeline.Audio;
using QemuZeroCopy.Pipeline.Display.Listening;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Display;

/// <summary>
/// The client's side of org.qemu.Display1 on the connection to QEMU: finds the consoles, follows their
/// properties and registers listeners. Everything but <see cref="Attached"/> belongs to the display thread.
/// </summary>
internal sealed class DisplayClient : IBusObject, IDisposable
{
    internal static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(10);

    private static readonly NativeText VmPath = new("/org/qemu/Display1/VM");

    private readonly VmDisplay _vm;
    private readonly Bus _bus;
    private readonly NativeText? _destination;
    private readonly DisplayThread _thread;
    private readonly DisplayOptions _options;
    private readonly IDisplayEvents _events;
    private readonly TaskCompletionSource _attached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SortedDictionary<uint, ConsoleSession> _consoles = [];
    private SoundSession? _sound;
    private int _callsBeforeAttached;
    private bool _ended;

    internal DisplayClient(
        VmDisplay vm, Bus bus, string? destination, DisplayThread thread, DisplayOptions options, IDisplayEvents events)
    {
        _vm = vm;
        _bus = bus;
        _destination = destination is null ? null : new NativeText(destination);
        _thread = thread;
        _options = options;
        _events = events;
        if (options.UseClipboard)
            Clipboard = new ClipboardSession(bus, _destination, options.ClipboardSerial, text => events.Refused(RefusedInput.Call, text));
        Chardevs = new ChardevCatalogue(bus, _destination, thread) { Changed = vm.SetChardevs };
        thread.Post(Begin);
    }

    /// <summary>Serial ports and monitors.</summary>
    internal ChardevCatalogue Chardevs { get; }

    /// <summary>The guest's clipboard, where it is wanted.</summary>
    internal ClipboardSession? Clipboard { get; }

    /// <summary>Done when the consoles are known and listened to; fails with <see cref="DisplayAttachException"/>.</summary>
    internal Task Attached => _attached.Task;

    /// <summary>Set by the owner who is going: no more events.</summary>
    internal volatile bool IsDisposing;

    internal ulong QueuedWrites => _bus.QueuedWrites;

    internal BusWriter NewCall(NativeText path, ReadOnlySpan<byte> name, ReadOnlySpan<byte> member) =>
        _bus.NewCall(_destination, path, name, member);

    internal NativeText? PathOf(ConsoleDisplay console) => _consoles.TryGetValue(console.Id, out ConsoleSession? session) ? session.Path : null;

    internal PictureSize SizeOf(ConsoleDisplay console) =>
        _consoles.TryGetValue(console.Id, out ConsoleSession? session) ? session.PointerArea : default;

    internal void SetListening(ConsoleDisplay console, bool listening)
    {
        if (!_consoles.TryGetValue(console.Id, out ConsoleSession? session) || session.Listener.Console != console)
            return;
        if (listening)
            session.Listen();
        else
            session.StopListening();
    }

    /// <summary>Signals from QEMU and from the message bus.</summary>
    public bool Handle(BusReader message)
    {
        if (message.Member.SequenceEqual("NameOwnerChanged"u8))
            FollowName(message);
        else if (message.Member.SequenceEqual("PropertiesChanged"u8))
            FollowProperties(message);
        return true;
    }

    /// <summary>The thread's last act: everything is answered, closed and told.</summary>
    internal void End(Exception? failure)
    {
        string reason = failure is null ? "The display was closed." : failure.InnerException?.Message ?? failure.Message;
        Disconnect(reason, tell: failure is not null);
    }

    public void Dispose()
    {
        // Of importance only where the thread never ran.
        _bus.Dispose();
        _attached.TrySetException(new DisplayAttachException("The display was closed while it was being attached."));
        _ = _attached.Task.Exception;
    }

    private void Begin()
    {
        _thread.Add(_bus, () => Disconnect("QEMU closed the connection.", tell: true));
        string? sender = _destination?.Text;
        _bus.Subscribe(sender, null, "org.freedesktop.DBus.Properties", "PropertiesChanged", this);
        if (sender is not null)
            _bus.Subscribe("org.freedesktop.DBus", null, "org.freedesktop.DBus", "NameOwnerChanged", this);
        GetAll(VmPath, "org.qemu.Display1.VM", VmPropertiesArrived);
        Clipboard?.Begin();
        Chardevs.Begin();
    }

    private void VmPropertiesArrived(BusReader reply)
    {
        if (reply.IsError)
        {
            Fail(DescribeVmError(reply));
            return;
        }

        Properties.Read(reply, SetVmProperty);
        if (_consoles.Count == 0)
            Fail("QEMU's D-Bus display has no console. Give the VM a display device, such as -device virtio-vga.");
        if (_ended || _options.Sound is not { } sound)
            return;
        _sound = new SoundSession(this, _bus, _thread, sound, detail => _events.Refused(RefusedInput.Sound, $"Sound: {detail}."));
        _sound.Begin();
    }

    private void SetVmProperty(string name, PropertyValue value)
    {
        if (name == "Name")
            _vm.Name = value.Text;
        else if (name == "UUID")
            _vm.Uuid = value.Text;
        else if (name == "ConsoleIDs" && value.Numbers is { } ids)
            SetConsoles(ids);
    }

    private void SetConsoles(uint[] ids)
    {
        // A VM has a handful of heads; more than 64 is a mistake or malice.
        const int ConsolesAtMost = 64;
        HashSet<uint> wanted = [.. ids.Take(ConsolesAtMost)];
        foreach (uint id in _consoles.Keys.Where(id => !wanted.Contains(id)).ToArray())
            RemoveConsole(id);
        foreach (uint id in wanted.Where(id => !_consoles.ContainsKey(id)))
        {
            ConsoleListener listener = new(_vm, id, _thread, _options, _events);
            ConsoleSession session = new(this, listener, _bus, _destination, _thread, _options);
            _consoles.Add(id, session);
            _thread.Add(listener);
            _thread.Add(session);
            _callsBeforeAttached++;
            session.Begin(() =>
            {
                PublishConsoles();
                _events.ConsoleAdded(listener.Console);
            });
        }
    }

    private void RemoveConsole(uint id)
    {
        ConsoleSession session = _consoles[id];
        _consoles.Remove(id);
        _thread.Remove(session.Listener);
        _thread.Remove(session);
        session.Close();
        bool wasTold = _vm.Consoles.Contains(session.Listener.Console);
        PublishConsoles();
        if (wasTold && !IsDisposing)
            _events.ConsoleRemoved(session.Listener.Console);
    }

    private void PublishConsoles() =>
        _vm.SetConsoles([.. _consoles.Values.Where(session => session.IsKnown).Select(session => session.Listener.Console)]);

    /// <summary>One console is through with its beginning, well or badly.</summary>
    internal void ConsoleIsReady()
    {
        if (--_callsBeforeAttached == 0)
            _attached.TrySetResult();
    }

    internal void GetAll(NativeText path, string name, BusReplyHandler handler)
    {
        BusWriter call = NewCall(path, "org.freedesktop.DBus.Properties"u8, "GetAll"u8);
        call.Append(name);
        bool sent = _bus.TryCall(call, reply =>
        {
            if (!_ended)
                handler(reply);
        }, CallTimeout);
        call.Dispose();
        if (!sent)
            Disconnect("The connection to QEMU is gone.", tell: true);
    }

    internal IDisplayEvents Events => _events;

    private void FollowName(BusReader message)
    {
        if (message.TryRead(out string name) && message.TryRead(out string _) && message.TryRead(out string owner)
            && name == _destination?.Text && owner.Length == 0)
            Disconnect($"{name} left the bus.", tell: true);
    }

    private void FollowProperties(BusReader message)
    {
        string path = System.Text.Encoding.UTF8.GetString(message.Path);
        if (!message.TryRead(out string name))
            return;
        if (path == VmPath.Text)
            Properties.Read(message, SetVmProperty);
        else if (path.StartsWith(ConsoleSession.PathPrefix, StringComparison.Ordinal)
            && uint.TryParse(path.AsSpan(ConsoleSession.PathPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out uint id)
            && _consoles.TryGetValue(id, out ConsoleSession? session))
            session.FollowProperties(name, message);
        else
            Chardevs.FollowProperties(path, message);
    }

    private void Fail(string message)
    {
        _attached.TrySetException(new DisplayAttachException(message));
        _ = _attached.Task.Exception;
        Disconnect(message, tell: false);
    }

    private void Disconnect(string reason, bool tell)
    {
        if (_ended)
            return;
        _ended = true;
        bool wasAttached = _attached.Task.IsCompletedSuccessfully;
        _attached.TrySetException(new DisplayAttachException($"QEMU's display was lost while it was being attached: {reason}"));
        _ = _attached.Task.Exception;
        try
        {
            foreach (uint id in _consoles.Keys.ToArray())
                RemoveConsole(id);
            Clipboard?.End();
            Chardevs.End();
            _sound?.Dispose();
            _thread.Remove(_bus);
        }
        finally
        {
            // Whatever goes wrong above, the owner has to know that it is over.
            if (tell && wasAttached && !IsDisposing)
                _events.Disconnected(reason);
            _thread.Stop();
        }
    }

    private string DescribeVmError(BusReader reply) => reply.ErrorName switch
    {
        "org.freedesktop.DBus.Error.ServiceUnknown" or "org.freedesktop.DBus.Error.NameHasNoOwner" =>
            $"Nobody on the bus has the name {_destination?.Text}. Is QEMU running with -display dbus,addr=… on this bus?",
        "org.freedesktop.DBus.Error.UnknownObject" or "org.freedesktop.DBus.Error.UnknownMethod" or "org.freedesktop.DBus.Error.UnknownInterface" =>
            $"The peer has no QEMU display ({reply.ErrorText}). Start QEMU with -display dbus.",
        _ => $"QEMU did not tell about its display: {reply.ErrorText}.",
    };
}
