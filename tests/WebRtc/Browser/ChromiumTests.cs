using System.Text.Json;
using Microsoft.Playwright;
using QemuZeroCopy.WebRtc.Congestion;
using QemuZeroCopy.WebRtc.Sdp;
using QemuZeroCopy.WebRtc.Tests.Model;

namespace QemuZeroCopy.WebRtc.Tests.Browser;

/// <summary>Real Chromium against the endpoint on loopback: what it decodes, not what we believe to have sent.</summary>
public class ChromiumTests(ChromiumFixture chromium)
{
    private const string Connect = """
        async ({ videoCount, audio, data, microphone }) => {
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
            if (microphone)
                pc.addTransceiver((await navigator.mediaDevices.getUserMedia({ audio: true })).getTracks()[0], { direction: 'sendonly' });
            if (data) {
                window.echoes = [];
                window.channel = pc.createDataChannel('input', { ordered: true });
                window.channel.binaryType = 'arraybuffer';
                window.channel.onmessage = event => window.echoes.push(typeof event.data === 'string' ? event.data : event.data.byteLength);
                window.channel.onopen = () => { window.channel.send('hello'); window.channel.send(new Uint8Array(70000)); };
            }
            await pc.setLocalDescription();
            const answer = await window.accept(pc.localDescription.sdp);
            await pc.setRemoteDescription({ type: 'answer', sdp: answer });
            return answer;
        }
        """;

    private const string Stats = """
        async () => {
            const result = { framesDecoded: [], width: 0, packetsLost: 0, fecPackets: 0, fecDiscarded: 0, fecBytes: 0, freezes: 0, nackCount: 0, retransmitted: 0, keyFrames: 0, state: window.pc.connectionState };
            for (const report of (await window.pc.getStats()).values()) {
                if (report.type !== 'inbound-rtp' || report.kind !== 'video')
                    continue;
                result.framesDecoded.push(report.framesDecoded);
                result.width = report.frameWidth;
                result.packetsLost += report.packetsLost;
                result.fecPackets += report.fecPacketsReceived ?? 0;
                result.fecDiscarded += report.fecPacketsDiscarded ?? 0;
                result.fecBytes += report.fecBytesReceived ?? 0;
                result.freezes += report.freezeCount ?? 0;
                result.nackCount += report.nackCount;
                result.retransmitted += report.retransmittedPacketsReceived ?? 0;
                result.keyFrames += report.keyFramesDecoded ?? 0;
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

    [Fact]
    public async Task Chromium_tells_when_each_packet_arrived()
    {
        var control = new RecordingControl();
        using var host = new TestHost(TestPictures.SplitScreen(90), 30, control: control);
        IPage page = await ConnectAsync(host, s_oneTrack, 1);
        await WaitForFramesAsync(page, host, 90);
        await host.InvokeAsync(_ =>
        {
            // What left in the last moments has not been spoken of yet.
            int received = control.Results.Where(r => r.IsReceived).Select(r => r.Sent.Sequence).Distinct().Count();
            Assert.InRange(received, control.Sent.Count * 8 / 10, control.Sent.Count);
            long last = 0;
            foreach (PacketResult result in control.Results.Where(r => r.IsReceived).OrderBy(r => r.Sent.Sequence))
            {
                // On loopback packets arrive in order, up to the 250 µs of the format.
                Assert.True(result.ReceivedNs >= last - 1_000_000, $"{result} after {last}");
                last = Math.Max(last, result.ReceivedNs);
            }

            Assert.True(host.Router.Peers[0].Statistics.RoundTripMs > 0);
            return true;
        });
        await page.CloseAsync();
    }

    [Fact]
    public async Task A_closed_page_is_noticed_at_once()
    {
        using var host = new TestHost(TestPictures.SplitScreen(30), 30);
        IPage page = await ConnectAsync(host, s_oneTrack, 1);
        await WaitForFramesAsync(page, host, 5);
        await page.EvaluateAsync("() => window.pc.close()");
        await WaitForEventAsync(host, "Closed Peer");
        await page.CloseAsync();
    }

    [Fact]
    public async Task Two_screens_are_decoded_side_by_side()
    {
        using var host = new TestHost(TestPictures.SplitScreen(60), 30);
        var options = new SessionOptions
        {
            VideoTracks =
            [
                new VideoTrackOptions("screen0", [new VideoFormat(VideoCodecKind.H264, VideoProfile.ConstrainedBaseline)]),
                new VideoTrackOptions("screen1", [new VideoFormat(VideoCodecKind.H264, VideoProfile.High)]),
            ],
        };
        IPage page = await ConnectAsync(host, options, 2);
        JsonElement stats = await WaitForFramesAsync(page, host, 30);
        Assert.Equal(2, stats.GetProperty("framesDecoded").GetArrayLength());
        await page.CloseAsync();
    }

    [Fact]
    public async Task Lost_packets_come_again()
    {
        var random = new SeededRandom();
        TestContext.Current.TestOutputHelper?.WriteLine(random.ToString());
        using var host = new TestHost(TestPictures.SplitScreen(300), 30);
        IPage page = await ConnectAsync(host, s_oneTrack, 1);
        await WaitForFramesAsync(page, host, 30);
        host.LosesOutgoing = () => random.Random.NextDouble() < 0.03;
        JsonElement stats = await WaitForFramesAsync(page, host, 240);
        Assert.InRange(stats.GetProperty("nackCount").GetInt32(), 1, 10_000);
        Assert.InRange(stats.GetProperty("retransmitted").GetInt32(), 1, 10_000);
        // Repaired by repetition: at 3 % loss of some 2000 packets nobody had to ask for key frames all the time.
        Assert.InRange(stats.GetProperty("keyFrames").GetInt32(), 1, 4);
        await page.CloseAsync();
    }

    [Fact]
    public async Task Parity_brings_lost_packets_back_where_nothing_is_repeated()
    {
        // Losses of this regularity are no path's: congestion control would give up the rate for them.
        using var host = new TestHost(TestPictures.SplitScreen(300), 30, control: new RecordingControl()) { DelayMs = 60 };
        IPage page = await ConnectAsync(host, s_oneTrack, 1, repeats: false);
        string answer = await page.EvaluateAsync<string>("() => window.pc.remoteDescription.sdp");
        int Number(string pattern) => int.Parse(System.Text.RegularExpressions.Regex.Match(answer, pattern).Groups[1].Value, null);
        int video = Number(@"a=rtpmap:(\d+) H264/90000"), fec = Number(@"a=rtpmap:(\d+) flexfec-03/90000");
        await WaitForFramesAsync(page, host, 30);
        // The first packet of every fourth frame never comes, and there are no repetitions.
        int frames = 0, lost = 0, parities = 0;
        bool begins = false;
        host.LosesDatagram = datagram =>
        {
            int type = datagram[0] is >= 128 and < 192 && datagram[1] is not (>= 192 and <= 223) ? datagram[1] & 0x7F : -1;
            parities += type == fec ? 1 : 0;
            bool isProtected = parities > 10;
            if (type != video)
                return false;
            bool isFirst = begins;
            begins = (datagram[1] & 0x80) != 0;
            frames += isFirst ? 1 : 0;
            bool isLost = isFirst && frames % 4 == 0;
            lost += isLost && isProtected ? 1 : 0;
            return isLost;
        };
        for (int i = 0; i < 200 && Volatile.Read(ref lost) < 3; i++)
            await Task.Delay(50, TestContext.Current.CancellationToken);
        int lostBefore = Volatile.Read(ref lost), keyFrames = (await WaitForFramesAsync(page, host, 1)).GetProperty("keyFrames").GetInt32();
        JsonElement stats = await WaitForFramesAsync(page, host, await DecodedAsync(page) + 200);
        TestContext.Current.TestOutputHelper?.WriteLine($"{lost - lostBefore} lost; {parities} parities sent; {stats}");
        Assert.InRange(lost - lostBefore, 30, 1000);
        Assert.InRange(stats.GetProperty("fecPackets").GetInt32(), 30, 10_000);
        // Without what came back, the picture would have stood still after each loss until a key frame.
        Assert.InRange(stats.GetProperty("keyFrames").GetInt32() - keyFrames, 0, (lost - lostBefore) / 10);
        await page.CloseAsync();
    }

    [Fact]
    public async Task Messages_go_there_and_back_on_a_data_channel()
    {
        using var host = new TestHost(TestPictures.SplitScreen(30), 30);
        host.OnEvent = (peer, kind, channel, data) =>
        {
            if (kind == PeerEventKind.ChannelMessage)
                Assert.True(peer.SendMessage(host.NowNs, channel, data.Length > 100, data));
        };
        IPage page = await ConnectAsync(host, s_oneTrack, 1, data: true);
        await page.WaitForFunctionAsync("() => window.echoes.length === 2");
        Assert.Equal("hello,70000", await page.EvaluateAsync<string>("() => window.echoes.join()"));
        await page.CloseAsync();
    }

    [Fact]
    public async Task The_microphone_comes_in_as_Opus()
    {
        using var host = new TestHost(TestPictures.SplitScreen(30), 30);
        IPage page = await ConnectAsync(host, s_oneTrack with { AcceptMicrophone = true }, 1, microphone: true);
        await WaitForEventAsync(host, "Microphone", 25);
        await page.CloseAsync();
    }

    [Fact]
    public async Task Sound_is_decoded()
    {
        using var host = new TestHost(TestPictures.SplitScreen(30), 30);
        long next = 0;
        long samples = 0;
        host.OnIdle = now =>
        {
            // The smallest Opus packet there is: a 20 ms stereo frame of silence (RFC 6716 section 3.1: config 31, code 0).
            if (now < next)
                return;
            next = now + 20_000_000;
            foreach (PeerConnection peer in host.Router.Peers)
                peer.SendAudio(now, [0xFC, 0xFF, 0xFE], samples);
            samples += 960;
        };
        IPage page = await ConnectAsync(host, s_oneTrack, 1);
        await page.WaitForFunctionAsync("async () => [...(await window.pc.getStats()).values()].some(r => r.type === 'inbound-rtp' && r.kind === 'audio' && r.totalSamplesReceived > 48000 && r.packetsReceived > 40)");
        await page.CloseAsync();
    }

    [Fact]
    public async Task Where_only_TCP_is_offered_the_picture_comes_over_TCP()
    {
        using var host = new TestHost(TestPictures.SplitScreen(60), 30, kind: TransportKind.Tcp);
        IPage page = await ConnectAsync(host, s_oneTrack, 1);
        await WaitForFramesAsync(page, host, 40);
        Assert.Equal(TransportKind.Tcp, await host.InvokeAsync(_ => host.Router.Peers[0].Remote!.Value.Kind));
        await page.CloseAsync();
    }

    [Fact]
    public async Task An_ICE_restart_keeps_the_picture()
    {
        using var host = new TestHost(TestPictures.SplitScreen(60), 30);
        IPage page = await ConnectAsync(host, s_oneTrack, 1);
        await WaitForFramesAsync(page, host, 20);
        await page.ExposeFunctionAsync("restart", (string fragment) => host.InvokeAsync(_ =>
        {
            Assert.True(IceFragment.TryParse(fragment, out IceFragment? parsed, out string? error), error);
            return host.Router.Restart(host.Router.Peers[0], parsed);
        }));
        await page.EvaluateAsync("""
            async () => {
                const pc = window.pc;
                pc.restartIce();
                await pc.setLocalDescription();
                const line = name => pc.localDescription.sdp.match(new RegExp(`a=${name}:.*`))[0];
                const fragment = await window.restart(`${line('ice-ufrag')}\r\n${line('ice-pwd')}\r\n`);
                const value = name => fragment.match(new RegExp(`a=${name}:(.*)`))[1].trim();
                const sdp = pc.remoteDescription.sdp.replace(/a=ice-ufrag:.*/g, 'a=ice-ufrag:' + value('ice-ufrag')).replace(/a=ice-pwd:.*/g, 'a=ice-pwd:' + value('ice-pwd'));
                await pc.setRemoteDescription({ type: 'answer', sdp });
            }
            """);
        for (int i = 0; i < 100 && await host.InvokeAsync(_ => host.Router.Peers[0].Ice.Retiring is not null); i++)
            await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.True(await host.InvokeAsync(_ => host.Router.Peers[0].Ice.Retiring is null));
        int before = await DecodedAsync(page);
        await WaitForFramesAsync(page, host, before + 30);
        await page.CloseAsync();
    }

    [Fact]
    public async Task AV1_is_decoded_too()
    {
        List<byte[]> pictures = TestPictures.Av1(40);
        using var host = new TestHost(pictures, 20, VideoCodecKind.Av1);
        var options = new SessionOptions { VideoTracks = [new VideoTrackOptions("screen0", [new VideoFormat(VideoCodecKind.Av1)])] };
        IPage page = await ConnectAsync(host, options, 1);
        JsonElement stats = await WaitForFramesAsync(page, host, 30);
        Assert.Equal(640, stats.GetProperty("width").GetInt32());
        int[] pixels = await page.EvaluateAsync<int[]>(Pixels, 0);
        AssertColour([0x20, 0x60, 0xC0], pixels[..3]);
        AssertColour([0xC0, 0x40, 0x20], pixels[3..]);
        await page.CloseAsync();
    }

    [Fact]
    public async Task The_codec_changes_in_mid_stream_without_another_offer()
    {
        List<byte[]> av1 = TestPictures.Av1(40), h264 = TestPictures.SplitScreen(90);
        using var host = new TestHost(av1, 20, VideoCodecKind.Av1);
        var options = new SessionOptions { VideoTracks = [new VideoTrackOptions("screen0", [new VideoFormat(VideoCodecKind.Av1), new VideoFormat(VideoCodecKind.H264, VideoProfile.ConstrainedBaseline)], VideoCodecKind.H264)] };
        IPage page = await ConnectAsync(host, options, 1);
        JsonElement stats = await WaitForFramesAsync(page, host, 15);
        foreach ((List<byte[]> pictures, VideoCodecKind codec) in new[] { (h264, VideoCodecKind.H264), (av1, VideoCodecKind.Av1), (h264, VideoCodecKind.H264) })
        {
            await host.SwitchAsync(pictures, codec);
            stats = await WaitForFramesAsync(page, host, await DecodedAsync(page) + 15);
            Assert.Equal($"video/{(codec == VideoCodecKind.Av1 ? "AV1" : "H264")}", await page.EvaluateAsync<string>("""
                async () => {
                    const reports = await window.pc.getStats();
                    return reports.get([...reports.values()].find(r => r.type === 'inbound-rtp' && r.kind === 'video').codecId).mimeType;
                }
                """));
            int[] pixels = await page.EvaluateAsync<int[]>(Pixels, 0);
            AssertColour([0x20, 0x60, 0xC0], pixels[..3]);
            AssertColour([0xC0, 0x40, 0x20], pixels[3..]);
        }

        await page.CloseAsync();
    }

    private static async Task<int> DecodedAsync(IPage page) =>
        JsonDocument.Parse(await page.EvaluateAsync<string>(Stats)).RootElement.GetProperty("framesDecoded")[0].GetInt32();

    private static async Task WaitForEventAsync(TestHost host, string prefix, int count = 1)
    {
        for (int i = 0; i < 200 && host.Events.Count(e => e.StartsWith(prefix, StringComparison.Ordinal)) < count; i++)
            await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.True(host.Events.Count(e => e.StartsWith(prefix, StringComparison.Ordinal)) >= count, string.Join(", ", host.Events));
    }

    private static void AssertColour(int[] expected, int[] actual)
    {
        for (int i = 0; i < 3; i++)
            Assert.InRange(actual[i], expected[i] - 10, expected[i] + 10);
    }

    private async Task<IPage> ConnectAsync(TestHost host, SessionOptions options, int videoCount, bool data = false, bool microphone = false, bool repeats = true)
    {
        IPage page = await chromium.OpenAsync();
        // getUserMedia wants a secure context; a page of localhost is one.
        await page.RouteAsync("http://localhost/", route => route.FulfillAsync(new RouteFulfillOptions { ContentType = "text/html", Body = "<!doctype html><title>test</title>" }));
        await page.GotoAsync("http://localhost/");
        await page.ExposeFunctionAsync("accept", (string offer) => host.AcceptAsync(repeats ? offer : offer.Replace(" rtx/90000", " none/90000", StringComparison.Ordinal), options));
        await page.EvaluateAsync<string>(Connect, new { videoCount, audio = options.AudioStreamId is not null, data, microphone });
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
