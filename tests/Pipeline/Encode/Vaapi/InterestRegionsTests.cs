using QemuZeroCopy.Interop.FFmpeg;
using QemuZeroCopy.Interop.Va;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.Vaapi;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Encode.Vaapi;

public sealed class InterestRegionsTests
{
    private const long Ms = 1_000_000;
    private static readonly PictureSize Size = new(1000, 562);
    private static readonly VaRegionSupport Able = new(8, true);
    private static readonly EncodeRequest Plain = new(false, 0);

    [Theory]
    [InlineData(0, true, true, false)]
    [InlineData(4, true, true, true)]
    [InlineData(4, false, true, false)]
    [InlineData(4, false, false, true)]
    public void Regions_are_told_to_encoders_that_take_them_with_the_rate_control_in_use(int regions, bool withRateControl, bool isRateControlled, bool isUsed) =>
        Assert.Equal(isUsed, InterestRegions.For(Size, new VaRegionSupport(regions, withRateControl), isRateControlled) is not null);

    [Fact]
    public void What_changed_is_told_in_pixels_up_to_the_edge_of_the_picture()
    {
        InterestRegions interest = InterestRegions.For(Size, Able, isRateControlled: true)!;
        TileMap changed = Map(new PixelRect(20, 40, 60, 10), new PixelRect(990, 550, 10, 12));
        Assert.Equal([new FrameRegion(16, 32, 80, 64), new FrameRegion(976, 544, 1000, 562)], interest.Find(changed, Plain, out int offset).ToArray());
        Assert.Equal(InterestRegions.ChangedOffset, offset);
    }

    [Fact]
    public void A_key_frame_and_a_picture_that_changes_in_many_places_have_no_regions()
    {
        InterestRegions interest = InterestRegions.For(Size, Able, isRateControlled: true)!;
        Assert.True(interest.Find(Map(new PixelRect(0, 0, 16, 16)), Plain with { KeyFrame = true }, out _).IsEmpty);
        Assert.True(interest.Find(Map(new PixelRect(0, 0, 1000, 200)), Plain, out _).IsEmpty);
        // Two blocks, but around both is everything.
        InterestRegions single = InterestRegions.For(Size, new VaRegionSupport(1, true), isRateControlled: true)!;
        Assert.True(single.Find(Map(new PixelRect(0, 0, 16, 16), new PixelRect(990, 550, 10, 12)), Plain, out _).IsEmpty);
        Assert.True(interest.Find(Map(), Plain, out _).IsEmpty);
    }

    [Fact]
    public void However_the_damage_lies_every_block_of_it_is_in_one_of_as_many_regions_as_the_driver_takes()
    {
        int seed = Environment.TickCount, found = 0;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (int round = 0; round < 300; round++)
        {
            int most = random.Next(1, 9);
            InterestRegions interest = InterestRegions.For(Size, new VaRegionSupport(most, true), isRateControlled: true)!;
            TileMap changed = Map([.. Enumerable.Range(0, random.Next(1, 14)).Select(_ => new PixelRect(random.Next(400), random.Next(300), random.Next(1, 60), random.Next(1, 40)))]);
            FrameRegion[] regions = interest.Find(changed, Plain, out _).ToArray();
            Assert.True(regions.Length <= most);
            Assert.All(regions, static region => Assert.True(region is { Left: >= 0, Top: >= 0, Right: <= 1000, Bottom: <= 562 } && region.Left < region.Right && region.Top < region.Bottom, region.ToString()));
            found += regions.Length > 0 ? 1 : 0;
            for (int row = 0; row < changed.Rows && regions.Length > 0; row++)
            {
                foreach (int column in changed.RowOf(row))
                    Assert.Contains(regions, region => region.Left <= column * 16 && region.Top <= row * 16 && region.Right >= Math.Min(column * 16 + 16, 1000) && region.Bottom >= Math.Min(row * 16 + 16, 562));
            }
        }

        Assert.True(found > 100, $"{found} of 300 had regions");
    }

    [Fact]
    public void With_constant_quantizers_only_what_is_due_to_be_sharpened_has_a_region_step_by_step()
    {
        InterestRegions interest = InterestRegions.For(Size, new VaRegionSupport(4, false), isRateControlled: false)!;
        TileMap letter = Map(new PixelRect(160, 160, 10, 18));
        Assert.True(interest.Find(letter, Plain, out _).IsEmpty);

        var refinement = new RefinementMap(Size);
        refinement.Commit(letter, isKeyFrame: false, 0, 0);
        for (int step = 1; step <= RefinementMap.LastStep; step++)
        {
            long nowNs = (100 + step * 100) * Ms;
            Assert.Equal(step, refinement.Plan(Map(), nowNs));
            Assert.Equal([new FrameRegion(160, 160, 176, 192)], interest.Find(Map(), new EncodeRequest(false, step, refinement), out int offset).ToArray());
            Assert.Equal(InterestRegions.OffsetPerStep * step, offset);
            refinement.Commit(Map(), isKeyFrame: false, step, nowNs);
        }
    }

    private static TileMap Map(params PixelRect[] rectangles)
    {
        var map = new TileMap(Size, PictureTarget.MacroblockSize);
        foreach (PixelRect rectangle in rectangles)
            map.Add(rectangle);
        return map;
    }
}
