using System.Runtime.InteropServices;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert;

/// <summary>
/// A planar 4:4:4 picture in host memory that begins on a page, padded like <see cref="HostPicture"/>.
/// </summary>
public sealed unsafe class HostPicture444 : PictureTarget
{
    private readonly nint _planeBytes;
    private byte* _memory;

    /// <summary>Allocates a black picture (Y 16, chroma 128).</summary>
    public HostPicture444(PictureSize size)
        : base(size)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(size.IsValid, false, nameof(size));
        int height = (size.Height + MacroblockSize - 1) & -MacroblockSize;
        Stride = (size.Width + 63) & -64;
        _planeBytes = (nint)Stride * height;
        _memory = PictureMemory.Allocate((nuint)_planeBytes * 3);
        NativeMemory.Fill(_memory, (nuint)_planeBytes, 16);
        NativeMemory.Fill(_memory + _planeBytes, (nuint)_planeBytes * 2, 128);
    }

    /// <summary>Distance between two rows of every plane, in bytes; a multiple of 64.</summary>
    public int Stride { get; }

    /// <summary>The luma plane.</summary>
    public byte* Y => _memory;

    /// <summary>The blue difference plane.</summary>
    public byte* Cb => _memory + _planeBytes;

    /// <summary>The red difference plane.</summary>
    public byte* Cr => _memory + 2 * _planeBytes;

    /// <summary>Frees the memory when nobody disposed of the picture.</summary>
    ~HostPicture444() => Dispose(false);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        PictureMemory.Free(_memory);
        _memory = null;
    }
}
