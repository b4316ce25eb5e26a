namespace QemuZeroCopy.Interop.Opus;

/// <summary>libopus is missing, or refused what it was asked for at set-up.</summary>
public sealed class OpusException : Exception
{
    /// <summary>A failure without further words.</summary>
    public OpusException()
    {
    }

    /// <summary>A failure, in words for a person.</summary>
    public OpusException(string message)
        : base(message)
    {
    }

    /// <summary>A failure, with what lies under it.</summary>
    public OpusException(string message, Exception inner)
        : base(message, inner)
    {
    }

    internal static void ThrowIfFailed(int result, string call)
    {
        if (result < 0)
            throw new OpusException($"{call} failed: {OpusNative.Describe(result)}.");
    }
}
