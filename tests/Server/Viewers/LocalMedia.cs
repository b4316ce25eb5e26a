using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Cli;
using QemuZeroCopy.Server.Metrics;
using QemuZeroCopy.Server.Viewers;
using QemuZeroCopy.Server.Web;
using QemuZeroCopy.WebRtc;
using QemuZeroCopy.WebRtc.Tests;
using QemuZeroCopy.WebRtc.Tests.Local;

namespace QemuZeroCopy.Server.Tests.Viewers;

/// <summary>The real media service on loopback, made-up access units, and viewers on real sockets.</summary>
internal sealed class LocalMedia : IDisposable
{
    private readonly ServerMetrics _metrics = new();
    private readonly EncodedFramePool _pool = new();
    private readonly SeededRandom _random = new();
    private readonly ConcurrentDictionary<SocketViewer, string> _resources = [];
    private int _number;

    public LocalMedia()
    {
        TestContext.Current.TestOutputHelper?.WriteLine(_random.ToString());
        Service = MediaService.Start(new ServeSettings { Listen = new IPEndPoint(IPAddress.Loopback, 0), UdpPort = 0, IceTcpPort = 0 }, _metrics);
        Hub = Service.HubOf(0);
    }

    public MediaService Service { get; }

    public ServerMetrics Metrics => _metrics;

    public ViewerHub Hub { get; }

    public SocketViewerThread Viewers { get; } = new();

    /// <summary>The number that the last frame carried.</summary>
    public int LastNumber => _number - 1;

    /// <summary>A viewer that is connected and takes pictures from the next key frame on.</summary>
    public async Task<SocketViewer> JoinAsync(TransportKind kind = TransportKind.Udp, int receiveBufferBytes = 1 << 20, string session = "")
    {
        // One of its own, which its thread uses: a Random is not for two.
        SeededRandom random;
        lock (_random)
            random = new SeededRandom(_random.Random.Next());
        var viewer = new SocketViewer(random, kind);
        MediaAnswer answer = await Service.OpenAsync(0, viewer.Offer, session, TestContext.Current.CancellationToken);
        Assert.Equal(MediaOutcome.Accepted, answer.Outcome);
        viewer.Connect(answer.Sdp, receiveBufferBytes);
        _resources[viewer] = answer.ResourceId;
        Viewers.Add(viewer);
        await UntilAsync("a connection", () => Viewers.Look(() => viewer.IsConnected));
        // DTLS's last flight is the server's: its side is connected already.
        return viewer;
    }

    public async Task LeaveAsync(SocketViewer viewer)
    {
        Viewers.Remove(viewer);
        viewer.SayGoodbye();
        Assert.True(_resources.TryRemove(viewer, out string? resource));
        await Service.CloseAsync(resource);
        viewer.Dispose();
    }

    /// <summary>Delivers a frame as an encode thread does.</summary>
    public int Deliver(bool isKey, int bytes = 2000)
    {
        EncodedFrame frame = _pool.Rent();
        Span<byte> unit = frame.Reserve(bytes);
        unit.Fill(0x55);
        unit[..4].Clear();
        unit[3] = 1;
        unit[4] = (byte)(isKey ? 0x65 : 0x41);
        // As the simulated viewers read it: seven bits a byte, never a start code.
        for (int i = 0; i < 4; i++)
            unit[5 + i] = (byte)(0x80 | ((_number >> (21 - (7 * i))) & 0x7F));
        frame.Advance(bytes);
        frame.IsKeyFrame = isKey;
        frame.Size = new PictureSize(1280, 800);
        frame.Timeline = new FrameTimeline { DamageNs = MonotonicClock.NowNs, TakenNs = MonotonicClock.NowNs, EncodedNs = MonotonicClock.NowNs };
        Hub.Deliver(frame);
        return _number++;
    }

    /// <summary>Numbers of the frames that a viewer has shown.</summary>
    public int[] ShownBy(SocketViewer viewer) => Viewers.Look(() => viewer.Jitter.Shown.Select(s => s.Number).ToArray());

    public Task UntilShownAsync(SocketViewer viewer, int number) => UntilAsync($"frame {number}", () => Viewers.Look(() => viewer.Jitter.Shown.Count > 0 && viewer.Jitter.Shown[^1].Number >= number));

    public static async Task UntilAsync(string what, Func<bool> holds, Func<string>? state = null)
    {
        long start = Stopwatch.GetTimestamp();
        while (!holds())
        {
            if (Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(30))
                throw new TimeoutException($"This never came: {what}. {state?.Invoke()}");
            await Task.Delay(2, TestContext.Current.CancellationToken);
        }
    }

    public void Dispose()
    {
        Viewers.Dispose();
        Service.Dispose();
        _metrics.Dispose();
    }
}
