using System.Text;
using QemuZeroCopy.Interop.Gpu;
using static QemuZeroCopy.Interop.Vulkan.VkResult;

namespace QemuZeroCopy.Interop.Vulkan;

/// <summary>
/// A logical device with one compute queue. Belongs to one thread; must outlive every buffer, image, kernel
/// and command list made from it.
/// </summary>
public sealed unsafe class VulkanDevice : IDisposable
{
    private static readonly string[] WantedExtensions =
    [
        "VK_KHR_external_memory_fd", "VK_EXT_external_memory_dma_buf", "VK_EXT_image_drm_format_modifier",
        "VK_KHR_image_format_list", "VK_EXT_external_memory_host", "VK_EXT_queue_family_foreign", "VK_KHR_external_semaphore_fd",
    ];

    private readonly VkPhysicalDeviceMemoryProperties _memory;
    private bool _disposed;

    /// <summary>Opens the device with those of the wanted extensions that it has.</summary>
    /// <exception cref="GpuSetupException">The driver refuses, or no queue computes.</exception>
    public VulkanDevice(VulkanPhysicalDevice physical)
    {
        Physical = physical;
        var commands = physical.Instance.Commands;
        if (!physical.HasCompute)
        {
            throw new GpuSetupException($"{physical.Name} has no compute queue; use --gpu gl or --gpu none.");
        }

        var priority = 1f;
        var queue = new VkDeviceQueueCreateInfo { queueFamilyIndex = physical.QueueFamily, queueCount = 1, pQueuePriorities = &priority };
        var available = new VkPhysicalDeviceFeatures2();
        commands.vkGetPhysicalDeviceFeatures2(physical.Handle, &available);
        WritesSmallImages = available.features.shaderStorageImageExtendedFormats != 0;
        var features = new VkPhysicalDeviceFeatures { shaderStorageImageExtendedFormats = available.features.shaderStorageImageExtendedFormats };

        var names = WantedExtensions.Where(physical.Has).ToArray();
        var text = Encoding.ASCII.GetBytes(string.Concat(names.Select(n => n + "\0")));
        var pointers = stackalloc byte*[WantedExtensions.Length];
        fixed (byte* first = text)
        {
            var next = first;
            for (var i = 0; i < names.Length; next += names[i].Length + 1, i++)
            {
                pointers[i] = next;
            }

            var create = new VkDeviceCreateInfo
            {
                queueCreateInfoCount = 1,
                pQueueCreateInfos = &queue,
                enabledExtensionCount = (uint)names.Length,
                ppEnabledExtensionNames = pointers,
                pEnabledFeatures = &features,
            };
            VkDevice device;
            commands.vkCreateDevice(physical.Handle, &create, null, &device).ThrowIfFailed($"vkCreateDevice on {physical.Name}");
            Handle = device;
        }

        Commands = new VkDeviceCommands(Handle, commands.vkGetDeviceProcAddr == null
            ? throw new GpuSetupException("The Vulkan loader has no vkGetDeviceProcAddr.")
            : (delegate* unmanaged<VkDevice, byte*, void*>)commands.vkGetDeviceProcAddr);
        VkQueue handle;
        Commands.vkGetDeviceQueue(Handle, physical.QueueFamily, 0, &handle);
        Queue = handle;
        VkPhysicalDeviceMemoryProperties memory;
        commands.vkGetPhysicalDeviceMemoryProperties(physical.Handle, &memory);
        _memory = memory;
    }

    /// <summary>What the device can do.</summary>
    public VulkanPhysicalDevice Physical { get; }

    /// <summary>Whether shaders write R8 and R8G8 images.</summary>
    public bool WritesSmallImages { get; }

    /// <summary>Imports (buffers and images) alive; tests watch it for leaks.</summary>
    public int ImportCount { get; internal set; }

    internal VkDevice Handle { get; }

    internal VkDeviceCommands Commands { get; }

    internal VkQueue Queue { get; }

    internal uint ForeignFamily => Physical.HasForeignQueue
        ? VkConstants.VK_QUEUE_FAMILY_FOREIGN_EXT
        : uint.MaxValue - 1; // VK_QUEUE_FAMILY_EXTERNAL

    /// <summary>Waits for the queue and destroys the device.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        Commands.vkDeviceWaitIdle(Handle);
        Commands.vkDestroyDevice(Handle, null);
    }

    /// <summary>The first type among <paramref name="allowed"/> with the most of the wanted properties; -1 if none has the needed ones.</summary>
    internal int FindMemoryType(uint allowed, VkMemoryPropertyFlagBits needed, VkMemoryPropertyFlagBits wanted)
    {
        var best = -1;
        var bestScore = -1;
        for (var i = 0; i < _memory.memoryTypeCount; i++)
        {
            var flags = _memory.memoryTypes[i].propertyFlags;
            var score = System.Numerics.BitOperations.PopCount((uint)(flags & wanted));
            if ((allowed >> i & 1) != 0 && (flags & needed) == needed && score > bestScore)
            {
                (best, bestScore) = (i, score);
            }
        }

        return best;
    }

    internal bool IsCoherent(int memoryType) =>
        _memory.memoryTypes[memoryType].propertyFlags.HasFlag(VkMemoryPropertyFlagBits.VK_MEMORY_PROPERTY_HOST_COHERENT_BIT);

    internal VkResult Allocate(void* next, ulong size, int memoryType, out VkDeviceMemory memory)
    {
        var allocate = new VkMemoryAllocateInfo { pNext = next, allocationSize = size, memoryTypeIndex = (uint)memoryType };
        VkDeviceMemory handle = default;
        var result = Commands.vkAllocateMemory(Handle, &allocate, null, &handle);
        memory = result == VK_SUCCESS ? handle : default;
        return result;
    }
}
