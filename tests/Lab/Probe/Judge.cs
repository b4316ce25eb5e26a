using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Cpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Lab.Tests.Probe;

/// <summary>What a picture in a dma-buf should look like as NV12, by the CPU path, which unit tests hold against the formula.</summary>
internal sealed unsafe class Judge : IDisposable
{
    private readonly CpuConverter _cpu = new();

    /// <summary>The largest difference of any sample in the visible part.</summary>
    public int LargestDifference(LabBuffer source, HostPicture converted, bool bottomUp) =>
        LargestDifference(source, converted.Luma, converted.Stride, converted.Chroma, converted.Stride, bottomUp);

    /// <summary>The same for planes that lie anywhere.</summary>
    public int LargestDifference(LabBuffer source, byte* luma, int lumaStride, byte* chroma, int chromaStride, bool bottomUp)
    {
        byte[] upright = new byte[source.Stride * source.Size.Height];
        for (int row = 0; row < source.Size.Height; row++)
            source.Memory.Slice((bottomUp ? source.Size.Height - 1 - row : row) * source.Stride, source.Stride).CopyTo(upright.AsSpan(row * source.Stride));
        fixed (byte* pixels = upright)
        {
            var scanout = new PlainScanout(source.Size, source.Format, source.Stride, (nint)pixels);
            using var expected = new HostPicture(source.Size);
            TileMap damage = DamageRegion.Create(source.Size), changed = new(source.Size, PictureTarget.MacroblockSize);
            damage.Fill();
            if (_cpu.Convert(scanout, damage, expected, changed) != ConvertOutcome.Converted)
                throw new InvalidOperationException($"The CPU path does not take {source.Format}.");
            scanout.Release();
            return Math.Max(
                Difference(expected.Luma, expected.Stride, luma, lumaStride, source.Size.Width, source.Size.Height),
                Difference(expected.Chroma, expected.Stride, chroma, chromaStride, (source.Size.Width + 1) & ~1, (source.Size.Height + 1) / 2));
        }
    }

    public void Dispose() => _cpu.Dispose();

    private static int Difference(byte* a, int aStride, byte* b, int bStride, int width, int height)
    {
        int largest = 0;
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
                largest = Math.Max(largest, Math.Abs(a[y * aStride + x] - b[y * bStride + x]));
        }

        return largest;
    }

    private sealed class PlainScanout(PictureSize size, PixelFormat format, int stride, nint pixels) : CpuScanout(size, format, stride)
    {
        public override nint Pixels => pixels;

        protected override void Free()
        {
        }
    }
}
