namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>What an encoder aims at.</summary>
/// <param name="BitsPerSecond">Target of the rate control.</param>
/// <param name="FramesPerSecond">The rate at which pictures come at most.</param>
public readonly record struct EncoderRate(int BitsPerSecond, int FramesPerSecond);

/// <summary>An encoder cannot be opened; the message says what refused and why.</summary>
public sealed class EncoderSetupException : Exception
{
    /// <summary>With a message for a person.</summary>
    public EncoderSetupException(string message)
        : base(message)
    {
    }

    /// <summary>With a message for a person and what caused it.</summary>
    public EncoderSetupException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <inheritdoc/>
    public EncoderSetupException()
    {
    }
}
