using System.Collections.Concurrent;
using System.Text;
using QemuZeroCopy.Interop.SdBus;
using QemuZeroCopy.Pipeline.Display;

namespace QemuZeroCopy.FrameSource;

/// <summary>QEMU's end of org.qemu.Display1.Clipboard, with the guest behind it. Methods may be called from any thread.</summary>
public sealed class ClipboardPeer
{
    internal const string Path = "/org/qemu/Display1/Clipboard";

    private static readonly NativeText s_path = new(Path);
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentQueue<string> _calls = new();
    private DisplayThread? _thread;
    private Bus? _bus;

    /// <summary>Every call in order, as "Grab 0 7 text/plain;charset=utf-8".</summary>
    public IReadOnlyCollection<string> Calls => _calls;

    /// <summary>Plays a QEMU that takes the client before this one to be still there.</summary>
    public bool IsTaken { get; set; }

    /// <summary>What the guest has, by MIME type; what it does not have is answered by an error.</summary>
    public Dictionary<string, byte[]> Guest { get; } = [];

    /// <summary>The guest copies: the other side is told, and may read <see cref="Guest"/>.</summary>
    public Task<string> Grab(uint selection, uint serial, params string[] mimeTypes) => Call("Grab"u8, (ref BusWriter writer) =>
    {
        writer.Append(selection);
        writer.Append(serial);
        AppendTexts(ref writer, mimeTypes);
    });

    /// <summary>The guest gives a selection up.</summary>
    public Task<string> Release(uint selection) => Call("Release"u8, (ref BusWriter writer) => writer.Append(selection));

    /// <summary>An agent starts in the guest: serials begin again.</summary>
    public Task<string> Reset() => Call("Register"u8, (ref BusWriter _) => { });

    /// <summary>The guest pastes; the answer as "MIME-TYPE text", or the error's name.</summary>
    public Task<string> Request(uint selection, params string[] mimeTypes) => Call("Request"u8, (ref BusWriter writer) =>
    {
        writer.Append(selection);
        AppendTexts(ref writer, mimeTypes);
    });

    /// <summary>A call with a body of another kind.</summary>
    public Task<string> Nonsense() => Call("Grab"u8, (ref BusWriter writer) => writer.Append("nonsense"));

    internal bool Handle(BusReader message, DisplayThread thread, Bus bus)
    {
        (_thread, _bus) = (thread, bus);
        string member = Encoding.UTF8.GetString(message.Member);
        message.TryRead(out uint selection);
        string call = member switch
        {
            "Grab" when message.TryRead(out uint serial) => $"Grab {selection} {serial} {string.Join(' ', ReadTexts(message))}",
            "Release" => $"Release {selection}",
            _ => member,
        };
        _calls.Enqueue(call);
        if (member == "Register")
            return Register(message, bus);
        if (member == "Unregister")
            IsTaken = false;
        if (member == "Request")
            return Answer(message);
        Bus.Reply(message);
        return true;
    }

    // QEMU reads the other object's properties, and resets its serials, before it answers.
    private bool Register(BusReader message, Bus bus)
    {
        if (IsTaken)
        {
            Bus.ReplyError(message, "org.qemu.Display1.Error.Failed"u8, "Clipboard peer already registered!"u8);
            return true;
        }

        PendingCall registration = message.Keep();
        BusWriter call = bus.NewCall(null, s_path, "org.freedesktop.DBus.Properties"u8, "GetAll"u8);
        call.Append("org.qemu.Display1.Clipboard");
        bus.TryCall(call, reply =>
        {
            _calls.Enqueue(reply.IsError ? "no properties" : "properties");
            registration.Reply();
        }, s_patience);
        call.Dispose();
        return true;
    }

    private bool Answer(BusReader message)
    {
        foreach (string asked in ReadTexts(message))
        {
            if (!Guest.TryGetValue(asked, out byte[]? bytes))
                continue;
            BusWriter reply = Bus.NewReply(message);
            reply.Append(asked);
            reply.AppendBytes(bytes);
            reply.TrySend();
            reply.Dispose();
            return true;
        }

        Bus.ReplyError(message, "org.qemu.Display1.Error.Failed"u8, "Unhandled MIME types requested"u8);
        return true;
    }

    private Task<string> Call(ReadOnlySpan<byte> member, BodyWriter body)
    {
        TaskCompletionSource<string> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        byte[] name = [.. member, 0];
        _thread!.Post(() =>
        {
            BusWriter call = _bus!.NewCall(null, s_path, "org.qemu.Display1.Clipboard"u8, name);
            body(ref call);
            _bus.TryCall(call, reply => done.TrySetResult(Describe(reply)), s_patience);
            call.Dispose();
        });
        return done.Task;
    }

    private static string Describe(BusReader reply)
    {
        if (reply.IsError)
            return reply.ErrorName;
        return reply.TryRead(out string name) && reply.TryReadBytes(out ReadOnlySpan<byte> bytes) ? $"{name} {Encoding.UTF8.GetString(bytes)}" : "";
    }

    private static List<string> ReadTexts(BusReader message)
    {
        List<string> texts = [];
        if (message.EnterArray("s"u8))
        {
            while (message.TryRead(out string text))
                texts.Add(text);
        }

        return texts;
    }

    private static void AppendTexts(ref BusWriter writer, string[] texts)
    {
        writer.OpenArray("s"u8);
        foreach (string text in texts)
            writer.Append(text);
        writer.Close();
    }
}
