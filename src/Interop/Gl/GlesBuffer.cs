using QemuZeroCopy.Interop.Gpu;
using static QemuZeroCopy.Interop.Gl.GlesConstants;

namespace QemuZeroCopy.Interop.Gl;

/// <summary>A buffer that stays mapped for the CPU, coherently.</summary>
public sealed unsafe class GlesBuffer : IDisposable
{
    private readonly GlesDevice _device;
    private uint _handle;

    /// <summary>Allocates and maps.</summary>
    /// <exception cref="GpuSetupException">Out of memory.</exception>
    public GlesBuffer(GlesDevice device, long size)
    {
        const int Access = GL_MAP_READ_BIT | GL_MAP_WRITE_BIT | GL_MAP_PERSISTENT_BIT_EXT | GL_MAP_COHERENT_BIT_EXT;
        _device = device;
        Size = size;
        uint handle;
        device.Commands.glGenBuffers(1, &handle);
        _handle = handle;
        device.Commands.glBindBuffer(GL_SHADER_STORAGE_BUFFER, handle);
        device.Commands.glBufferStorageEXT(GL_SHADER_STORAGE_BUFFER, (nint)size, null, Access);
        Mapped = (nint)device.Commands.glMapBufferRange(GL_SHADER_STORAGE_BUFFER, 0, (nint)size, Access);
        if (Mapped == 0)
        {
            Dispose();
            throw new GpuSetupException($"No {size} bytes of GPU memory: 0x{device.Commands.glGetError():x}.");
        }

        new Span<byte>((void*)Mapped, checked((int)size)).Clear();
    }

    /// <summary>Size in bytes.</summary>
    public long Size { get; }

    /// <summary>Where the CPU sees it.</summary>
    public nint Mapped { get; private set; }

    internal uint Handle => _handle;

    /// <summary>Unmaps and frees; the GPU must be done with it.</summary>
    public void Dispose()
    {
        if (_handle == 0)
        {
            return;
        }

        uint handle = _handle;
        _device.Commands.glDeleteBuffers(1, &handle);
        (_handle, Mapped) = (0, 0);
    }
}
