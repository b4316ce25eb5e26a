using System.Net.Sockets;
using QemuZeroCopy.Interop.Vulkan;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Convert.Vulkan;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Pipeline.Tests.Convert.Gpu;

namespace QemuZeroCopy.Pipeline.Tests.Convert.Vulkan;

[Collection(CountsFds.Name)]
public sealed class VulkanConverterTests : GpuConverterContract, IDisposable
{
    private readonly VulkanInstance _instance;
    private readonly VulkanPhysicalDevice _physical;

    public VulkanConverterTests()
    {
        Assert.True(VulkanInstance.TryCreate(out VulkanInstance? instance, out string why), why);
        _instance = instance;
        _physical = _instance.Devices.First(d => d is { HasCompute: true, ImportsLinearBuffers: true });
    }

    public void Dispose() => _instance.Dispose();

    protected override IGpuConverter Create() => new VulkanConverter(new VulkanDevice(_physical));

    [Theory]
    [InlineData(PixelFormat.Rgbx8888)]
    [InlineData(PixelFormat.Rgba8888)]
    [InlineData(PixelFormat.Bgrx8888)]
    [InlineData(PixelFormat.Bgra8888)]
    [InlineData(PixelFormat.Rgb888)]
    [InlineData(PixelFormat.Bgr888)]
    [InlineData(PixelFormat.Rgb565)]
    [InlineData(PixelFormat.Xrgb1555)]
    public void Formats_of_display_surfaces_come_out_right_from_dma_bufs_and_memfds(PixelFormat format)
    {
        using IGpuConverter converter = Create();
        using var picture = new TestPicture(new PictureSize(131, 67), format, offset: 8);
        using var target = new HostPicture(picture.Size);
        Assert.Equal(ConvertOutcome.Converted, ConvertWhole(converter, picture.AsDmaBuf(), target, out _));
        Assert.Null(picture.Compare(target));
        TestHostScanout host = picture.AsHost();
        converter.ForgetPrevious();
        Assert.Equal(ConvertOutcome.Converted, ConvertWhole(converter, host, target, out _));
        Assert.Null(picture.Compare(target));
        host.Release();
    }

    [Fact]
    public void A_memfd_scanout_is_read_in_place_and_let_go_with_its_successor()
    {
        using IGpuConverter converter = Create();
        using var picture = new TestPicture(new PictureSize(800, 600), PixelFormat.Xrgb8888);
        using var target = new HostPicture(picture.Size);
        TestHostScanout first = picture.AsHost(), second = picture.AsHost();
        Assert.Equal(ConvertOutcome.Converted, ConvertWhole(converter, first, target, out _));
        new Random(99).NextBytes(picture.Memory.Bytes);
        Assert.Equal(ConvertOutcome.Converted, ConvertWhole(converter, first, target, out _));
        Assert.Null(picture.Compare(target));
        Assert.Equal(1, converter.ImportsDone);

        // Its mapping must live as long as the import does, then go.
        first.Release();
        Assert.False(first.IsFreed);
        Assert.Equal(ConvertOutcome.Converted, ConvertWhole(converter, second, target, out _));
        Assert.True(first.IsFreed);
        second.Release();
        Assert.Equal(0, converter.CpuCopiedBytes);
    }

    [Fact]
    public void Planes_in_two_buffers_are_written_too()
    {
        using IGpuConverter converter = Create();
        using var picture = new TestPicture(new PictureSize(321, 241), PixelFormat.Xrgb8888);
        using var surface = new TestSurface(picture.Size, twoBuffers: true);
        Assert.Equal(ConvertOutcome.Converted, ConvertWhole(converter, picture.AsDmaBuf(), surface.Picture, out _));
        Assert.Null(surface.Compare(picture));
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
            Refused(ConvertOutcome.Unsupported, p => p.AsDmaBuf(modifier: DmaBufScanout.InvalidModifier));
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
            Refused(ConvertOutcome.BadScanout, p => p.AsDmaBuf(fd: TestMemory.OpenReadOnly("/proc/self/exe")));
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
}
