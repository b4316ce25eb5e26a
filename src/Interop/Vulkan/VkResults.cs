using QemuZeroCopy.Interop.Gpu;

namespace QemuZeroCopy.Interop.Vulkan;

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
