namespace QemuZeroCopy.Interop.Gpu;

/// <summary>What became of a request to the GPU that can fail for reasons outside this program.</summary>
public enum GpuOutcome
{
    /// <summary>Done.</summary>
    Ok,

    /// <summary>The device or driver has no way to do it: another format, modifier or device may work.</summary>
    Unsupported,

    /// <summary>The memory handed in is not what it claims to be: not importable, or too small.</summary>
    BadMemory,

    /// <summary>No memory left on the device or host.</summary>
    OutOfMemory,

    /// <summary>The device hangs or is gone; nothing made from it is of use any more.</summary>
    DeviceLost,
}
