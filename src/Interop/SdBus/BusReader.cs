using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Linux;
using static QemuZeroCopy.Interop.SdBus.SdBusNative;

namespace QemuZeroCopy.Interop.SdBus;

/// <summary>Kinds of D-Bus messages.</summary>
public enum BusMessageKind : byte
{
    /// <summary>Not a message.</summary>
    None = 0,

    /// <summary>A method call.</summary>
    Call = 1,

    /// <summary>The reply to one.</summary>
    Return = 2,

    /// <summary>An error in reply to one.</summary>
    Error = 3,

    /// <summary>A signal.</summary>
    Signal = 4,
}

/// <summary>
/// Reads a received message in order, without copying; valid inside the callback that got it. Each Try method
/// is false when the next element is of another type or there is none.
/// </summary>
public readonly unsafe ref struct BusReader
{
    private readonly nint _message;

    internal BusReader(nint message) => _message = message;

    /// <summary>What kind of message it is.</summary>
    public BusMessageKind Kind
    {
        get
        {
            byte type;
            return sd_bus_message_get_type(_message, &type) < 0 ? BusMessageKind.None : (BusMessageKind)type;
        }
    }

    /// <summary>Interface, empty when it names none.</summary>
    public ReadOnlySpan<byte> Interface => Text(sd_bus_message_get_interface(_message));

    /// <summary>Method or signal.</summary>
    public ReadOnlySpan<byte> Member => Text(sd_bus_message_get_member(_message));

    /// <summary>Object path.</summary>
    public ReadOnlySpan<byte> Path => Text(sd_bus_message_get_path(_message));

    /// <summary>Unique name of the sender on a bus; empty on a private connection.</summary>
    public ReadOnlySpan<byte> Sender => Text(sd_bus_message_get_sender(_message));

    /// <summary>Signature of the whole body.</summary>
    public ReadOnlySpan<byte> Signature => Text(sd_bus_message_get_signature(_message, 1));

    /// <summary>Whether the sender waits for a reply.</summary>
    public bool ExpectsReply => sd_bus_message_get_expect_reply(_message) > 0;

    /// <summary>Whether the message is the error reply to a call.</summary>
    public bool IsError => Kind == BusMessageKind.Error;

    /// <summary>Name and words of an error reply, for a person.</summary>
    public string ErrorText
    {
        get
        {
            Error* error = sd_bus_message_get_error(_message);
            return error is null ? "no error" : $"{Utf8(error->Name)}: {Utf8(error->Message)}";
        }
    }

    /// <summary>Name of an error reply, such as org.freedesktop.DBus.Error.UnknownMethod; empty without one.</summary>
    public string ErrorName
    {
        get
        {
            Error* error = sd_bus_message_get_error(_message);
            return error is null ? "" : Utf8(error->Name);
        }
    }

    /// <summary>Whether this is a call of the method.</summary>
    public bool IsCall(ReadOnlySpan<byte> @interface, ReadOnlySpan<byte> member) =>
        Member.SequenceEqual(member) && Interface.SequenceEqual(@interface);

    /// <summary>Reads 'i'.</summary>
    public bool TryRead(out int value)
    {
        value = 0;
        fixed (int* place = &value)
            return Basic('i', place);
    }

    /// <summary>Reads 'u'.</summary>
    public bool TryRead(out uint value)
    {
        value = 0;
        fixed (uint* place = &value)
            return Basic('u', place);
    }

    /// <summary>Reads 't'.</summary>
    public bool TryRead(out ulong value)
    {
        value = 0;
        fixed (ulong* place = &value)
            return Basic('t', place);
    }

    /// <summary>Reads 'q'.</summary>
    public bool TryRead(out ushort value)
    {
        value = 0;
        fixed (ushort* place = &value)
            return Basic('q', place);
    }

    /// <summary>Reads 'y'.</summary>
    public bool TryRead(out byte value)
    {
        value = 0;
        fixed (byte* place = &value)
            return Basic('y', place);
    }

    /// <summary>Reads 'd'.</summary>
    public bool TryRead(out double value)
    {
        value = 0;
        fixed (double* place = &value)
            return Basic('d', place);
    }

    /// <summary>Reads 'b'.</summary>
    public bool TryRead(out bool value)
    {
        int number;
        bool read = Basic('b', &number);
        value = read && number != 0;
        return read;
    }

    /// <summary>Reads 's' or 'o' without copying.</summary>
    public bool TryReadText(out ReadOnlySpan<byte> value)
    {
        byte* start;
        bool read = Basic('s', &start) || Basic('o', &start);
        value = read ? Text(start) : default;
        return read;
    }

    /// <summary>Reads 's' or 'o'.</summary>
    public bool TryRead(out string value)
    {
        bool read = TryReadText(out ReadOnlySpan<byte> text);
        value = read ? Encoding.UTF8.GetString(text) : "";
        return read;
    }

    /// <summary>Reads 'h' as a duplicate (CLOEXEC) that the caller owns; the message keeps its own.</summary>
    public bool TryReadFd(out SafeFileHandle fd)
    {
        int number;
        SafeFileHandle? copy = Basic('h', &number) ? Fds.TryDuplicate(number) : null;
        fd = copy!;
        return copy is not null;
    }

    /// <summary>Reads an array of bytes ("ay") where it lies in the message.</summary>
    public bool TryReadBytes(out ReadOnlySpan<byte> bytes)
    {
        void* data;
        nuint size;
        bool read = sd_bus_message_read_array(_message, (byte)'y', &data, &size) > 0 && size <= int.MaxValue;
        bytes = read ? new ReadOnlySpan<byte>(data, (int)size) : default;
        return read;
    }

    /// <summary>Reads an array of 'u' where it lies in the message.</summary>
    public bool TryReadUInts(out ReadOnlySpan<uint> values)
    {
        void* data;
        nuint size;
        bool read = sd_bus_message_read_array(_message, (byte)'u', &data, &size) > 0 && size <= int.MaxValue;
        values = read ? new ReadOnlySpan<uint>(data, (int)size / sizeof(uint)) : default;
        return read;
    }

    /// <summary>Enters an array whose elements have the given signature (zero-terminated, as u8 literals are).</summary>
    public bool EnterArray(ReadOnlySpan<byte> elements) => Enter('a', elements);

    /// <summary>Enters a variant that holds the given signature.</summary>
    public bool EnterVariant(ReadOnlySpan<byte> contents) => Enter('v', contents);

    /// <summary>Enters a dictionary entry with the given signature, without its braces.</summary>
    public bool EnterEntry(ReadOnlySpan<byte> contents) => Enter('e', contents);

    /// <summary>Leaves what was entered; what was not read of it must have been skipped.</summary>
    public bool Exit() => sd_bus_message_exit_container(_message) >= 0;

    /// <summary>Skips elements of the given types.</summary>
    public bool Skip(ReadOnlySpan<byte> types)
    {
        fixed (byte* start = types)
            return sd_bus_message_skip(_message, start) >= 0;
    }

    /// <summary>Whether nothing is left in the container entered last.</summary>
    public bool AtEnd => sd_bus_message_at_end(_message, 0) != 0;

    /// <summary>Signature of the contents when the next element is a variant; empty otherwise.</summary>
    public ReadOnlySpan<byte> PeekVariant()
    {
        byte type;
        byte* contents;
        return sd_bus_message_peek_type(_message, &type, &contents) > 0 && type == (byte)'v' ? Text(contents) : default;
    }

    /// <summary>Keeps the call for a reply later.</summary>
    public PendingCall Keep() => new(sd_bus_message_ref(_message));

    internal nint Pointer => _message;

    internal static ReadOnlySpan<byte> Text(byte* start) =>
        start is null ? default : MemoryMarshal.CreateReadOnlySpanFromNullTerminated(start);

    private static string Utf8(byte* start) => Encoding.UTF8.GetString(Text(start));

    private bool Basic(char type, void* value) => sd_bus_message_read_basic(_message, (byte)type, value) > 0;

    private bool Enter(char type, ReadOnlySpan<byte> contents)
    {
        fixed (byte* start = contents)
            return sd_bus_message_enter_container(_message, (byte)type, start) > 0;
    }
}
