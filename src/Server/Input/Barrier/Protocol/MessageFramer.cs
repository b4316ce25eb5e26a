using System.Buffers.Binary;

namespace QemuZeroCopy.Server.Input.Barrier.Protocol;

/// <summary>What <see cref="MessageFramer.Next"/> found.</summary>
internal enum FramingResult
{
    /// <summary>All input is taken; the message goes on in bytes yet to come.</summary>
    NeedsMore,

    /// <summary>A whole message.</summary>
    Message,

    /// <summary>The announced length is above the limit: the stream cannot be followed any further.</summary>
    TooLong,
}

/// <summary>
/// Cuts a byte stream into messages: a big-endian 32-bit length, then so many bytes. Memory is taken as bytes
/// arrive, never on the word of a length.
/// </summary>
internal sealed class MessageFramer
{
    private const int HeaderBytes = 4;
    private const int SmallestBuffer = 256;

    /// <summary>A buffer above this is given back once its message has been read.</summary>
    private const int KeptBuffer = 64 * 1024;

    private byte[] _buffer = new byte[SmallestBuffer];
    private int _filled;
    private bool _delivered;

    /// <summary>
    /// The next message of <paramref name="input"/>, which is moved past what was taken. The message is valid
    /// until the next call.
    /// </summary>
    public FramingResult Next(ref ReadOnlySpan<byte> input, int maxLength, out ReadOnlySpan<byte> message)
    {
        message = default;
        if (_delivered)
            Forget();
        if (_filled == 0 && TryTakeWhole(ref input, maxLength, out message, out FramingResult result))
            return result;

        if (!Fill(ref input, HeaderBytes))
            return FramingResult.NeedsMore;
        uint length = BinaryPrimitives.ReadUInt32BigEndian(_buffer);
        if (length > (uint)maxLength)
            return FramingResult.TooLong;
        if (!Fill(ref input, HeaderBytes + (int)length))
            return FramingResult.NeedsMore;
        message = _buffer.AsSpan(HeaderBytes, (int)length);
        _delivered = true;
        return FramingResult.Message;
    }

    /// <summary>The common case: the whole message lies in the input, and nothing needs a copy.</summary>
    private static bool TryTakeWhole(ref ReadOnlySpan<byte> input, int maxLength, out ReadOnlySpan<byte> message, out FramingResult result)
    {
        message = default;
        result = FramingResult.NeedsMore;
        if (!BinaryPrimitives.TryReadUInt32BigEndian(input, out uint length))
            return false;
        if (length > (uint)maxLength)
        {
            result = FramingResult.TooLong;
            return true;
        }

        if (input.Length - HeaderBytes < (int)length)
            return false;
        message = input.Slice(HeaderBytes, (int)length);
        input = input[(HeaderBytes + (int)length)..];
        result = FramingResult.Message;
        return true;
    }

    /// <summary>Takes input until the buffer holds <paramref name="wanted"/> bytes; false if it ran out before.</summary>
    private bool Fill(ref ReadOnlySpan<byte> input, int wanted)
    {
        int take = Math.Min(wanted - _filled, input.Length);
        if (take > 0)
        {
            int needed = _filled + take;
            if (needed > _buffer.Length)
                Array.Resize(ref _buffer, (int)Math.Min(Math.Max((long)needed, 2L * _buffer.Length), HeaderBytes + BarrierLimits.MaxMessageBytes));
            input[..take].CopyTo(_buffer.AsSpan(_filled));
            _filled = needed;
            input = input[take..];
        }

        return _filled >= wanted;
    }

    private void Forget()
    {
        _delivered = false;
        _filled = 0;
        if (_buffer.Length > KeptBuffer)
            _buffer = new byte[SmallestBuffer];
    }
}
