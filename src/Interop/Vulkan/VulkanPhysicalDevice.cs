using System.Runtime.InteropServices;
using QemuZeroCopy.Interop.Linux;
using static QemuZeroCopy.Interop.Vulkan.VkResult;

namespace QemuZeroCopy.Interop.Vulkan;

/// <summary>Kind of a device, best first for this use.</summary>
public enum GpuKind
{
    /// <summary>A card with memory of its own.</summary>
    Discrete,

    /// <summary>Shares memory with the CPU.</summary>
    Integrated,

    /// <summary>Of a virtual machine.</summary>
    Virtual,

    /// <summary>A rasterizer on the CPU (lavapipe): correct, and slower than the CPU path.</summary>
    Software,
}

/// <summary>What one Vulkan device can do for the conversion; `qzc doctor` prints it.</summary>
public sealed unsafe class VulkanPhysicalDevice
{
    private const int MaxModifiers = 256;
    private readonly HashSet<string> _extensions = [];

    internal VulkanPhysicalDevice(VulkanInstance instance, VkPhysicalDevice handle)
    {
        Instance = instance;
        Handle = handle;
        ReadExtensions();
        ReadProperties();
        QueueFamily = FindComputeFamily();
        ImportsDmaBuf = _extensions.Contains("VK_KHR_external_memory_fd") && _extensions.Contains("VK_EXT_external_memory_dma_buf");
        ImportsModifiers = ImportsDmaBuf && _extensions.Contains("VK_EXT_image_drm_format_modifier")
            && (ApiVersion >= ((1u << 22) | (2u << 12)) || _extensions.Contains("VK_KHR_image_format_list"));
        ImportsHostMemory = _extensions.Contains("VK_EXT_external_memory_host");
        HasForeignQueue = _extensions.Contains("VK_EXT_queue_family_foreign");
        ImportsLinearBuffers = ImportsDmaBuf && CanImportBuffer();
        ImportsSyncFiles = _extensions.Contains("VK_KHR_external_semaphore_fd") && CanImportSyncFile();
    }

    /// <summary>The driver's name for the device, such as "AMD Radeon RX 7600 (RADV NAVI33)".</summary>
    public string Name { get; private set; } = "";

    /// <summary>Driver and its version.</summary>
    public string Driver { get; private set; } = "";

    /// <summary>Kind of device.</summary>
    public GpuKind Kind { get; private set; }

    /// <summary>The render node (VkPhysicalDeviceDrmPropertiesEXT), or null where the driver names none.</summary>
    public DeviceNumber? RenderNode { get; private set; }

    /// <summary>Whether a DMA-BUF can be imported at all.</summary>
    public bool ImportsDmaBuf { get; }

    /// <summary>Whether DMA-BUFs with a format modifier (tiled, compressed) become images.</summary>
    public bool ImportsModifiers { get; }

    /// <summary>Whether linear DMA-BUFs become storage buffers.</summary>
    public bool ImportsLinearBuffers { get; }

    /// <summary>Whether host pages (a memfd's mapping) are imported without a copy.</summary>
    public bool ImportsHostMemory { get; }

    /// <summary>Whether a producer's fence reaches the queue as a sync_file, without the CPU waiting for it.</summary>
    public bool ImportsSyncFiles { get; }

    /// <summary>Whether ownership is exchanged with QUEUE_FAMILY_FOREIGN (other drivers) or only with EXTERNAL.</summary>
    public bool HasForeignQueue { get; }

    /// <summary>Whether some queue runs compute shaders.</summary>
    public bool HasCompute => QueueFamily != uint.MaxValue;

    /// <summary>The largest part of a buffer that a shader sees, in bytes.</summary>
    public uint MaxStorageBufferRange { get; private set; }

    /// <summary>Bytes to which an offset into a storage buffer is aligned.</summary>
    public ulong StorageBufferAlignment { get; private set; }

    /// <summary>Bytes to which imported host memory is aligned, in address and size.</summary>
    public ulong HostPointerAlignment { get; private set; }

    /// <summary>Nanoseconds of one GPU timestamp tick; 0 where the queue has none.</summary>
    public float TimestampPeriodNs { get; private set; }

    internal VulkanInstance Instance { get; }

    internal VkPhysicalDevice Handle { get; }

    internal uint ApiVersion { get; private set; }

    internal uint QueueFamily { get; }

    internal bool Has(string extension) => _extensions.Contains(extension);

    /// <summary>
    /// How many planes an image of that format and modifier has in this driver, metadata included, if it can be
    /// imported for the use; 0 if not.
    /// </summary>
    public int PlanesOf(GpuFormat format, ulong modifier, bool forWriting)
    {
        if (!ImportsModifiers)
        {
            return 0;
        }

        var list = stackalloc VkDrmFormatModifierPropertiesEXT[MaxModifiers];
        var modifiers = new VkDrmFormatModifierPropertiesListEXT { drmFormatModifierCount = MaxModifiers, pDrmFormatModifierProperties = list };
        var properties = new VkFormatProperties2 { pNext = &modifiers };
        Instance.Commands.vkGetPhysicalDeviceFormatProperties2(Handle, format.ToVk(), &properties);
        var needed = forWriting
            ? VkFormatFeatureFlagBits.VK_FORMAT_FEATURE_STORAGE_IMAGE_BIT
            : VkFormatFeatureFlagBits.VK_FORMAT_FEATURE_SAMPLED_IMAGE_BIT;
        for (var i = 0; i < Math.Min(modifiers.drmFormatModifierCount, (uint)MaxModifiers); i++)
        {
            if (list[i].drmFormatModifier == modifier && (list[i].drmFormatModifierTilingFeatures & needed) == needed)
            {
                return IsImportable(format, modifier, forWriting) ? (int)list[i].drmFormatModifierPlaneCount : 0;
            }
        }

        return 0;
    }

    private bool IsImportable(GpuFormat format, ulong modifier, bool forWriting)
    {
        var byModifier = new VkPhysicalDeviceImageDrmFormatModifierInfoEXT
        {
            drmFormatModifier = modifier,
            sharingMode = VkSharingMode.VK_SHARING_MODE_EXCLUSIVE,
        };
        var external = new VkPhysicalDeviceExternalImageFormatInfo
        {
            pNext = &byModifier,
            handleType = VkExternalMemoryHandleTypeFlagBits.VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT,
        };
        var info = new VkPhysicalDeviceImageFormatInfo2
        {
            pNext = &external,
            format = format.ToVk(),
            type = VkImageType.VK_IMAGE_TYPE_2D,
            tiling = VkImageTiling.VK_IMAGE_TILING_DRM_FORMAT_MODIFIER_EXT,
            usage = VulkanImage.UsageFor(forWriting),
        };
        var externalProperties = new VkExternalImageFormatProperties();
        var properties = new VkImageFormatProperties2 { pNext = &externalProperties };
        return Instance.Commands.vkGetPhysicalDeviceImageFormatProperties2(Handle, &info, &properties) == VK_SUCCESS
            && externalProperties.externalMemoryProperties.externalMemoryFeatures
                .HasFlag(VkExternalMemoryFeatureFlagBits.VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT);
    }

    private bool CanImportBuffer()
    {
        var info = new VkPhysicalDeviceExternalBufferInfo
        {
            usage = VkBufferUsageFlagBits.VK_BUFFER_USAGE_STORAGE_BUFFER_BIT,
            handleType = VkExternalMemoryHandleTypeFlagBits.VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT,
        };
        var properties = new VkExternalBufferProperties();
        Instance.Commands.vkGetPhysicalDeviceExternalBufferProperties(Handle, &info, &properties);
        return properties.externalMemoryProperties.externalMemoryFeatures.HasFlag(VkExternalMemoryFeatureFlagBits.VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT);
    }

    private bool CanImportSyncFile()
    {
        var info = new VkPhysicalDeviceExternalSemaphoreInfo
        {
            handleType = VkExternalSemaphoreHandleTypeFlagBits.VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT,
        };
        var properties = new VkExternalSemaphoreProperties();
        Instance.Commands.vkGetPhysicalDeviceExternalSemaphoreProperties(Handle, &info, &properties);
        return properties.externalSemaphoreFeatures.HasFlag(VkExternalSemaphoreFeatureFlagBits.VK_EXTERNAL_SEMAPHORE_FEATURE_IMPORTABLE_BIT);
    }

    private void ReadExtensions()
    {
        uint count = 0;
        Instance.Commands.vkEnumerateDeviceExtensionProperties(Handle, null, &count, null);
        var list = new VkExtensionProperties[count];
        fixed (VkExtensionProperties* first = list)
        {
            if (count == 0 || Instance.Commands.vkEnumerateDeviceExtensionProperties(Handle, null, &count, first) is not (VK_SUCCESS or VK_INCOMPLETE))
            {
                return;
            }

            for (var i = 0; i < count; i++)
            {
                _extensions.Add(Marshal.PtrToStringUTF8((nint)first[i].extensionName) ?? "");
            }
        }
    }

    private void ReadProperties()
    {
        var drm = new VkPhysicalDeviceDrmPropertiesEXT();
        var host = new VkPhysicalDeviceExternalMemoryHostPropertiesEXT { pNext = &drm };
        var driver = new VkPhysicalDeviceDriverProperties { pNext = &host };
        var all = new VkPhysicalDeviceProperties2 { pNext = &driver };
        Instance.Commands.vkGetPhysicalDeviceProperties2(Handle, &all);
        ApiVersion = all.properties.apiVersion;
        Name = Marshal.PtrToStringUTF8((nint)all.properties.deviceName) ?? "";
        Driver = $"{Marshal.PtrToStringUTF8((nint)driver.driverName)} {Marshal.PtrToStringUTF8((nint)driver.driverInfo)}".Trim();
        Kind = all.properties.deviceType switch
        {
            VkPhysicalDeviceType.VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU => GpuKind.Discrete,
            VkPhysicalDeviceType.VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU => GpuKind.Integrated,
            VkPhysicalDeviceType.VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU => GpuKind.Virtual,
            _ => GpuKind.Software,
        };
        MaxStorageBufferRange = all.properties.limits.maxStorageBufferRange;
        StorageBufferAlignment = all.properties.limits.minStorageBufferOffsetAlignment;
        TimestampPeriodNs = all.properties.limits.timestampComputeAndGraphics != 0 ? all.properties.limits.timestampPeriod : 0;
        HostPointerAlignment = Math.Max(host.minImportedHostPointerAlignment, (ulong)Environment.SystemPageSize);
        if (Has("VK_EXT_physical_device_drm") && drm.hasRender != 0)
        {
            RenderNode = new DeviceNumber((uint)drm.renderMajor, (uint)drm.renderMinor);
        }
    }

    private uint FindComputeFamily()
    {
        const int MaxFamilies = 32;
        var families = stackalloc VkQueueFamilyProperties[MaxFamilies];
        uint count = MaxFamilies, graphicsToo = uint.MaxValue;
        Instance.Commands.vkGetPhysicalDeviceQueueFamilyProperties(Handle, &count, families);
        for (uint i = 0; i < count; i++)
        {
            if (!families[i].queueFlags.HasFlag(VkQueueFlagBits.VK_QUEUE_COMPUTE_BIT))
            {
                continue;
            }

            // A queue for compute alone runs beside the guest's 3D work instead of behind it.
            if (!families[i].queueFlags.HasFlag(VkQueueFlagBits.VK_QUEUE_GRAPHICS_BIT))
            {
                return i;
            }

            graphicsToo = Math.Min(graphicsToo, i);
        }

        return graphicsToo;
    }
}
