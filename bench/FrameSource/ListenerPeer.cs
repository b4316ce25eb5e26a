using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.SdBus;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.FrameSource;

/// <summary>Appends the arguments of a message.</summary>
public delegate void BodyWriter(ref BusWriter writer);

/// <summary>QEMU's end of one listener: sends scanouts and updates. Methods may be called from any thread.</summary>
public sealed class ListenerPeer
{
    private static readonly NativeText Path = new("/org/qemu/Display1/Listener");
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly DisplayThread _thread;
    private readonly Bus _bus;

    internal ListenerPeer(DisplayThread thread, Bus bus)
    {
        _thread = thread;
        _bus = bus;
        thread.Add(bus, () => Disconnected.TrySetResult());
    }

    /// <summary>Done when the listener has closed its end.</summary>
    public TaskCompletionSource Disconnected { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The optional interfaces that the listener said it has.</summary>
    public IReadOnlyList<string> Interfaces { get; private set; } = [];

    /// <summary>The names of the properties that GetAll of the listener gave.</summary>
    public IReadOnlyList<string> PropertyNames { get; private set; } = [];

    /// <summary>ScanoutMap; the task's result is the error's name, or null.</summary>
    public Task<string?> ScanoutMap(SafeFileHandle file, uint offset, uint width, uint height, uint stride, uint pixman) =>
        Call(ListenerMethod.ScanoutMap, (ref BusWriter writer) =>
        {
            writer.AppendFd(file);
            writer.Append(offset);
            writer.Append(width);
            writer.Append(height);
            writer.Append(stride);
            writer.Append(pixman);
        });

    /// <summary>UpdateMap, without waiting for a reply as QEMU does.</summary>
    public void UpdateMap(PixelRect rect) => Send(ListenerMethod.UpdateMap, (ref BusWriter writer) => AppendRect(ref writer, rect));

    /// <summary>Scanout with pixels in the message.</summary>
    public Task<string?> Scanout(uint width, uint height, uint stride, uint pixman, byte[] pixels) =>
        Call(ListenerMethod.Scanout, (ref BusWriter writer) =>
        {
            writer.Append(width);
            writer.Append(height);
            writer.Append(stride);
            writer.Append(pixman);
            writer.AppendBytes(pixels);
        });

    /// <summary>Update with pixels in the message.</summary>
    public Task<string?> Update(PixelRect rect, uint stride, uint pixman, byte[] pixels) =>
        Call(ListenerMethod.Update, (ref BusWriter writer) =>
        {
            AppendRect(ref writer, rect);
            writer.Append(stride);
            writer.Append(pixman);
            writer.AppendBytes(pixels);
        });

    /// <summary>ScanoutDMABUF.</summary>
    public Task<string?> ScanoutDmaBuf(SafeFileHandle file, uint width, uint height, uint stride, uint fourcc, ulong modifier, bool bottomUp) =>
        Call(ListenerMethod.ScanoutDmaBuf, (ref BusWriter writer) =>
        {
            writer.AppendFd(file);
            writer.Append(width);
            writer.Append(height);
            writer.Append(stride);
            writer.Append(fourcc);
            writer.Append(modifier);
            writer.Append(bottomUp);
        });

    /// <summary>UpdateDMABUF; the task is done when the client answers, which is its acknowledgement.</summary>
    public Task<string?> UpdateDmaBuf(PixelRect rect) => Call(ListenerMethod.UpdateDmaBuf, (ref BusWriter writer) => AppendRect(ref writer, rect));

    /// <summary>Disable.</summary>
    public Task<string?> Disable() => Call(ListenerMethod.Disable, (ref BusWriter _) => { });

    /// <summary>MouseSet.</summary>
    public Task<string?> MouseSet(int x, int y, int on) => Call(ListenerMethod.MouseSet, (ref BusWriter writer) =>
    {
        writer.Append(x);
        writer.Append(y);
        writer.Append(on);
    });

    /// <summary>CursorDefine.</summary>
    public Task<string?> CursorDefine(int width, int height, int hotX, int hotY, byte[] pixels) =>
        Call(ListenerMethod.CursorDefine, (ref BusWriter writer) =>
        {
            writer.Append(width);
            writer.Append(height);
            writer.Append(hotX);
            writer.Append(hotY);
            writer.AppendBytes(pixels);
        });

    /// <summary>Any method with any arguments; the task's result is the error's name, or null.</summary>
    public Task<string?> Call(ListenerMethod method, BodyWriter body)
    {
        TaskCompletionSource<string?> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _thread.Post(() =>
        {
            BusWriter call = New(method);
            body(ref call);
            if (!_bus.TryCall(call, reply => done.TrySetResult(reply.IsError ? reply.ErrorName : null), Patience))
                done.TrySetResult("not sent");
            call.Dispose();
        });
        return done.Task;
    }

    /// <summary>Any method with any arguments, without a reply.</summary>
    public void Send(ListenerMethod method, BodyWriter body) => _thread.Post(() =>
    {
        BusWriter call = New(method);
        body(ref call);
        call.TrySendWithoutReply();
        call.Dispose();
    });

    /// <summary>Introspection data of the listener.</summary>
    public Task<string> IntrospectAsync()
    {
        TaskCompletionSource<string> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _thread.Post(() =>
        {
            using BusWriter call = _bus.NewCall(null, Path, "org.freedesktop.DBus.Introspectable"u8, "Introspect"u8);
            _bus.TryCall(call, reply => done.TrySetResult(reply.TryRead(out string xml) ? xml : ""), Patience);
        });
        return done.Task;
    }

    /// <summary>Closes the connection.</summary>
    public void Close() => _thread.Post(() => _thread.Remove(_bus));

    internal void Begin(Action ready)
    {
        BusWriter call = _bus.NewCall(null, Path, "org.freedesktop.DBus.Properties"u8, "GetAll"u8);
        call.Append("org.qemu.Display1.Listener");
        _bus.TryCall(call, reply =>
        {
            List<string> names = [];
            Properties.Read(reply, (name, value) =>
            {
                names.Add(name);
                if (name == "Interfaces")
                    Interfaces = value.Texts ?? [];
            });
            PropertyNames = names;
            ready();
        }, Patience);
        call.Dispose();
    }

    private BusWriter New(ListenerMethod method) => method switch
    {
        ListenerMethod.ScanoutMap => Map("ScanoutMap"u8),
        ListenerMethod.UpdateMap => Map("UpdateMap"u8),
        ListenerMethod.Scanout => Plain("Scanout"u8),
        ListenerMethod.Update => Plain("Update"u8),
        ListenerMethod.ScanoutDmaBuf => Plain("ScanoutDMABUF"u8),
        ListenerMethod.UpdateDmaBuf => Plain("UpdateDMABUF"u8),
        ListenerMethod.ScanoutDmaBuf2 => _bus.NewCall(null, Path, "org.qemu.Display1.Listener.Unix.ScanoutDMABUF2"u8, "ScanoutDMABUF2"u8),
        ListenerMethod.Disable => Plain("Disable"u8),
        ListenerMethod.MouseSet => Plain("MouseSet"u8),
        ListenerMethod.CursorDefine => Plain("CursorDefine"u8),
        _ => Plain("Nonsense"u8),
    };

    private BusWriter Plain(ReadOnlySpan<byte> member) => _bus.NewCall(null, Path, "org.qemu.Display1.Listener"u8, member);

    private BusWriter Map(ReadOnlySpan<byte> member) => _bus.NewCall(null, Path, "org.qemu.Display1.Listener.Unix.Map"u8, member);

    private static void AppendRect(ref BusWriter writer, PixelRect rect)
    {
        writer.Append(rect.X);
        writer.Append(rect.Y);
        writer.Append(rect.Width);
        writer.Append(rect.Height);
    }
}

/// <summary>The methods of a listener.</summary>
public enum ListenerMethod
{
    /// <summary>Listener.Unix.Map.ScanoutMap.</summary>
    ScanoutMap,

    /// <summary>Listener.Unix.Map.UpdateMap.</summary>
    UpdateMap,

    /// <summary>Listener.Scanout.</summary>
    Scanout,

    /// <summary>Listener.Update.</summary>
    Update,

    /// <summary>Listener.ScanoutDMABUF.</summary>
    ScanoutDmaBuf,

    /// <summary>Listener.UpdateDMABUF.</summary>
    UpdateDmaBuf,

    /// <summary>Listener.Unix.ScanoutDMABUF2.ScanoutDMABUF2.</summary>
    ScanoutDmaBuf2,

    /// <summary>Listener.Disable.</summary>
    Disable,

    /// <summary>Listener.MouseSet.</summary>
    MouseSet,

    /// <summary>Listener.CursorDefine.</summary>
    CursorDefine,

    /// <summary>A method that no listener has.</summary>
    Nonsense,
}
