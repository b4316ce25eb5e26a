using System.Runtime.InteropServices;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert;

/// <summary>
/// Where a converter writes an NV12 picture. Belongs to the encoder, which names the kind it reads
/// best: <see cref="HostPicture"/> for x264, its own exported surfaces for a hardware encoder.
/// </summary>
public abstract class PictureTarget(PictureSize size) : IDisposable
{
    /// <summary>Side in pixels of the tiles in which changes are told: one macroblock.</summary>
    public const int MacroblockSize = 16;

    /// <summary>Visible size in pixels; the planes are padded to whole macroblocks.</summary>
    public PictureSize Size { get; } = size;

    /// <summary>
    /// Damage tiles in which this target is older than the previous picture, because an encoder with several
    /// surfaces used another one for that. A converter converts them beside the damage and clears them. Always
    /// empty where one target serves all pictures.
    /// </summary>
    public TileMap Stale { get; } = DamageRegion.Create(size);

    /// <summary>Raised once, on the owner's thread, before the planes are freed: imports of them have to go first.</summary>
    internal event Action<PictureTarget>? Freeing;

    /// <inheritdoc/>
    public void Dispose()
    {
        Freeing?.Invoke(this);
        Freeing = null;
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the planes.</summary>
    protected abstract void Dispose(bool disposing);
}

/// <summary>
/// An NV12 picture in whole pages of host memory, so that a GPU can import them. Width and height are padded to a multiple of 16 with
/// copies of the edge pixels, and the stride to 64 bytes.
/// </summary>
public sealed unsafe class HostPicture : PictureTarget
{
    private byte* _memory;

    /// <summary>Allocates a black picture (Y 16, chroma 128).</summary>
    public HostPicture(PictureSize size)
        : base(size)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(size.IsValid, false, nameof(size));
        PaddedWidth = (size.Width + MacroblockSize - 1) & -MacroblockSize;
        PaddedHeight = (size.Height + MacroblockSize - 1) & -MacroblockSize;
        Stride = (PaddedWidth + 63) & -64;
        nuint lumaBytes = (nuint)Stride * (nuint)PaddedHeight;
        nuint page = (nuint)Environment.SystemPageSize;
        AllocatedBytes = (lumaBytes + lumaBytes / 2 + page - 1) & ~(page - 1);
        _memory = PictureMemory.Allocate(AllocatedBytes);
        NativeMemory.Fill(_memory, lumaBytes, 16);
        NativeMemory.Fill(_memory + lumaBytes, lumaBytes / 2, 128);
    }

    /// <summary>Width of the planes in pixels, a multiple of 16.</summary>
    public int PaddedWidth { get; }

    /// <summary>Height of the luma plane in rows, a multiple of 16.</summary>
    public int PaddedHeight { get; }

    /// <summary>Distance between two rows of either plane, in bytes; a multiple of 64.</summary>
    public int Stride { get; }

    /// <summary>Size of the memory that begins at <see cref="Luma"/>, in bytes: whole pages.</summary>
    public nuint AllocatedBytes { get; }

    /// <summary>The luma plane: <see cref="Stride"/> × <see cref="PaddedHeight"/> bytes.</summary>
    public byte* Luma => _memory;

    /// <summary>The interleaved Cb, Cr plane: <see cref="Stride"/> × <see cref="PaddedHeight"/> / 2 bytes.</summary>
    public byte* Chroma => _memory + (nint)Stride * PaddedHeight;

    /// <summary>Frees the memory when nobody disposed of the picture.</summary>
    ~HostPicture() => Dispose(false);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        PictureMemory.Free(_memory);
        _memory = null;
    }
}
