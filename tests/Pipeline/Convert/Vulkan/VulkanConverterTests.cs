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

    private protected override IEnumerable<(ConvertOutcome Outcome, Func<TestPicture, DmaBufScanout> Make)> RefusedBesides =>
    [
        (ConvertOutcome.Unsupported, static picture => picture.AsDmaBuf(modifier: DmaBufScanout.InvalidModifier)),
        (ConvertOutcome.BadScanout, static picture => picture.AsDmaBuf(fd: TestMemory.OpenReadOnly("/proc/self/exe"))),
    ];

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
}
