using System.Buffers.Text;
using QemuZeroCopy.Server.Input.Barrier.Protocol;

namespace QemuZeroCopy.Server.Input.Barrier.Clipboard;

/// <summary>What a part of a clipboard led to.</summary>
internal enum ClipboardProgress
{
    /// <summary>More is to come.</summary>
    Unfinished,

    /// <summary>All of it is here: <see cref="ClipboardReceiver.Data"/>.</summary>
    Finished,

    /// <summary>The parts do not fit: no start, more or less than announced, too large.</summary>
    Bad,
}

/// <summary>Puts one clipboard together from DCLP's marks: start with the size in decimal digits, data, end.</summary>
internal sealed class ClipboardReceiver
{
    private const byte MarkStart = 1;
    private const byte MarkData = 2;
    private const byte MarkEnd = 3;
    private const int Idle = -1;

    private byte[] _data = [];
    private int _filled;
    private int _expected = Idle;

    /// <summary>The clipboard, after <see cref="ClipboardProgress.Finished"/> and until the next part.</summary>
    public ReadOnlySpan<byte> Data => _data.AsSpan(0, _filled);

    public ClipboardProgress Add(byte mark, ReadOnlySpan<byte> part) => mark switch
    {
        MarkStart => Start(part),
        MarkData => Append(part),
        MarkEnd => Finish(),
        _ => ClipboardProgress.Bad,
    };

    /// <summary>Gives the memory back once the clipboard has been read.</summary>
    public void Forget()
    {
        _data = [];
        _filled = 0;
        _expected = Idle;
    }

    private ClipboardProgress Start(ReadOnlySpan<byte> digits)
    {
        Forget();
        if (!Utf8Parser.TryParse(digits, out uint size, out int consumed) || consumed != digits.Length
            || size > BarrierLimits.MaxClipboardBytes)
        {
            return ClipboardProgress.Bad;
        }

        _expected = (int)size;
        return ClipboardProgress.Unfinished;
    }

    private ClipboardProgress Append(ReadOnlySpan<byte> part)
    {
        if (_expected == Idle || part.Length > _expected - _filled)
            return ClipboardProgress.Bad;
        int needed = _filled + part.Length;
        // Grows with what arrives, not with what was announced.
        if (needed > _data.Length)
            Array.Resize(ref _data, Math.Min(_expected, Math.Max(needed, 2 * _data.Length)));
        part.CopyTo(_data.AsSpan(_filled));
        _filled = needed;
        return ClipboardProgress.Unfinished;
    }

    private ClipboardProgress Finish()
    {
        bool whole = _expected != Idle && _filled == _expected;
        _expected = Idle;
        return whole ? ClipboardProgress.Finished : ClipboardProgress.Bad;
    }
}
