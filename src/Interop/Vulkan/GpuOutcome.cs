namespace QemuZeroCopy.Interop.Vulkan;

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

internal static class VkResults
{
    public static GpuOutcome ToOutcome(this VkResult result) => result switch
    {
        VkResult.VK_SUCCESS => GpuOutcome.Ok,
        VkResult.VK_ERROR_DEVICE_LOST or VkResult.VK_TIMEOUT => GpuOutcome.DeviceLost,
        VkResult.VK_ERROR_OUT_OF_HOST_MEMORY or VkResult.VK_ERROR_OUT_OF_DEVICE_MEMORY or VkResult.VK_ERROR_TOO_MANY_OBJECTS => GpuOutcome.OutOfMemory,
        VkResult.VK_ERROR_INVALID_EXTERNAL_HANDLE => GpuOutcome.BadMemory,
        _ => GpuOutcome.Unsupported,
    };

    public static void ThrowIfFailed(this VkResult result, string command)
    {
        if (result != VkResult.VK_SUCCESS)
        {
            throw new GpuSetupException($"{command} failed with {result}; `qzc doctor` lists what the drivers offer, --gpu gl or --gpu none avoid Vulkan.");
        }
    }
}
