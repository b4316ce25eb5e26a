using System.Buffers.Binary;

namespace QemuZeroCopy.Server.Input;

/// <summary>
/// Takes a connection's input messages in the order of their numbers, each once, from whichever channel has one first: a
/// browser repeats what was lost on the ordered channel after 400 ms at the earliest, and a copy of it on the other one
/// comes long before. Unnumbered messages pass. One per connection, not thread-safe.
/// </summary>
internal sealed class NumberedInput(ViewerInput target)
{
    /// <summary>More keys than fall into the time that the ordered channel takes to repeat one.</summary>
    private const int Window = 32;

    /// <summary>The longest message: a key, with its code and what it types.</summary>
    private const int MaxBytes = 80;

    private readonly byte[] _held = new byte[Window * MaxBytes];
    private readonly byte[] _lengths = new byte[Window]; // 0: not there
    private ushort _next;

    /// <summary>Takes one message, as it came.</summary>
    public void Take(ReadOnlySpan<byte> message)
    {
        if (message is not [(byte)InputMessageKind.Numbered, _, _, _, ..])
        {
            target.Apply(message);
            return;
        }

        int ahead = (short)(BinaryPrimitives.ReadUInt16LittleEndian(message[1..]) - _next);
        ReadOnlySpan<byte> numbered = message[3..];
        if (ahead == 0)
        {
            Apply(numbered);
            ApplyHeld();
        }
        else if (ahead is > 0 and < Window && numbered.Length <= MaxBytes)
        {
            int slot = (_next + ahead) % Window;
            numbered.CopyTo(_held.AsSpan(slot * MaxBytes));
            _lengths[slot] = (byte)numbered.Length;
        }
    }

    private void ApplyHeld()
    {
        for (int slot = _next % Window; _lengths[slot] > 0; slot = _next % Window)
            Apply(_held.AsSpan(slot * MaxBytes, _lengths[slot]));
    }

    private void Apply(ReadOnlySpan<byte> message)
    {
        _lengths[_next % Window] = 0;
        _next++;
        target.Apply(message);
    }
}
