using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Convert.Gpu;

/// <summary>An encoder's surface as VAAPI exports it: two linear planes in one buffer, or in two.</summary>
internal sealed class TestSurface : IDisposable
{
    private static ulong s_nextSurface = 1;
    private readonly TestMemory _luma;
    private readonly TestMemory _chroma;
    private readonly int _stride;
    private readonly int _chromaOffset;

    public TestSurface(PictureSize size, bool twoBuffers = false)
    {
        _stride = (size.Width + 127) & ~127;
        int rows = (size.Height + 15) & ~15;
        _chromaOffset = twoBuffers ? 0 : _stride * rows;
        _luma = new TestMemory((_stride * rows * (twoBuffers ? 2 : 3) / 2 + 4095) & ~4095);
        _chroma = twoBuffers ? new TestMemory((_stride * rows / 2 + 4095) & ~4095) : _luma;
        Picture = new DmaBufPicture(
            size, new DmaBufPlane(_luma.Dup(), 0, (uint)_stride), new DmaBufPlane(_chroma.Dup(), (uint)_chromaOffset, (uint)_stride),
            modifier: 0, Interlocked.Increment(ref s_nextSurface));
    }

    public DmaBufPicture Picture { get; }

    public string? Compare(TestPicture expected) => expected.Compare(_luma.Bytes, _stride, _chroma.Bytes[_chromaOffset..], _stride);

    public void Dispose()
    {
        Picture.Dispose();
        _luma.Dispose();
        _chroma.Dispose();
    }
}
