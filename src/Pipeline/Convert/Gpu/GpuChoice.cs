namespace QemuZeroCopy.Pipeline.Convert.Gpu;

/// <summary>What `--gpu` says.</summary>
public enum GpuChoice
{
    /// <summary>Whatever hardware is there, Vulkan before GL; a software rasterizer only where nothing else reads a scanout.</summary>
    Auto,

    /// <summary>No GPU at all.</summary>
    None,

    /// <summary>Vulkan alone, on software too.</summary>
    Vulkan,

    /// <summary>EGL and GLES alone, on software too.</summary>
    Gl,
}
