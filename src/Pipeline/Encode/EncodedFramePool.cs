using Microsoft.Extensions.ObjectPool;

namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>
/// Frames for one console. A frame that finds no room on its way back is left to the collector, so the
/// pool never keeps more than it needs.
/// </summary>
public sealed class EncodedFramePool
{
    /// <summary>One being encoded, one being sent, and as many waiting as the hub's queue holds (8).</summary>
    public const int Capacity = 10;

    /// <summary>A 1080p frame at 20 Mbit/s and 60 fps has 42 kB; key frames grow theirs once.</summary>
    private const int InitialCapacityBytes = 64 * 1024;

    private readonly DefaultObjectPool<EncodedFrame> _frames;

    /// <summary>An empty pool.</summary>
    public EncodedFramePool() => _frames = new DefaultObjectPool<EncodedFrame>(new Policy(this), Capacity);

    /// <summary>A cleared frame with one reference, the caller's.</summary>
    public EncodedFrame Rent()
    {
        EncodedFrame frame = _frames.Get();
        frame.Reset();
        return frame;
    }

    internal void Return(EncodedFrame frame) => _frames.Return(frame);

    private sealed class Policy(EncodedFramePool pool) : PooledObjectPolicy<EncodedFrame>
    {
        public override EncodedFrame Create() => new(pool, InitialCapacityBytes);

        public override bool Return(EncodedFrame obj) => true;
    }
}
