using QemuZeroCopy.Interop.Egl;
using QemuZeroCopy.Interop.Gl;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Gl;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Pipeline.Tests.Convert.Gpu;

namespace QemuZeroCopy.Pipeline.Tests.Convert.Gl;

[Collection(CountsFds.Name)]
public sealed class GlConverterTests : GpuConverterContract
{
    protected override bool CopiesHostPictures => true;

    protected override IGpuConverter Create()
    {
        Assert.True(EglContext.TryCreate(null, out EglContext? context, out string why), why);
        return new GlConverter(new GlesDevice(context));
    }

    [Fact]
    public void A_memfd_scanout_is_left_to_the_CPU_path()
    {
        using IGpuConverter converter = Create();
        using var picture = new TestPicture(new PictureSize(64, 64), PixelFormat.Xrgb8888);
        using var target = new HostPicture(picture.Size);
        TestHostScanout host = picture.AsHost();
        Assert.Equal(ConvertOutcome.Unsupported, ConvertWhole(converter, host, target, out _));
        host.Release();
        Assert.True(host.IsFreed);
    }

    [Fact]
    public void A_render_node_that_is_not_there_is_named()
    {
        Assert.False(EglContext.TryCreate(new(226, 99), out _, out string why));
        Assert.Contains("226:99", why, StringComparison.Ordinal);
    }
}
