using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace QemuZeroCopy.Server.Input.Barrier.Protocol;

/// <summary>One message to a client, length included, ready for the wire. Holds everything but clipboards.</summary>
internal struct OutgoingMessage
{
    /// <summary>The longest is DSOP with one option: length, code, count, id, value.</summary>
    private const int Capacity = 20;

    [InlineArray(Capacity)]
    private struct Storage
    {
        private byte _first;
    }

    private Storage _bytes;
    private int _length;

    /// <summary>The greeting, which alone has a name instead of a four-letter code.</summary>
    public static OutgoingMessage Hello()
    {
        OutgoingMessage message = default;
        message._length = 4;
        "Barrier"u8.CopyTo(message.Free);
        message._length += 7;
        message.Add16(BarrierLimits.MajorVersion);
        message.Add16(BarrierLimits.MinorVersion);
        message.Seal();
        return message;
    }

    public OutgoingMessage(MessageCode code)
    {
        Code = code;
        _length = 4;
        Add32((uint)code);
        Seal();
    }

    public OutgoingMessage(MessageCode code, int first)
        : this(code)
    {
        Add16(first);
        Seal();
    }

    public OutgoingMessage(MessageCode code, int first, int second)
        : this(code, first)
    {
        Add16(second);
        Seal();
    }

    public OutgoingMessage(MessageCode code, int first, int second, int third)
        : this(code, first, second)
    {
        Add16(third);
        Seal();
    }

    public OutgoingMessage(MessageCode code, int first, int second, int third, int fourth)
        : this(code, first, second, third)
    {
        Add16(fourth);
        Seal();
    }

    /// <summary>What it is; 0 for the greeting.</summary>
    public MessageCode Code { get; }

    /// <summary>A message with one byte: a button, or the screen saver's state.</summary>
    public static OutgoingMessage WithByte(MessageCode code, byte value)
    {
        var message = new OutgoingMessage(code);
        message.Add8(value);
        message.Seal();
        return message;
    }

    public static OutgoingMessage Enter(int x, int y, uint sequence, int modifiers)
    {
        var message = new OutgoingMessage(MessageCode.Enter, x, y);
        message.Add32(sequence);
        message.Add16(modifiers);
        message.Seal();
        return message;
    }

    public static OutgoingMessage GrabClipboard(byte clipboard, uint sequence)
    {
        OutgoingMessage message = WithByte(MessageCode.GrabClipboard, clipboard);
        message.Add32(sequence);
        message.Seal();
        return message;
    }

    /// <summary>The keep-alive interval, the one option that this server sets ("HART", milliseconds).</summary>
    public static OutgoingMessage Options(int keepAliveMs)
    {
        var message = new OutgoingMessage(MessageCode.SetOptions);
        message.Add32(2);
        message.Add32(0x48415254);
        message.Add32((uint)keepAliveMs);
        message.Seal();
        return message;
    }

    /// <summary>Writes it where it is to be sent from; returns its length.</summary>
    public readonly int CopyTo(Span<byte> destination)
    {
        ((ReadOnlySpan<byte>)_bytes)[.._length].CopyTo(destination);
        return _length;
    }

    [UnscopedRef]
    private Span<byte> Free => ((Span<byte>)_bytes)[_length..];

    private void Add8(byte value)
    {
        Free[0] = value;
        _length += 1;
    }

    private void Add16(int value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(Free, unchecked((ushort)value));
        _length += 2;
    }

    private void Add32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(Free, value);
        _length += 4;
    }

    private void Seal() => BinaryPrimitives.WriteInt32BigEndian(_bytes, _length - 4);
}
