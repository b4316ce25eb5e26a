using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.SdBus;

/// <summary>A bus that could not be set up, or a message that could not be built.</summary>
public sealed class BusException : Exception
{
    /// <summary>A failure without words.</summary>
    public BusException()
    {
    }

    /// <summary>A failure in words.</summary>
    public BusException(string message)
        : base(message)
    {
    }

    /// <summary>A failure in words, with what lies under it.</summary>
    public BusException(string message, Exception inner)
        : base(message, inner)
    {
    }

    private BusException(string call, int errno)
        : base($"{call}: {Marshal.GetPInvokeErrorMessage(errno)}") => Errno = errno;

    /// <summary>The errno of the failed call, 0 when there is none.</summary>
    public int Errno { get; }

    internal static void ThrowIfFailed(int result, string call)
    {
        if (result < 0)
            throw new BusException(call, -result);
    }
}
