using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Cpu;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Convert.Gpu;

[Collection(CountsFds.Name)]
public sealed class GpuChainTests
{
    [Theory]
    [InlineData(GpuChoice.Vulkan, "vulkan: ")]
    [InlineData(GpuChoice.Gl, "gl: ")]
    public void A_choice_gives_steps_of_its_kind_that_open_and_convert(GpuChoice choice, string prefix)
    {
        using var chain = new GpuChain(choice);
        Assert.NotEmpty(chain.Steps);
        using var picture = new TestPicture(new PictureSize(100, 80), PixelFormat.Xrgb8888);
        foreach (GpuStep step in chain.Steps)
        {
            Assert.StartsWith(prefix, step.Name, StringComparison.Ordinal);
            Assert.Contains(chain.Findings, line => line.StartsWith(step.Name, StringComparison.Ordinal));
            Assert.True(step.Reads(picture.AsDmaBuf()));
            Assert.True(step.TryOpen(out IGpuConverter? converter, out string? whyNot), whyNot);
            using (converter)
            {
                using var target = new HostPicture(picture.Size);
                TileMap damage = DamageRegion.Create(picture.Size), changed = new(picture.Size, PictureTarget.MacroblockSize);
                damage.Fill();
                Assert.Equal(ConvertOutcome.Converted, converter.Convert(picture.AsDmaBuf(), damage, target, changed));
                Assert.Null(picture.Compare(target));
            }
        }
    }

    [Fact]
    public void Auto_tries_hardware_before_software()
    {
        using var chain = new GpuChain(GpuChoice.Auto);
        Assert.Equal(chain.Steps.OrderBy(step => step.IsSoftware).Select(step => step.Name), chain.Steps.Select(step => step.Name));
    }

    [Fact]
    public void None_means_none_and_says_so()
    {
        using var chain = new GpuChain(GpuChoice.None);
        Assert.Empty(chain.Steps);
        Assert.Single(chain.Findings);
    }

    [Fact]
    public void A_render_node_that_is_missing_is_named()
    {
        using var chain = new GpuChain(GpuChoice.Auto, "/dev/dri/renderD999");
        Assert.Empty(chain.Steps);
        Assert.Contains("/dev/dri/renderD999", Assert.Single(chain.Findings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(GpuChoice.Vulkan, 130, 75)]
    [InlineData(GpuChoice.Gl, 130, 75)]
    [InlineData(GpuChoice.Vulkan, 1024, 768)]
    public void The_GPU_and_the_CPU_agree_to_one_step(GpuChoice choice, int width, int height)
    {
        using var chain = new GpuChain(choice);
        Assert.True(chain.Steps[0].TryOpen(out IGpuConverter? gpu, out string? whyNot), whyNot);
        using (gpu)
        {
            using var cpu = new CpuConverter();
            using var picture = new TestPicture(new PictureSize(width, height), PixelFormat.Xrgb8888);
            using var ours = new HostPicture(picture.Size);
            using var theirs = new HostPicture(picture.Size);
            TileMap damage = DamageRegion.Create(picture.Size), changed = new(picture.Size, PictureTarget.MacroblockSize), changedToo = new(picture.Size, PictureTarget.MacroblockSize);
            damage.Fill();
            TestHostScanout host = picture.AsHost();
            DmaBufScanout scanout = picture.AsDmaBuf();
            for (int round = 0; round < 3; round++)
            {
                Assert.Equal(ConvertOutcome.Converted, gpu.Convert(scanout, damage, ours, changed));
                Assert.Equal(ConvertOutcome.Converted, cpu.Convert(host, damage, theirs, changedToo));
                Assert.InRange(LargestDifference(ours, theirs), 0, 1);
                if (round > 0)
                    Assert.Equal(changedToo.Words.ToArray(), changed.Words.ToArray());
                picture.Memory.Bytes.Slice(picture.Stride * (height / 2), picture.Stride * (height / 4)).Reverse();
            }

            host.Release();
        }
    }

    private static unsafe int LargestDifference(HostPicture a, HostPicture b)
    {
        int largest = 0;
        for (int i = 0; i < a.Stride * a.PaddedHeight * 3 / 2; i++)
        {
            // Padding to the stride, beyond the padded width, is nobody's.
            if (i % a.Stride < a.PaddedWidth)
                largest = Math.Max(largest, Math.Abs(a.Luma[i] - b.Luma[i]));
        }

        return largest;
    }
}
