using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Metrics;
using QemuZeroCopy.Server.Viewers;
using QemuZeroCopy.WebRtc.Tests.Local;

namespace QemuZeroCopy.Server.Tests.Viewers;

/// <summary>Frames on their whole way: mailbox, converter, x264, network thread, socket; with one stage slowed down on purpose.</summary>
public sealed class StageDelayTests : IDisposable
{
    private const int Frames = 8;
    private static readonly TimeSpan s_delay = TimeSpan.FromMilliseconds(150);
    private static readonly PictureSize s_size = new(640, 480);

    private readonly LocalMedia _media = new();

    public void Dispose() => _media.Dispose();

    [Theory]
    [InlineData("import")]
    [InlineData("convert")]
    [InlineData("encode")]
    [InlineData("queue")]
    public async Task A_delay_shows_up_in_its_stage_and_nowhere_else(string delayed)
    {
        await SendAsync(delayed);
        for (var stage = FrameStage.Wait; stage < FrameStage.Total; stage++)
        {
            double medianMs = _media.Metrics.Stage(stage).Snapshot().PercentileNs(50) * 1e-6;
            if (FrameStages.NameOf(stage) == delayed)
                Assert.True(medianMs >= s_delay.TotalMilliseconds, $"{delayed} took {medianMs} ms");
            else
                Assert.True(medianMs < s_delay.TotalMilliseconds / 2, $"{FrameStages.NameOf(stage)} took {medianMs} ms while {delayed} was delayed");
        }

        long total = _media.Metrics.Stage(FrameStage.Total).Snapshot().SumNs, parts = 0;
        for (var stage = FrameStage.Wait; stage < FrameStage.Total; stage++)
            parts += _media.Metrics.Stage(stage).Snapshot().SumNs;
        Assert.InRange(parts, total * 0.98, total * 1.02);
    }

    private async Task SendAsync(string delayed)
    {
        TimeSpan DelayOf(string stage) => delayed == stage ? s_delay : TimeSpan.Zero;
        SocketViewer viewer = await _media.JoinAsync();
        using var mailbox = new FrameMailbox(new Unheard());
        var path = new DelayedPath(DelayOf("import"), DelayOf("convert"), DelayOf("encode"));
        var sink = new DelayedSink(_media.Hub, DelayOf("queue"));
        using var pipeline = new ConsolePipeline(mailbox, [path], sink, new ConsolePipelineOptions { Refine = false });
        _media.Hub.SetPipeline(pipeline);
        pipeline.Start();
        var scanout = new CopiedScanout(s_size, PixelFormat.Bgrx8888);
        mailbox.SetScanout(scanout, MonotonicClock.NowNs);
        for (int frame = 0; frame < Frames; frame++)
        {
            long before = Sent;
            if (frame > 0)
            {
                var rect = new PixelRect(64 * (frame % 8), 64, 16, 16);
                byte[] pixels = new byte[16 * 16 * 4];
                Array.Fill(pixels, (byte)(40 * frame));
                Assert.True(scanout.TryWrite(rect, pixels, 16 * 4));
                mailbox.AddDamage(rect, MonotonicClock.NowNs);
            }

            // One at a time: a frame that waits for the one before it would show the delay in its wait.
            await LocalMedia.UntilAsync($"frame {frame}", () => Sent > before);
        }

        _media.Hub.SetPipeline(null);
        await _media.LeaveAsync(viewer);
    }

    private long Sent => _media.Metrics.Stage(FrameStage.Total).Snapshot().Count;

    /// <summary>Between encode thread and network thread, where a frame waits when the network thread is busy.</summary>
    private sealed class DelayedSink(ViewerHub hub, TimeSpan delay) : IEncodedFrameSink
    {
        public void Deliver(EncodedFrame frame)
        {
            Thread.Sleep(delay);
            hub.Deliver(frame);
        }

        public void SizeChanged(PictureSize? size) => hub.SizeChanged(size);
    }

    private sealed class Unheard : IFrameAcknowledger
    {
        public void Acknowledge(ulong sequence)
        {
        }
    }
}
