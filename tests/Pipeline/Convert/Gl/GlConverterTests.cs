using System.Net.Sockets;
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
        }

        Assert.Equal(imports, converter.LiveImports);
        Assert.Equal(fds, TestMemory.CountFds());
        Assert.Null(picture.Compare(target));

        void Refused(ConvertOutcome expected, Func<TestPicture, DmaBufScanout> make)
        {
            using var bad = new TestPicture(new PictureSize(64, 64), PixelFormat.Xrgb8888, seed: 5);
            Assert.Equal(expected, ConvertWhole(converter, make(bad), target, out TileMap changed));
            Assert.True(changed.IsEmpty);
        }
    }

    [Fact]
    public void A_render_node_that_is_not_there_is_named()
    {
        Assert.False(EglContext.TryCreate(new(226, 99), out _, out string why));
        Assert.Contains("226:99", why, StringComparison.Ordinal);
    }
}
