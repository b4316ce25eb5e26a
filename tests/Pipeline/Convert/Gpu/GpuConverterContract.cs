using System.Diagnostics;
using System.Net.Sockets;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Convert.Gpu;

/// <summary>What every GPU converter must do, run here on Mesa's software drivers.</summary>
public abstract class GpuConverterContract
{
    private static readonly PixelFormat[] WordFormats =
    [
        PixelFormat.Xrgb8888, PixelFormat.Argb8888, PixelFormat.Xbgr8888, PixelFormat.Abgr8888,
        PixelFormat.Xrgb2101010, PixelFormat.Argb2101010, PixelFormat.Xbgr2101010, PixelFormat.Abgr2101010,
    ];

    public static TheoryData<PixelFormat> FormatsOfDmaBufs => [.. WordFormats];

    public static TheoryData<int, int> Sizes => new()
    {
        { 64, 64 }, { 1, 1 }, { 2, 2 }, { 3, 5 }, { 63, 65 }, { 17, 33 }, { 127, 129 }, { 1366, 9 }, { 720, 400 }, { 640, 483 },
    };

    /// <summary>Whether NV12 reaches a host picture through the CPU, tile by tile.</summary>
    protected virtual bool CopiesHostPictures => false;

    /// <summary>Scanouts that this converter alone refuses, and how.</summary>
    private protected virtual IEnumerable<(ConvertOutcome Outcome, Func<TestPicture, DmaBufScanout> Make)> RefusedBesides => [];

    protected abstract IGpuConverter Create();

    [Theory]
    [MemberData(nameof(FormatsOfDmaBufs))]
    public void Every_format_comes_out_as_the_plain_formula_says(PixelFormat format)
    {
        using IGpuConverter converter = Create();
        using var picture = new TestPicture(new PictureSize(130, 70), format);
        using var target = new HostPicture(picture.Size);
        Assert.Equal(ConvertOutcome.Converted, ConvertWhole(converter, picture.AsDmaBuf(), target, out _));
        Assert.Null(picture.Compare(target));
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Every_size_comes_out_right_the_right_way_up_and_flipped(int width, int height)
    {
        using IGpuConverter converter = Create();
        using var picture = new TestPicture(new PictureSize(width, height), PixelFormat.Xrgb8888, extraStride: 64);
        using var target = new HostPicture(picture.Size);
        Assert.Equal(ConvertOutcome.Converted, ConvertWhole(converter, picture.AsDmaBuf(), target, out _));
        Assert.Null(picture.Compare(target));
        Assert.Equal(ConvertOutcome.Converted, ConvertWhole(converter, picture.AsDmaBuf(bottomUp: true), target, out _));
        Assert.Null(picture.Compare(target, bottomUp: true));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_crop_shows_its_part_of_the_backing(bool bottomUp)
    {
        using IGpuConverter converter = Create();
        using var picture = new TestPicture(new PictureSize(200, 150), PixelFormat.Xbgr8888, extraStride: 32, offset: 4096);
        foreach (var crop in new PixelRect[] { new(0, 0, 200, 150), new(13, 7, 101, 99), new(199, 149, 1, 1), new(64, 64, 70, 70) })
        {
            using var target = new HostPicture(new PictureSize(crop.Width, crop.Height));
            Assert.Equal(ConvertOutcome.Converted, ConvertWhole(converter, picture.AsDmaBuf(bottomUp, crop), target, out _));
            Assert.Null(picture.Compare(target, bottomUp, crop));
        }

        Assert.Equal(1, converter.ImportsDone);
    }

    [Fact]
    public void Memory_is_read_live_and_imported_once()
    {
        using IGpuConverter converter = Create();
        using var picture = new TestPicture(new PictureSize(320, 200), PixelFormat.Xrgb8888);
        using var target = new HostPicture(picture.Size);
        DmaBufScanout scanout = picture.AsDmaBuf();
        for (int seed = 0; seed < 5; seed++)
        {
            new Random(seed).NextBytes(picture.Memory.Bytes);
            Assert.Equal(ConvertOutcome.Converted, ConvertWhole(converter, scanout, target, out _));
            Assert.Null(picture.Compare(target));
        }

        Assert.Equal(1, converter.ImportsDone);
        Assert.True(converter.LastImportNs > 0, "looking the import up took no time");
        Assert.Equal(CopiesHostPictures, converter.CpuCopiedBytes > 0);
    }

    [Fact]
    public void A_picture_that_its_encoder_frees_is_no_longer_imported()
    {
        using IGpuConverter converter = Create();
        using var picture = new TestPicture(new PictureSize(130, 70), PixelFormat.Xrgb8888);
        DmaBufScanout scanout = picture.AsDmaBuf();
        int before = converter.LiveImports;
        for (int i = 0; i < 3; i++)
        {
            using TestSurface? surface = i == 1 ? new TestSurface(picture.Size) : null;
            PictureTarget target = surface?.Picture ?? (PictureTarget)new HostPicture(picture.Size);
            Assert.Equal(ConvertOutcome.Converted, ConvertWhole(converter, scanout, target, out _));
            int during = converter.LiveImports;
            target.Dispose();
            Assert.Equal(before + 1, converter.LiveImports);
            Assert.True(CopiesHostPictures || during > before + 1, $"{during} imports while the picture lived");
        }
    }

    [Fact]
    public void Only_damaged_tiles_are_touched_and_only_real_changes_told()
    {
        using IGpuConverter converter = Create();
        using var picture = new TestPicture(new PictureSize(300, 200), PixelFormat.Xrgb8888);
        using var target = new HostPicture(picture.Size);
        DmaBufScanout scanout = picture.AsDmaBuf();
        ConvertWhole(converter, scanout, target, out TileMap changed);
        Assert.Equal(changed.Columns * changed.Rows, changed.Count);

        // Full damage, nothing different: nothing is told.
        ConvertWhole(converter, scanout, target, out changed);
        Assert.True(changed.IsEmpty);

        // A pixel changes in a damaged tile, another outside the damage.
        Flip(picture, 70, 66);
        Flip(picture, 200, 150);
        TileMap damage = DamageRegion.Create(picture.Size);
        damage.Set(1, 1);
        Assert.Equal(ConvertOutcome.Converted, converter.Convert(scanout, damage, target, changed));
        Assert.Equal(1, changed.Count);
        Assert.True(changed[70 / 16, 66 / 16]);
        Assert.NotNull(picture.Compare(target));

        ConvertWhole(converter, scanout, target, out changed);
        Assert.Equal(1, changed.Count);
        Assert.True(changed[200 / 16, 150 / 16]);
        Assert.Null(picture.Compare(target));
    }

    [Fact]
    public void A_change_of_any_macroblock_is_told_and_no_other()
    {
        using IGpuConverter converter = Create();
        using var picture = new TestPicture(new PictureSize(150, 130), PixelFormat.Xrgb8888);
        using var target = new HostPicture(picture.Size);
        DmaBufScanout scanout = picture.AsDmaBuf();
        ConvertWhole(converter, scanout, target, out TileMap changed);
        for (int row = 0; row < changed.Rows; row++)
        {
            for (int column = 0; column < changed.Columns; column++)
            {
                Flip(picture, Math.Min(column * 16 + (row + column) % 16, 149), Math.Min(row * 16 + row % 16, 129));
                ConvertWhole(converter, scanout, target, out changed);
                Assert.True(changed.Count == 1 && changed[column, row], $"macroblock {column},{row}: {changed.Count} told");
            }
        }
    }

    [Fact]
    public void Surfaces_of_a_pool_take_turns_and_each_is_brought_up_to_date()
    {
        using IGpuConverter converter = Create();
        using var picture = new TestPicture(new PictureSize(256, 128), PixelFormat.Xrgb8888);
        using var first = new TestSurface(picture.Size);
        using var second = new TestSurface(picture.Size);
        DmaBufScanout scanout = picture.AsDmaBuf();
        Assert.Equal(ConvertOutcome.Converted, ConvertWhole(converter, scanout, first.Picture, out TileMap changed));
        second.Picture.Stale.Fill();
        ConvertWhole(converter, scanout, second.Picture, out changed);
        Assert.True(changed.IsEmpty);
        Assert.Null(first.Compare(picture));
        Assert.Null(second.Compare(picture));

        Flip(picture, 5, 5);
        TileMap damage = DamageRegion.Create(picture.Size);
        damage.Set(0, 0);
        second.Picture.Stale.UnionWith(damage);
        Assert.Equal(ConvertOutcome.Converted, converter.Convert(scanout, damage, first.Picture, changed));
        Assert.Equal(1, changed.Count);
        damage.Clear();
        Flip(picture, 200, 100);
        damage.Set(3, 1);
        Assert.Equal(ConvertOutcome.Converted, converter.Convert(scanout, damage, second.Picture, changed));
        Assert.Equal(1, changed.Count);
        Assert.Null(second.Compare(picture));
        Assert.True(second.Picture.Stale.IsEmpty);
        Assert.Equal(0, converter.CpuCopiedBytes);
    }

    [Fact]
    public void Padding_repeats_the_edge()
    {
        using IGpuConverter converter = Create();
        using var picture = new TestPicture(new PictureSize(18, 20), PixelFormat.Xrgb8888);
        using var target = new HostPicture(picture.Size);
        ConvertWhole(converter, picture.AsDmaBuf(), target, out _);
        unsafe
        {
            Assert.Equal(32, target.PaddedWidth);
            for (int y = 0; y < 32; y++)
            {
                for (int x = 18; x < 32; x++)
                    Assert.Equal(target.Luma[Math.Min(y, 19) * target.Stride + 17], target.Luma[y * target.Stride + x]);
            }
        }
    }

    /// <summary>Drivers may tell late, so a frame's time counts with a later one at times.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_GPU_tells_how_long_it_ran_within_the_time_that_a_conversion_took(bool intoSurface)
    {
        const int Frames = 20;
        using IGpuConverter converter = Create();
        using var picture = new TestPicture(new PictureSize(1280, 720), PixelFormat.Xrgb8888);
        using var surface = new TestSurface(picture.Size);
        using var host = new HostPicture(picture.Size);
        DmaBufScanout scanout = picture.AsDmaBuf();
        PictureTarget target = intoSurface ? surface.Picture : host;
        ConvertWhole(converter, scanout, target, out _);
        long gpuNs = 0, start = Stopwatch.GetTimestamp();
        for (int i = 0; i < Frames; i++)
        {
            Assert.Equal(ConvertOutcome.Converted, ConvertWhole(converter, scanout, target, out _));
            gpuNs += converter.LastGpuNs;
        }

        double totalNs = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        TestContext.Current.TestOutputHelper?.WriteLine($"{gpuNs / 1e6 / Frames:F3} of {totalNs / 1e6 / Frames:F3} ms");
        Assert.InRange(gpuNs, 1, totalNs);
    }

    [Fact]
    public void A_frame_that_is_known_allocates_nothing()
    {
        using IGpuConverter converter = Create();
        using var picture = new TestPicture(new PictureSize(640, 400), PixelFormat.Xrgb8888);
        using var target = new HostPicture(picture.Size);
        DmaBufScanout scanout = picture.AsDmaBuf();
        TileMap damage = DamageRegion.Create(picture.Size), changed = new(picture.Size, PictureTarget.MacroblockSize);
        damage.Fill();
        for (int i = 0; i < 40; i++)
            converter.Convert(scanout, damage, target, changed);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 50; i++)
            converter.Convert(scanout, damage, target, changed);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Bad_scanouts_are_refused_by_name_and_leave_nothing_behind()
    {
        using IGpuConverter converter = Create();
        using var picture = new TestPicture(new PictureSize(64, 64), PixelFormat.Xrgb8888);
        using var target = new HostPicture(picture.Size);
        Assert.Equal(ConvertOutcome.Converted, ConvertWhole(converter, picture.AsDmaBuf(), target, out _));
        int imports = converter.LiveImports, fds = 0;
        for (int round = 0; round < 20; round++)
        {
            // The first round loads the assemblies that the test itself needs.
            fds = round == 1 ? TestMemory.CountFds() : fds;
            Refused(ConvertOutcome.BadScanout, p => p.AsDmaBuf(stride: 64 * 4 - 4));
            Refused(ConvertOutcome.BadScanout, p => p.AsDmaBuf(stride: 100_000));
            Refused(ConvertOutcome.BadScanout, p => p.AsDmaBuf(stride: 0));
            Refused(ConvertOutcome.BadScanout, p => p.AsDmaBuf(stride: uint.MaxValue));
            Refused(ConvertOutcome.BadScanout, p => p.AsDmaBuf(backing: new PictureSize(32, 32)));
            Refused(ConvertOutcome.Unsupported, p => p.AsDmaBuf(modifier: 0x0200_0000_0000_0901));
            Refused(ConvertOutcome.Unsupported, p => p.AsDmaBuf(planes: 4));
            Refused(ConvertOutcome.BadScanout, p => p.AsDmaBuf(planes: 5));
            Refused(ConvertOutcome.BadScanout, p => p.AsDmaBuf(planes: 0));
            Refused(ConvertOutcome.BadScanout, p =>
            {
                DmaBufScanout closed = p.AsDmaBuf();
                closed.Planes[0].Fd.Dispose();
                return closed;
            });
            Refused(ConvertOutcome.BadScanout, p =>
            {
                using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
                return p.AsDmaBuf(fd: TestMemory.Duplicate(new(socket.Handle, ownsHandle: false)));
            });
            foreach ((ConvertOutcome expected, Func<TestPicture, DmaBufScanout> make) in RefusedBesides)
                Refused(expected, make);
        }

        Assert.Equal(imports, converter.LiveImports);
        Assert.Equal(fds, TestMemory.CountFds());

        // The previous picture stands, and the converter works on.
        Assert.Null(picture.Compare(target));
        Assert.Equal(ConvertOutcome.Converted, ConvertWhole(converter, picture.AsDmaBuf(), target, out _));

        void Refused(ConvertOutcome expected, Func<TestPicture, DmaBufScanout> make)
        {
            using var bad = new TestPicture(new PictureSize(64, 64), PixelFormat.Xrgb8888, seed: 5);
            Assert.Equal(expected, ConvertWhole(converter, make(bad), target, out TileMap changed));
            Assert.True(changed.IsEmpty);
        }
    }

    [Fact]
    public void Imports_stay_bounded_while_the_guest_goes_through_buffers_and_modes()
    {
        Create().Dispose();
        int fds = TestMemory.CountFds();
        using (IGpuConverter converter = Create())
        {
            var random = new Random(20261121);
            for (int i = 0; i < 60; i++)
            {
                var size = new PictureSize(random.Next(1, 400), random.Next(1, 300));
                using var picture = new TestPicture(size, PixelFormat.Xrgb8888, seed: i);
                using var target = new HostPicture(size);
                Assert.Equal(ConvertOutcome.Converted, ConvertWhole(converter, picture.AsDmaBuf(), target, out _));
                Assert.Null(picture.Compare(target));
                Assert.InRange(converter.LiveImports, 1, 7);
            }
        }

        Assert.InRange(TestMemory.CountFds(), 0, fds);
    }

    [Fact]
    public void Every_resource_goes_with_the_converter()
    {
        Create().Dispose();
        int fds = TestMemory.CountFds();
        using var picture = new TestPicture(new PictureSize(64, 64), PixelFormat.Xrgb8888);
        DmaBufScanout scanout = picture.AsDmaBuf();
        int open = TestMemory.CountFds();
        for (int i = 0; i < 5; i++)
        {
            using IGpuConverter converter = Create();
            using var target = new HostPicture(picture.Size);
            Assert.Equal(ConvertOutcome.Converted, ConvertWhole(converter, scanout, target, out _));
        }

        Assert.InRange(TestMemory.CountFds(), fds, open);
    }

    protected static ConvertOutcome ConvertWhole(IFrameConverter converter, Scanout scanout, PictureTarget target, out TileMap changed)
    {
        TileMap damage = DamageRegion.Create(scanout.Size);
        damage.Fill();
        changed = new TileMap(scanout.Size, PictureTarget.MacroblockSize);
        return converter.Convert(scanout, damage, target, changed);
    }

    private protected static void Flip(TestPicture picture, int x, int y)
    {
        int at = picture.Offset + y * picture.Stride + x * PixelFormats.BytesPerPixel(picture.Format);
        for (int i = 0; i < 3; i++)
            picture.Memory.Bytes[at + i] ^= 0x80;
    }
}
