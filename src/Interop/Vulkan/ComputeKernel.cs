using QemuZeroCopy.Interop.Gpu;

namespace QemuZeroCopy.Interop.Vulkan;

/// <summary>What a shader binding takes.</summary>
public enum KernelBinding
{
    /// <summary>A storage buffer.</summary>
    Buffer,

    /// <summary>An image read by texelFetch.</summary>
    SampledImage,

    /// <summary>An image written by imageStore.</summary>
    StorageImage,
}

/// <summary>A compute pipeline with one descriptor set, whose binding N is the Nth of the list it is made with.</summary>
public sealed unsafe class ComputeKernel : IDisposable
{
    private readonly VulkanDevice _device;
    private readonly KernelBinding[] _bindings;
    private readonly VkDescriptorSetLayout _setLayout;
    private readonly VkDescriptorPool _pool;
    private readonly VkSampler _sampler;
    private readonly VkDescriptorSet _set;
    private bool _disposed;

    /// <summary>Builds the pipeline from SPIR-V, entry point "main".</summary>
    /// <exception cref="GpuSetupException">The driver refuses the shader.</exception>
    public ComputeKernel(VulkanDevice device, ReadOnlySpan<byte> spirv, ReadOnlySpan<KernelBinding> bindings, int parameterBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(spirv.Length % 4, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bindings.Length, 16);
        _device = device;
        _bindings = bindings.ToArray();
        ParameterBytes = parameterBytes;
        var sampler = new VkSamplerCreateInfo();
        VkSampler samplerHandle;
        device.Commands.vkCreateSampler(device.Handle, &sampler, null, &samplerHandle).ThrowIfFailed("vkCreateSampler");
        _sampler = samplerHandle;
        _setLayout = MakeSetLayout();
        _pool = MakePool();
        Layout = MakeLayout();
        Pipeline = MakePipeline(spirv);
        var layout = _setLayout;
        var allocate = new VkDescriptorSetAllocateInfo { descriptorPool = _pool, descriptorSetCount = 1, pSetLayouts = &layout };
        VkDescriptorSet set;
        device.Commands.vkAllocateDescriptorSets(device.Handle, &allocate, &set).ThrowIfFailed("vkAllocateDescriptorSets");
        _set = set;
    }

    internal VkPipelineLayout Layout { get; }

    internal VkPipeline Pipeline { get; }

    internal VkDescriptorSet Set => _set;

    internal int ParameterBytes { get; }

    /// <summary>Puts a buffer, whole, at a binding. The GPU must not be running the kernel.</summary>
    public void Bind(int binding, VulkanBuffer buffer)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual((int)_bindings[binding], (int)KernelBinding.Buffer, nameof(binding));
        var info = new VkDescriptorBufferInfo { buffer = buffer.Handle, offset = 0, range = VkConstants.VK_WHOLE_SIZE };
        var write = Write(binding);
        write.pBufferInfo = &info;
        _device.Commands.vkUpdateDescriptorSets(_device.Handle, 1, &write, 0, null);
    }

    /// <summary>Puts an image at a binding. The GPU must not be running the kernel.</summary>
    public void Bind(int binding, VulkanImage image)
    {
        ArgumentOutOfRangeException.ThrowIfEqual((int)_bindings[binding], (int)KernelBinding.Buffer, nameof(binding));
        var info = new VkDescriptorImageInfo { sampler = _sampler, imageView = image.View, imageLayout = VkImageLayout.VK_IMAGE_LAYOUT_GENERAL };
        var write = Write(binding);
        write.pImageInfo = &info;
        _device.Commands.vkUpdateDescriptorSets(_device.Handle, 1, &write, 0, null);
    }

    /// <summary>Destroys the pipeline; the GPU must be done with it.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _device.Commands.vkDestroyPipeline(_device.Handle, Pipeline, null);
        _device.Commands.vkDestroyPipelineLayout(_device.Handle, Layout, null);
        _device.Commands.vkDestroyDescriptorPool(_device.Handle, _pool, null);
        _device.Commands.vkDestroyDescriptorSetLayout(_device.Handle, _setLayout, null);
        _device.Commands.vkDestroySampler(_device.Handle, _sampler, null);
    }

    private static VkDescriptorType TypeOf(KernelBinding binding) => binding switch
    {
        KernelBinding.Buffer => VkDescriptorType.VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
        KernelBinding.SampledImage => VkDescriptorType.VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER,
        _ => VkDescriptorType.VK_DESCRIPTOR_TYPE_STORAGE_IMAGE,
    };

    private VkWriteDescriptorSet Write(int binding) => new()
    {
        dstSet = _set,
        dstBinding = (uint)binding,
        descriptorCount = 1,
        descriptorType = TypeOf(_bindings[binding]),
    };

    private VkDescriptorSetLayout MakeSetLayout()
    {
        var bindings = stackalloc VkDescriptorSetLayoutBinding[_bindings.Length];
        for (var i = 0; i < _bindings.Length; i++)
        {
            bindings[i] = new VkDescriptorSetLayoutBinding
            {
                binding = (uint)i,
                descriptorType = TypeOf(_bindings[i]),
                descriptorCount = 1,
                stageFlags = VkShaderStageFlagBits.VK_SHADER_STAGE_COMPUTE_BIT,
            };
        }

        var create = new VkDescriptorSetLayoutCreateInfo { bindingCount = (uint)_bindings.Length, pBindings = bindings };
        VkDescriptorSetLayout layout;
        _device.Commands.vkCreateDescriptorSetLayout(_device.Handle, &create, null, &layout).ThrowIfFailed("vkCreateDescriptorSetLayout");
        return layout;
    }

    private VkDescriptorPool MakePool()
    {
        var sizes = stackalloc VkDescriptorPoolSize[_bindings.Length];
        for (var i = 0; i < _bindings.Length; i++)
        {
            sizes[i] = new VkDescriptorPoolSize { type = TypeOf(_bindings[i]), descriptorCount = 1 };
        }

        var create = new VkDescriptorPoolCreateInfo { maxSets = 1, poolSizeCount = (uint)_bindings.Length, pPoolSizes = sizes };
        VkDescriptorPool pool;
        _device.Commands.vkCreateDescriptorPool(_device.Handle, &create, null, &pool).ThrowIfFailed("vkCreateDescriptorPool");
        return pool;
    }

    private VkPipelineLayout MakeLayout()
    {
        var set = _setLayout;
        var range = new VkPushConstantRange { stageFlags = VkShaderStageFlagBits.VK_SHADER_STAGE_COMPUTE_BIT, size = (uint)ParameterBytes };
        var create = new VkPipelineLayoutCreateInfo { setLayoutCount = 1, pSetLayouts = &set, pushConstantRangeCount = 1, pPushConstantRanges = &range };
        VkPipelineLayout layout;
        _device.Commands.vkCreatePipelineLayout(_device.Handle, &create, null, &layout).ThrowIfFailed("vkCreatePipelineLayout");
        return layout;
    }

    private VkPipeline MakePipeline(ReadOnlySpan<byte> spirv)
    {
        VkShaderModule module;
        fixed (byte* code = spirv)
        {
            var create = new VkShaderModuleCreateInfo { codeSize = (nuint)spirv.Length, pCode = (uint*)code };
            _device.Commands.vkCreateShaderModule(_device.Handle, &create, null, &module).ThrowIfFailed("vkCreateShaderModule");
        }

        fixed (byte* main = "main"u8)
        {
            var info = new VkComputePipelineCreateInfo
            {
                stage = new VkPipelineShaderStageCreateInfo
                {
                    stage = VkShaderStageFlagBits.VK_SHADER_STAGE_COMPUTE_BIT,
                    module = module,
                    pName = main,
                },
                layout = Layout,
            };
            VkPipeline pipeline;
            var result = _device.Commands.vkCreateComputePipelines(_device.Handle, default, 1, &info, null, &pipeline);
            _device.Commands.vkDestroyShaderModule(_device.Handle, module, null);
            result.ThrowIfFailed("vkCreateComputePipelines");
            return pipeline;
        }
    }
}
