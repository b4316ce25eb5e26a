using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Convert.Gpu;

/// <summary>A memfd, mapped: lavapipe and llvmpipe import it as they would a dma-buf (they mmap both).</summary>
internal sealed unsafe partial class TestMemory : IDisposable
{
    private const int ReadWrite = 3, Shared = 1;
    private byte* _mapped;

    public TestMemory(int size)
    {
        Size = size;
        int fd = memfd_create("qzc-test", 1);
        Assert.True(fd >= 0);
        Fd = new SafeFileHandle(fd, ownsHandle: true);
        Assert.Equal(0, ftruncate(fd, size));
        nint address = mmap(0, (nuint)size, ReadWrite, Shared, fd, 0);
        Assert.NotEqual(-1, address);
        _mapped = (byte*)address;
    }

    public int Size { get; }

    public SafeFileHandle Fd { get; }

    public nint Address => (nint)_mapped;

    public Span<byte> Bytes => new(_mapped, Size);

    /// <summary>A duplicate of the fd, for an owner that closes it.</summary>
    public SafeFileHandle Dup() => Duplicate(Fd);

    public void Dispose()
    {
        if (_mapped != null)
            _ = munmap((nint)_mapped, (nuint)Size);
        _mapped = null;
        Fd.Dispose();
    }

    public static int CountFds() => CountsFds.Now();

    public static SafeFileHandle Duplicate(SafeFileHandle fd) => new(dup((int)fd.DangerousGetHandle()), ownsHandle: true);

    public static SafeFileHandle OpenReadOnly(string path) => File.OpenHandle(path);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int memfd_create(string name, uint flags);

    [LibraryImport("libc")]
    private static partial int ftruncate(int fd, long size);

    [LibraryImport("libc")]
    private static partial nint mmap(nint address, nuint size, int protection, int flags, int fd, long offset);

    [LibraryImport("libc")]
    private static partial int munmap(nint address, nuint size);

    [LibraryImport("libc")]
    private static partial int dup(int fd);
}

/// <summary>A CPU scanout over test memory; tells when it is freed.</summary>
internal sealed class TestHostScanout(PictureSize size, PixelFormat format, int stride, nint pixels) : CpuScanout(size, format, stride)
{
    public bool IsFreed { get; private set; }

    public override nint Pixels => pixels;

    protected override void Free() => IsFreed = true;
}

/// <summary>A picture of random pixels in memory, and ways to hand it to a converter.</summary>
internal sealed class TestPicture : IDisposable
{
    private static ulong s_nextBuffer = 1;
    private readonly List<DmaBufScanout> _scanouts = [];

    public TestPicture(PictureSize size, PixelFormat format, int extraStride = 0, int offset = 0, int seed = 1, int extraRows = 0)
    {
        (Size, Format, Offset) = (size, format, offset);
        int pixel = PixelFormats.BytesPerPixel(format);
        Stride = ((size.Width * pixel + 3) & ~3) + extraStride;
        Memory = new TestMemory((offset + Stride * (size.Height + extraRows) + 4095) & ~4095);
        new Random(seed).NextBytes(Memory.Bytes);
    }

    public PictureSize Size { get; }

    public PixelFormat Format { get; }

    public int Offset { get; }

    public int Stride { get; }

    public TestMemory Memory { get; }

    public ulong BufferId { get; } = Interlocked.Increment(ref s_nextBuffer);

    public DmaBufScanout AsDmaBuf(
        bool bottomUp = false, PixelRect? crop = null, ulong modifier = 0, SafeFileHandle? fd = null, uint? stride = null, int planes = 1, PictureSize? backing = null)
    {
        PixelRect part = crop ?? new PixelRect(0, 0, Size.Width, Size.Height);
        var list = new DmaBufPlane[planes];
        for (int i = 0; i < planes; i++)
            list[i] = new DmaBufPlane(fd is null ? Memory.Dup() : fd, (uint)Offset, stride ?? (uint)Stride);
        var scanout = new DmaBufScanout(
            new PictureSize(part.Width, part.Height), Format, modifier, list, part.X, part.Y, backing ?? Size, bottomUp, BufferId);
        _scanouts.Add(scanout);
        return scanout;
    }

    public TestHostScanout AsHost() => new(Size, Format, Stride, Memory.Address + Offset);

    /// <summary>Whether the visible part of <paramref name="luma"/> and <paramref name="chroma"/> is this picture within ±1; else where it is not.</summary>
    public string? Compare(ReadOnlySpan<byte> luma, int lumaStride, ReadOnlySpan<byte> chroma, int chromaStride, bool bottomUp = false, PixelRect? crop = null)
    {
        PixelRect part = crop ?? new PixelRect(0, 0, Size.Width, Size.Height);
        int pixel = PixelFormats.BytesPerPixel(Format);
        (int R, int G, int B) At(ReadOnlySpan<byte> bytes, int x, int y)
        {
            (x, y) = (Math.Min(x, part.Width - 1), Math.Min(y, part.Height - 1));
            int row = part.Y + (bottomUp ? part.Height - 1 - y : y);
            return PlainNv12.Pixel(bytes, Offset + row * Stride + (part.X + x) * pixel, Format);
        }

        ReadOnlySpan<byte> source = Memory.Bytes;
        for (int y = 0; y < part.Height; y++)
        {
            for (int x = 0; x < part.Width; x++)
            {
                double expected = PlainNv12.Luma(At(source, x, y));
                if (Math.Abs(expected - luma[y * lumaStride + x]) > 1)
                    return $"Y at {x},{y}: {luma[y * lumaStride + x]} instead of {expected:f2}";
            }
        }

        for (int y = 0; y < part.Height; y += 2)
        {
            for (int x = 0; x < part.Width; x += 2)
            {
                double r = 0, g = 0, b = 0;
                for (int i = 0; i < 4; i++)
                {
                    var c = At(source, x + i % 2, y + i / 2);
                    (r, g, b) = (r + c.R / 4.0, g + c.G / 4.0, b + c.B / 4.0);
                }

                var (cb, cr) = PlainNv12.Chroma(r, g, b);
                int at = y / 2 * chromaStride + x;
                if (Math.Abs(cb - chroma[at]) > 1 || Math.Abs(cr - chroma[at + 1]) > 1)
                    return $"C at {x},{y}: {chroma[at]},{chroma[at + 1]} instead of {cb:f2},{cr:f2}";
            }
        }

        return null;
    }

    public unsafe string? Compare(HostPicture target, bool bottomUp = false, PixelRect? crop = null) => Compare(
        new ReadOnlySpan<byte>(target.Luma, target.Stride * target.PaddedHeight), target.Stride,
        new ReadOnlySpan<byte>(target.Chroma, target.Stride * target.PaddedHeight / 2), target.Stride, bottomUp, crop);

    public void Dispose()
    {
        foreach (DmaBufScanout scanout in _scanouts)
            scanout.Release();
        Memory.Dispose();
    }
}
