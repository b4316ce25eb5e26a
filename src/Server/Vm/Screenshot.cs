using System.Text.Json;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Display.Qmp;

namespace QemuZeroCopy.Server.Vm;

/// <summary>
/// The screen as a PNG that QEMU itself makes, without any loss. It writes into memory of ours that it is handed over
/// QMP, so that no file of either's user comes into it.
/// </summary>
internal static class Screenshot
{
    /// <summary>The largest screen, 16384², would have 1 GiB; a picture of 8K hardly compressed fits here.</summary>
    private const long MaxBytes = 128 << 20;

    /// <summary>Takes one of the first screen.</summary>
    /// <exception cref="QmpException">QEMU refused: it is older than 7.1, was built without PNG, or the screen is dark.</exception>
    public static async Task<byte[]> TakeAsync(QmpClient qmp, CancellationToken cancellation)
    {
        using SafeFileHandle memory = MemFd.Create("qzc-screenshot", 0);
        JsonElement added;
        // screendump opens for writing alone, and QEMU gives it an fd of a set only if that was opened so too (util/osdep.c).
        using (SafeFileHandle writable = ReopenForWriting(memory))
            added = await qmp.ExecuteAsync("add-fd", null, writable, cancellation).ConfigureAwait(false);
        if (!added.TryGetProperty("fdset-id"u8, out JsonElement set) || !set.TryGetInt64(out long id))
            throw new QmpException("QEMU did not take the screenshot's memory.");
        try
        {
            await qmp.ExecuteAsync("screendump", writer =>
            {
                writer.WriteString("filename", $"/dev/fdset/{id}");
                writer.WriteString("format", "png");
            }, cancellation: cancellation).ConfigureAwait(false);
        }
        finally
        {
            await qmp.ExecuteAsync("remove-fd", writer => writer.WriteNumber("fdset-id", id), cancellation: CancellationToken.None).ConfigureAwait(false);
        }

        long length = RandomAccess.GetLength(memory);
        if (length is 0 or > MaxBytes)
            throw new QmpException("QEMU wrote no picture.");
        byte[] png = new byte[length];
        for (int at = 0, n; at < png.Length; at += n)
        {
            n = RandomAccess.Read(memory, png.AsSpan(at), at);
            if (n == 0)
                throw new QmpException("The picture became shorter while it was read.");
        }

        return png;
    }

    private static SafeFileHandle ReopenForWriting(SafeFileHandle memory)
    {
        using BorrowedFd fd = Fds.Borrow(memory);
        return File.OpenHandle($"/proc/self/fd/{fd.Value}", FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
    }
}
