using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.X264;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Viewers;
using QemuZeroCopy.WebRtc;
using QemuZeroCopy.WebRtc.Tests.Local;

namespace QemuZeroCopy.Server.Tests.Viewers;

/// <summary>Many viewers of one encode, on real sockets.</summary>
public sealed class ViewersTests : IDisposable
{
    private readonly LocalMedia _media = new();

    public void Dispose() => _media.Dispose();

    [Fact]
    public async Task A_newcomer_has_a_picture_within_300_ms_and_nobody_misses_one_for_it()
    {
        // Counted in the pictures of one who was there already, 60 a second: the machine's load does not matter.
        const int picturesIn300Ms = 18;
        using var screen = new MovingScreen(_media);
        SocketViewer first = await _media.JoinAsync();
        await LocalMedia.UntilAsync("a second's pictures", () => Shown(first) >= 60);
        for (int i = 0; i < 5; i++)
        {
            SocketViewer newcomer = await _media.JoinAsync(i % 2 == 0 ? TransportKind.Udp : TransportKind.Tcp);
            int before = Shown(first);
            await LocalMedia.UntilAsync("the newcomer's first picture", () => Shown(newcomer) > 0);
            Assert.InRange(Shown(first) - before, 0, picturesIn300Ms);
            await _media.LeaveAsync(newcomer);
        }

        screen.Stop();
        // Nothing was encoded before it came.
        await LocalMedia.UntilAsync("every picture that was encoded", () => Shown(first) == screen.Encoded);
        Assert.Equal(0, _media.Viewers.Look(() => first.Jitter.KeyFramesAskedFor));
    }

    private int Shown(SocketViewer viewer) => _media.Viewers.Look(() => viewer.Jitter.Shown.Count);

    /// <summary>A real pipeline with x264 on a screen that changes sixty times a second.</summary>
    private sealed class MovingScreen : IFrameAcknowledger, IDisposable
    {
        private static readonly PictureSize s_size = new(320, 240);

        private readonly ViewerHub _hub;
        private readonly FrameMailbox _mailbox;
        private readonly ConsolePipeline _pipeline;
        private readonly CopiedScanout _scanout = new(s_size, PixelFormat.Xrgb8888);
        private readonly Thread _thread;
        private volatile bool _stopping;

        public MovingScreen(LocalMedia media)
        {
            _hub = media.Hub;
            _mailbox = new FrameMailbox(this);
            _pipeline = new ConsolePipeline(_mailbox, [new CpuVideoPath()], _hub, new ConsolePipelineOptions { Refine = false });
            _hub.SetPipeline(_pipeline);
            _pipeline.Start();
            _mailbox.SetScanout(_scanout, MonotonicClock.NowNs);
            _thread = new Thread(Move) { IsBackground = true };
            _thread.Start();
        }

        public long Encoded => _pipeline.Statistics.FramesEncoded;

        public void Acknowledge(ulong sequence)
        {
        }

        public void Stop()
        {
            _stopping = true;
            _thread.Join();
        }

        public void Dispose()
        {
            Stop();
            _hub.SetPipeline(null);
            _pipeline.Dispose();
            _mailbox.Dispose();
        }

        private void Move()
        {
            for (int i = 0; !_stopping; i++)
            {
                var place = new PixelRect(i * 8 % (s_size.Width - 16), i * 4 % (s_size.Height - 16), 16, 16);
                for (int row = 0; row < place.Height; row++)
                    _scanout.Row(place, row).Fill((byte)(i * 37));
                _mailbox.AddDamage(place, MonotonicClock.NowNs);
                Thread.Sleep(16);
            }
        }
    }
}
