using System.Text.Json;
using Microsoft.Playwright;

namespace QemuZeroCopy.WebRtc.Tests.Browser;

/// <summary>Real Chromium against the endpoint on loopback: what it decodes, not what we believe to have sent.</summary>
public class ChromiumTests(ChromiumFixture chromium)
{
    private const string Connect = """
        async ({ videoCount, audio, data }) => {
            const pc = window.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
            window.videos = [];
            pc.ontrack = event => {
                if (event.track.kind !== 'video')
                    return;
                const video = document.createElement('video');
                video.muted = video.autoplay = true;
                video.srcObject = new MediaStream([event.track]);
                document.body.append(video);
                window.videos.push(video);
            };
            for (let i = 0; i < videoCount; i++)
                pc.addTransceiver('video', { direction: 'recvonly' });
            if (audio)
                pc.addTransceiver('audio', { direction: 'recvonly' });
            if (data)
                window.channel = pc.createDataChannel('input', { ordered: true });
            await pc.setLocalDescription();
            const answer = await window.accept(pc.localDescription.sdp);
            await pc.setRemoteDescription({ type: 'answer', sdp: answer });
            return answer;
        }
        """;

    private const string Stats = """
        async () => {
            const result = { framesDecoded: [], width: 0, packetsLost: 0, nackCount: 0, retransmitted: 0, freezes: 0, state: window.pc.connectionState };
            for (const report of (await window.pc.getStats()).values()) {
                if (report.type !== 'inbound-rtp' || report.kind !== 'video')
                    continue;
                result.framesDecoded.push(report.framesDecoded);
                result.width = report.frameWidth;
                result.packetsLost += report.packetsLost;
                result.nackCount += report.nackCount;
                result.retransmitted += report.retransmittedPacketsReceived ?? 0;
                result.freezes += report.freezeCount ?? 0;
            }
            return JSON.stringify(result);
        }
        """;

    private const string Pixels = """
        index => {
            const video = window.videos[index];
            const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
            const context = canvas.getContext('2d');
            context.drawImage(video, 0, 0);
            const at = (x, y) => [...context.getImageData(x, y, 1, 1).data.slice(0, 3)];
            return [at(100, 100), at(500, 100)].flat();
        }
        """;

    private static readonly SessionOptions s_oneTrack = new()
    {
        VideoTracks = [new VideoTrackOptions("screen0", [new VideoFormat(VideoCodecKind.H264, VideoProfile.ConstrainedBaseline)])],
        AudioStreamId = "sound",
    };

    [Fact]
    public async Task Chromium_decodes_the_picture_with_its_colours()
    {
        using var host = new TestHost(TestPictures.SplitScreen(90), 30);
        IPage page = await ConnectAsync(host, s_oneTrack, 1);
        JsonElement stats = await WaitForFramesAsync(page, host, 60);
        Assert.Equal(640, stats.GetProperty("width").GetInt32());
        int[] pixels = await page.EvaluateAsync<int[]>(Pixels, 0);
        AssertColour([0x20, 0x60, 0xC0], pixels[..3]);
        AssertColour([0xC0, 0x40, 0x20], pixels[3..]);
        Assert.Contains("Connected", host.Events);
        await page.CloseAsync();
    }

    private static void AssertColour(int[] expected, int[] actual)
    {
        for (int i = 0; i < 3; i++)
            Assert.InRange(actual[i], expected[i] - 10, expected[i] + 10);
    }

    private async Task<IPage> ConnectAsync(TestHost host, SessionOptions options, int videoCount, bool data = false)
    {
        IPage page = await chromium.OpenAsync();
        await page.ExposeFunctionAsync("accept", (string offer) => host.AcceptAsync(offer, options));
        await page.EvaluateAsync<string>(Connect, new { videoCount, audio = options.AudioStreamId is not null, data });
        return page;
    }

    private static async Task<JsonElement> WaitForFramesAsync(IPage page, TestHost host, int frames)
    {
        JsonElement stats = default;
        for (int i = 0; i < 300; i++)
        {
            stats = JsonDocument.Parse(await page.EvaluateAsync<string>(Stats)).RootElement;
            JsonElement decoded = stats.GetProperty("framesDecoded");
            if (decoded.GetArrayLength() > 0 && decoded.EnumerateArray().All(d => d.GetInt32() >= frames))
                return stats;
            await Task.Delay(100, TestContext.Current.CancellationToken);
        }

        Assert.Fail($"Fewer than {frames} frames: {stats}; events: {string.Join(", ", host.Events)}; dropped: {string.Join(", ", Enum.GetValues<DropReason>().Where(r => r != DropReason.Count && host.Router.Counters.Dropped(r) > 0).Select(r => $"{r} {host.Router.Counters.Dropped(r)}"))}");
        return default;
    }
}
