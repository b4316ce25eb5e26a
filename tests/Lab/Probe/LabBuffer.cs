using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.FrameSource;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Lab.Tests.Probe;

/// <summary>Who makes a dma-buf here.</summary>
internal enum Exporter
{
    /// <summary>/dev/udmabuf over a sealed memfd.</summary>
    Udmabuf,

    /// <summary>A dumb buffer of a DRM card, exported by PRIME.</summary>
    Dumb,
}

/// <summary>A real dma-buf with a picture in it, mapped for writing.</summary>
internal sealed unsafe partial class LabBuffer : IDisposable
{
    private const ulong ModeCreateDumb = 0xc020_64b2, PrimeHandleToFd = 0xc00c_642d, GemClose = 0x4008_6409; // drm/drm.h
    private const int ReadWriteProtection = 3, Shared = 1, OpenReadWrite = 2, Cloexec = 0x80000;
    private readonly byte* _mapped;

    private LabBuffer(SafeFileHandle fd, PictureSize size, PixelFormat format, int stride, long bytes)
    {
        (Fd, Size, Format, Stride, Bytes) = (fd, size, format, stride, bytes);
        nint address = mmap(0, (nuint)bytes, ReadWriteProtection, Shared, (int)fd.DangerousGetHandle(), 0);
        _mapped = address == -1 ? throw new IOException($"mmap of a dma-buf failed: errno {Marshal.GetLastPInvokeError()}") : (byte*)address;
    }

    public SafeFileHandle Fd { get; }

    public PictureSize Size { get; }

    public PixelFormat Format { get; }

    public int Stride { get; }

    public long Bytes { get; }

    public Span<byte> Memory => new(_mapped, (int)Bytes);

    public nint Address => (nint)_mapped;

    public static LabBuffer FromUdmabuf(PictureSize size, PixelFormat format, int extraStride)
    {
        int stride = size.Width * PixelFormats.BytesPerPixel(format) + extraStride;
        long bytes = (stride * (long)size.Height + 4095) & ~4095L;
        using SafeFileHandle memory = MemFd.Create("qzc-lab", bytes);
        SafeFileHandle fd = GuestBuffer.TryExport(memory, bytes) ?? throw new IOException("the kernel makes no udmabuf of a memfd");
        return new LabBuffer(fd, size, format, stride, bytes);
    }

    /// <summary>A dumb buffer of /dev/dri/cardN; its GEM handle is closed at once, the fd keeps the memory.</summary>
    public static LabBuffer FromCard(string card, PictureSize size, PixelFormat format)
    {
        using SafeFileHandle device = File.OpenHandle(card, FileMode.Open, FileAccess.ReadWrite);
        int drm = (int)device.DangerousGetHandle();
        var dumb = new CreateDumb { Width = (uint)size.Width, Height = (uint)size.Height, BitsPerPixel = 32 };
        if (ioctl(drm, ModeCreateDumb, &dumb) != 0)
            throw new IOException($"{card}: CREATE_DUMB failed: errno {Marshal.GetLastPInvokeError()}");
        var export = new PrimeHandle { Handle = dumb.Handle, Flags = Cloexec | OpenReadWrite };
        int result = ioctl(drm, PrimeHandleToFd, &export);
        int error = Marshal.GetLastPInvokeError();
        var close = new CloseHandle { Handle = dumb.Handle };
        _ = ioctl(drm, GemClose, &close);
        return result != 0
            ? throw new IOException($"{card}: PRIME_HANDLE_TO_FD failed: errno {error}")
            : new LabBuffer(new SafeFileHandle(export.Fd, ownsHandle: true), size, format, (int)dumb.Pitch, (long)dumb.Size);
    }

    /// <summary>As QEMU would hand it over: a duplicate of the fd, the dma-buf's inode.</summary>
    public DmaBufScanout AsScanout(bool bottomUp = false, ulong modifier = 0) => new(
        Size, Format, modifier, [new DmaBufPlane(Fds.TryDuplicate((int)Fd.DangerousGetHandle())!, 0, (uint)Stride)],
        0, 0, Size, bottomUp, FileIdentity.InodeOf(Fd));

    /// <summary>Random pixels, so that a wrong byte anywhere shows.</summary>
    public void Scribble(int seed) => new Random(seed).NextBytes(Memory);

    public void Dispose()
    {
        _ = munmap((nint)_mapped, (nuint)Bytes);
        Fd.Dispose();
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int fd, ulong request, void* argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint mmap(nint address, nuint size, int protection, int flags, int fd, long offset);

    [LibraryImport("libc")]
    private static partial int munmap(nint address, nuint size);

    private struct CreateDumb
    {
        public uint Height;
        public uint Width;
        public uint BitsPerPixel;
        public uint Flags;
        public uint Handle;
        public uint Pitch;
        public ulong Size;
    }

    private struct PrimeHandle
    {
        public uint Handle;
        public uint Flags;
        public int Fd;
    }

    private struct CloseHandle
    {
        public uint Handle;
        public uint Padding;
    }
}
