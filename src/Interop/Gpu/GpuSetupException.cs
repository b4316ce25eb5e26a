namespace QemuZeroCopy.Interop.Gpu;

/// <summary>Setting a GPU up failed; the message says what was missing.</summary>
public sealed class GpuSetupException : Exception
{
    /// <summary>With a message that names what failed and the next step.</summary>
    public GpuSetupException(string message)
        : base(message)
    {
    }

    /// <summary>With the failure underneath.</summary>
    public GpuSetupException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
