using QemuZeroCopy.Interop.Gpu;
using static QemuZeroCopy.Interop.Vulkan.VkResult;

namespace QemuZeroCopy.Interop.Vulkan;

/// <summary>
/// One command list, recorded anew for each frame: Begin, Acquire…, Dispatch, Release…, SubmitAndWait.
/// Allocates nothing after its construction.
/// </summary>
public sealed unsafe class ComputeCommands : IDisposable
{
    private const int MaxWaits = 4;
    private const VkPipelineStageFlagBits Compute = VkPipelineStageFlagBits.VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT;
    private readonly VulkanDevice _device;
    private readonly VkDeviceCommands _vk;
    private readonly VkCommandPool _pool;
    private readonly VkCommandBuffer _list;
    private readonly VkFence _fence;
    private readonly VkQueryPool _queries;
    private readonly VkSemaphore[] _semaphores = new VkSemaphore[MaxWaits];
    private int _waits;
    private bool _disposed;

    /// <summary>Makes the list, its fence and, where the queue has them, two timestamps.</summary>
    /// <exception cref="GpuSetupException">The driver refuses.</exception>
    public ComputeCommands(VulkanDevice device)
    {
        _device = device;
        _vk = device.Commands;
        var poolInfo = new VkCommandPoolCreateInfo
        {
            flags = VkCommandPoolCreateFlagBits.VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
            queueFamilyIndex = device.Physical.QueueFamily,
        };
        VkCommandPool pool;
        _vk.vkCreateCommandPool(device.Handle, &poolInfo, null, &pool).ThrowIfFailed("vkCreateCommandPool");
        _pool = pool;
        var listInfo = new VkCommandBufferAllocateInfo { commandPool = pool, level = VkCommandBufferLevel.VK_COMMAND_BUFFER_LEVEL_PRIMARY, commandBufferCount = 1 };
        VkCommandBuffer list;
        _vk.vkAllocateCommandBuffers(device.Handle, &listInfo, &list).ThrowIfFailed("vkAllocateCommandBuffers");
        _list = list;
        var fenceInfo = new VkFenceCreateInfo();
        VkFence fence;
        _vk.vkCreateFence(device.Handle, &fenceInfo, null, &fence).ThrowIfFailed("vkCreateFence");
        _fence = fence;
        if (device.Physical.TimestampPeriodNs > 0)
        {
            var queryInfo = new VkQueryPoolCreateInfo { queryType = VkQueryType.VK_QUERY_TYPE_TIMESTAMP, queryCount = 2 };
            VkQueryPool queries;
            _vk.vkCreateQueryPool(device.Handle, &queryInfo, null, &queries).ThrowIfFailed("vkCreateQueryPool");
            _queries = queries;
        }

        for (var i = 0; i < MaxWaits && device.Physical.ImportsSyncFiles; i++)
        {
            var semaphoreInfo = new VkSemaphoreCreateInfo();
            VkSemaphore semaphore;
            _vk.vkCreateSemaphore(device.Handle, &semaphoreInfo, null, &semaphore).ThrowIfFailed("vkCreateSemaphore");
            _semaphores[i] = semaphore;
        }
    }

    /// <summary>How long the last list ran on the GPU, in ns; 0 where there are no timestamps.</summary>
    public long LastGpuNs { get; private set; }

    /// <summary>Starts a new list.</summary>
    public void Begin()
    {
        _waits = 0;
        var begin = new VkCommandBufferBeginInfo { flags = VkCommandBufferUsageFlagBits.VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT };
        _vk.vkBeginCommandBuffer(_list, &begin);
        if (!_queries.IsNull)
        {
            _vk.vkCmdResetQueryPool(_list, _queries, 0, 2);
            _vk.vkCmdWriteTimestamp(_list, VkPipelineStageFlagBits.VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT, _queries, 0);
        }
    }

    /// <summary>
    /// Makes the list wait on the GPU for a sync_file. True when the fd was taken over; false, and the fd stays
    /// the caller's, where the driver cannot.
    /// </summary>
    public bool TryWaitFor(int syncFile)
    {
        if (!_device.Physical.ImportsSyncFiles || _waits == MaxWaits || syncFile < 0)
        {
            return false;
        }

        var import = new VkImportSemaphoreFdInfoKHR
        {
            semaphore = _semaphores[_waits],
            flags = VkSemaphoreImportFlagBits.VK_SEMAPHORE_IMPORT_TEMPORARY_BIT,
            handleType = VkExternalSemaphoreHandleTypeFlagBits.VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_SYNC_FD_BIT,
            fd = syncFile,
        };
        if (_vk.vkImportSemaphoreFdKHR(_device.Handle, &import) != VK_SUCCESS)
        {
            return false;
        }

        _waits++;
        return true;
    }

    /// <summary>Takes an imported buffer over from the driver that made it.</summary>
    public void Acquire(VulkanBuffer buffer, bool forWriting) => Exchange(buffer, forWriting, acquire: true);

    /// <summary>Gives an imported buffer back.</summary>
    public void Release(VulkanBuffer buffer, bool forWriting) => Exchange(buffer, forWriting, acquire: false);

    /// <summary>Takes an image over from the driver that made it, its content kept.</summary>
    public void Acquire(VulkanImage image, bool forWriting) => Exchange(image, forWriting, acquire: true);

    /// <summary>Gives an image back.</summary>
    public void Release(VulkanImage image, bool forWriting) => Exchange(image, forWriting, acquire: false);

    /// <summary>Runs <paramref name="groups"/> work groups of a kernel over its bound resources.</summary>
    public void Dispatch(ComputeKernel kernel, ReadOnlySpan<byte> parameters, int groups)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(parameters.Length, kernel.ParameterBytes);
        var set = kernel.Set;
        _vk.vkCmdBindPipeline(_list, VkPipelineBindPoint.VK_PIPELINE_BIND_POINT_COMPUTE, kernel.Pipeline);
        _vk.vkCmdBindDescriptorSets(_list, VkPipelineBindPoint.VK_PIPELINE_BIND_POINT_COMPUTE, kernel.Layout, 0, 1, &set, 0, null);
        fixed (byte* values = parameters)
        {
            _vk.vkCmdPushConstants(_list, kernel.Layout, VkShaderStageFlagBits.VK_SHADER_STAGE_COMPUTE_BIT, 0, (uint)parameters.Length, values);
        }

        _vk.vkCmdDispatch(_list, (uint)groups, 1, 1);
    }

    /// <summary>
    /// Runs the list and waits for its end; the CPU then sees what it wrote. <see cref="GpuOutcome.DeviceLost"/>
    /// also when it takes longer than <paramref name="timeoutMs"/>.
    /// </summary>
    public GpuOutcome SubmitAndWait(int timeoutMs)
    {
        var barrier = new VkMemoryBarrier { srcAccessMask = VkAccessFlagBits.VK_ACCESS_SHADER_WRITE_BIT, dstAccessMask = VkAccessFlagBits.VK_ACCESS_HOST_READ_BIT };
        _vk.vkCmdPipelineBarrier(_list, Compute, VkPipelineStageFlagBits.VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0, null, 0, null);
        if (!_queries.IsNull)
        {
            _vk.vkCmdWriteTimestamp(_list, VkPipelineStageFlagBits.VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, _queries, 1);
        }

        var list = _list;
        var fence = _fence;
        var stages = stackalloc VkPipelineStageFlagBits[MaxWaits];
        new Span<VkPipelineStageFlagBits>(stages, MaxWaits).Fill(Compute);
        var result = _vk.vkEndCommandBuffer(_list);
        if (result == VK_SUCCESS)
        {
            fixed (VkSemaphore* semaphores = _semaphores)
            {
                var submit = new VkSubmitInfo
                {
                    waitSemaphoreCount = (uint)_waits,
                    pWaitSemaphores = semaphores,
                    pWaitDstStageMask = stages,
                    commandBufferCount = 1,
                    pCommandBuffers = &list,
                };
                result = _vk.vkQueueSubmit(_device.Queue, 1, &submit, fence);
            }
        }

        if (result == VK_SUCCESS)
        {
            result = _vk.vkWaitForFences(_device.Handle, 1, &fence, 1, (ulong)timeoutMs * 1_000_000);
        }

        if (result != VK_SUCCESS)
        {
            // The caller frees what the list uses: nothing may run any more. A driver that hangs gives up by itself.
            _vk.vkDeviceWaitIdle(_device.Handle);
            return GpuOutcome.DeviceLost;
        }

        _vk.vkResetFences(_device.Handle, 1, &fence);
        ReadTimestamps();
        return GpuOutcome.Ok;
    }

    /// <summary>Waits for the device and destroys the list.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _vk.vkDeviceWaitIdle(_device.Handle);
        foreach (var semaphore in _semaphores)
        {
            _vk.vkDestroySemaphore(_device.Handle, semaphore, null);
        }

        _vk.vkDestroyQueryPool(_device.Handle, _queries, null);
        _vk.vkDestroyFence(_device.Handle, _fence, null);
        _vk.vkDestroyCommandPool(_device.Handle, _pool, null);
    }

    private void Exchange(VulkanBuffer buffer, bool forWriting, bool acquire)
    {
        if (!buffer.IsForeign)
        {
            return;
        }

        var barrier = new VkBufferMemoryBarrier
        {
            srcAccessMask = acquire || !forWriting ? 0 : VkAccessFlagBits.VK_ACCESS_SHADER_WRITE_BIT,
            dstAccessMask = acquire ? AccessFor(forWriting) : 0,
            srcQueueFamilyIndex = acquire ? _device.ForeignFamily : _device.Physical.QueueFamily,
            dstQueueFamilyIndex = acquire ? _device.Physical.QueueFamily : _device.ForeignFamily,
            buffer = buffer.Handle,
            size = VkConstants.VK_WHOLE_SIZE,
        };
        _vk.vkCmdPipelineBarrier(_list, Source(acquire), Target(acquire), 0, 0, null, 1, &barrier, 0, null);
    }

    private void Exchange(VulkanImage image, bool forWriting, bool acquire)
    {
        var barrier = new VkImageMemoryBarrier
        {
            srcAccessMask = acquire || !forWriting ? 0 : VkAccessFlagBits.VK_ACCESS_SHADER_WRITE_BIT,
            dstAccessMask = acquire ? AccessFor(forWriting) : 0,
            // GENERAL, not UNDEFINED, which would let the driver throw the content away.
            oldLayout = VkImageLayout.VK_IMAGE_LAYOUT_GENERAL,
            newLayout = VkImageLayout.VK_IMAGE_LAYOUT_GENERAL,
            srcQueueFamilyIndex = acquire ? _device.ForeignFamily : _device.Physical.QueueFamily,
            dstQueueFamilyIndex = acquire ? _device.Physical.QueueFamily : _device.ForeignFamily,
            image = image.Handle,
            subresourceRange = VulkanImage.WholeColor,
        };
        _vk.vkCmdPipelineBarrier(_list, Source(acquire), Target(acquire), 0, 0, null, 0, null, 1, &barrier);
    }

    private static VkAccessFlagBits AccessFor(bool forWriting) =>
        forWriting ? VkAccessFlagBits.VK_ACCESS_SHADER_WRITE_BIT : VkAccessFlagBits.VK_ACCESS_SHADER_READ_BIT;

    private static VkPipelineStageFlagBits Source(bool acquire) => acquire ? VkPipelineStageFlagBits.VK_PIPELINE_STAGE_TOP_OF_PIPE_BIT : Compute;

    private static VkPipelineStageFlagBits Target(bool acquire) => acquire ? Compute : VkPipelineStageFlagBits.VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT;

    private void ReadTimestamps()
    {
        if (_queries.IsNull)
        {
            return;
        }

        var ticks = stackalloc ulong[2];
        if (_vk.vkGetQueryPoolResults(_device.Handle, _queries, 0, 2, 16, ticks, 8, VkQueryResultFlagBits.VK_QUERY_RESULT_64_BIT) == VK_SUCCESS)
        {
            LastGpuNs = (long)((ticks[1] - ticks[0]) * (double)_device.Physical.TimestampPeriodNs);
        }
    }
}
