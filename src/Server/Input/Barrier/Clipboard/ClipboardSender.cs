using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using QemuZeroCopy.Server.Input.Barrier.Protocol;

namespace QemuZeroCopy.Server.Input.Barrier.Clipboard;

/// <summary>Hands out one clipboard in DCLP messages, a part at each poll, so that input can go between the parts.</summary>
internal sealed class ClipboardSender
{
    private const byte MarkStart = 1;
    private const byte MarkData = 2;
    private const byte MarkEnd = 3;
    private const byte MarkNone = 0;

    private byte[] _data = [];
    private int _sent;
    private byte _next = MarkNone;

    public bool IsIdle => _next == MarkNone;

    /// <summary>Begins with this clipboard; one that was under way is left unfinished, and a client forgets it at the next start.</summary>
    public void Begin(byte[] data)
    {
        _data = data;
        _sent = 0;
        _next = MarkStart;
    }

    /// <summary>Writes the next message; 0 when all is said.</summary>
    public int Poll(Span<byte> destination)
    {
        switch (_next)
        {
            case MarkStart:
                _next = MarkData;
                return Write(destination, MarkStart, Encoding.ASCII.GetBytes(_data.Length.ToString(CultureInfo.InvariantCulture)));
            case MarkData:
                int take = Math.Min(BarrierLimits.ClipboardChunkBytes, _data.Length - _sent);
                ReadOnlySpan<byte> part = _data.AsSpan(_sent, take);
                _sent += take;
                if (_sent == _data.Length)
                    _next = MarkEnd;
                return Write(destination, MarkData, part);
            case MarkEnd:
                _next = MarkNone;
                _data = [];
                return Write(destination, MarkEnd, default);
            default:
                return 0;
        }
    }

    /// <summary>Length, DCLP, clipboard 0, sequence 0 (the primary's), mark, string.</summary>
    private static int Write(Span<byte> destination, byte mark, ReadOnlySpan<byte> part)
    {
        const int Fixed = 4 + 1 + 4 + 1 + 4;
        BinaryPrimitives.WriteInt32BigEndian(destination, Fixed + part.Length);
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], (uint)MessageCode.Clipboard);
        destination[8] = 0;
        BinaryPrimitives.WriteUInt32BigEndian(destination[9..], 0);
        destination[13] = mark;
        BinaryPrimitives.WriteInt32BigEndian(destination[14..], part.Length);
        part.CopyTo(destination[18..]);
        return 4 + Fixed + part.Length;
    }
}
