using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>
/// One access unit on its way to the viewers: pooled, written once by the encode thread, then only read.
/// Shared by reference count between the viewers of a console; the last <see cref="Release"/> returns it
/// to its <see cref="EncodedFramePool"/>.
/// </summary>
public sealed class EncodedFrame
{
    private readonly EncodedFramePool _pool;
    private byte[] _buffer;
    private int _references;

    internal EncodedFrame(EncodedFramePool pool, int initialCapacityBytes)
    {
        _pool = pool;
        _buffer = GC.AllocateUninitializedArray<byte>(initialCapacityBytes, pinned: true);
    }

    /// <summary>The access unit.</summary>
    public ReadOnlySpan<byte> Data => _buffer.AsSpan(0, Length);

    /// <summary>Bytes in <see cref="Data"/>.</summary>
    public int Length { get; private set; }

    /// <summary>Codec of <see cref="Data"/>.</summary>
    public VideoCodec Codec { get; set; }

    /// <summary>Whether it is decodable on its own.</summary>
    public bool IsKeyFrame { get; set; }

    /// <summary>Whether the blocks that changed are as sharp already as refinement would make them.</summary>
    public bool IsSharp { get; set; }

    /// <summary>Counts the frames of one console, from 1, without gaps.</summary>
    public long FrameId { get; set; }

    /// <summary>The time of capture that its viewers are told, ns of CLOCK_MONOTONIC; grows from frame to frame.</summary>
    public long CaptureNs { get; set; }

    /// <summary>Size of the picture in pixels.</summary>
    public PictureSize Size { get; set; }

    /// <summary>Its way so far.</summary>
    public ref FrameTimeline Timeline => ref _timeline;

    private FrameTimeline _timeline;

    /// <summary>
    /// Gives the writer room for <paramref name="bytes"/> more; keeps what stands. Grows the pinned buffer
    /// (rarely: it stays with the pooled object) up to <see cref="MaxBytes"/>, beyond which it throws.
    /// </summary>
    public Span<byte> Reserve(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        long needed = (long)Length + bytes;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(needed, MaxBytes, nameof(bytes));
        if (needed > _buffer.Length)
        {
            byte[] larger = GC.AllocateUninitializedArray<byte>((int)Math.Min(MaxBytes, Math.Max(needed, _buffer.Length * 2L)), pinned: true);
            Data.CopyTo(larger);
            _buffer = larger;
        }

        return _buffer.AsSpan(Length, bytes);
    }

    /// <summary>Says that <paramref name="bytes"/> of the reserved room were written.</summary>
    public void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _buffer.Length - Length);
        Length += bytes;
    }

    /// <summary>The largest access unit taken, in bytes: a 16384 × 16384 key frame at a bit per pixel.</summary>
    public const int MaxBytes = 32 * 1024 * 1024;

    /// <summary>Takes one more reference.</summary>
    public void AddReference() => Interlocked.Increment(ref _references);

    /// <summary>Drops one reference; the last one returns the frame to the pool.</summary>
    public void Release()
    {
        int now = Interlocked.Decrement(ref _references);
        System.Diagnostics.Debug.Assert(now >= 0, "A frame was released twice.");
        if (now == 0)
            _pool.Return(this);
    }

    internal void Reset()
    {
        Length = 0;
        IsKeyFrame = IsSharp = false;
        FrameId = 0;
        CaptureNs = 0;
        _timeline = default;
        _references = 1;
    }
}
