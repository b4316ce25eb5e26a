using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Interop.SdBus;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Display.Listening;

/// <summary>
/// The Listener object of one console (ui/dbus-display1.xml): takes QEMU's calls on the private connection,
/// checks them and feeds the console's mailbox. Lives as long as the console, over several connections.
/// </summary>
internal sealed class ConsoleListener : IBusObject, IDisplayTimer
{
    internal const string Path = "/org/qemu/Display1/Listener";

    private const long RecheckDelayNs = 150_000_000;

    private readonly DisplayOptions _options;
    private readonly IDisplayEvents _events;
    private readonly ListenerObject _object;
    private readonly SharedPixelsCache _cache = new();
    private readonly AcknowledgementQueue _acknowledgements;
    private FileMirror? _mirror;
    private Scanout? _current;
    private long _offNs = long.MaxValue;
    private long _recheckNs = long.MaxValue;
    private uint _refusedKinds;

    internal ConsoleListener(VmDisplay vm, uint id, DisplayThread thread, DisplayOptions options, IDisplayEvents events)
    {
        _options = options;
        _events = events;
        _object = new ListenerObject(options);
        _acknowledgements = new AcknowledgementQueue(thread, (long)options.LongestHold.TotalNanoseconds, (heldNs, wasRead) => _events.GuestReleased(Console!, heldNs, wasRead));
        Console = new ConsoleDisplay(vm, id, _acknowledgements);
    }

    internal ConsoleDisplay Console { get; }

    /// <summary>Size of the picture now shown; null without one.</summary>
    internal PictureSize? Size => _current?.Size;

    /// <summary>The private connection while listening.</summary>
    internal Bus? Bus { get; set; }

    /// <summary>Asks for a new registration, because QEMU owes us a whole picture.</summary>
    internal Action? PictureIsMissing { get; set; }

    public long DueNs => Math.Min(Math.Min(_offNs, _recheckNs), _acknowledgements.DueNs);

    /// <summary>The scanout that damage refers to, of which this object holds a reference.</summary>
    private Scanout? Current
    {
        get => _current;
        set
        {
            value?.AddReference();
            _current?.Release();
            _current = value;
        }
    }

    public void Run(long nowNs)
    {
        _acknowledgements.AnswerDue(nowNs);
        if (_recheckNs <= nowNs)
            Recheck();
        if (_offNs > nowNs)
            return;
        _offNs = long.MaxValue;
        DropMirror();
        Current = null;
        _cache.Clear();
        Console.Frames.SetScanout(null, nowNs);
        _events.ScanoutChanged(Console, null);
    }

    public bool Handle(BusReader message)
    {
        if (message.Kind != BusMessageKind.Call)
            return false;
        long nowNs = MonotonicClock.NowNs;
        ReadOnlySpan<byte> member = message.Member;
        ReadOnlySpan<byte> name = message.Interface;
        if (name.SequenceEqual("org.qemu.Display1.Listener"u8))
            return HandleListener(message, member, nowNs);
        if (name.SequenceEqual("org.qemu.Display1.Listener.Unix.Map"u8))
            return HandleMap(message, member, nowNs);
        if (name.SequenceEqual("org.qemu.Display1.Listener.Unix.ScanoutDMABUF2"u8) && member.SequenceEqual("ScanoutDMABUF2"u8))
            return Answer(message, ScanoutDmaBuf2(message, nowNs));
        return _object.Handle(message);
    }

    /// <summary>QEMU's properties name another size: the picture should follow soon.</summary>
    internal void SizeWasTold(long nowNs) => _recheckNs = nowNs + RecheckDelayNs;

    // QEMU 9.2 to 10 without shared memory tells a new mode of VGA text by partial updates alone, without a
    // Scanout (ui/dbus-listener.c, dbus_gfx_switch). Only a new registration brings the whole picture.
    private void Recheck()
    {
        _recheckNs = long.MaxValue;
        if (_mirror is null && Current is CopiedScanout copy && Console.Size.IsValid && copy.Size != Console.Size)
            PictureIsMissing?.Invoke();
    }

    /// <summary>Nobody listens any more: everything is answered; the picture stays until the next one.</summary>
    internal void StopListening()
    {
        _acknowledgements.AnswerAll();
        Bus?.Flush();
        DropMirror();
        _offNs = long.MaxValue;
        Console.IsListening = false;
    }

    /// <summary>The console has gone: frees the scanout and closes the mailbox.</summary>
    internal void Close()
    {
        StopListening();
        Console.Close();
        Current = null;
        _cache.Clear();
    }

    internal void Refuse(RefusedInput kind, string detail)
    {
        Console.CountRefused();
        uint bit = 1u << (int)kind;
        if ((_refusedKinds & bit) != 0)
            return;
        _refusedKinds |= bit;
        _events.Refused(kind, detail);
    }

    private bool HandleListener(BusReader message, ReadOnlySpan<byte> member, long nowNs)
    {
        if (member.SequenceEqual("UpdateDMABUF"u8))
            return UpdateDmaBuf(message, nowNs);
        if (member.SequenceEqual("Update"u8))
            return Answer(message, Update(message, nowNs));
        if (member.SequenceEqual("Scanout"u8))
            return Answer(message, ScanoutPixels(message, nowNs));
        if (member.SequenceEqual("ScanoutDMABUF"u8))
            return Answer(message, ScanoutDmaBuf(message, nowNs));
        if (member.SequenceEqual("Disable"u8))
            return Answer(message, Disable(nowNs));
        if (member.SequenceEqual("MouseSet"u8))
            return Answer(message, MouseSet(message));
        return member.SequenceEqual("CursorDefine"u8) && Answer(message, CursorDefine(message));
    }

    private bool HandleMap(BusReader message, ReadOnlySpan<byte> member, long nowNs)
    {
        if (member.SequenceEqual("UpdateMap"u8))
            return Answer(message, UpdateMap(message, nowNs));
        return member.SequenceEqual("ScanoutMap"u8) && Answer(message, ScanoutMap(message, nowNs));
    }

    // An error to ScanoutMap makes QEMU send the pixels in messages instead, so a refusal still heals.
    private static bool Answer(BusReader message, bool accepted)
    {
        if (accepted)
            Bus.Reply(message);
        else if (message.ExpectsReply)
            Bus.ReplyError(message, "org.freedesktop.DBus.Error.InvalidArgs"u8, "refused"u8);
        return true;
    }

    private bool ScanoutMap(BusReader message, long nowNs)
    {
        if (!message.TryReadFd(out SafeFileHandle file))
            return RefuseMessage("ScanoutMap");
        using (file)
        {
            if (!(message.TryRead(out uint offset) && message.TryRead(out uint width) && message.TryRead(out uint height)
                && message.TryRead(out uint stride) && message.TryRead(out uint pixman)))
                return RefuseMessage("ScanoutMap");
            ScanoutClaim claim = new(width, height, stride, pixman, offset);
            RefusedInput? problem = ScanoutChecks.CheckPixels(claim, out PictureSize size, out PixelFormat format, out long endBytes);
            if (problem is null && !(Fds.TryStat(file, out FileFacts facts) && facts.IsRegular && facts.SizeBytes >= endBytes))
                problem = RefusedInput.FileDescriptor;
            if (problem is { } kind)
                return RefuseScanout(kind, "ScanoutMap", claim.ToString());

            Fds.TryStat(file, out facts);
            if (_cache.TryMap(file, facts, endBytes) is { } memory)
            {
                SharedMemoryScanout shared = new(size, format, (int)stride, memory, offset);
                Show(shared, nowNs, isBlank: Current?.Size == size && shared.IsBlank());
                return true;
            }

            CopiedScanout copy = new(size, format);
            FileMirror mirror = new(Fds.TryDuplicate(file), offset, (int)stride, copy);
            mirror.TryCopy(new PixelRect(0, 0, size.Width, size.Height));
            Show(copy, nowNs);
            _mirror = mirror;
            return true;
        }
    }

    private bool UpdateMap(BusReader message, long nowNs)
    {
        if (!TryReadRect(message, out PixelRect rect))
            return RefuseMessage("UpdateMap");
        if (!TryClip(rect, Current is SharedMemoryScanout || _mirror is not null, out PixelRect inside))
            return false;
        if (_mirror is { } mirror && !mirror.TryCopy(inside))
            return RefuseScanout(RefusedInput.FileDescriptor, "UpdateMap", "the file became shorter");
        Console.Frames.AddDamage(inside, nowNs);
        return true;
    }

    private bool ScanoutPixels(BusReader message, long nowNs)
    {
        if (!(message.TryRead(out uint width) && message.TryRead(out uint height) && message.TryRead(out uint stride)
            && message.TryRead(out uint pixman) && message.TryReadBytes(out ReadOnlySpan<byte> pixels)))
            return RefuseMessage("Scanout");
        ScanoutClaim claim = new(width, height, stride, pixman);
        RefusedInput? problem = ScanoutChecks.CheckPixels(claim, out PictureSize size, out PixelFormat format, out long endBytes);
        if (problem is null && pixels.Length < endBytes)
            problem = RefusedInput.Geometry;
        if (problem is { } kind)
            return RefuseScanout(kind, "Scanout", $"{claim}, {pixels.Length} bytes");

        // QEMU sends each full-screen change as a new Scanout: the same picture, as long as the shape stays.
        PixelRect whole = new(0, 0, size.Width, size.Height);
        if (_mirror is null && _offNs == long.MaxValue && Current is CopiedScanout same && same.Size == size && same.Format == format)
        {
            same.TryWrite(whole, pixels, (int)stride);
            Console.Frames.AddDamage(whole, nowNs);
            return true;
        }

        CopiedScanout copy = new(size, format);
        copy.TryWrite(whole, pixels, (int)stride);
        Show(copy, nowNs);
        return true;
    }

    private bool Update(BusReader message, long nowNs)
    {
        if (!(TryReadRect(message, out PixelRect rect) && message.TryRead(out uint stride)
            && message.TryRead(out uint pixman) && message.TryReadBytes(out ReadOnlySpan<byte> pixels)))
            return RefuseMessage("Update");
        if (!PixelFormats.TryFromPixman(pixman, out PixelFormat format))
            return RefuseScanout(RefusedInput.Format, "Update", $"format 0x{pixman:x8}");
        if (Current is not CopiedScanout copy || _mirror is not null || copy.Format != format
            || stride > ScanoutClaim.MaxStride || !copy.TryWrite(rect, pixels, (int)stride))
            return RefuseScanout(RefusedInput.Damage, "Update", $"{rect}, stride {stride}, {pixels.Length} bytes on {Describe()}");
        Console.Frames.AddDamage(rect, nowNs);
        return true;
    }

    private bool ScanoutDmaBuf(BusReader message, long nowNs)
    {
        if (!message.TryReadFd(out SafeFileHandle file))
            return RefuseMessage("ScanoutDMABUF");
        if (!(message.TryRead(out uint width) && message.TryRead(out uint height) && message.TryRead(out uint stride)
            && message.TryRead(out uint fourcc) && message.TryRead(out ulong modifier) && message.TryRead(out bool bottomUp)))
        {
            file.Dispose();
            return RefuseMessage("ScanoutDMABUF");
        }

        DmaBufClaim claim = new(0, 0, width, height, width, height, fourcc, modifier, bottomUp);
        return ShowDmaBuf(claim, [new DmaBufPlane(file, 0, stride)], nowNs);
    }

    private bool ScanoutDmaBuf2(BusReader message, long nowNs)
    {
        DmaBufPlane[]? planes = null;
        if (DmaBufMessage.TryRead(message, out DmaBufClaim claim, out planes))
            return ShowDmaBuf(claim, planes, nowNs);
        return RefuseMessage("ScanoutDMABUF2");
    }

    private bool ShowDmaBuf(in DmaBufClaim claim, DmaBufPlane[] planes, long nowNs)
    {
        if (ScanoutChecks.TryCreateDmaBuf(claim, planes, out DmaBufScanout? scanout) is { } problem)
            return RefuseScanout(problem, "ScanoutDMABUF", claim.ToString());
        Show(scanout!, nowNs);
        return true;
    }

    // Answered by AcknowledgementQueue in any case; damage that cannot be used is acknowledged at once.
    private bool UpdateDmaBuf(BusReader message, long nowNs)
    {
        bool parsed = TryReadRect(message, out PixelRect rect);
        ulong sequence = _acknowledgements.Add(message.Keep(), nowNs);
        _events.GuestHeld(Console);
        if (!parsed)
            RefuseMessage("UpdateDMABUF");
        if (parsed && TryClip(rect, Current is DmaBufScanout, out PixelRect inside))
            Console.Frames.AddDamage(inside, nowNs, sequence);
        else
            _acknowledgements.Acknowledge(sequence);
        return true;
    }

    private bool Disable(long nowNs)
    {
        if (Current is not null && _offNs == long.MaxValue)
            _offNs = nowNs + (long)_options.OffDelay.TotalNanoseconds;
        return true;
    }

    private bool MouseSet(BusReader message)
    {
        if (!(message.TryRead(out int x) && message.TryRead(out int y) && message.TryRead(out int on)))
            return RefuseMessage("MouseSet");
        PointerPosition position = new(
            Math.Clamp(x, -PictureSize.MaxDimension, PictureSize.MaxDimension),
            Math.Clamp(y, -PictureSize.MaxDimension, PictureSize.MaxDimension), on != 0);
        Console.PointerAt = position;
        _events.PointerMoved(Console, position);
        return true;
    }

    private bool CursorDefine(BusReader message)
    {
        if (!(message.TryRead(out int width) && message.TryRead(out int height) && message.TryRead(out int hotX)
            && message.TryRead(out int hotY) && message.TryReadBytes(out ReadOnlySpan<byte> pixels)))
            return RefuseMessage("CursorDefine");
        if (width is <= 0 or > CursorImage.MaxDimension || height is <= 0 or > CursorImage.MaxDimension
            || pixels.Length < width * height * 4)
            return RefuseScanout(RefusedInput.Cursor, "CursorDefine", $"{width}x{height}, {pixels.Length} bytes");
        CursorImage cursor = new(
            new PictureSize(width, height), Math.Clamp(hotX, 0, width - 1), Math.Clamp(hotY, 0, height - 1),
            pixels[..(width * height * 4)].ToArray());
        Console.Cursor = cursor;
        _events.CursorChanged(Console, cursor);
        return true;
    }

    // Takes over the one reference that a new scanout comes with.
    private void Show(Scanout scanout, long nowNs, bool isBlank = false)
    {
        _offNs = long.MaxValue;
        DropMirror();
        Current = scanout;
        Console.Frames.SetScanout(scanout, nowNs, isBlank ? nowNs + (long)_options.OffDelay.TotalNanoseconds : 0);
        _events.ScanoutChanged(Console, scanout);
    }

    private bool TryClip(PixelRect rect, bool hasPicture, out PixelRect inside)
    {
        inside = hasPicture && Current is { } scanout ? rect.ClipTo(scanout.Size) : default;
        if (inside != rect || rect.IsEmpty)
            Refuse(RefusedInput.Damage, $"{Console}: damage {rect} on {Describe()}.");
        return !inside.IsEmpty;
    }

    private void DropMirror()
    {
        _mirror?.Dispose();
        _mirror = null;
    }

    private bool RefuseMessage(string method)
    {
        Refuse(RefusedInput.Message, $"{Console}: {method} with other arguments than the interface has.");
        return false;
    }

    private bool RefuseScanout(RefusedInput kind, string method, string detail)
    {
        Refuse(kind, $"{Console}: {method}: {detail}.");
        return false;
    }

    private string Describe() => Current is { } scanout ? $"a {scanout.GetType().Name} of {scanout.Size}" : "no picture";

    private static bool TryReadRect(BusReader message, out PixelRect rect)
    {
        bool read = message.TryRead(out int x) & message.TryRead(out int y) & message.TryRead(out int width) & message.TryRead(out int height);
        rect = new PixelRect(x, y, width, height);
        return read;
    }
}
