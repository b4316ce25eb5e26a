using System.Text;
using System.Runtime.InteropServices;
using static QemuZeroCopy.Interop.SdBus.SdBusNative;

namespace QemuZeroCopy.Interop.SdBus;

/// <summary>
/// Builds one message. Dispose of it after sending. The first append that fails is remembered, and makes
/// sending fail; so the appends need no check each. Allocates no managed memory.
/// </summary>
public unsafe ref struct BusWriter
{
    private nint _message;
    private int _error;

    internal BusWriter(nint message, int error)
    {
        _message = message;
        _error = error;
    }

    internal readonly nint Pointer => _message;

    /// <summary>0, or −errno of the first thing that failed.</summary>
    public readonly int Error => _error;

    /// <summary>Appends 'y'.</summary>
    public void Append(byte value) => Basic('y', &value);

    /// <summary>Appends 'i'.</summary>
    public void Append(int value) => Basic('i', &value);

    /// <summary>Appends 'u'.</summary>
    public void Append(uint value) => Basic('u', &value);

    /// <summary>Appends 'q'.</summary>
    public void Append(ushort value) => Basic('q', &value);

    /// <summary>Appends 't'.</summary>
    public void Append(ulong value) => Basic('t', &value);

    /// <summary>Appends 'd'.</summary>
    public void Append(double value) => Basic('d', &value);

    /// <summary>Appends 'b'.</summary>
    public void Append(bool value)
    {
        int number = value ? 1 : 0;
        Basic('b', &number);
    }

    /// <summary>Appends 's' from a zero-terminated u8 literal.</summary>
    public void AppendText(ReadOnlySpan<byte> zeroTerminated)
    {
        fixed (byte* start = zeroTerminated)
            Note(sd_bus_message_append_basic(_message, (byte)'s', start));
    }

    /// <summary>Appends 's'.</summary>
    public void Append(string value) => AppendText(Encoding.UTF8.GetBytes(value + '\0'));

    /// <summary>Appends 'o'.</summary>
    public void AppendPath(string value)
    {
        fixed (byte* start = Encoding.UTF8.GetBytes(value + '\0'))
            Note(sd_bus_message_append_basic(_message, (byte)'o', start));
    }

    /// <summary>
    /// Appends 'h'; sd-bus duplicates the fd. Only once <see cref="Bus.IsReady"/>: before that, sd-bus does not
    /// know whether the peer takes fds, and would wait for it inside the send.
    /// </summary>
    public void AppendFd(SafeHandle fd)
    {
        using Linux.BorrowedFd borrowed = Linux.Fds.Borrow(fd);
        int number = borrowed.Value;
        Basic('h', &number);
    }

    /// <summary>Appends "ay".</summary>
    public void AppendBytes(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
            Note(sd_bus_message_append_array(_message, (byte)'y', start, (nuint)bytes.Length));
    }

    /// <summary>Appends "au".</summary>
    public void AppendUInts(ReadOnlySpan<uint> values)
    {
        fixed (uint* start = values)
            Note(sd_bus_message_append_array(_message, (byte)'u', start, (nuint)values.Length * sizeof(uint)));
    }

    /// <summary>Opens an array of elements with the given signature (u8 literals are zero-terminated).</summary>
    public void OpenArray(ReadOnlySpan<byte> elements) => Open('a', elements);

    /// <summary>Opens a variant of the given signature.</summary>
    public void OpenVariant(ReadOnlySpan<byte> contents) => Open('v', contents);

    /// <summary>Opens a dictionary entry.</summary>
    public void OpenEntry(ReadOnlySpan<byte> contents) => Open('e', contents);

    /// <summary>Closes what was opened last.</summary>
    public void Close() => Note(sd_bus_message_close_container(_message));

    /// <summary>Sends it without waiting for an answer to come; false when it could not be built or the connection is gone.</summary>
    public readonly bool TrySend() => _error >= 0 && sd_bus_send(0, _message, null) >= 0;

    /// <summary>As <see cref="TrySend"/>, for a call whose reply nobody wants.</summary>
    public readonly bool TrySendWithoutReply() =>
        _error >= 0 && sd_bus_message_set_expect_reply(_message, 0) >= 0 && sd_bus_send(0, _message, null) >= 0;

    /// <summary>Drops the reference to the message.</summary>
    public void Dispose()
    {
        if (_message != 0)
            sd_bus_message_unref(_message);
        _message = 0;
    }

    private void Basic(char type, void* value) => Note(sd_bus_message_append_basic(_message, (byte)type, value));

    private void Open(char type, ReadOnlySpan<byte> contents)
    {
        fixed (byte* start = contents)
            Note(sd_bus_message_open_container(_message, (byte)type, start));
    }

    private void Note(int result)
    {
        if (result < 0 && _error >= 0)
            _error = result;
    }
}
