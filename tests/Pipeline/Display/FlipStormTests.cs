using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.FrameSource;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Interop.Vulkan;
using QemuZeroCopy.Pipeline.Convert.Vulkan;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.Vaapi;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Pipeline.Tests.Encode;
using QemuZeroCopy.Pipeline.Tests.Encode.Vaapi;

namespace QemuZeroCopy.Pipeline.Tests.Display;

/// <summary>The whole way of a guest that flips pages: messages with fds, import, conversion, the encoder's surfaces, answers.</summary>
[Collection(CountsFds.Name)]
public sealed class FlipStormTests
{
    private const uint Xr24 = 0x34325258;
    private const int Side = 128, Stride = Side * 4;

    /// <summary>How long each was held is printed: until it was read, and with the limit that is set by default.</summary>
    [Theory]
    [InlineData(300.0)]
    [InlineData(null)]
    public async Task Ten_thousand_flips_amid_Disable_are_all_answered_and_leave_fds_imports_and_surfaces_flat(double? longestHoldSeconds)
    {
        const int Flips = 10_000, Warmup = 200;
        Assert.True(VulkanInstance.TryCreate(out VulkanInstance? instance, out string why), why);
        using VulkanInstance owned = instance;
        using AttachedPeer attached = await AttachedPeer.CreateAsync(longestHoldSeconds is { } seconds ? new DisplayOptions { LongestHold = TimeSpan.FromSeconds(seconds) } : new DisplayOptions());
        ListenerPeer listener = await attached.Listener;
        var sink = new CountingSink();
        VulkanConverter? converter = null;
        VaapiProbe probe;
        using (var display = SoftwareVa.Open())
            probe = VaapiProbe.Of(display);
        var path = new VaapiPath("vulkan → vaapi", probe, () => SoftwareVa.Open(), (out string? whyNot) =>
        {
            whyNot = null;
            return converter = new VulkanConverter(new VulkanDevice(owned.Devices.First(device => device is { HasCompute: true, ImportsLinearBuffers: true })));
        }, scanout => scanout is DmaBufScanout, exportSurfaces: true);
        SafeFileHandle[] ring = [.. Enumerable.Range(0, 3).Select(i => MemFd.Create($"ring{i}", Stride * Side))];
        using var pipeline = new ConsolePipeline(attached.Console.Frames, [path], sink, new ConsolePipelineOptions { Viewers = 1, MaxFramesPerSecond = 240, Refine = false });
        pipeline.Start();
        int answers = 0, fds = 0, imports = 0;
        for (int i = 0; i < Flips; i++)
        {
            if (i == Warmup)
                (fds, imports) = (CountsFds.Now(), converter!.LiveImports);
            Task<string?> scanout = listener.ScanoutDmaBuf(ring[i % 3], Side, Side, Stride, Xr24, 0, i % 2 == 0);
            Task<string?> update = listener.UpdateDmaBuf(new PixelRect(0, 0, Side, Side));
            Task<string?>? disable = i % 7 == 0 ? listener.Disable() : null;
            answers += await update is null && await scanout is null && (disable is null || await disable is null) ? 1 : 0;
        }

        await Recorder.Until(() => attached.Events.Releases == Flips, () => $"{Flips} releases, {attached.Events.Releases} seen");
        TestContext.Current.TestOutputHelper?.WriteLine(attached.Events.HoldTimes.ToString());
        Assert.Equal((Flips, Flips), (answers, attached.Events.Holds));
        Assert.Equal(3, converter!.ImportsDone);
        Assert.Equal(imports, converter.LiveImports);
        PipelineStatistics statistics = pipeline.Statistics;
        Assert.Equal((0, 0), (statistics.CpuReadBytes, statistics.CpuCopiedBytes));
        Assert.True(sink.Count > 0);
        await Recorder.Until(() => CountsFds.Now() - fds is >= -2 and <= 2, () => $"fds: {CountsFds.Now()} after {fds}");
        Assert.Empty(attached.Events.Refusals);
        foreach (SafeFileHandle buffer in ring)
            buffer.Dispose();
    }

    private sealed class CountingSink : IEncodedFrameSink
    {
        public int Count;

        public void Deliver(EncodedFrame frame)
        {
            Count++;
            frame.Release();
        }

        public void SizeChanged(PictureSize? size)
        {
        }
    }
}
