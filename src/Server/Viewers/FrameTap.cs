using QemuZeroCopy.Pipeline.Encode;

namespace QemuZeroCopy.Server.Viewers;

/// <summary>
/// A viewer that takes whole access units instead of packets: over a WebSocket, or into a recording. A slow
/// one loses frames up to the next key frame and holds nobody up.
/// </summary>
internal sealed class FrameTap(Action requestKeyFrame) : IDisposable
{
    private readonly FrameQueue _queue = new();
    private readonly SemaphoreSlim _ready = new(0);
    private bool _needsKeyFrame = true;
    private bool _closed;

    /// <summary>Frames that this viewer was too slow for.</summary>
    public long Skipped { get; private set; }

    /// <summary>Encode thread: offers a frame; takes a reference of its own where it is wanted.</summary>
    public void Offer(EncodedFrame frame)
    {
        if (Volatile.Read(ref _closed))
            return;
        // Another codec is on its way out: this viewer's has been asked for.
        if (frame.Codec != VideoCodec.H264)
            _needsKeyFrame = true;
        if (frame.Codec != VideoCodec.H264 || (_needsKeyFrame && !frame.IsKeyFrame))
        {
            Skipped++;
            return;
        }

        frame.AddReference();
        if (_queue.TryAdd(frame))
        {
            _needsKeyFrame = false;
            SignalReady();
            return;
        }

        // Behind by a whole queue: what waits in it is old already, and a key frame comes at once.
        frame.Release();
        Skipped++;
        if (!_needsKeyFrame)
            requestKeyFrame();
        _needsKeyFrame = true;
    }

    private void SignalReady()
    {
        try
        {
            _ready.Release();
        }
        catch (ObjectDisposedException)
        {
            // The viewer left at this moment; what stands in the queue is left to the collector.
        }
    }

    /// <summary>The next frame, with a reference that is the caller's.</summary>
    public async ValueTask<EncodedFrame> TakeAsync(CancellationToken stop)
    {
        while (true)
        {
            await _ready.WaitAsync(stop).ConfigureAwait(false);
            if (_queue.TryTake(out EncodedFrame? frame))
                return frame;
        }
    }

    /// <summary>Gives back what waits; the hub offers nothing any more.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _closed, true);
        while (_queue.TryTake(out EncodedFrame? frame))
            frame.Release();
        _ready.Dispose();
    }
}
