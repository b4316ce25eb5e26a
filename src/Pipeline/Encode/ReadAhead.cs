using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>
/// A second thread, which takes and converts the next picture while the encode thread waits for the encoder: a GPU
/// converts and encodes at the same time, and the guest is let go meanwhile. A picture that comes when nothing is being
/// encoded never meets it, and what the encode thread has to deliver does not wait for it.
/// </summary>
internal sealed class ReadAhead(FrameMailbox mailbox, PictureReader reader, string name) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly AutoResetEvent _wake = new(false);
    private Thread? _thread;
    private PictureTarget? _target;
    private Exception? _failure;
    private volatile bool _isStopping;

    /// <summary>Encode thread: from now on <paramref name="target"/> and the reader are this object's, until <see cref="End"/>.</summary>
    public void Begin(PictureTarget target)
    {
        if (_thread is null)
        {
            _thread = NamedThread.Create(name, Run);
            _thread.Start();
        }

        lock (_gate)
            _target = target;
        mailbox.Watch(_wake);
    }

    /// <summary>Encode thread: what comes from now on is not taken ahead.</summary>
    public void Stop() => mailbox.Watch(null);

    /// <summary>Encode thread, after <see cref="Stop"/>: takes both back, when a conversion that is under way has ended.</summary>
    public void End()
    {
        lock (_gate)
            _target = null;
        if (_failure is { } failure)
            throw new InvalidOperationException("Reading ahead failed.", failure);
    }

    public void Dispose()
    {
        Stop();
        _isStopping = true;
        _wake.Set();
        _thread?.Join();
        _wake.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            _wake.WaitOne();
            if (_isStopping)
                return;
            lock (_gate)
            {
                try
                {
                    if (_target is { } target && reader.ReadAhead(target, MonotonicClock.NowNs))
                    {
                        // One a time: a guest that draws as fast as it is let go would keep the GPU busy with pictures for nobody.
                        _target = null;
                        Stop();
                    }
                }
#pragma warning disable CA1031 // Told to the encode thread, which ends by it.
                catch (Exception failure)
#pragma warning restore CA1031
                {
                    _failure = failure;
                }
            }
        }
    }
}
