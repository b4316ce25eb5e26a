using System.Buffers.Binary;
using System.Text;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Server.Input;

/// <summary>The first byte of a page's input message; wwwroot/input/messages.js holds the twin. Little-endian.</summary>
internal enum InputMessageKind : byte
{
    /// <summary>u8 action, u8 modifiers, u8 length of code, code (ASCII), key (UTF-8).</summary>
    Key = 1,

    /// <summary>u8 button, u8 pressed.</summary>
    Button = 2,

    /// <summary>u16 sequence, u16 x, u16 y: in 1/65536 of the picture.</summary>
    MoveTo = 3,

    /// <summary>u16 sequence, u16 x, u16 y: sums of all motion since the session began, so that a lost message heals.</summary>
    MoveBy = 4,

    /// <summary>i16 x, i16 y: in 1/120 of a wheel's notch.</summary>
    Scroll = 5,

    /// <summary>Nothing follows.</summary>
    ReleaseAll = 6,

    /// <summary>u8 phase, u8 slot, u16 x, u16 y: in 1/65536 of the picture.</summary>
    Touch = 7,

    /// <summary>u32 of the page's clock, sent back as it came: the page is alive.</summary>
    Alive = 8,

    /// <summary>The name (ASCII) of the Barrier client to drive from now on, or nothing for what --input says.</summary>
    Drive = 9,

    /// <summary>
    /// About the input before this. u32 of the page's choice: tell which picture answers it, with the same number; 0: no need.
    /// i64: when it happened in the page, µs of this host's clock as the page reckons it; 0: not known.
    /// </summary>
    Mark = 10,

    /// <summary>u16 number, another message: on the ordered channel, and again on the other one (<see cref="NumberedInput"/>).</summary>
    Numbered = 11,
}

/// <summary>
/// Reads a page's input messages and applies them. Everything in them is hostile until checked; what does
/// not parse is counted and dropped. One per viewer, not thread-safe.
/// </summary>
internal sealed class InputReader(HeldInput target)
{
    /// <summary>The longest DOM code name has 18 characters, a key of one grapheme few bytes.</summary>
    private const int MaxTextBytes = 64;

    private ushort _lastSequence;
    private ushort _sumX;
    private ushort _sumY;
    private bool _moved;

    /// <summary>Messages that made no sense.</summary>
    public long Malformed { get; private set; }

    /// <summary>Motion that came after newer motion.</summary>
    public long Late { get; private set; }

    /// <summary>Applies one message. <paramref name="picture"/> is the size that the page shows now; null while there is none.</summary>
    public void Apply(ReadOnlySpan<byte> message, PictureSize? picture)
    {
        if (message.IsEmpty || !TryApply((InputMessageKind)message[0], message[1..], picture))
            Malformed++;
    }

    private bool TryApply(InputMessageKind kind, ReadOnlySpan<byte> body, PictureSize? picture)
    {
        switch (kind)
        {
            case InputMessageKind.Key:
                return TryKey(body);
            case InputMessageKind.Button when body.Length == 2 && body[1] <= 1:
                target.Button((PointerButton)body[0], body[1] == 1);
                return true;
            case InputMessageKind.MoveTo when body.Length == 6:
                if (IsNewer(body) && picture is { } size)
                    target.MoveTo(Scale(body[2..], size.Width), Scale(body[4..], size.Height), size);
                return true;
            case InputMessageKind.MoveBy when body.Length == 6:
                if (IsNewer(body))
                    MoveBy(BinaryPrimitives.ReadUInt16LittleEndian(body[2..]), BinaryPrimitives.ReadUInt16LittleEndian(body[4..]));
                return true;
            case InputMessageKind.Scroll when body.Length == 4:
                target.Scroll(BinaryPrimitives.ReadInt16LittleEndian(body), BinaryPrimitives.ReadInt16LittleEndian(body[2..]));
                return true;
            case InputMessageKind.Touch when body.Length == 6:
                if (picture is { } touched)
                    target.Touch((TouchPhase)body[0], body[1], Scale(body[2..], touched.Width), Scale(body[4..], touched.Height), touched);
                return true;
            case InputMessageKind.ReleaseAll when body.IsEmpty:
                target.ReleaseAll();
                return true;
            case InputMessageKind.Alive when body.Length == 4:
                return true;
            default:
                return false;
        }
    }

    private bool TryKey(ReadOnlySpan<byte> body)
    {
        if (body.Length < 3 || body[0] > (byte)KeyAction.Repeat || body.Length > MaxTextBytes + 3)
            return false;
        int codeBytes = body[2];
        if (codeBytes == 0 || 3 + codeBytes > body.Length || !Ascii.IsValid(body.Slice(3, codeBytes)))
            return false;
        string code = Encoding.ASCII.GetString(body.Slice(3, codeBytes));
        string key = Encoding.UTF8.GetString(body[(3 + codeBytes)..]);
        target.Key(new KeyInput((KeyAction)body[0], code, key, (KeyModifiers)body[1]));
        return true;
    }

    private void MoveBy(ushort sumX, ushort sumY)
    {
        int deltaX = (short)(sumX - _sumX), deltaY = (short)(sumY - _sumY);
        (_sumX, _sumY) = (sumX, sumY);
        if (deltaX != 0 || deltaY != 0)
            target.MoveBy(deltaX, deltaY);
    }

    private bool IsNewer(ReadOnlySpan<byte> body)
    {
        ushort sequence = BinaryPrimitives.ReadUInt16LittleEndian(body);
        if (_moved && (short)(sequence - _lastSequence) <= 0)
        {
            Late++;
            return false;
        }

        _moved = true;
        _lastSequence = sequence;
        return true;
    }

    private static int Scale(ReadOnlySpan<byte> fraction, int size) => BinaryPrimitives.ReadUInt16LittleEndian(fraction) * size >> 16;
}
