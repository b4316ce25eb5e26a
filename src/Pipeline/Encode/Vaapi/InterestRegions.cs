using QemuZeroCopy.Interop.FFmpeg;
using QemuZeroCopy.Interop.Va;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode.Vaapi;

/// <summary>
/// Tells an encoder that knows regions of interest which part of a picture is worth its bits: under a rate control what
/// changed or is due to be sharpened, with constant quantizers the latter alone. See docs/decisions/0024.
/// </summary>
internal sealed class InterestRegions
{
    /// <summary>Half the quantizer's step. The rate control takes the bits back elsewhere, and in the next pictures.</summary>
    internal const int ChangedOffset = -6;

    /// <summary>For each step towards full sharpness: 20, FFmpeg's constant quantizer, becomes 18, 16 and 14.</summary>
    internal const int OffsetPerStep = -2;

    /// <summary>More of them tell hardly more, and take time to be found.</summary>
    private const int MostRegions = 8;

    private readonly PictureSize _size;
    private readonly bool _isRateControlled;
    private readonly TileMap _blocks;
    private readonly FrameRegion[] _regions;

    private InterestRegions(PictureSize size, int regions, bool isRateControlled)
    {
        _size = size;
        _isRateControlled = isRateControlled;
        _blocks = new TileMap(size, PictureTarget.MacroblockSize);
        _regions = new FrameRegion[regions + 1]; // the last one is merged away at once
    }

    /// <summary>For an encoder that is open; null where it takes no regions with this rate control.</summary>
    public static InterestRegions? For(PictureSize size, VaRegionSupport support, bool isRateControlled) =>
        support.MaxRegions > 0 && (support.WithRateControl || !isRateControlled)
            ? new InterestRegions(size, Math.Min(support.MaxRegions, MostRegions), isRateControlled)
            : null;

    /// <summary>
    /// The regions of one picture, valid until the next call, and their offset. None where a region would tell nothing: in
    /// a key frame, and under a rate control when much of the picture changes.
    /// </summary>
    public ReadOnlySpan<FrameRegion> Find(TileMap changed, in EncodeRequest request, out int quantizerOffset)
    {
        quantizerOffset = _isRateControlled ? ChangedOffset : OffsetPerStep * request.RefinementStep;
        if (request.KeyFrame || quantizerOffset == 0)
            return default;
        _blocks.Clear();
        if (_isRateControlled)
            _blocks.UnionWith(changed);
        if (request.Refinement is { } refinement)
            AddDue(refinement.Steps);
        int blocks = _blocks.Columns * _blocks.Rows, wanted = _blocks.Count;
        if (wanted == 0 || (_isRateControlled && wanted > blocks / 4))
            return default;
        int count = Cover(out int covered);
        return _isRateControlled && covered > blocks / 2 ? default : InPixels(count);
    }

    private void AddDue(ReadOnlySpan<byte> steps)
    {
        for (int i = 0; i < steps.Length; i++)
        {
            if (steps[i] != 0)
                _blocks.Set(i % _blocks.Columns, i / _blocks.Columns);
        }
    }

    // In macroblocks, by rows: runs that stand below each other become one rectangle.
    private int Cover(out int covered)
    {
        int count = 0;
        for (int row = 0; row < _blocks.Rows; row++)
        {
            int first = -1, last = -1;
            foreach (int column in _blocks.RowOf(row))
            {
                if (first >= 0 && column != last + 1)
                {
                    Add(new FrameRegion(first, row, last + 1, row + 1), ref count);
                    first = -1;
                }

                first = first < 0 ? column : first;
                last = column;
            }

            if (first >= 0)
                Add(new FrameRegion(first, row, last + 1, row + 1), ref count);
        }

        covered = 0;
        foreach (FrameRegion region in _regions.AsSpan(0, count))
            covered += Area(region);
        return count;
    }

    private void Add(FrameRegion run, ref int count)
    {
        foreach (ref FrameRegion above in _regions.AsSpan(0, count))
        {
            if (above.Left == run.Left && above.Right == run.Right && above.Bottom == run.Top)
            {
                above = above with { Bottom = run.Bottom };
                return;
            }
        }

        _regions[count++] = run;
        if (count == _regions.Length)
            MergeClosest(ref count);
    }

    private void MergeClosest(ref int count)
    {
        int first = 0, second = 1, least = int.MaxValue;
        for (int i = 0; i < count; i++)
        {
            for (int j = i + 1; j < count; j++)
            {
                int more = Area(Union(_regions[i], _regions[j])) - Area(_regions[i]) - Area(_regions[j]);
                if (more < least)
                    (first, second, least) = (i, j, more);
            }
        }

        _regions[first] = Union(_regions[first], _regions[second]);
        _regions[second] = _regions[--count];
    }

    private ReadOnlySpan<FrameRegion> InPixels(int count)
    {
        const int Side = PictureTarget.MacroblockSize;
        foreach (ref FrameRegion region in _regions.AsSpan(0, count))
        {
            region = new FrameRegion(
                region.Left * Side, region.Top * Side, Math.Min(region.Right * Side, _size.Width), Math.Min(region.Bottom * Side, _size.Height));
        }

        return _regions.AsSpan(0, count);
    }

    private static int Area(FrameRegion region) => (region.Right - region.Left) * (region.Bottom - region.Top);

    private static FrameRegion Union(FrameRegion a, FrameRegion b) =>
        new(Math.Min(a.Left, b.Left), Math.Min(a.Top, b.Top), Math.Max(a.Right, b.Right), Math.Max(a.Bottom, b.Bottom));
}
