using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Gpu;
using QemuZeroCopy.Interop.Linux;
using static QemuZeroCopy.Interop.Vulkan.VkResult;

namespace QemuZeroCopy.Interop.Vulkan;

/// <summary>A storage buffer and its memory: the device's own, a DMA-BUF's, or pages of this process.</summary>
public sealed unsafe class VulkanBuffer : IDisposable
{
    private readonly VulkanDevice _device;
    private readonly bool _imported;
    private VkBuffer _buffer;
    private VkDeviceMemory _memory;

    private VulkanBuffer(VulkanDevice device, VkBuffer buffer, VkDeviceMemory memory, ulong size, bool imported)
    {
        (_device, _buffer, _memory, Size, _imported) = (device, buffer, memory, size, imported);
        device.ImportCount += imported ? 1 : 0;
    }

    /// <summary>Size in bytes.</summary>
    public ulong Size { get; }

    /// <summary>Where the CPU sees it; 0 unless made by <see cref="AllocateShared"/>.</summary>
    public nint Mapped { get; private set; }

    internal VkBuffer Handle => _buffer;

    /// <summary>Whether another driver shares the memory, so that ownership is exchanged; host pages have none.</summary>
    internal bool IsForeign { get; private init; }

    /// <summary>Memory of the device alone.</summary>
    /// <exception cref="GpuSetupException">Out of memory.</exception>
    public static VulkanBuffer AllocateLocal(VulkanDevice device, ulong size) =>
        AllocateOwn(device, size, 0, VkMemoryPropertyFlagBits.VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);

    /// <summary>Coherent memory that the CPU sees at <see cref="Mapped"/>, cached where the device has such.</summary>
    /// <exception cref="GpuSetupException">Out of memory.</exception>
    public static VulkanBuffer AllocateShared(VulkanDevice device, ulong size)
    {
        var buffer = AllocateOwn(
            device, size,
            VkMemoryPropertyFlagBits.VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VkMemoryPropertyFlagBits.VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
            VkMemoryPropertyFlagBits.VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
        void* mapped;
        var result = device.Commands.vkMapMemory(device.Handle, buffer._memory, 0, VkConstants.VK_WHOLE_SIZE, 0, &mapped);
        if (result != VK_SUCCESS)
        {
            buffer.Dispose();
            result.ThrowIfFailed("vkMapMemory");
        }

        buffer.Mapped = (nint)mapped;
        return buffer;
    }

    /// <summary>
    /// Makes the first <paramref name="size"/> bytes of a linear DMA-BUF a buffer, without a copy. The fd stays the
    /// caller's (Dup); the import keeps the memory alive by itself.
    /// </summary>
    public static GpuOutcome ImportDmaBuf(VulkanDevice device, SafeFileHandle fd, ulong size, out VulkanBuffer? import)
    {
        const VkExternalMemoryHandleTypeFlagBits Type = VkExternalMemoryHandleTypeFlagBits.VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT;
        import = null;
        if (!device.Physical.ImportsLinearBuffers)
        {
            return GpuOutcome.Unsupported;
        }

        var available = DmaBuf.SizeOf(fd);
        if (available < 0 || size == 0 || (ulong)available < size)
        {
            return GpuOutcome.BadMemory;
        }

        var duplicate = DmaBuf.Dup(fd);
        if (duplicate < 0)
        {
            return GpuOutcome.BadMemory;
        }

        var properties = new VkMemoryFdPropertiesKHR();
        if (device.Commands.vkGetMemoryFdPropertiesKHR(device.Handle, Type, duplicate, &properties) != VK_SUCCESS)
        {
            DmaBuf.Close(duplicate);
            return GpuOutcome.BadMemory;
        }

        var info = new VkImportMemoryFdInfoKHR { handleType = Type, fd = duplicate };
        var outcome = Import(device, Type, size, (ulong)available, properties.memoryTypeBits, &info, &info.pNext, out import);
        if (outcome != GpuOutcome.Ok)
        {
            DmaBuf.Close(duplicate);
        }

        return outcome;
    }

    /// <summary>
    /// Makes pages of this process a buffer, without a copy. <paramref name="address"/> and <paramref name="size"/>
    /// must be multiples of <see cref="VulkanPhysicalDevice.HostPointerAlignment"/>, and the pages stay mapped until Dispose.
    /// </summary>
    public static GpuOutcome ImportHostMemory(VulkanDevice device, nint address, ulong size, out VulkanBuffer? import)
    {
        const VkExternalMemoryHandleTypeFlagBits Type = VkExternalMemoryHandleTypeFlagBits.VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT;
        import = null;
        var mask = device.Physical.HostPointerAlignment - 1;
        if (!device.Physical.ImportsHostMemory || size == 0 || (((ulong)address | size) & mask) != 0)
        {
            return GpuOutcome.Unsupported;
        }

        var properties = new VkMemoryHostPointerPropertiesEXT();
        if (device.Commands.vkGetMemoryHostPointerPropertiesEXT(device.Handle, Type, (void*)address, &properties) != VK_SUCCESS)
        {
            return GpuOutcome.BadMemory;
        }

        var info = new VkImportMemoryHostPointerInfoEXT { handleType = Type, pHostPointer = (void*)address };
        return Import(device, Type, size, size, properties.memoryTypeBits, &info, &info.pNext, out import);
    }

    /// <summary>Frees buffer and memory; the GPU must be done with them.</summary>
    public void Dispose()
    {
        if (_buffer.IsNull)
        {
            return;
        }

        _device.ImportCount -= _imported ? 1 : 0;
        _device.Commands.vkDestroyBuffer(_device.Handle, _buffer, null);
        _device.Commands.vkFreeMemory(_device.Handle, _memory, null);
        (_buffer, _memory, Mapped) = (default, default, 0);
    }

    private static VulkanBuffer AllocateOwn(VulkanDevice device, ulong size, VkMemoryPropertyFlagBits needed, VkMemoryPropertyFlagBits wanted)
    {
        Create(device, size, 0, out var buffer).ThrowIfFailed("vkCreateBuffer");
        var requirements = Requirements(device, buffer, out _);
        var type = device.FindMemoryType(requirements.memoryTypeBits, needed, wanted);
        var memory = default(VkDeviceMemory);
        var result = type < 0 ? VK_ERROR_OUT_OF_DEVICE_MEMORY : device.Allocate(null, requirements.size, type, out memory);
        if (result == VK_SUCCESS)
        {
            result = device.Commands.vkBindBufferMemory(device.Handle, buffer, memory, 0);
        }

        if (result != VK_SUCCESS)
        {
            device.Commands.vkDestroyBuffer(device.Handle, buffer, null);
            device.Commands.vkFreeMemory(device.Handle, memory, null);
            result.ThrowIfFailed($"allocating {size} bytes of GPU memory");
        }

        return new VulkanBuffer(device, buffer, memory, size, imported: false);
    }

    private static GpuOutcome Import(
        VulkanDevice device, VkExternalMemoryHandleTypeFlagBits handleType, ulong size, ulong available, uint importable,
        void* importInfo, void** importNext, out VulkanBuffer? import)
    {
        import = null;
        var result = Create(device, size, handleType, out var buffer);
        if (result != VK_SUCCESS)
        {
            return result.ToOutcome();
        }

        var requirements = Requirements(device, buffer, out var dedicated);
        var type = device.FindMemoryType(requirements.memoryTypeBits & importable, 0, VkMemoryPropertyFlagBits.VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
        var dedicate = new VkMemoryDedicatedAllocateInfo { buffer = buffer };
        *importNext = dedicated ? &dedicate : null;
        var memory = default(VkDeviceMemory);
        // A driver that wants more bytes than there are would let the shader run past the end.
        var outcome = type < 0 || requirements.size > available
            ? GpuOutcome.BadMemory
            : device.Allocate(importInfo, available, type, out memory).ToOutcome();
        if (outcome == GpuOutcome.Ok)
        {
            outcome = device.Commands.vkBindBufferMemory(device.Handle, buffer, memory, 0).ToOutcome();
            if (outcome != GpuOutcome.Ok)
            {
                // From a successful vkAllocateMemory on the fd is the driver's: it must not be closed here again.
                device.Commands.vkDestroyBuffer(device.Handle, buffer, null);
                device.Commands.vkFreeMemory(device.Handle, memory, null);
                throw new GpuSetupException("An imported buffer could not be bound to its memory; use --gpu gl or --gpu none.");
            }

            import = new VulkanBuffer(device, buffer, memory, size, imported: true)
            {
                IsForeign = handleType == VkExternalMemoryHandleTypeFlagBits.VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT,
            };
            return GpuOutcome.Ok;
        }

        device.Commands.vkDestroyBuffer(device.Handle, buffer, null);
        return outcome;
    }

    private static VkResult Create(VulkanDevice device, ulong size, VkExternalMemoryHandleTypeFlagBits external, out VkBuffer buffer)
    {
        var externalInfo = new VkExternalMemoryBufferCreateInfo { handleTypes = external };
        var create = new VkBufferCreateInfo
        {
            pNext = external == 0 ? null : &externalInfo,
            size = size,
            usage = VkBufferUsageFlagBits.VK_BUFFER_USAGE_STORAGE_BUFFER_BIT
                | (external == 0 ? VkBufferUsageFlagBits.VK_BUFFER_USAGE_TRANSFER_DST_BIT : 0),
            sharingMode = VkSharingMode.VK_SHARING_MODE_EXCLUSIVE,
        };
        VkBuffer handle = default;
        var result = device.Commands.vkCreateBuffer(device.Handle, &create, null, &handle);
        buffer = handle;
        return result;
    }

    private static VkMemoryRequirements Requirements(VulkanDevice device, VkBuffer buffer, out bool dedicated)
    {
        var info = new VkBufferMemoryRequirementsInfo2 { buffer = buffer };
        var dedicatedRequirements = new VkMemoryDedicatedRequirements();
        var requirements = new VkMemoryRequirements2 { pNext = &dedicatedRequirements };
        device.Commands.vkGetBufferMemoryRequirements2(device.Handle, &info, &requirements);
        dedicated = dedicatedRequirements.prefersDedicatedAllocation != 0 || dedicatedRequirements.requiresDedicatedAllocation != 0;
        return requirements.memoryRequirements;
    }
}
