using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Gpu;
using QemuZeroCopy.Interop.Linux;
using static QemuZeroCopy.Interop.Vulkan.VkResult;

namespace QemuZeroCopy.Interop.Vulkan;

/// <summary>A 2D image over a DMA-BUF with a format modifier.</summary>
public sealed unsafe class VulkanImage : IDisposable
{
    private const int MaxPlanes = 4;
    private readonly VulkanDevice _device;
    private VkImage _image;
    private VkDeviceMemory _memory;
    private VkImageView _view;

    private VulkanImage(VulkanDevice device, VkImage image, VkDeviceMemory memory, VkImageView view)
    {
        (_device, _image, _memory, _view) = (device, image, memory, view);
        device.ImportCount++;
    }

    internal VkImage Handle => _image;

    internal VkImageView View => _view;

    /// <summary>
    /// Imports without a copy. <paramref name="planes"/> must be as many as the driver has for the modifier, and lie
    /// in one buffer, whose fd the first plane names; the fd stays the caller's (Dup).
    /// </summary>
    public static GpuOutcome ImportDmaBuf(
        VulkanDevice device, GpuFormat format, int width, int height, ulong modifier, ReadOnlySpan<ImportedPlane> planes,
        bool forWriting, out VulkanImage? import)
    {
        import = null;
        if (planes.IsEmpty || planes.Length > MaxPlanes || planes.Length != device.Physical.PlanesOf(format, modifier, forWriting))
        {
            return GpuOutcome.Unsupported;
        }

        var fd = planes[0].Fd;
        var available = DmaBuf.SizeOf(fd);
        var layouts = stackalloc VkSubresourceLayout[MaxPlanes];
        for (var i = 0; i < planes.Length; i++)
        {
            if (planes[i].OffsetBytes >= available)
            {
                return GpuOutcome.BadMemory;
            }

            layouts[i] = new VkSubresourceLayout { offset = planes[i].OffsetBytes, rowPitch = planes[i].PitchBytes };
        }

        var result = Create(device, format, width, height, modifier, layouts, planes.Length, forWriting, out var image);
        if (result != VK_SUCCESS)
        {
            // An explicit layout that the driver rejects is the producer's mistake, everything else ours to step down from.
            return result == VK_ERROR_INVALID_DRM_FORMAT_MODIFIER_PLANE_LAYOUT_EXT ? GpuOutcome.BadMemory : result.ToOutcome();
        }

        var outcome = ImportMemory(device, image, fd, (ulong)available, out var memory);
        var view = default(VkImageView);
        if (outcome == GpuOutcome.Ok)
        {
            outcome = BindAndView(device, image, memory, format, out view);
        }

        if (outcome == GpuOutcome.Ok)
        {
            import = new VulkanImage(device, image, memory, view);
            return outcome;
        }

        device.Commands.vkDestroyImage(device.Handle, image, null);
        device.Commands.vkFreeMemory(device.Handle, memory, null);
        return outcome;
    }

    /// <summary>Frees view, image and memory; the GPU must be done with them.</summary>
    public void Dispose()
    {
        if (_image.IsNull)
        {
            return;
        }

        _device.ImportCount--;
        _device.Commands.vkDestroyImageView(_device.Handle, _view, null);
        _device.Commands.vkDestroyImage(_device.Handle, _image, null);
        _device.Commands.vkFreeMemory(_device.Handle, _memory, null);
        (_image, _memory, _view) = (default, default, default);
    }

    internal static VkImageUsageFlagBits UsageFor(bool forWriting) =>
        forWriting ? VkImageUsageFlagBits.VK_IMAGE_USAGE_STORAGE_BIT : VkImageUsageFlagBits.VK_IMAGE_USAGE_SAMPLED_BIT;

    private static VkResult Create(
        VulkanDevice device, GpuFormat format, int width, int height, ulong modifier, VkSubresourceLayout* layouts, int planes,
        bool forWriting, out VkImage image)
    {
        var explicitLayout = new VkImageDrmFormatModifierExplicitCreateInfoEXT
        {
            drmFormatModifier = modifier,
            drmFormatModifierPlaneCount = (uint)planes,
            pPlaneLayouts = layouts,
        };
        var external = new VkExternalMemoryImageCreateInfo
        {
            pNext = &explicitLayout,
            handleTypes = VkExternalMemoryHandleTypeFlagBits.VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT,
        };
        var create = new VkImageCreateInfo
        {
            pNext = &external,
            imageType = VkImageType.VK_IMAGE_TYPE_2D,
            format = format.ToVk(),
            extent = new VkExtent3D { width = (uint)width, height = (uint)height, depth = 1 },
            mipLevels = 1,
            arrayLayers = 1,
            samples = VkSampleCountFlagBits.VK_SAMPLE_COUNT_1_BIT,
            tiling = VkImageTiling.VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT,
            usage = UsageFor(forWriting),
            sharingMode = VkSharingMode.VK_SHARING_MODE_EXCLUSIVE,
            initialLayout = VkImageLayout.VK_IMAGE_LAYOUT_UNDEFINED,
        };
        VkImage handle = default;
        var result = device.Commands.vkCreateImage(device.Handle, &create, null, &handle);
        image = handle;
        return result;
    }

    private static GpuOutcome ImportMemory(VulkanDevice device, VkImage image, SafeFileHandle fd, ulong available, out VkDeviceMemory memory)
    {
        const VkExternalMemoryHandleTypeFlagBits Type = VkExternalMemoryHandleTypeFlagBits.VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT;
        memory = default;
        var info = new VkImageMemoryRequirementsInfo2 { image = image };
        var requirements = new VkMemoryRequirements2();
        device.Commands.vkGetImageMemoryRequirements2(device.Handle, &info, &requirements);
        var duplicate = DmaBuf.Dup(fd);
        if (duplicate < 0)
        {
            return GpuOutcome.BadMemory;
        }

        var properties = new VkMemoryFdPropertiesKHR();
        var result = device.Commands.vkGetMemoryFdPropertiesKHR(device.Handle, Type, duplicate, &properties);
        var type = device.FindMemoryType(
            requirements.memoryRequirements.memoryTypeBits & properties.memoryTypeBits, 0, VkMemoryPropertyFlagBits.VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
        // A driver that needs more bytes than there are would let the shader run past the end.
        if (result != VK_SUCCESS || type < 0 || requirements.memoryRequirements.size > available)
        {
            DmaBuf.Close(duplicate);
            return GpuOutcome.BadMemory;
        }

        var dedicate = new VkMemoryDedicatedAllocateInfo { image = image };
        var importInfo = new VkImportMemoryFdInfoKHR { pNext = &dedicate, handleType = Type, fd = duplicate };
        result = device.Allocate(&importInfo, available, type, out memory);
        if (result != VK_SUCCESS)
        {
            DmaBuf.Close(duplicate);
        }

        return result.ToOutcome();
    }

    private static GpuOutcome BindAndView(VulkanDevice device, VkImage image, VkDeviceMemory memory, GpuFormat format, out VkImageView view)
    {
        view = default;
        var bind = new VkBindImageMemoryInfo { image = image, memory = memory };
        var result = device.Commands.vkBindImageMemory2(device.Handle, 1, &bind);
        if (result != VK_SUCCESS)
        {
            return result.ToOutcome();
        }

        var create = new VkImageViewCreateInfo
        {
            image = image,
            viewType = VkImageViewType.VK_IMAGE_VIEW_TYPE_2D,
            format = format.ToVk(),
            components = format.Swizzle(),
            subresourceRange = WholeColor,
        };
        VkImageView handle = default;
        result = device.Commands.vkCreateImageView(device.Handle, &create, null, &handle);
        view = handle;
        return result.ToOutcome();
    }

    internal static VkImageSubresourceRange WholeColor => new()
    {
        aspectMask = VkImageAspectFlagBits.VK_IMAGE_ASPECT_COLOR_BIT,
        levelCount = 1,
        layerCount = 1,
    };
}
