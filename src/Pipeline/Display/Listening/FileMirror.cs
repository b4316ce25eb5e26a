using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Display.Listening;

/// <summary>
/// Copies damage out of a file that is no memory file (QEMU falls back to one where it has no memfd): reading it
/// through a mapping can kill the process (SIGBUS) when the disk fails or the file becomes shorter.
/// </summary>
internal sealed class FileMirror(SafeFileHandle? file, long offsetBytes, int stride, CopiedScanout copy) : IDisposable
{
    /// <summary>Copies a rectangle that lies inside the picture; false where the file has become too short.</summary>
    internal bool TryCopy(PixelRect rect)
    {
        if (file is null)
            return false;
        long start = offsetBytes + (long)rect.Y * stride + (long)rect.X * copy.BytesPerPixel;
        for (int row = 0; row < rect.Height; row++)
        {
            Span<byte> destination = copy.Row(rect, row);
            if (Fds.ReadAt(file, destination, start + (long)row * stride) != destination.Length)
                return false;
        }

        return true;
    }

    public void Dispose() => file?.Dispose();
}
