using System.Net;
using Microsoft.Playwright;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Interop.Va;
using QemuZeroCopy.Interop.Vulkan;
using QemuZeroCopy.Pipeline.Convert.Vulkan;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.Vaapi;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Pipeline.Tests.Encode.Vaapi;
using QemuZeroCopy.Server.Cli;
using QemuZeroCopy.Server.Metrics;
using QemuZeroCopy.Server.Viewers;
using QemuZeroCopy.Server.Web;

namespace QemuZeroCopy.Server.Tests.Viewers;

/// <summary>
/// A guest's memory through a compute shader into the surface of a VAAPI encoder and over WebRTC into a real Chromium,
/// without a copy by the CPU; lavapipe and the software VA driver stand in for the GPU.
/// </summary>
public sealed class VaapiInChromiumTests
{
    private static readonly PictureSize s_size = new(640, 360);
    private const int Stride = 640 * 4, Bytes = Stride * 360;

    private const string Connect = """
        async () => {
            const pc = window.pc = new RTCPeerConnection();
            const video = window.video = document.createElement('video');
            video.muted = video.autoplay = true;
            document.body.append(video);
            pc.ontrack = event => video.srcObject = new MediaStream([event.track]);
            pc.addTransceiver('video', { direction: 'recvonly' });
            await pc.setLocalDescription();
            await pc.setRemoteDescription({ type: 'answer', sdp: await window.accept(pc.localDescription.sdp) });
        }
        """;

    private const string Pixels = """
        () => {
            if (!window.video.videoWidth) return [];
            const context = new OffscreenCanvas(window.video.videoWidth, window.video.videoHeight).getContext('2d');
            context.drawImage(window.video, 0, 0);
            const at = (x, y) => [...context.getImageData(x, y, 1, 1).data.slice(0, 3)];
            return [at(100, 100), at(500, 100)].flat();
        }
        """;

    [Fact]
    public async Task Chromium_shows_what_VAAPI_encoded_out_of_surfaces_that_a_shader_wrote()
    {
        Assert.True(VulkanInstance.TryCreate(out VulkanInstance? instance, out string why), why);
        using VulkanInstance owned = instance;
        using var metrics = new ServerMetrics();
        using MediaService service = MediaService.Start(new ServeSettings { Listen = new IPEndPoint(IPAddress.Loopback, 0), UdpPort = 0, IceTcpPort = 0 }, metrics);
        ViewerHub hub = service.HubOf(0);
        using SafeFileHandle file = MemFd.Create("screen", Bytes);
        MemoryMapping pixels = MemoryMapping.TryMap(file, Bytes)!;
        Paint(pixels, 0x2060C0, 0xC04020);
        using var mailbox = new FrameMailbox(new NobodyToAnswer());
        using var pipeline = new ConsolePipeline(mailbox, [Path(owned)], hub, new ConsolePipelineOptions { Refine = false });
        hub.SetPipeline(pipeline);
        pipeline.Start();
        mailbox.SetScanout(new SharedMemoryScanout(s_size, PixelFormat.Xrgb8888, Stride, new SharedPixels(pixels, 1), 0), MonotonicClock.NowNs);

        using IPlaywright playwright = await Playwright.CreateAsync();
        await using IBrowser browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = "/usr/bin/chromium",
            Args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required"],
        });
        IPage page = await browser.NewPageAsync();
        await page.RouteAsync("http://localhost/", route => route.FulfillAsync(new RouteFulfillOptions { ContentType = "text/html", Body = "<!doctype html><title>test</title>" }));
        await page.GotoAsync("http://localhost/");
        await page.ExposeFunctionAsync("accept", async (string offer) =>
        {
            MediaAnswer answer = await service.OpenAsync(0, offer, "", CancellationToken.None);
            Assert.Equal(MediaOutcome.Accepted, answer.Outcome);
            return answer.Sdp;
        });
        await page.EvaluateAsync(Connect);
        await ShowsAsync(page, [0x20, 0x60, 0xC0, 0xC0, 0x40, 0x20]);

        // Another picture in the same memory: no further key frame is needed to see it.
        Paint(pixels, 0x30A040, 0x404080);
        mailbox.AddDamage(new PixelRect(0, 0, 640, 360), MonotonicClock.NowNs);
        await ShowsAsync(page, [0x30, 0xA0, 0x40, 0x40, 0x40, 0x80]);
        PipelineStatistics statistics = pipeline.Statistics;
        Assert.StartsWith("h264_vaapi", statistics.Encoder, StringComparison.Ordinal);
        Assert.StartsWith("vulkan", statistics.Converter, StringComparison.Ordinal);
        Assert.Equal((0, 0), (statistics.CpuReadBytes, statistics.CpuCopiedBytes));
        hub.SetPipeline(null);
    }

    private static VaapiPath Path(VulkanInstance instance)
    {
        using VaDisplay display = SoftwareVa.Open();
        return new VaapiPath("vulkan → vaapi", VaapiProbe.Of(display), () => SoftwareVa.Open(), (out string? whyNot) =>
        {
            whyNot = null;
            return new VulkanConverter(new VulkanDevice(instance.Devices.First(device => device is { HasCompute: true, ImportsLinearBuffers: true })));
        }, _ => true, exportSurfaces: true);
    }

    private static async Task ShowsAsync(IPage page, int[] expected)
    {
        int[] seen = [];
        for (int i = 0; i < 600; i++)
        {
            seen = await page.EvaluateAsync<int[]>(Pixels);
            if (seen.Length == expected.Length && seen.Zip(expected).All(pair => Math.Abs(pair.First - pair.Second) <= 10))
                return;
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        Assert.Fail($"Chromium shows [{string.Join(", ", seen)}], not [{string.Join(", ", expected)}].");
    }

    private static unsafe void Paint(MemoryMapping pixels, uint left, uint right)
    {
        var memory = new Span<uint>((void*)pixels.Address, Bytes / 4);
        for (int y = 0; y < 360; y++)
        {
            memory.Slice(y * 640, 320).Fill(left);
            memory.Slice(y * 640 + 320, 320).Fill(right);
        }
    }

    private sealed class NobodyToAnswer : IFrameAcknowledger
    {
        public void Acknowledge(ulong sequence) => Assert.Fail("no damage asked for an answer");
    }
}
