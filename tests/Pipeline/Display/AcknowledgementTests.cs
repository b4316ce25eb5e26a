using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.FrameSource;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.X264;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Pipeline.Tests.Encode;

namespace QemuZeroCopy.Pipeline.Tests.Display;

/// <summary>QEMU holds the guest until UpdateDMABUF is answered: once the pixels have been read, always, exactly once.</summary>
public sealed class AcknowledgementTests
{
    private const uint Xr24 = 0x34325258;
    private static readonly PixelRect Small = new(10, 10, 20, 20);
    private static readonly DisplayOptions Patient = new() { LongestHold = TimeSpan.FromMinutes(5) };

    [Fact]
    public async Task An_update_is_answered_when_its_frame_is_complete_and_not_before()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync(Patient);
        ListenerPeer listener = await ShowBuffer(attached);
        Task<string?> first = listener.UpdateDmaBuf(Small);
        Task<string?> second = listener.UpdateDmaBuf(Small);
        (FrameTicket ticket, _) = await attached.TakeAsync();
        while (ticket.Sequence < 2)
        {
            FrameTicket earlier = ticket;
            (ticket, _) = await attached.TakeAsync();
            earlier.Scanout!.Release();
        }

        // A call behind them on the same connection has been answered: the updates could have been, too.
        Assert.Null(await listener.MouseSet(0, 0, 0));
        Assert.False(first.IsCompleted);
        Assert.False(second.IsCompleted);
        Assert.Equal((2, 0), (attached.Events.Holds, attached.Events.Releases));
        attached.Console.Frames.Complete(ticket);
        Assert.Null(await first);
        Assert.Null(await second);
        // An answer is counted after it was sent: one more call goes through the same thread behind that.
        await listener.MouseSet(0, 0, 0);
        Assert.Equal((2, 2), (attached.Events.Holds, attached.Events.Releases));
        Assert.True(attached.Events.ShortestHoldNs > 0);
    }

    [Fact]
    public async Task Ten_thousand_updates_get_ten_thousand_answers_whatever_the_encoder_skips()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync(Patient);
        ListenerPeer listener = await ShowBuffer(attached);
        using CancellationTokenSource stop = new();
        Task encoder = Task.Run(() =>
        {
            TileMap damage = DamageRegion.Create(new PictureSize(64, 64));
            while (!stop.IsCancellationRequested)
            {
                if (attached.Console.Frames.Wait(TimeSpan.FromMilliseconds(10)) && attached.Console.Frames.TryTake(damage, MonotonicClock.NowNs, out FrameTicket ticket))
                    attached.Console.Frames.Complete(ticket);
            }
        }, stop.Token);
        int answers = 0;
        for (int i = 0; i < 1000; i++)
        {
            Task<string?>[] updates = [.. Enumerable.Range(0, 10).Select(_ => listener.UpdateDmaBuf(Small))];
            foreach (string? error in await Task.WhenAll(updates))
                answers += error is null ? 1 : 0;
        }

        await stop.CancelAsync();
        await encoder;
        Assert.Equal(10_000, answers);
        await listener.MouseSet(0, 0, 0);
        Assert.Equal((10_000, 10_000), (attached.Events.Holds, attached.Events.Releases));
        Assert.Empty(attached.Events.Refusals);
    }

    [Fact]
    public async Task An_update_that_nobody_reads_in_time_is_answered_all_the_same()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync(new DisplayOptions { LongestHold = TimeSpan.FromMilliseconds(50) });
        ListenerPeer listener = await ShowBuffer(attached);
        Assert.Null(await listener.UpdateDmaBuf(Small));
        Assert.Null(await listener.UpdateDmaBuf(Small));
        // An answer is counted after it was sent: one more call goes through the same thread behind that.
        await listener.MouseSet(0, 0, 0);
        Assert.Equal((2, 2, 2), (attached.Events.Holds, attached.Events.Releases, attached.Events.Unread));
        Assert.Empty(attached.Events.Refusals);
    }

    [Fact]
    public async Task An_update_is_answered_after_its_limit_also_while_a_conversion_does_not_end()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync(new DisplayOptions { LongestHold = TimeSpan.FromMilliseconds(50) });
        ListenerPeer listener = await attached.Listener;
        using ManualResetEventSlim answered = new(), began = new();
        var path = new WatchedPath(new MappedVideoPath())
        {
            Converting = _ =>
            {
                began.Set();
                answered.Wait(TimeSpan.FromSeconds(30));
            },
        };
        using var pipeline = new ConsolePipeline(attached.Console.Frames, [path], new CollectingSink(), new ConsolePipelineOptions { Viewers = 1 });
        pipeline.Start();
        using SafeFileHandle file = MemFd.Create("buffer", 2560 * 480);
        Assert.Null(await listener.ScanoutDmaBuf(file, 640, 480, 2560, Xr24, 0, true));
        Assert.True(began.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        Assert.Null(await listener.UpdateDmaBuf(Small));
        Assert.Null(await listener.UpdateDmaBuf(Small));
        answered.Set();
        await listener.MouseSet(0, 0, 0);
        Assert.Equal((2, 2, 2), (attached.Events.Holds, attached.Events.Releases, attached.Events.Unread));
    }

    [Fact]
    public async Task An_update_is_answered_after_its_limit_also_while_converters_and_encoders_are_opened_whatever_for()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync(new DisplayOptions { LongestHold = TimeSpan.FromMilliseconds(50) });
        ListenerPeer listener = await attached.Listener;
        using SemaphoreSlim opening = new(0), mayOpen = new(0), converted = new(0);
        var openings = new List<string>();
        object? trouble = null;
        using var pipeline = new ConsolePipeline(attached.Console.Frames, [Path("first"), Path("second")], new CollectingSink(), new ConsolePipelineOptions { Viewers = 1 });
        pipeline.Start();

        // The start, another mode, a lost device, a path that cannot read any more.
        int answeredMeanwhile = await ShowAsync(640, 480, null, opens: 2) + await ShowAsync(320, 240, null, opens: 1)
            + await ShowAsync(320, 240, ConvertOutcome.DeviceLost, opens: 2) + await ShowAsync(320, 240, ConvertOutcome.Unsupported, opens: 2);
        Assert.Equal(["first converter", "first encoder", "first encoder", "first converter", "first encoder", "second converter", "second encoder"], openings);
        Assert.Equal(7, answeredMeanwhile);
        await listener.MouseSet(0, 0, 0);
        Assert.Equal((7, 7, 7), (attached.Events.Holds, attached.Events.Releases, attached.Events.Unread));

        WatchedPath Path(string name) => new(new MappedVideoPath())
        {
            Opening = what =>
            {
                openings.Add($"{name} {what}");
                opening.Release();
                mayOpen.Wait(TimeSpan.FromSeconds(60));
            },
            Judging = outcome => Interlocked.Exchange(ref trouble, null) as ConvertOutcome? ?? outcome,
            Converted = _ => converted.Release(),
        };

        async Task<int> ShowAsync(uint width, uint height, ConvertOutcome? instead, int opens)
        {
            int answers = 0;
            Interlocked.Exchange(ref trouble, instead);
            using SafeFileHandle file = MemFd.Create("buffer", width * 4 * height);
            Assert.Null(await listener.ScanoutDmaBuf(file, width, height, width * 4, Xr24, 0, true));
            for (int i = 0; i < opens; i++)
            {
                Assert.True(await opening.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
                answers += await listener.UpdateDmaBuf(Small) is null ? 1 : 0;
                mayOpen.Release();
            }

            Assert.True(await converted.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
            return answers;
        }
    }

    [Fact]
    public async Task A_pending_update_is_answered_when_listening_stops_and_when_the_display_is_disposed_of()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync(Patient);
        ListenerPeer listener = await ShowBuffer(attached);
        Task<string?> update = listener.UpdateDmaBuf(Small);
        await attached.TakeAsync();
        await listener.MouseSet(0, 0, 0);
        attached.Peer.ForgetListener(0);
        attached.Console.SetListening(false);
        Assert.Null(await update);
        await listener.Disconnected.Task;

        attached.Console.SetListening(true);
        listener = await ShowBuffer(attached);
        update = listener.UpdateDmaBuf(Small);
        await listener.MouseSet(0, 0, 0);
        attached.Vm.Dispose();
        Assert.Null(await update);
    }

    [Fact]
    public async Task A_flip_to_another_buffer_does_not_lose_the_answer_to_the_update_before_it()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync(Patient);
        ListenerPeer listener = await ShowBuffer(attached);
        for (int i = 0; i < 50; i++)
        {
            Task<string?> update = listener.UpdateDmaBuf(Small);
            using SafeFileHandle next = MemFd.Create("buffer", 2560 * 480);
            Assert.Null(await listener.ScanoutDmaBuf(next, 640, 480, 2560, Xr24, 0, i % 2 == 0));
            await attached.SkipFrame();
            Assert.Null(await update);
        }
    }

    private static async Task<ListenerPeer> ShowBuffer(AttachedPeer attached)
    {
        ListenerPeer listener = await attached.Listener;
        using SafeFileHandle file = MemFd.Create("buffer", 2560 * 480);
        Assert.Null(await listener.ScanoutDmaBuf(file, 640, 480, 2560, Xr24, 0, true));
        (FrameTicket ticket, _) = await attached.TakeAsync();
        DmaBufScanout scanout = Assert.IsType<DmaBufScanout>(ticket.Scanout);
        Assert.True(scanout.IsBottomUp);
        Assert.NotEqual(0UL, scanout.BufferId);
        attached.Console.Frames.Complete(ticket);
        return listener;
    }
}
