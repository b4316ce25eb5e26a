using Microsoft.Win32.SafeHandles;

namespace QemuZeroCopy.Interop.Gpu;

/// <summary>Where one plane lies in a DMA-BUF.</summary>
/// <param name="Fd">The buffer; stays the caller's.</param>
/// <param name="OffsetBytes">Start of the plane.</param>
/// <param name="PitchBytes">Distance between two rows.</param>
public readonly record struct ImportedPlane(SafeFileHandle Fd, uint OffsetBytes, uint PitchBytes);
