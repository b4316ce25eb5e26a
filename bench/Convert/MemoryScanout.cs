using System.Runtime.InteropServices;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Bench.Convert;

/// <summary>A scanout in page-aligned memory of this process, B G R X.</summary>
internal sealed unsafe class MemoryScanout : CpuScanout
{
    private readonly byte* _memory;

    public MemoryScanout(PictureSize size)
        : base(size, PixelFormat.Xrgb8888, size.Width * 4)
    {
        _memory = (byte*)NativeMemory.AlignedAlloc((nuint)Length, 4096);
        NativeMemory.Clear(_memory, (nuint)Length);
    }

    public int Length => Stride * Size.Height;

    public Span<byte> Bytes => new(_memory, Length);

    public Span<uint> Words => new(_memory, Length / 4);

    public override nint Pixels => (nint)_memory;

    protected override void Free() => NativeMemory.AlignedFree(_memory);
}
