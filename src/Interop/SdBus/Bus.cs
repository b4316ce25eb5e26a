using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Linux;
using static QemuZeroCopy.Interop.SdBus.SdBusNative;

namespace QemuZeroCopy.Interop.SdBus;

/// <summary>Receives the reply to a call, an error reply included; once, inside <see cref="Bus.Process"/>.</summary>
public delegate void BusReplyHandler(BusReader reply);

/// <summary>An object served on a bus, or a listener to signals.</summary>
public interface IBusObject
{
    /// <summary>
    /// Handles one message inside <see cref="Bus.Process"/>. False leaves it unhandled; sd-bus then answers a
    /// call with an error. An exception comes out of <see cref="Bus.Process"/>.
    /// </summary>
    bool Handle(BusReader message);
}

/// <summary>
/// One D-Bus connection over sd-bus: to a message bus, or private to one peer. Not thread-safe: everything
/// after opening happens on one thread, which polls <see cref="Fd"/> and calls <see cref="Process"/>.
/// </summary>
public sealed unsafe class Bus : IDisposable
{
    private nint _bus;
    private Exception? _failure;

    private Bus()
    {
        nint bus;
        BusException.ThrowIfFailed(sd_bus_new(&bus), "sd_bus_new");
        _bus = bus;
    }

    /// <summary>Connects to a message bus; the handshake goes on in <see cref="Process"/>.</summary>
    /// <exception cref="BusException">The address is no D-Bus address, or nobody listens there.</exception>
    public static Bus OpenAddress(string address)
    {
        Bus bus = new();
        try
        {
            NativeText text = new(address);
            BusException.ThrowIfFailed(sd_bus_set_address(bus._bus, text.Pointer), "sd_bus_set_address");
            GC.KeepAlive(text);
            BusException.ThrowIfFailed(sd_bus_set_bus_client(bus._bus, 1), "sd_bus_set_bus_client");
            return bus.Start();
        }
        catch
        {
            bus.Dispose();
            throw;
        }
    }

    /// <summary>
    /// A private connection over a connected socket, whose ownership it takes. One side authenticates
    /// (<paramref name="isServer"/> false), the other checks.
    /// </summary>
    /// <exception cref="BusException">The fd is not a socket.</exception>
    public static Bus OpenPeer(SafeFileHandle socket, bool isServer = false)
    {
        ArgumentNullException.ThrowIfNull(socket);
        Bus bus = new();
        try
        {
            int fd = (int)socket.DangerousGetHandle();
            BusException.ThrowIfFailed(sd_bus_set_fd(bus._bus, fd, fd), "sd_bus_set_fd");
            socket.SetHandleAsInvalid();
            if (isServer)
            {
                Id128 id;
                RandomNumberGenerator.Fill(new Span<byte>(&id, sizeof(Id128)));
                BusException.ThrowIfFailed(sd_bus_set_server(bus._bus, 1, id), "sd_bus_set_server");
            }

            return bus.Start();
        }
        catch
        {
            socket.Dispose();
            bus.Dispose();
            throw;
        }
    }

    /// <summary>To be polled for <see cref="Events"/>; −1 when closed.</summary>
    public int Fd => _bus == 0 ? -1 : Math.Max(-1, sd_bus_get_fd(_bus));

    /// <summary>What to poll for now; changes with each <see cref="Process"/> and each send.</summary>
    public PollEvents Events
    {
        get
        {
            int events = _bus == 0 ? 0 : sd_bus_get_events(_bus);
            return events < 0 ? PollEvents.None : (PollEvents)events;
        }
    }

    /// <summary>When <see cref="Process"/> has to be called without an event, ns of CLOCK_MONOTONIC; long.MaxValue: never.</summary>
    public long DeadlineNs
    {
        get
        {
            ulong usec;
            return _bus == 0 || sd_bus_get_timeout(_bus, &usec) < 0 || usec > long.MaxValue / 1000
                ? long.MaxValue : (long)usec * 1000;
        }
    }

    /// <summary>Whether the connection stands or is being made.</summary>
    public bool IsOpen => _bus != 0 && sd_bus_is_open(_bus) > 0;

    /// <summary>Whether authentication (and on a message bus the Hello) is over.</summary>
    public bool IsReady => _bus != 0 && sd_bus_is_ready(_bus) > 0;

    /// <summary>Messages that the peer has not taken yet.</summary>
    public ulong QueuedWrites
    {
        get
        {
            ulong count;
            return _bus == 0 || sd_bus_get_n_queued_write(_bus, &count) < 0 ? 0 : count;
        }
    }

    /// <summary>
    /// Sends and receives what it can without waiting and dispatches at most one message. True when there may
    /// be more to do at once; false when it is time to poll, or the connection is gone (see <see cref="IsOpen"/>).
    /// </summary>
    public bool Process()
    {
        if (_bus == 0)
            return false;
        int result = sd_bus_process(_bus, null);
        if (_failure is { } failure)
        {
            _failure = null;
            throw new InvalidOperationException("A handler of a D-Bus message failed: " + failure.Message, failure);
        }

        return result > 0;
    }

    /// <summary>Serves calls to one object path, all interfaces, Properties and Introspectable included.</summary>
    public void Serve(string path, IBusObject target)
    {
        nint slot;
        NativeText text = new(path);
        GCHandle handle = GCHandle.Alloc(new Target(this, target, null));
        int result = sd_bus_add_object(_bus, &slot, text.Pointer, &OnMessage, GCHandle.ToIntPtr(handle));
        GC.KeepAlive(text);
        Adopt(result, slot, handle, "sd_bus_add_object");
    }

    /// <summary>Serves calls to every object path at and below a prefix.</summary>
    public void ServeBelow(string prefix, IBusObject target)
    {
        nint slot;
        NativeText text = new(prefix);
        GCHandle handle = GCHandle.Alloc(new Target(this, target, null));
        int result = sd_bus_add_fallback(_bus, &slot, text.Pointer, &OnMessage, GCHandle.ToIntPtr(handle));
        GC.KeepAlive(text);
        Adopt(result, slot, handle, "sd_bus_add_fallback");
    }

    /// <summary>Hands signals to <paramref name="target"/>; null means any. Does not wait for the bus to agree.</summary>
    public void Subscribe(string? sender, string? path, string? @interface, string? member, IBusObject target)
    {
        nint slot;
        NativeText? senderText = Optional(sender), pathText = Optional(path), interfaceText = Optional(@interface), memberText = Optional(member);
        GCHandle handle = GCHandle.Alloc(new Target(this, target, null));
        int result = sd_bus_match_signal_async(
            _bus, &slot, Pointer(senderText), Pointer(pathText), Pointer(interfaceText), Pointer(memberText),
            &OnMessage, &OnInstalled, GCHandle.ToIntPtr(handle));
        GC.KeepAlive(senderText);
        GC.KeepAlive(pathText);
        GC.KeepAlive(interfaceText);
        GC.KeepAlive(memberText);
        Adopt(result, slot, handle, "sd_bus_match_signal_async");

        static NativeText? Optional(string? text) => text is null ? null : new NativeText(text);
        static byte* Pointer(NativeText? text) => text is null ? null : text.Pointer;
    }

    /// <summary>Asks the message bus for a name; the reply says how that went.</summary>
    public void RequestName(string name, BusReplyHandler handler)
    {
        nint slot;
        NativeText text = new(name);
        GCHandle handle = GCHandle.Alloc(new Target(this, null, handler));
        int result = sd_bus_request_name_async(_bus, &slot, text.Pointer, 0, &OnReply, GCHandle.ToIntPtr(handle));
        GC.KeepAlive(text);
        Adopt(result, slot, handle, "sd_bus_request_name_async");
    }

    /// <summary>Starts a call; <paramref name="interface"/> and <paramref name="member"/> are u8 literals, which are zero-terminated.</summary>
    public BusWriter NewCall(NativeText? destination, NativeText path, ReadOnlySpan<byte> @interface, ReadOnlySpan<byte> member)
    {
        nint message = 0;
        int result = -107;
        fixed (byte* interfaceStart = @interface, memberStart = member)
        {
            if (_bus != 0)
                result = sd_bus_message_new_method_call(
                    _bus, &message, destination is null ? null : destination.Pointer, path.Pointer, interfaceStart, memberStart);
        }

        GC.KeepAlive(destination);
        GC.KeepAlive(path);
        if (result >= 0)
            _ = sd_bus_message_set_auto_start(message, 0);
        return new BusWriter(message, result);
    }

    /// <summary>Starts a signal.</summary>
    public BusWriter NewSignal(NativeText path, ReadOnlySpan<byte> @interface, ReadOnlySpan<byte> member)
    {
        nint message = 0;
        int result = -107;
        fixed (byte* interfaceStart = @interface, memberStart = member)
        {
            if (_bus != 0)
                result = sd_bus_message_new_signal(_bus, &message, path.Pointer, interfaceStart, memberStart);
        }

        GC.KeepAlive(path);
        return new BusWriter(message, result);
    }

    /// <summary>Starts the reply to a call.</summary>
    public static BusWriter NewReply(BusReader call)
    {
        nint message = 0;
        int result = sd_bus_message_new_method_return(call.Pointer, &message);
        return new BusWriter(message, result);
    }

    /// <summary>Answers a call with an empty reply; nothing is sent when none is wanted.</summary>
    public static void Reply(BusReader call)
    {
        if (!call.ExpectsReply)
            return;
        using BusWriter reply = NewReply(call);
        reply.TrySend();
    }

    /// <summary>Answers a call with an error; <paramref name="name"/> and <paramref name="text"/> are u8 literals.</summary>
    public static void ReplyError(BusReader call, ReadOnlySpan<byte> name, ReadOnlySpan<byte> text)
    {
        fixed (byte* nameStart = name, textStart = text)
        {
            Error error = new() { Name = nameStart, Message = textStart };
            _ = sd_bus_reply_method_error(call.Pointer, &error);
        }
    }

    /// <summary>
    /// Sends a call and hands its reply to <paramref name="handler"/>: also an error, a time-out, or the end of
    /// the connection while it is being processed. False when it could not be sent; the handler is not called then.
    /// </summary>
    public bool TryCall(BusWriter call, BusReplyHandler handler, TimeSpan timeout)
    {
        if (_bus == 0 || call.Error < 0)
            return false;
        nint slot;
        GCHandle handle = GCHandle.Alloc(new Target(this, null, handler));
        int result = sd_bus_call_async(
            _bus, &slot, call.Pointer, &OnReply, GCHandle.ToIntPtr(handle), (ulong)(timeout.TotalMilliseconds * 1000));
        if (result < 0)
        {
            handle.Free();
            return false;
        }

        Adopt(result, slot, handle, "sd_bus_call_async");
        return true;
    }

    /// <summary>Writes out what is queued, waiting for the peer to take it.</summary>
    public void Flush()
    {
        if (_bus != 0)
            _ = sd_bus_flush(_bus);
    }

    /// <summary>Closes the connection and its fds; pending replies are dropped.</summary>
    public void Dispose()
    {
        nint bus = _bus;
        _bus = 0;
        if (bus == 0)
            return;
        sd_bus_close(bus);
        sd_bus_unref(bus);
    }

    private Bus Start()
    {
        BusException.ThrowIfFailed(sd_bus_negotiate_fds(_bus, 1), "sd_bus_negotiate_fds");
        BusException.ThrowIfFailed(sd_bus_start(_bus), "sd_bus_start");
        return this;
    }

    // The bus owns the slot from here on; the handle is freed by sd-bus after the last callback.
    private static void Adopt(int result, nint slot, GCHandle handle, string call)
    {
        if (result < 0)
        {
            handle.Free();
            BusException.ThrowIfFailed(result, call);
        }

        _ = sd_bus_slot_set_destroy_callback(slot, &OnDestroy);
        _ = sd_bus_slot_set_floating(slot, 1);
        sd_bus_slot_unref(slot);
    }

    [UnmanagedCallersOnly]
    private static int OnMessage(nint message, nint userData, nint error)
    {
        Target target = (Target)GCHandle.FromIntPtr(userData).Target!;
        try
        {
            return target.Object!.Handle(new BusReader(message)) ? 1 : 0;
        }
        catch (Exception failure)
        {
            target.Bus._failure ??= failure;
            return 1;
        }
    }

    [UnmanagedCallersOnly]
    private static int OnReply(nint message, nint userData, nint error)
    {
        Target target = (Target)GCHandle.FromIntPtr(userData).Target!;
        try
        {
            target.Reply!(new BusReader(message));
        }
        catch (Exception failure)
        {
            target.Bus._failure ??= failure;
        }

        return 1;
    }

    [UnmanagedCallersOnly]
    private static int OnInstalled(nint message, nint userData, nint error) => 1;

    [UnmanagedCallersOnly]
    private static void OnDestroy(nint userData) => GCHandle.FromIntPtr(userData).Free();

    private sealed record Target(Bus Bus, IBusObject? Object, BusReplyHandler? Reply);
}
