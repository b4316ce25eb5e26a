namespace QemuZeroCopy.Interop.Vulkan;

/// <summary>Formats of images that are imported, by the order of their bytes in memory.</summary>
public enum GpuFormat
{
    /// <summary>One 8-bit channel (DRM R8), NV12's luma.</summary>
    R8,

    /// <summary>Two 8-bit channels (DRM GR88), NV12's chroma.</summary>
    R8G8,

    /// <summary>B, G, R, A bytes (DRM XR24, AR24).</summary>
    B8G8R8A8,

    /// <summary>R, G, B, A bytes (DRM XB24, AB24).</summary>
    R8G8B8A8,

    /// <summary>A, B, G, R bytes (DRM RX24, RA24).</summary>
    A8B8G8R8,

    /// <summary>A, R, G, B bytes (DRM BX24, BA24).</summary>
    A8R8G8B8,

    /// <summary>Ten bits each, red uppermost (DRM XR30, AR30).</summary>
    A2R10G10B10,

    /// <summary>Ten bits each, blue uppermost (DRM XB30, AB30).</summary>
    A2B10G10R10,
}

internal static class GpuFormats
{
    public static VkFormat ToVk(this GpuFormat format) => format switch
    {
        GpuFormat.R8 => VkFormat.VK_FORMAT_R8_UNORM,
        GpuFormat.R8G8 => VkFormat.VK_FORMAT_R8G8_UNORM,
        GpuFormat.B8G8R8A8 => VkFormat.VK_FORMAT_B8G8R8A8_UNORM,
        GpuFormat.A2R10G10B10 => VkFormat.VK_FORMAT_A2R10G10B10_UNORM_PACK32,
        GpuFormat.A2B10G10R10 => VkFormat.VK_FORMAT_A2B10G10R10_UNORM_PACK32,
        _ => VkFormat.VK_FORMAT_R8G8B8A8_UNORM,
    };

    /// <summary>Vulkan has no format with alpha in the first byte: such ones are read as R8G8B8A8 and turned round by the view.</summary>
    public static VkComponentMapping Swizzle(this GpuFormat format) => format switch
    {
        GpuFormat.A8B8G8R8 => new VkComponentMapping
        {
            r = VkComponentSwizzle.VK_COMPONENT_SWIZZLE_A,
            g = VkComponentSwizzle.VK_COMPONENT_SWIZZLE_B,
            b = VkComponentSwizzle.VK_COMPONENT_SWIZZLE_G,
            a = VkComponentSwizzle.VK_COMPONENT_SWIZZLE_R,
        },
        GpuFormat.A8R8G8B8 => new VkComponentMapping
        {
            r = VkComponentSwizzle.VK_COMPONENT_SWIZZLE_G,
            g = VkComponentSwizzle.VK_COMPONENT_SWIZZLE_B,
            b = VkComponentSwizzle.VK_COMPONENT_SWIZZLE_A,
            a = VkComponentSwizzle.VK_COMPONENT_SWIZZLE_R,
        },
        _ => default,
    };
}
