using QemuZeroCopy.Interop.Convert;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Cpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Convert.Cpu;

public sealed unsafe class CpuConverterTests(ITestOutputHelper output)
{
    private static readonly PixelFormat[] Formats = [.. Enum.GetValues<PixelFormat>().Where(f => f != PixelFormat.None)];

    public static TheoryData<ConvertLevel> Levels =>
        [.. Enumerable.Range(0, (int)ConvertKernels.BestLevel + 1).Select(level => (ConvertLevel)level)];

    [Theory]
    [MemberData(nameof(Levels))]
    public void Random_pictures_and_damage_equal_the_plain_conversion(ConvertLevel level)
    {
        int seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        long pixels = 0;
        for (int round = 0; round < 400 && pixels < 3_000_000; round++)
        {
            PictureSize size = RandomSize(random, round);
            pixels += size.Width * size.Height;
            CheckTwoPictures(level, size, Formats[random.Next(Formats.Length)], random, round % 4 == 3);
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Every_format_at_every_width_of_a_chunk_is_exact(ConvertLevel level)
    {
        var random = new Random(7);
        for (int width = 1; width <= 65; width++)
            CheckTwoPictures(level, new PictureSize(width, 1 + width % 19), Formats[width % Formats.Length], random, planar: width % 2 == 0);
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void An_8K_picture_is_exact_in_its_far_corner(ConvertLevel level)
    {
        var size = new PictureSize(7681, 4321);
        var scanout = new MemoryScanout(size, PixelFormat.Xrgb8888, 7681 * 4 + 20);
        new Random(3).NextBytes(scanout.Bytes[(4200 * scanout.Stride)..]);
        using var converter = new CpuConverter(level);
        using var target = new HostPicture(size);
        TileMap damage = DamageRegion.Create(size), changed = new(size, 16);
        damage.Add(new PixelRect(7600, 4300, 81, 21));
        Assert.Equal(ConvertOutcome.Converted, converter.Convert(scanout, damage, target, changed));
        int tileX = 7616, tileY = 4288;
        var part = new PictureSize(size.Width - tileX, size.Height - tileY);
        (byte[] y, byte[] chroma) = ReferenceConverter.ToNv12(scanout.Bytes[(tileY * scanout.Stride + tileX * 4)..], scanout.Stride, part, PixelFormat.Xrgb8888);
        int width = (part.Width + 15) & -16;
        for (int row = 0; row < y.Length / width; row++)
            Assert.True(y.AsSpan(row * width, width).SequenceEqual(new ReadOnlySpan<byte>(target.Luma + (nint)(tileY + row) * target.Stride + tileX, width)));
        for (int row = 0; row < chroma.Length / width; row++)
            Assert.True(chroma.AsSpan(row * width, width).SequenceEqual(new ReadOnlySpan<byte>(target.Chroma + (nint)(tileY / 2 + row) * target.Stride + tileX, width)));
        scanout.Release();
    }

    [Fact]
    public void Damage_without_a_change_sets_nothing()
    {
        var size = new PictureSize(200, 100);
        var scanout = new MemoryScanout(size, PixelFormat.Xrgb8888, 800);
        new Random(1).NextBytes(scanout.Bytes);
        using var converter = new CpuConverter();
        using var target = new HostPicture(size);
        TileMap damage = DamageRegion.Create(size), changed = new(size, 16);
        damage.Fill();
        converter.Convert(scanout, damage, target, changed);
        Assert.Equal(changed.Columns * changed.Rows, changed.Count);
        converter.Convert(scanout, damage, target, changed);
        Assert.True(changed.IsEmpty);
        scanout.Release();
    }

    [Fact]
    public void One_changed_pixel_sets_one_macroblock()
    {
        var size = new PictureSize(1000, 700);
        var scanout = new MemoryScanout(size, PixelFormat.Xrgb8888, 4000);
        using var converter = new CpuConverter();
        using var target = new HostPicture(size);
        TileMap damage = DamageRegion.Create(size), changed = new(size, 16);
        damage.Fill();
        converter.Convert(scanout, damage, target, changed);
        foreach ((int x, int y) in new[] { (0, 0), (15, 16), (999, 699), (512, 350), (63, 64), (64, 63) })
        {
            scanout.Bytes[y * 4000 + x * 4 + 1] ^= 0xff;
            converter.Convert(scanout, damage, target, changed);
            Assert.Equal(1, changed.Count);
            Assert.True(changed[x / 16, y / 16]);
        }

        scanout.Release();
    }

    [Fact]
    public void What_is_not_damaged_is_not_read()
    {
        var size = new PictureSize(256, 256);
        var scanout = new MemoryScanout(size, PixelFormat.Xrgb8888, 1024);
        scanout.Bytes.Fill(255);
        using var converter = new CpuConverter();
        using var target = new HostPicture(size);
        TileMap damage = DamageRegion.Create(size), changed = new(size, 16);
        damage.Set(1, 2);
        converter.Convert(scanout, damage, target, changed);
        Assert.Equal(16, changed.Count);
        Assert.Equal(235, target.Luma[128 * target.Stride + 64]);
        Assert.Equal(16, target.Luma[128 * target.Stride + 63]);
        Assert.Equal(16, target.Luma[192 * target.Stride + 64]);
        scanout.Release();
    }

    [Fact]
    public void A_target_of_another_size_is_refused()
    {
        var scanout = new MemoryScanout(new PictureSize(64, 64), PixelFormat.Xrgb8888, 256);
        using var converter = new CpuConverter();
        using var target = new HostPicture(new PictureSize(64, 65));
        Assert.Equal(ConvertOutcome.BadScanout, converter.Convert(scanout, DamageRegion.Create(scanout.Size), target, new TileMap(scanout.Size, 16)));
        scanout.Release();
    }

    private static PictureSize RandomSize(Random random, int round) => (round % 8) switch
    {
        0 => new PictureSize(random.Next(1, 20), random.Next(1, 20)),
        1 => new PictureSize(random.Next(1, 3000), random.Next(1, 4)),
        2 => new PictureSize(random.Next(1, 4), random.Next(1, 3000)),
        _ => new PictureSize(random.Next(1, 400), random.Next(1, 200)),
    };

    // A first picture, wholly damaged, and a second one, of which only the damaged tiles may be taken over.
    private static void CheckTwoPictures(ConvertLevel level, PictureSize size, PixelFormat format, Random random, bool planar)
    {
        int stride = size.Width * PixelFormats.BytesPerPixel(format) + random.Next(0, 3) * random.Next(0, 70);
        // 16- and 32-bit words stay aligned: QEMU's rows are.
        stride = (stride + 3) & -4;
        var scanout = new MemoryScanout(size, format, stride, offset: 4 * random.Next(0, 16));
        using var converter = new CpuConverter(level);
        using PictureTarget target = planar ? new HostPicture444(size) : new HostPicture(size);
        TileMap damage = DamageRegion.Create(size), changed = new(size, 16);
        byte[] expected = Fresh(planar, size);

        random.NextBytes(scanout.Bytes);
        damage.Fill();
        byte[] first = Reference(scanout, planar);
        TakeOver(expected, first, damage, size, planar);
        Assert.Equal(ConvertOutcome.Converted, converter.Convert(scanout, damage, target, changed));
        AssertSame(expected, Fresh(planar, size), target, changed, size, planar);

        int spots = random.Next(0, 6);
        for (int i = 0; i < spots; i++)
            scanout.Bytes[random.Next(scanout.Length)] ^= (byte)(1 << random.Next(8));
        damage.Clear();
        for (int i = random.Next(0, 5); i > 0; i--)
            damage.Set(random.Next(damage.Columns), random.Next(damage.Rows));
        byte[] before = [.. expected];
        TakeOver(expected, Reference(scanout, planar), damage, size, planar);
        Assert.Equal(ConvertOutcome.Converted, converter.Convert(scanout, damage, target, changed));
        AssertSame(expected, before, target, changed, size, planar);
        scanout.Release();
    }

    private static int PaddedWidth(PictureSize size) => (size.Width + 15) & -16;

    private static int PaddedHeight(PictureSize size) => (size.Height + 15) & -16;

    // All planes, one after another, without the strides' padding.
    private static byte[] Reference(MemoryScanout scanout, bool planar)
    {
        if (planar)
        {
            (byte[] y, byte[] cb, byte[] cr) = ReferenceConverter.ToYuv444(scanout.Bytes, scanout.Stride, scanout.Size, scanout.Format);
            return [.. y, .. cb, .. cr];
        }

        (byte[] luma, byte[] chroma) = ReferenceConverter.ToNv12(scanout.Bytes, scanout.Stride, scanout.Size, scanout.Format);
        return [.. luma, .. chroma];
    }

    private static byte[] Fresh(bool planar, PictureSize size)
    {
        int samples = PaddedWidth(size) * PaddedHeight(size);
        byte[] planes = new byte[planar ? samples * 3 : samples * 3 / 2];
        planes.AsSpan(0, samples).Fill(16);
        planes.AsSpan(samples).Fill(128);
        return planes;
    }

    private static IEnumerable<(int Index, int X, int Y)> Samples(PictureSize size, bool planar)
    {
        int width = PaddedWidth(size), height = PaddedHeight(size), samples = width * height;
        for (int i = 0; i < samples; i++)
            yield return (i, i % width, i / width);
        for (int i = 0; i < (planar ? samples * 2 : samples / 2); i++)
            yield return (samples + i, i % width, planar ? i / width % height : i / width * 2);
    }

    private static void TakeOver(byte[] expected, byte[] reference, TileMap damage, PictureSize size, bool planar)
    {
        foreach ((int index, int x, int y) in Samples(size, planar))
        {
            if (damage[Math.Min(x / 64, damage.Columns - 1), Math.Min(y / 64, damage.Rows - 1)])
                expected[index] = reference[index];
        }
    }

    private static void AssertSame(byte[] expected, byte[] before, PictureTarget target, TileMap changed, PictureSize size, bool planar)
    {
        byte[] actual = Read(target, size);
        Assert.True(expected.AsSpan().SequenceEqual(actual), $"{size}: sample {expected.AsSpan().CommonPrefixLength(actual)} differs");
        var really = new TileMap(size, 16);
        foreach ((int index, int x, int y) in Samples(size, planar))
        {
            if (expected[index] != before[index])
                really.Set(x / 16, y / 16);
        }

        Assert.True(really.Words.SequenceEqual(changed.Words), $"{size}: the map of changes is wrong");
    }

    private static byte[] Read(PictureTarget target, PictureSize size)
    {
        int width = PaddedWidth(size), height = PaddedHeight(size);
        var planes = new List<byte>();
        void Add(byte* plane, int stride, int rows)
        {
            for (int row = 0; row < rows; row++)
                planes.AddRange(new ReadOnlySpan<byte>(plane + (nint)row * stride, width));
        }

        if (target is HostPicture nv12)
        {
            Add(nv12.Luma, nv12.Stride, height);
            Add(nv12.Chroma, nv12.Stride, height / 2);
        }
        else
        {
            var planar = (HostPicture444)target;
            Add(planar.Y, planar.Stride, height);
            Add(planar.Cb, planar.Stride, height);
            Add(planar.Cr, planar.Stride, height);
        }

        return [.. planes];
    }
}
