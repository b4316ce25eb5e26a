using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Viewers;

namespace QemuZeroCopy.Server.Tests.Viewers;

public sealed class FrameTraceTests
{
    private readonly FrameTrace _trace = new();

    [Fact]
    public void A_reader_gets_each_frame_once_and_in_order()
    {
        long from = 0;
        Assert.Empty(_trace.Since(ref from));
        Add(1, 2, 3);
        Assert.Equal([1u, 2, 3], _trace.Since(ref from).Select(frame => frame.Bytes));
        Add(4);
        Assert.Equal([4u], _trace.Since(ref from).Select(frame => frame.Bytes));
        Assert.Empty(_trace.Since(ref from));
    }

    [Fact]
    public void A_reader_that_stays_away_finds_the_newest()
    {
        long from = 0;
        Add([.. Enumerable.Range(0, 3 * FrameTrace.Capacity)]);
        List<TracedFrame> frames = _trace.Since(ref from);
        Assert.Equal(FrameTrace.Capacity - 1, frames.Count);
        Assert.Equal(3u * FrameTrace.Capacity - 1, frames[^1].Bytes);
    }

    [Fact]
    public void The_stages_of_a_traced_frame_are_its_durations()
    {
        var way = new FrameTimeline
        {
            DamageNs = 1_000_000, FreeNs = 1_100_000, ReadyNs = 1_300_000, TakenNs = 1_600_000, ImportedNs = 2_000_000, ConvertedNs = 2_500_000, EncodedNs = 3_100_000,
            FirstSentNs = 3_800_000, LastSentNs = 4_600_000,
        };
        _trace.Add(way, 77, 1_000_000);
        long from = 0;
        TracedFrame frame = Assert.Single(_trace.Since(ref from));
        Assert.Equal(new TracedFrame(100, 200, 300, 400, 500, 600, 700, 800, 77, 1_000_000, 4_600_000), frame);
        Assert.Equal((way.LastSentNs - way.DamageNs) / 1000, frame.TotalUs);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0u)]
    [InlineData(4_294_967_000u)]
    public void A_frame_is_found_by_the_name_that_its_viewer_has_for_it(uint? rtpBase)
    {
        // As close together as they can be, and past where a name's 32 bits are used up.
        long first = 5_000_000_000_000, last = first;
        for (int i = 0; i < 2 * FrameTrace.Capacity; i++)
            _trace.Add(default, i, last += PictureName.ApartNs);
        for (int i = 0; i < 2 * FrameTrace.Capacity; i++)
        {
            TracedFrame? found = _trace.Find(PictureName.Of(first + (i + 1) * PictureName.ApartNs, rtpBase), rtpBase);
            Assert.Equal(i > FrameTrace.Capacity ? (uint)i : null, found?.Bytes);
        }

        Assert.Null(_trace.Find(PictureName.Of(last + PictureName.ApartNs, rtpBase), rtpBase));
    }

    [Fact]
    public void Writing_allocates_nothing()
    {
        Add(1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            _trace.Add(default, i);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private void Add(params int[] sizes)
    {
        foreach (int size in sizes)
            _trace.Add(default, size);
    }
}
