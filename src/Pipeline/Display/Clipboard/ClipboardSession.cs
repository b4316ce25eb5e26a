using System.Text;
using QemuZeroCopy.Interop.SdBus;

namespace QemuZeroCopy.Pipeline.Display.Clipboard;

/// <summary>
/// Our end of org.qemu.Display1.Clipboard, which is the same on both sides (ui/dbus-clipboard.c): calls QEMU's
/// object and serves one of our own. Display thread only.
/// </summary>
internal sealed class ClipboardSession : IBusObject
{
    internal const string Path = "/org/qemu/Display1/Clipboard";

    private const int Selections = 3;

    // A guest names one or two formats; what goes beyond is not looked at.
    private const int MimeTypesAtMost = 16;

    // QEMU gives the guest 5 s.
    private static readonly TimeSpan s_requestTimeout = TimeSpan.FromSeconds(7);

    private static readonly NativeText s_path = new(Path);

    private readonly Bus _bus;
    private readonly NativeText? _destination;
    private readonly Action<string> _refuse;
    private readonly IReadOnlyList<ClipboardContent>?[] _owned = new IReadOnlyList<ClipboardContent>?[Selections];
    private readonly TaskCompletionSource<ClipboardReading>?[] _reading = new TaskCompletionSource<ClipboardReading>?[Selections];

    // Of grabs: the guest's newest, below which one of its own is old news; and what we said last ourselves.
    private readonly uint[] _newest = new uint[Selections];
    private readonly uint[] _ours = new uint[Selections];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[]? _sender;
    private bool _isEnded;
    private volatile bool _isRegistered;

    /// <param name="bus">The connection to QEMU.</param>
    /// <param name="destination">QEMU's name on a message bus.</param>
    /// <param name="firstSerial">
    /// Of our first grab. QEMU keeps the serial of a grab that an earlier process made, and drops lower ones without
    /// a word: so this has to be higher than any that was used before.
    /// </param>
    /// <param name="refuse">Told of what QEMU refuses.</param>
    internal ClipboardSession(Bus bus, NativeText? destination, uint firstSerial, Action<string> refuse)
    {
        (_bus, _destination, _refuse) = (bus, destination, refuse);
        Array.Fill(_ours, firstSerial);
    }

    internal Action<ClipboardSelection, IReadOnlyList<string>>? Offered { get; set; }

    internal Action<ClipboardSelection>? Withdrawn { get; set; }

    internal bool IsRegistered => _isRegistered;

    /// <summary>Done when nothing comes of a reading any more.</summary>
    internal Task Ended => _ended.Task;

    private static ReadOnlySpan<byte> Interface => "org.qemu.Display1.Clipboard"u8;

    /// <summary>Registers. QEMU reads our object's properties while it handles that, so the object is served before.</summary>
    internal void Begin()
    {
        _bus.Serve(Path, this);
        Register(again: false);
    }

    /// <summary>The connection is going.</summary>
    internal void End()
    {
        _isEnded = true;
        _isRegistered = false;
        for (int i = 0; i < Selections; i++)
        {
            _owned[i] = null;
            Complete(i, new ClipboardReading(null, "QEMU has gone."));
        }

        _ended.TrySetResult();
    }

    internal void Offer(ClipboardSelection selection, IReadOnlyList<ClipboardContent> contents)
    {
        if (_isEnded || (int)selection >= Selections)
            return;
        _owned[(int)selection] = contents;
        if (_isRegistered)
            Grab((int)selection);
    }

    internal void Withdraw(ClipboardSelection selection)
    {
        if (_isEnded || (int)selection >= Selections || _owned[(int)selection] is null)
            return;
        _owned[(int)selection] = null;
        Release((uint)selection);
    }

    internal void Read(ClipboardSelection selection, IReadOnlyList<string> mimeTypes, TaskCompletionSource<ClipboardReading> done)
    {
        int index = (int)selection;
        if (!_isRegistered || index >= Selections)
        {
            done.TrySetResult(new ClipboardReading(null, "The guest's clipboard is not connected."));
            return;
        }

        if (_reading[index] is not null)
        {
            done.TrySetResult(new ClipboardReading(null, "The guest's clipboard is being read already."));
            return;
        }

        _reading[index] = done;
        BusWriter call = _bus.NewCall(_destination, s_path, Interface, "Request"u8);
        call.Append((uint)selection);
        AppendTexts(ref call, mimeTypes);
        bool sent = _bus.TryCall(call, reply => Complete(index, TakeContent(reply)), s_requestTimeout);
        call.Dispose();
        if (!sent)
            Complete(index, new ClipboardReading(null, "The connection to QEMU is gone."));
    }

    public bool Handle(BusReader message)
    {
        if (message.Kind != BusMessageKind.Call)
            return false;
        if (message.Interface.SequenceEqual(Properties.Interface))
            return HandleProperties(message);
        if (!message.Interface.SequenceEqual(Interface))
            return false;
        // On a message bus anybody can call us; whoever answered our Register is QEMU.
        if (_sender is not null && !message.Sender.SequenceEqual(_sender))
        {
            Bus.ReplyError(message, "org.freedesktop.DBus.Error.AccessDenied"u8, "You are not the QEMU that this clipboard belongs to."u8);
            return true;
        }

        ReadOnlySpan<byte> member = message.Member;
        if (member.SequenceEqual("Register"u8))
            StartAnew();
        else if (member.SequenceEqual("Grab"u8))
            TakeGrab(message);
        else if (member.SequenceEqual("Release"u8))
            TakeRelease(message);
        else if (member.SequenceEqual("Request"u8))
            return Answer(message);
        else if (!member.SequenceEqual("Unregister"u8))
            return false;
        Bus.Reply(message);
        return true;
    }

    private static bool HandleProperties(BusReader message)
    {
        if (!message.Member.SequenceEqual("GetAll"u8))
            return false;
        BusWriter reply = Bus.NewReply(message);
        reply.OpenArray("{sv}"u8);
        reply.Close();
        reply.TrySend();
        reply.Dispose();
        return true;
    }

    private void Register(bool again)
    {
        BusWriter call = _bus.NewCall(_destination, s_path, Interface, "Register"u8);
        _bus.TryCall(call, reply => Registered(reply, again), DisplayClient.CallTimeout);
        call.Dispose();
    }

    private void Registered(BusReader reply, bool again)
    {
        if (_isEnded)
            return;
        if (!reply.IsError)
        {
            _sender = reply.Sender.ToArray();
            _isRegistered = true;
            StartAnew();
        }
        else if (!again && reply.ErrorName.StartsWith("org.qemu.Display1.", StringComparison.Ordinal))
        {
            // Peer to peer, QEMU does not notice that the client before us has gone, and takes us for it.
            BusWriter call = _bus.NewCall(_destination, s_path, Interface, "Unregister"u8);
            _bus.TryCall(call, _ => Register(again: true), DisplayClient.CallTimeout);
            call.Dispose();
        }
        else if (again)
        {
            _refuse($"The clipboard belongs to another program: {reply.ErrorText}.");
        }
    }

    // Register from QEMU means that its serials begin again: an agent in the guest has started (docs of the interface).
    // An agent that is new knows nothing of what we own.
    private void StartAnew()
    {
        Array.Clear(_newest);
        for (int i = 0; i < Selections && _isRegistered; i++)
        {
            if (_owned[i] is not null)
                Grab(i);
        }
    }

    private void Grab(int selection)
    {
        _ours[selection] = _newest[selection] = Math.Min(Math.Max(_ours[selection], _newest[selection]), uint.MaxValue - 1) + 1;
        BusWriter call = _bus.NewCall(_destination, s_path, Interface, "Grab"u8);
        call.Append((uint)selection);
        call.Append(_newest[selection]);
        AppendTexts(ref call, [.. _owned[selection]!.Select(content => content.MimeType)]);
        call.TrySendWithoutReply();
        call.Dispose();
    }

    private void Release(uint selection)
    {
        if (!_isRegistered)
            return;
        BusWriter call = _bus.NewCall(_destination, s_path, Interface, "Release"u8);
        call.Append(selection);
        call.TrySendWithoutReply();
        call.Dispose();
    }

    private void TakeGrab(BusReader message)
    {
        if (!message.TryRead(out uint selection) || selection >= Selections || !message.TryRead(out uint serial))
            return;
        // The highest serial wins; with ours as high as QEMU's, ours does.
        if (serial < _newest[selection] || (serial == _newest[selection] && _owned[selection] is not null))
            return;
        _newest[selection] = serial;
        _owned[selection] = null;
        Offered?.Invoke((ClipboardSelection)selection, ReadTexts(message));
    }

    private void TakeRelease(BusReader message)
    {
        if (message.TryRead(out uint selection) && selection < Selections && _owned[selection] is null)
            Withdrawn?.Invoke((ClipboardSelection)selection);
    }

    // QEMU waits for this with its main loop, and the guest with it.
    private bool Answer(BusReader message)
    {
        if (message.TryRead(out uint selection) && selection < Selections && _owned[selection] is { } contents)
        {
            foreach (string asked in ReadTexts(message))
            {
                if (contents.FirstOrDefault(content => content.MimeType == ClipboardFormats.Find(asked)) is not { } found)
                    continue;
                BusWriter reply = Bus.NewReply(message);
                reply.Append(asked);
                reply.AppendBytes(found.Data.Span);
                reply.TrySend();
                reply.Dispose();
                return true;
            }
        }

        Bus.ReplyError(message, "org.qemu.Display1.Error.Failed"u8, "The clipboard holds nothing of that kind."u8);
        return true;
    }

    private static ClipboardReading TakeContent(BusReader reply)
    {
        if (reply.IsError)
            return new ClipboardReading(null, $"The guest did not hand its clipboard over ({reply.ErrorText}).");
        if (!reply.TryRead(out string name) || !reply.TryReadBytes(out ReadOnlySpan<byte> bytes) || ClipboardFormats.Find(name) is not { } mimeType)
            return new ClipboardReading(null, "QEMU answered with something that is no clipboard.");
        return bytes.Length > ClipboardFormats.MaxBytes
            ? new ClipboardReading(null, $"The guest's clipboard holds {bytes.Length / 1048576.0:0.0} MiB; at most {ClipboardFormats.MaxBytes >> 20} MiB are passed on.")
            : new ClipboardReading(new ClipboardContent(mimeType, bytes.ToArray()), "");
    }

    private void Complete(int selection, ClipboardReading reading)
    {
        TaskCompletionSource<ClipboardReading>? done = _reading[selection];
        _reading[selection] = null;
        done?.TrySetResult(reading);
    }

    private static List<string> ReadTexts(BusReader message)
    {
        List<string> texts = [];
        if (!message.EnterArray("s"u8))
            return texts;
        while (texts.Count < MimeTypesAtMost && message.TryReadText(out ReadOnlySpan<byte> text))
            texts.Add(Encoding.UTF8.GetString(text[..Math.Min(text.Length, 128)]));
        return texts;
    }

    private static void AppendTexts(ref BusWriter writer, IReadOnlyList<string> texts)
    {
        writer.OpenArray("s"u8);
        foreach (string text in texts)
            writer.Append(text);
        writer.Close();
    }
}
