using System.Text;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.SdBus;
using QemuZeroCopy.Pipeline.Display;

namespace QemuZeroCopy.FrameSource;

/// <summary>QEMU's end of org.qemu.Display1.Audio: takes the two listeners and calls them as audio/dbusaudio.c does.</summary>
public sealed class AudioPeer
{
    /// <summary>Path of the object.</summary>
    public const string Path = "/org/qemu/Display1/Audio";

    private static readonly NativeText OutPath = new("/org/qemu/Display1/AudioOutListener"), InPath = new("/org/qemu/Display1/AudioInListener");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private DisplayThread? _thread;
    private Bus? _out;
    private Bus? _in;

    /// <summary>How many registrations are refused first, as those of a client that QEMU takes for registered.</summary>
    public int RefusedRegistrations { get; set; }

    /// <summary>Done when both listeners are there and have shown their properties.</summary>
    public TaskCompletionSource Registered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Any method of the out listener; the task's result is the error's name, or null.</summary>
    public Task<string?> CallOut(string method, BodyWriter body) => Call(true, method, body, reply => reply.IsError ? reply.ErrorName : null);

    /// <summary>Any method of the in listener.</summary>
    public Task<string?> CallIn(string method, BodyWriter body) => Call(false, method, body, reply => reply.IsError ? reply.ErrorName : null);

    /// <summary>Read; null where it was refused.</summary>
    public Task<byte[]?> Read(ulong id, ulong bytes) => Call(
        false, "Read",
        (ref BusWriter writer) =>
        {
            writer.Append(id);
            writer.Append(bytes);
        },
        reply => !reply.IsError && reply.TryReadBytes(out ReadOnlySpan<byte> data) ? data.ToArray() : null);

    /// <summary>Closes both connections, as a QEMU that goes away does.</summary>
    public void Close() => _thread!.Post(() =>
    {
        _thread.Remove(_out!);
        _thread.Remove(_in!);
    });

    internal bool Handle(BusReader message, DisplayThread thread)
    {
        _thread = thread;
        string member = Encoding.UTF8.GetString(message.Member);
        if (member == "GetAll")
        {
            BusWriter reply = Bus.NewReply(message);
            reply.OpenArray("{sv}"u8);
            reply.Close();
            reply.TrySend();
            reply.Dispose();
            return true;
        }

        if (member is not ("RegisterOutListener" or "RegisterInListener"))
            return false;
        if (RefusedRegistrations > 0 || !message.TryReadFd(out SafeFileHandle socket))
        {
            RefusedRegistrations--;
            Bus.ReplyError(message, "org.qemu.Display1.Error.Invalid"u8, "`p2p` is already registered!"u8);
            return true;
        }

        Bus.Reply(message);
        Bus peer = Bus.OpenPeer(socket, isServer: true);
        thread.Add(peer, () => { });
        bool isOut = member == "RegisterOutListener";
        using BusWriter call = peer.NewCall(null, isOut ? OutPath : InPath, "org.freedesktop.DBus.Properties"u8, "GetAll"u8);
        call.Append(isOut ? "org.qemu.Display1.AudioOutListener" : "org.qemu.Display1.AudioInListener");
        peer.TryCall(call, _ =>
        {
            (_out, _in) = isOut ? (peer, _in) : (_out, peer);
            if (_out is not null && _in is not null)
                Registered.TrySetResult();
        }, Patience);
        return true;
    }

    private Task<T> Call<T>(bool isOut, string method, BodyWriter body, Func<BusReader, T> read)
    {
        TaskCompletionSource<T> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _thread!.Post(() =>
        {
            Bus bus = (isOut ? _out : _in)!;
            BusWriter call = bus.NewCall(
                null, isOut ? OutPath : InPath, isOut ? "org.qemu.Display1.AudioOutListener"u8 : "org.qemu.Display1.AudioInListener"u8, Encoding.ASCII.GetBytes(method + '\0'));
            body(ref call);
            if (!bus.TryCall(call, reply => done.TrySetResult(read(reply)), Patience))
                done.TrySetException(new InvalidOperationException("not sent"));
            call.Dispose();
        });
        return done.Task;
    }
}
