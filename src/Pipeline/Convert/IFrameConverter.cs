using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert;

/// <summary>What became of a request to convert.</summary>
public enum ConvertOutcome
{
    /// <summary>The target holds the picture; the changed map says which tiles differ from before.</summary>
    Converted,

    /// <summary>This converter cannot read such a scanout or write such a target; a lower step of the chain may.</summary>
    Unsupported,

    /// <summary>The scanout is not what it claims to be (fd, size, stride); the previous picture stays.</summary>
    BadScanout,

    /// <summary>The device is gone; the converter must be disposed of.</summary>
    DeviceLost,
}

/// <summary>
/// Turns the damaged tiles of a scanout into NV12 (BT.709, limited range). Owned and called by one encode
/// thread, and by one beside it in turn where <see cref="MovesBetweenThreads"/> allows. When a call returns, the scanout's pixels have been read: QEMU may be answered.
/// </summary>
public interface IFrameConverter : IDisposable
{
    /// <summary>Short name for logs and the overlay, such as "cpu-avx512" or "vulkan: llvmpipe".</summary>
    string Name { get; }

    /// <summary>Bytes of scanouts' pixels that the CPU has read since the start; 0 where only a GPU reads them.</summary>
    long CpuReadBytes => 0;

    /// <summary>Bytes of converted pictures that the CPU has copied since the start.</summary>
    long CpuCopiedBytes => 0;

    /// <summary>How long the last scanout took to be found among the imports or to be imported, in ns; 0 where nothing is imported.</summary>
    long LastImportNs => 0;

    /// <summary>Scanouts imported since the start; a known buffer costs none.</summary>
    long ImportsDone => 0;

    /// <summary>Whether threads may call it in turn. Without, it belongs to the thread that made it.</summary>
    bool MovesBetweenThreads => false;

    /// <summary>How long the last conversion ran on a GPU by its own timestamps, in ns; 0 where it has none.</summary>
    long LastGpuNs => 0;

    /// <summary>
    /// Converts the tiles in <paramref name="damage"/> (64-pixel tiles) into <paramref name="target"/>, which
    /// still holds the previous picture elsewhere, and sets in <paramref name="changed"/> (16-pixel
    /// macroblocks, cleared first) what really differs from it.
    /// </summary>
    ConvertOutcome Convert(Scanout scanout, TileMap damage, PictureTarget target, TileMap changed);
}
