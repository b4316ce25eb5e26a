using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.SdBus;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Display.Listening;

/// <summary>Reads ScanoutDMABUF2: "ahuuuuauauuuuutb".</summary>
internal static class DmaBufMessage
{
    private const int MaxPlanes = 4;

    /// <summary>False, with every fd closed, when the message is not of that shape or has 0 or more than 4 planes.</summary>
    internal static bool TryRead(BusReader message, out DmaBufClaim claim, out DmaBufPlane[] planes)
    {
        List<SafeFileHandle> fds = [];
        if (TryReadFds(message, fds) && TryReadRest(message, fds, out claim, out planes))
            return true;
        foreach (SafeFileHandle fd in fds)
            fd.Dispose();
        claim = default;
        planes = [];
        return false;
    }

    private static bool TryReadFds(BusReader message, List<SafeFileHandle> fds)
    {
        if (!message.EnterArray("h"u8))
            return false;
        while (!message.AtEnd)
        {
            if (fds.Count == MaxPlanes || !message.TryReadFd(out SafeFileHandle fd))
                return false;
            fds.Add(fd);
        }

        return message.Exit();
    }

    private static bool TryReadRest(BusReader message, List<SafeFileHandle> fds, out DmaBufClaim claim, out DmaBufPlane[] planes)
    {
        claim = default;
        planes = [];
        if (!(message.TryRead(out uint x) && message.TryRead(out uint y) && message.TryRead(out uint width) && message.TryRead(out uint height)
            && message.TryReadUInts(out ReadOnlySpan<uint> offsets) && message.TryReadUInts(out ReadOnlySpan<uint> strides)
            && message.TryRead(out uint count) && message.TryRead(out uint fourcc)
            && message.TryRead(out uint backingWidth) && message.TryRead(out uint backingHeight)
            && message.TryRead(out ulong modifier) && message.TryRead(out bool bottomUp)))
            return false;
        if (count is 0 or > MaxPlanes || fds.Count < count || offsets.Length < count || strides.Length < count)
            return false;

        // Surplus fds, of which QEMU sends none, are closed here.
        for (int i = (int)count; i < fds.Count; i++)
            fds[i].Dispose();
        planes = new DmaBufPlane[count];
        for (int i = 0; i < planes.Length; i++)
            planes[i] = new DmaBufPlane(fds[i], offsets[i], strides[i]);
        claim = new DmaBufClaim(x, y, width, height, backingWidth, backingHeight, fourcc, modifier, bottomUp);
        return true;
    }
}
