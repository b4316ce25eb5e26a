using QemuZeroCopy.Pipeline.Convert.Cpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Server.Vm;

/// <summary>
/// The last still picture of one console. However many ask, one is made at a time, for all who ask meanwhile, and none
/// while nothing has changed. Callable from any thread.
/// </summary>
internal sealed class StillShelf
{
    private readonly Lock _gate = new();
    private Task<byte[]?> _last = Task.FromResult<byte[]?>(null);
    private FrameMailbox? _of;
    private long _changes = -1;

    /// <summary>The screen as it is now; null where there is none that can be read, see <see cref="StillPicture.Encode"/>.</summary>
    public Task<byte[]?> TakeAsync(FrameMailbox frames)
    {
        lock (_gate)
        {
            if (!_last.IsCompleted && ReferenceEquals(_of, frames))
                return _last;
            Scanout? scanout = frames.Look(out long changes);
            if (scanout is null)
                return Task.FromResult<byte[]?>(null);
            if (ReferenceEquals(_of, frames) && _changes == changes)
            {
                scanout.Release();
                return _last;
            }

            (_of, _changes) = (frames, changes);
            return _last = Task.Run(() => Make(scanout));
        }
    }

    private static byte[]? Make(Scanout scanout)
    {
        try
        {
            return StillPicture.Encode(scanout);
        }
        finally
        {
            scanout.Release();
        }
    }
}
