using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Cpu;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Pipeline.Tests.Convert.Gpu;

namespace QemuZeroCopy.Pipeline.Tests.Convert.Cpu;

/// <summary>DMA-BUFs read by the CPU; a memfd stands in for one, as the kernel maps both alike.</summary>
[Collection(CountsFds.Name)]
public sealed class MappedConverterTests
{
    public static TheoryData<PixelFormat> Formats =>
    [
        PixelFormat.Xrgb8888, PixelFormat.Argb8888, PixelFormat.Xbgr8888, PixelFormat.Abgr8888, PixelFormat.Rgbx8888, PixelFormat.Bgrx8888,
    ];

    [Theory]
    [MemberData(nameof(Formats))]
    public void Every_format_comes_out_right_both_ways_up(PixelFormat format)
    {
        using var converter = new MappedConverter();
        using var picture = new TestPicture(new PictureSize(333, 201), format, extraStride: 32, offset: 4096);
        foreach (bool bottomUp in (bool[])[false, true])
        {
            using var target = new HostPicture(picture.Size);
            Assert.Equal(ConvertOutcome.Converted, Convert(converter, picture.AsDmaBuf(bottomUp), target));
            Assert.Null(picture.Compare(target, bottomUp));
        }
    }

    [Fact]
    public void A_crop_shows_its_part_of_the_backing_and_the_bytes_read_are_counted()
    {
        using var converter = new MappedConverter();
        using var picture = new TestPicture(new PictureSize(200, 150), PixelFormat.Xbgr8888, extraStride: 32);
        long expected = 0;
        foreach (var crop in new PixelRect[] { new(0, 0, 200, 150), new(13, 7, 101, 99), new(199, 149, 1, 1), new(64, 64, 70, 70) })
        {
            foreach (bool bottomUp in (bool[])[false, true])
            {
                using var target = new HostPicture(new PictureSize(crop.Width, crop.Height));
                Assert.Equal(ConvertOutcome.Converted, Convert(converter, picture.AsDmaBuf(bottomUp, crop), target));
                Assert.Null(picture.Compare(target, bottomUp, crop));
                expected += crop.Width * crop.Height * 4;
            }
        }

        Assert.Equal(expected, converter.CpuReadBytes);
    }

    [Fact]
    public void Memory_is_read_live_and_flips_cost_no_further_mapping()
    {
        using var converter = new MappedConverter();
        using var picture = new TestPicture(new PictureSize(320, 200), PixelFormat.Xrgb8888);
        using var target = new HostPicture(picture.Size);
        int mappings = 0;
        for (int seed = 0; seed < 200; seed++)
        {
            new Random(seed).NextBytes(picture.Memory.Bytes);
            DmaBufScanout scanout = picture.AsDmaBuf();
            Assert.Equal(ConvertOutcome.Converted, Convert(converter, scanout, target));
            Assert.Null(picture.Compare(target));
            mappings = seed == 0 ? Mappings() : mappings;
        }

        Assert.Equal(mappings, Mappings());
    }

    [Theory]
    [InlineData(0x0100_0000_0000_0002UL, 1)]
    [InlineData(DmaBufScanout.InvalidModifier, 1)]
    [InlineData(0UL, 2)]
    public void Memory_whose_layout_only_a_driver_knows_is_refused(ulong modifier, int planes)
    {
        using var converter = new MappedConverter();
        using var picture = new TestPicture(new PictureSize(64, 64), PixelFormat.Xrgb8888);
        using var target = new HostPicture(picture.Size);
        DmaBufScanout scanout = picture.AsDmaBuf(modifier: modifier, planes: planes);
        Assert.False(MappedConverter.Reads(scanout));
        Assert.Equal(ConvertOutcome.Unsupported, Convert(converter, scanout, target));
        Assert.Equal(0, converter.CpuReadBytes);
    }

    [Fact]
    public void Claims_that_the_memory_does_not_hold_are_refused()
    {
        using var converter = new MappedConverter();
        using var picture = new TestPicture(new PictureSize(64, 64), PixelFormat.Xrgb8888);
        using var target = new HostPicture(picture.Size);
        foreach (DmaBufScanout scanout in (DmaBufScanout[])
            [picture.AsDmaBuf(stride: 1 << 20), picture.AsDmaBuf(stride: 16), picture.AsDmaBuf(backing: new PictureSize(64, 16384)), picture.AsDmaBuf(backing: new PictureSize(32, 64))])
            Assert.Equal(ConvertOutcome.BadScanout, Convert(converter, scanout, target));
    }

    private static ConvertOutcome Convert(MappedConverter converter, DmaBufScanout scanout, PictureTarget target)
    {
        TileMap damage = DamageRegion.Create(scanout.Size), changed = new(scanout.Size, PictureTarget.MacroblockSize);
        damage.Fill();
        return converter.Convert(scanout, damage, target, changed);
    }

    private static int Mappings() => File.ReadLines("/proc/self/maps").Count(line => line.Contains("qzc-test", StringComparison.Ordinal));
}
