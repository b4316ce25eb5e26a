using QemuZeroCopy.Interop.Va;
using QemuZeroCopy.Interop.Vulkan;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Vulkan;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.Vaapi;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Pipeline.Tests.Convert.Gpu;

namespace QemuZeroCopy.Pipeline.Tests.Encode.Vaapi;

/// <summary>
/// A guest's memory, through a compute shader, into the encoder's own surface, out as H.264: the whole way
/// without a copy, on software stand-ins for the GPU (lavapipe) and its encoder.
/// </summary>
[Collection(CountsFds.Name)]
public sealed class VaapiPathTests : IDisposable
{
    private static readonly PictureSize Size = new(1000, 562);
    private readonly TestPicture _screen = new(Size, PixelFormat.Xrgb8888, extraStride: 64);
    private readonly CollectingSink _sink = new();
    private readonly VulkanInstance _instance;
    private readonly List<VulkanConverter> _converters = [];

    public VaapiPathTests()
    {
        Assert.True(VulkanInstance.TryCreate(out VulkanInstance? instance, out string why), why);
        _instance = instance;
    }

    public void Dispose()
    {
        _screen.Dispose();
        _instance.Dispose();
    }

    [Fact]
    public void A_memfd_scanout_becomes_h264_without_a_copy_by_the_cpu()
    {
        VerifyPictures([Path("vulkan → vaapi", "", exports: true)], asDmaBuf: false);
        Assert.Equal(0, Assert.Single(_converters).CpuCopiedBytes);
        Assert.Contains(_sink.Events, static e => e.StartsWith("chosen vulkan", StringComparison.Ordinal) && e.EndsWith("(x264)", StringComparison.Ordinal));
    }

    [Fact]
    public void A_dma_buf_scanout_becomes_h264_without_a_copy_by_the_cpu()
    {
        VerifyPictures([Path("vulkan → vaapi", "", exports: true)], asDmaBuf: true);
        Assert.Equal(0, Assert.Single(_converters).CpuCopiedBytes);
    }

    [Theory]
    [InlineData("export-refused")]
    [InlineData("planes-per-layer=2")]
    [InlineData("modifier=0x100000000000002")]
    [InlineData("max-surfaces=3")]
    public void Surfaces_that_cannot_be_written_lead_to_the_next_step(string fault)
    {
        VerifyPictures([Path("first", fault, exports: true), Path("second", "", exports: false)], asDmaBuf: false);
        Assert.Contains(_sink.Events, static e => e.StartsWith("refused first", StringComparison.Ordinal));
        Assert.Contains(_sink.Events, static e => e.StartsWith("chosen", StringComparison.Ordinal) && e.EndsWith("uploaded", StringComparison.Ordinal));
    }

    [Fact]
    public void A_driver_that_keeps_losing_its_device_leads_to_the_next_step()
    {
        VerifyPictures([Path("first", "device-lost=3", exports: true), Path("second", "", exports: false)], asDmaBuf: false);
        Assert.Equal(3, _sink.Events.Count(static e => e.StartsWith("refused first", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("encode-error=4")]
    [InlineData("hang=3:400")]
    public void A_single_failure_is_absorbed_where_it_happens(string fault)
    {
        // The driver reads its faults when it is opened: the display opened after the failure has none.
        string ordered = fault;
        VerifyPictures([Path("only", () => SoftwareVa.Open(Interlocked.Exchange(ref ordered, "")), exports: true)], asDmaBuf: false);
    }

    private VaapiPath Path(string name, string faults, bool exports) => Path(name, () => SoftwareVa.Open(faults), exports);

    private VaapiPath Path(string name, Func<VaDisplay> open, bool exports)
    {
        using VaDisplay display = SoftwareVa.Open();
        VaapiProbe probe = VaapiProbe.Of(display);
        Assert.Equal([VideoCodec.H264], probe.Codecs);
        return new VaapiPath(name, probe, open, OpenConverter, static _ => true, exports);
    }

    private VulkanConverter OpenConverter(out string? whyNot)
    {
        whyNot = null;
        _converters.Add(new VulkanConverter(new VulkanDevice(_instance.Devices.First(static d => d is { HasCompute: true, ImportsLinearBuffers: true }))));
        return _converters[^1];
    }

    /// <summary>Shows ten pictures, each after the frame of the one before, and compares the last with what a decoder makes of the stream.</summary>
    private void VerifyPictures(VideoPath[] paths, bool asDmaBuf)
    {
        Scanout scanout = asDmaBuf ? _screen.AsDmaBuf() : _screen.AsHost();
        if (asDmaBuf)
            scanout.AddReference(); // the mailbox's; the picture keeps its own
        using var mailbox = new FrameMailbox(new NobodyToAnswer());
        Paint(0);
        mailbox.SetScanout(scanout, MonotonicClock.NowNs);
        using (var pipeline = new ConsolePipeline(mailbox, paths, _sink, new ConsolePipelineOptions { BitsPerSecond = 30_000_000, Viewers = 1, Refine = false }, _sink))
        {
            pipeline.Start();
            for (int i = 1; i <= 10; i++)
            {
                _sink.WaitFor(i);
                Paint(i);
                mailbox.AddDamage(new PixelRect(0, 0, Size.Width, Size.Height), MonotonicClock.NowNs);
            }

            _sink.WaitFor(11);
        }

        // A viewer joins a stream at a key frame; after a step down that is the last one.
        var frames = _sink.Frames;
        int start = frames.Select(static (frame, index) => frame.IsKeyFrame ? index : -1).Max();
        byte[] stream = [.. frames.Skip(start).SelectMany(static frame => frame.Data)];
        byte[] last = ReferenceDecoder.DecodeNv12(stream, VideoCodec.H264, Size)[^1];
        using var expected = new HostPicture(Size);
        using (VulkanConverter reference = new(new VulkanDevice(_instance.Devices.First(static d => d is { HasCompute: true, ImportsLinearBuffers: true }))))
        {
            TileMap all = DamageRegion.Create(Size), changed = new(Size, PictureTarget.MacroblockSize);
            all.Fill();
            TestHostScanout whole = _screen.AsHost();
            Assert.Equal(ConvertOutcome.Converted, reference.Convert(whole, all, expected, changed));
            Assert.Null(_screen.Compare(expected));
            whole.Release();
        }

        double psnr = ReferenceDecoder.Psnr(last, ReferenceDecoder.Packed(expected));
        Assert.True(psnr >= 35, $"{psnr:F1} dB; {string.Join("; ", _sink.Events)}");
    }

    private void Paint(int index)
    {
        Span<byte> pixels = _screen.Memory.Bytes;
        for (int y = 0; y < Size.Height; y++)
        {
            Span<byte> row = pixels.Slice(y * _screen.Stride, Size.Width * 4);
            for (int x = 0; x < Size.Width; x++)
            {
                row[x * 4] = (byte)(x / 4 + index * 3);
                row[x * 4 + 1] = (byte)(y / 2 + index * 5);
                row[x * 4 + 2] = (byte)((x / 32 + y / 32 + index) % 2 * 160);
            }
        }
    }

    private sealed class NobodyToAnswer : IFrameAcknowledger
    {
        public void Acknowledge(ulong sequence) => Assert.Fail("no damage asked for an answer");
    }
}
