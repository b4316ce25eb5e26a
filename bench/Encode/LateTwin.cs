using QemuZeroCopy.Bench.Report;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.X264;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Bench.Encode;

/// <summary>
/// A second encoder that is given every picture some pictures later. The two do the same work at different times, so that
/// what only one of them took long for was not the work. Used on the encode thread alone.
/// </summary>
internal sealed class LateTwin(X264VideoEncoder encoder) : IDisposable
{
    // A fifth of a second of motion: the machine's slow spells seen here are shorter.
    private const int Delay = 12;

    private readonly Queue<Moment> _pending = new();
    private readonly Stack<Moment> _free = new();
    private readonly EncodedFramePool _pool = new();

    public void SetRate(int bitsPerSecond, int framesPerSecond) => encoder.SetRate(bitsPerSecond, framesPerSecond);

    /// <summary>Keeps what was encoded just now, and encodes what is due of the earlier ones, whose costs are completed with it.</summary>
    public void Add(HostPicture picture, TileMap changed, in EncodeRequest request, PictureCost cost)
    {
        if (_pending.Count == Delay)
            EncodeNext();
        if (!_free.TryPop(out Moment? moment))
            moment = new Moment(picture.Size);
        Copy(picture, moment.Picture);
        moment.Changed.CopyFrom(changed);
        if (request.Refinement is { } refinement)
            moment.Refinement.CopyPlan(refinement);
        moment.Request = request with { Refinement = request.Refinement is null ? null : moment.Refinement };
        moment.Cost = cost;
        _pending.Enqueue(moment);
    }

    public void Dispose()
    {
        while (_pending.Count > 0)
            EncodeNext();
        foreach (Moment moment in _free)
            moment.Picture.Dispose();
        encoder.Dispose();
    }

    private void EncodeNext()
    {
        Moment moment = _pending.Dequeue();
        PictureCost cost = moment.Cost!;
        var target = (HostPicture)encoder.AcquireTarget();
        Copy(moment.Picture, target);
        EncodedFrame frame = _pool.Rent();
        double start = ThreadClock.NowMs;
        encoder.Encode(target, moment.Changed, moment.Request, frame);
        double ms = ThreadClock.NowMs - start;
        // How hard to search follows from the time that pictures took.
        bool isSame = (encoder.LastEffort, encoder.LastSearchWasWide, encoder.LastQuantizer) == (cost.Effort, cost.IsWide, cost.Quantizer);
        cost.AgainMs = isSame ? ms : null;
        frame.Release();
        _free.Push(moment);
    }

    private static unsafe void Copy(HostPicture from, HostPicture to) =>
        new ReadOnlySpan<byte>(from.Luma, (int)from.AllocatedBytes).CopyTo(new Span<byte>(to.Luma, (int)to.AllocatedBytes));

    /// <summary>All that an encoder is told about one picture.</summary>
    private sealed class Moment(PictureSize size)
    {
        public HostPicture Picture { get; } = new(size);

        public TileMap Changed { get; } = new(size, PictureTarget.MacroblockSize);

        public RefinementMap Refinement { get; } = new(size, inPortions: true);

        public EncodeRequest Request { get; set; }

        public PictureCost? Cost { get; set; }
    }
}
