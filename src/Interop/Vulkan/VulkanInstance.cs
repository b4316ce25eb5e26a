using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using static QemuZeroCopy.Interop.Vulkan.VkResult;

namespace QemuZeroCopy.Interop.Vulkan;

/// <summary>A Vulkan 1.1 instance and the devices that it lists. Not thread-safe.</summary>
public sealed unsafe class VulkanInstance : IDisposable
{
    internal const uint ApiVersion1_1 = (1u << 22) | (1u << 12);
    private const int MaxDevices = 16;
    private readonly VkInstance _instance;
    private readonly List<VulkanPhysicalDevice> _devices = [];
    private bool _disposed;

    private VulkanInstance(VkInstance instance, VkInstanceCommands commands)
    {
        _instance = instance;
        Commands = commands;
    }

    /// <summary>The devices of all installed drivers, in the loader's order.</summary>
    public IReadOnlyList<VulkanPhysicalDevice> Devices => _devices;

    internal VkInstanceCommands Commands { get; }

    /// <summary>Makes an instance. False where there is no loader or no driver; <paramref name="why"/> then says what to install.</summary>
    public static bool TryCreate([NotNullWhen(true)] out VulkanInstance? instance, out string why)
    {
        instance = null;
        if (!NativeLibrary.TryLoad("libvulkan.so.1", out var library)
            || !NativeLibrary.TryGetExport(library, "vkGetInstanceProcAddr", out var entry))
        {
            why = "libvulkan.so.1 is not installed (package libvulkan1)";
            return false;
        }

        var resolve = (delegate* unmanaged<VkInstance, byte*, void*>)entry;
        var global = new VkGlobalCommands((delegate* unmanaged<nint, byte*, void*>)entry);
        uint version = 0;
        if (global.vkEnumerateInstanceVersion == null || global.vkEnumerateInstanceVersion(&version) != VK_SUCCESS || version < ApiVersion1_1)
        {
            why = "the Vulkan loader is older than 1.1";
            return false;
        }

        var application = new VkApplicationInfo { apiVersion = ApiVersion1_1 };
        var create = new VkInstanceCreateInfo { pApplicationInfo = &application };
        VkInstance handle;
        var result = global.vkCreateInstance(&create, null, &handle);
        if (result != VK_SUCCESS)
        {
            why = $"vkCreateInstance: {result} (no Vulkan driver installed?)";
            return false;
        }

        instance = new VulkanInstance(handle, new VkInstanceCommands(handle, resolve));
        instance.ListDevices();
        why = instance._devices.Count == 0 ? "no Vulkan device (package mesa-vulkan-drivers, or the maker's driver)" : "";
        if (why.Length == 0)
        {
            return true;
        }

        instance.Dispose();
        instance = null;
        return false;
    }

    /// <summary>Destroys the instance; every device made from it must be gone.</summary>
    public void Dispose()
    {
        if (!_disposed)
        {
            _disposed = true;
            Commands.vkDestroyInstance(_instance, null);
        }
    }

    private void ListDevices()
    {
        var handles = stackalloc VkPhysicalDevice[MaxDevices];
        uint count = MaxDevices;
        if (Commands.vkEnumeratePhysicalDevices(_instance, &count, handles) is not (VK_SUCCESS or VK_INCOMPLETE))
        {
            return;
        }

        for (var i = 0; i < count; i++)
        {
            _devices.Add(new VulkanPhysicalDevice(this, handles[i]));
        }
    }
}
