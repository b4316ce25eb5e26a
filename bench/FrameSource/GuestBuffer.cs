using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Linux;

namespace QemuZeroCopy.FrameSource;

/// <summary>
/// Memory that a guest draws into and whose fd goes out as a DMA-BUF: a udmabuf where the kernel has /dev/udmabuf, else
/// the memory file itself, which software GPUs import alike.
/// </summary>
public sealed unsafe partial class GuestBuffer : IDisposable
{
    private const ulong UdmabufCreate = 0x4018_7542; // _IOW('u', 0x42, struct udmabuf_create), linux/udmabuf.h
    private const uint CloseOnExec = 1;
    private readonly MemoryMapping _mapping;

    /// <summary>Of whole pages, at least <paramref name="bytes"/>; without <paramref name="export"/> the memory file in any case.</summary>
    public GuestBuffer(string name, long bytes, bool export = true)
    {
        long page = Environment.SystemPageSize;
        bytes = (bytes + page - 1) & -page;
        SafeFileHandle memory = MemFd.Create(name, bytes);
        _mapping = MemoryMapping.TryMap(memory, bytes) ?? throw new InvalidOperationException("A memory file cannot be mapped.");
        SafeFileHandle? dmaBuf = export ? TryExport(memory, bytes) : null;
        IsDmaBuf = dmaBuf is not null;
        Fd = dmaBuf ?? memory;
        if (IsDmaBuf)
            memory.Dispose();
    }

    /// <summary>What goes out.</summary>
    public SafeFileHandle Fd { get; }

    /// <summary>Whether <see cref="Fd"/> is a real one.</summary>
    public bool IsDmaBuf { get; }

    /// <summary>Where it is drawn.</summary>
    public nint Address => _mapping.Address;

    /// <inheritdoc/>
    public void Dispose()
    {
        _mapping.Dispose();
        Fd.Dispose();
    }

    /// <summary>A udmabuf of a whole memory file, which gets sealed; null where the kernel makes none.</summary>
    public static SafeFileHandle? TryExport(SafeFileHandle memory, long bytes)
    {
        if (!File.Exists("/dev/udmabuf") || !Fds.TrySealAgainstShrinking(memory))
            return null;
        SafeFileHandle device;
        try
        {
            device = File.OpenHandle("/dev/udmabuf", FileMode.Open, FileAccess.ReadWrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }

        using (device)
        {
            var create = new Arguments { MemFd = (uint)memory.DangerousGetHandle(), Flags = CloseOnExec, Size = (ulong)bytes };
            int fd = ioctl((int)device.DangerousGetHandle(), UdmabufCreate, &create);
            return fd < 0 ? null : new SafeFileHandle(fd, ownsHandle: true);
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int fd, ulong request, void* argument);

    private struct Arguments
    {
        public uint MemFd;
        public uint Flags;
        public ulong Offset;
        public ulong Size;
    }
}
