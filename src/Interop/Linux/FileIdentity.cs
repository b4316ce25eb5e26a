using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace QemuZeroCopy.Interop.Linux;

/// <summary>Which file stands behind an fd.</summary>
public static unsafe partial class FileIdentity
{
    private const int AtEmptyPath = 0x1000;
    private const uint BasicStats = 0x7ff;

    /// <summary>The inode, which two fds of one dma-buf share; 0 for a closed fd.</summary>
    public static ulong InodeOf(SafeFileHandle fd)
    {
        ulong* status = stackalloc ulong[32]; // struct statx: stx_ino lies at 32 of 256 bytes, on every architecture
        bool added = false;
        try
        {
            fd.DangerousAddRef(ref added);
            return statx((int)fd.DangerousGetHandle(), "", AtEmptyPath, BasicStats, status) == 0 ? status[4] : 0;
        }
        catch (ObjectDisposedException)
        {
            return 0;
        }
        finally
        {
            if (added)
                fd.DangerousRelease();
        }
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int directory, string path, int flags, uint mask, void* status);
}
