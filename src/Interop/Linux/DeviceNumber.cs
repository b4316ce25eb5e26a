using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.Linux;

/// <summary>Major and minor number of a device node, such as 226:128 of /dev/dri/renderD128.</summary>
public readonly partial record struct DeviceNumber(uint Major, uint Minor)
{
    private const int AtFdCwd = -100;
    private const uint BasicStats = 0x7ff;

    /// <summary>The number of the node at <paramref name="path"/>, or null where it is missing or no device.</summary>
    public static unsafe DeviceNumber? Of(string path)
    {
        // struct statx is the same on every architecture: stx_rdev_major lies at 128, stx_rdev_minor at 132 of 256 bytes.
        uint* status = stackalloc uint[64];
        return statx(AtFdCwd, path, 0, BasicStats, status) == 0 && (status[32] | status[33]) != 0
            ? new DeviceNumber(status[32], status[33])
            : null;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Major}:{Minor}";

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int statx(int directory, string path, int flags, uint mask, void* status);
}
