using System.Runtime.InteropServices;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Convert.Cpu;

/// <summary>A scanout in ordinary memory, with no byte to spare behind the last pixel.</summary>
internal sealed unsafe class MemoryScanout : CpuScanout
{
    private readonly byte* _block;
    private readonly int _offset;

    public MemoryScanout(PictureSize size, PixelFormat format, int stride, int offset = 0)
        : base(size, format, stride)
    {
        _offset = offset;
        Length = stride * (size.Height - 1) + size.Width * PixelFormats.BytesPerPixel(format);
        _block = (byte*)NativeMemory.AllocZeroed((nuint)(Length + offset));
    }

    public int Length { get; }

    public Span<byte> Bytes => new(_block + _offset, Length);

    public bool IsFreed { get; private set; }

    public override nint Pixels => (nint)(_block + _offset);

    protected override void Free()
    {
        NativeMemory.Free(_block);
        IsFreed = true;
    }
}
