using System.Diagnostics;
using QemuZeroCopy.Interop.Va;
using QemuZeroCopy.Interop.Vulkan;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Vulkan;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.Vaapi;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Pipeline.Tests.Convert.Gpu;
using QemuZeroCopy.Pipeline.Tests.Encode.Vaapi;

namespace QemuZeroCopy.Pipeline.Tests.Encode;

/// <summary>
/// While a hardware encoder works on a picture the next one is converted and QEMU answered; nothing else changes. Real
/// conversion (lavapipe) and h264_vaapi on the software driver; the order is made by holding threads, never by time.
/// </summary>
[Collection(CountsFds.Name)]
public sealed class ReadAheadTests : IDisposable
{
    private static readonly PictureSize Size = new(640, 368);
    private static readonly PixelRect Whole = new(0, 0, 640, 368);
    private readonly TestPicture _screen = new(Size, PixelFormat.Xrgb8888);
    private readonly CollectingSink _sink = new();
    private readonly RecordingAcknowledger _qemu = new();
    private readonly FrameMailbox _mailbox;
    private readonly VulkanInstance _instance;
    private ulong _sequence;

    public ReadAheadTests()
    {
        Assert.True(VulkanInstance.TryCreate(out VulkanInstance? instance, out string why), why);
        _instance = instance;
        _mailbox = new FrameMailbox(_qemu);
    }

    public void Dispose()
    {
        _mailbox.Dispose();
        _screen.Dispose();
        _instance.Dispose();
    }

    [Fact]
    public void A_picture_that_comes_alone_is_converted_and_encoded_by_the_encode_thread()
    {
        var path = new WatchedPath(Path());
        using ConsolePipeline pipeline = Start(path);
        for (int i = 1; i <= 5; i++)
        {
            _sink.WaitFor(i);
            Draw(i);
        }

        _sink.WaitFor(6);
        Assert.Equal([.. Enumerable.Repeat<string[]>(["convert on qzc-encode", "encode on qzc-encode"], 6).SelectMany(static pair => pair)], path.Events);
        Assert.Equal(0, pipeline.Statistics.FramesReadAhead);
    }

    [Fact]
    public void While_a_picture_is_being_encoded_the_next_one_is_converted_and_QEMU_answered()
    {
        var path = new WatchedPath(Path())
        {
            Encoding = number =>
            {
                if (number == 1)
                    _qemu.WaitFor(Draw(2));
            },
        };
        using ConsolePipeline pipeline = Start(path);
        _sink.WaitFor(1);
        Draw(1);
        _sink.WaitFor(3);
        Assert.Equal(
            ["convert on qzc-encode", "encode on qzc-encode", "convert on qzc-encode", "encode on qzc-encode", "convert on qzc-encode+", "encode on qzc-encode"],
            path.Events);
        Assert.Equal((1, 3), (pipeline.Statistics.FramesReadAhead, pipeline.Statistics.FramesEncoded));
        Assert.Equal(0, pipeline.Statistics.CpuCopiedBytes);
        AssertShows();
    }

    [Fact]
    public void What_is_encoded_is_delivered_while_the_next_picture_is_still_being_converted()
    {
        using var began = new ManualResetEventSlim();
        var path = new WatchedPath(Path())
        {
            Encoding = number =>
            {
                if (number != 1)
                    return;
                Draw(2);
                Assert.True(began.Wait(TimeSpan.FromSeconds(30)));
            },
            Converting = number =>
            {
                if (number != 2)
                    return;
                began.Set();
                _sink.WaitFor(2);
            },
        };
        using ConsolePipeline pipeline = Start(path);
        _sink.WaitFor(1);
        Draw(1);
        _sink.WaitFor(3);
        Assert.Equal(1, pipeline.Statistics.FramesReadAhead);
    }

    [Fact]
    public void A_converter_that_belongs_to_its_thread_is_left_to_it()
    {
        var path = new WatchedPath(Path()) { MovesBetweenThreads = false, Encoding = number => Draw(number + 1, most: 6) };
        using ConsolePipeline pipeline = Start(path);
        _sink.WaitFor(6);
        Assert.DoesNotContain(path.Events, static what => what.EndsWith('+'));
        Assert.Equal(0, pipeline.Statistics.FramesReadAhead);
    }

    [Fact]
    public void Pictures_read_ahead_are_the_right_ones_whatever_surface_they_lie_in()
    {
        var path = new WatchedPath(Path())
        {
            Encoding = number =>
            {
                // A part of the picture, so that what other surfaces lack has to come from elsewhere.
                if (number is > 0 and < 60)
                    _qemu.WaitFor(Draw(number + 1, part: new PixelRect(number % 8 * 64, number % 5 * 64, 64, 64)));
            },
        };
        using ConsolePipeline pipeline = Start(path);
        _sink.WaitFor(1);
        Draw(1);
        _sink.WaitFor(61);
        Assert.Equal(59, pipeline.Statistics.FramesReadAhead);
        Assert.Single(_sink.Events, static what => what.StartsWith("chosen", StringComparison.Ordinal));
        AssertShows();
    }

    [Fact]
    public void A_size_or_no_picture_at_all_that_comes_meanwhile_is_met_after_it()
    {
        using var other = new TestPicture(new PictureSize(320, 192), PixelFormat.Xrgb8888);
        var path = new WatchedPath(Path())
        {
            Encoding = number =>
            {
                if (number == 0)
                    Show(other);
                else if (number == 1)
                    _mailbox.SetScanout(null, MonotonicClock.NowNs);
            },
        };
        using ConsolePipeline pipeline = Start(path);
        _sink.WaitFor(2);
        SpinWait.SpinUntil(() => _sink.Events.Contains("size off"), TimeSpan.FromSeconds(30));
        Assert.Equal(["size 640x368", "size 320x192", "size off"], _sink.Events.Where(static what => what.StartsWith("size", StringComparison.Ordinal)));
        Show(_screen);
        _sink.WaitFor(3);
        AssertShows();
    }

    [Fact]
    public void An_encoder_that_fails_meanwhile_costs_the_picture_read_ahead_nothing()
    {
        string ordered = "encode-error=2";
        var path = new WatchedPath(Path(() => SoftwareVa.Open(Interlocked.Exchange(ref ordered, ""))))
        {
            Encoding = number =>
            {
                if (number == 1)
                    _qemu.WaitFor(Draw(2));
            },
        };
        using ConsolePipeline pipeline = Start(path);
        _sink.WaitFor(1);
        Draw(1);
        _sink.WaitFor(2);
        Assert.Contains(_sink.Events, static what => what.Contains("stopped working", StringComparison.Ordinal));
        AssertShows();
    }

    [Fact]
    public void Only_one_picture_is_read_ahead_of_each_and_what_comes_after_it_is_met_in_turn()
    {
        var path = new WatchedPath(Path())
        {
            Encoding = number =>
            {
                if (number != 1)
                    return;
                _qemu.WaitFor(Draw(2));
                Draw(3);
            },
        };
        using ConsolePipeline pipeline = Start(path);
        _sink.WaitFor(1);
        Draw(1);
        _sink.WaitFor(3);
        Assert.Equal(["convert on qzc-encode+", "convert on qzc-encode", "encode on qzc-encode"], path.Events.TakeLast(3));
        Assert.Equal((1, 3), (pipeline.Statistics.FramesReadAhead, pipeline.Statistics.FramesEncoded));
        AssertShows();
    }

    /// <summary>
    /// A figure, not a finding: what it gains for a guest that draws at a steady pace. Conversion and encoding are made
    /// longer by sleeping, as they would take a GPU's time and not the processor's.
    /// </summary>
    [Theory]
    [InlineData(3, 8)]
    [InlineData(5, 12)]
    public void Reading_ahead_is_measured_beside_reading_in_turn(int convertMs, int encodeMs)
    {
        (double serial, double held) = Measure(convertMs, encodeMs, movesBetweenThreads: false);
        (double ahead, double heldAhead) = Measure(convertMs, encodeMs, movesBetweenThreads: true);
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"{convertMs} ms and {encodeMs} ms longer: {serial:F1} pictures/s in turn, guest held {held:F2} ms; {ahead:F1} ahead, {heldAhead:F2} ms");
        Assert.True(serial > 0 && ahead > 0);
    }

    /// <summary>Pictures a second of a guest that draws a little slower than the encoder encodes, and how long it was held, in ms, at the median.</summary>
    private (double PerSecond, double HeldMs) Measure(int convertMs, int encodeMs, bool movesBetweenThreads)
    {
        const int Pictures = 50;
        var path = new WatchedPath(Path(() => SoftwareVa.Open($"hang=0:{encodeMs}"))) { MovesBetweenThreads = movesBetweenThreads, Converting = _ => Thread.Sleep(convertMs) };
        using var mailbox = new FrameMailbox(_qemu);
        Show(_screen, mailbox);
        var sink = new CollectingSink();
        using var pipeline = new ConsolePipeline(mailbox, [path], sink, new ConsolePipelineOptions { Viewers = 1, MaxFramesPerSecond = 240, Refine = false, BitsPerSecond = 100_000_000 });
        pipeline.Start();
        sink.WaitFor(1);
        var held = new List<double>();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; sink.Frames.Count <= Pictures; i++)
        {
            long drawn = Stopwatch.GetTimestamp();
            Paint(i, new PixelRect(0, 0, 640, 64));
            mailbox.AddDamage(new PixelRect(0, 0, 640, 64), MonotonicClock.NowNs, ++_sequence);
            _qemu.WaitFor(_sequence);
            held.Add(Stopwatch.GetElapsedTime(drawn).TotalMilliseconds);
            TimeSpan left = TimeSpan.FromMilliseconds(encodeMs + 3) - Stopwatch.GetElapsedTime(drawn);
            if (left > TimeSpan.Zero)
                Thread.Sleep(left);
        }

        double perSecond = Pictures / Stopwatch.GetElapsedTime(start).TotalSeconds;
        Assert.Equal(movesBetweenThreads, pipeline.Statistics.FramesReadAhead > 0);
        held.Sort();
        return (perSecond, held[held.Count / 2]);
    }

    private ConsolePipeline Start(WatchedPath path)
    {
        Paint(0, Whole);
        Show(_screen);
        var pipeline = new ConsolePipeline(
            _mailbox, [path], _sink, new ConsolePipelineOptions { Viewers = 1, MaxFramesPerSecond = 240, Refine = false, BitsPerSecond = 100_000_000 }, _sink);
        pipeline.Start();
        return pipeline;
    }

    private void Show(TestPicture picture, FrameMailbox? mailbox = null)
    {
        DmaBufScanout scanout = picture.AsDmaBuf();
        scanout.AddReference(); // the mailbox's; the picture keeps its own
        (mailbox ?? _mailbox).SetScanout(scanout, MonotonicClock.NowNs);
    }

    /// <summary>Draws as the guest would and tells of it as QEMU does; what is to be answered.</summary>
    private ulong Draw(int index, int most = int.MaxValue, PixelRect? part = null)
    {
        if (index >= most)
            return _sequence;
        Paint(index, part ?? Whole);
        _mailbox.AddDamage(part ?? Whole, MonotonicClock.NowNs, ++_sequence);
        return _sequence;
    }

    private void Paint(int index, PixelRect part)
    {
        Span<byte> pixels = _screen.Memory.Bytes;
        for (int y = part.Y; y < Math.Min(part.Y + part.Height, Size.Height); y++)
        {
            Span<byte> row = pixels.Slice(y * _screen.Stride, Size.Width * 4);
            for (int x = part.X; x < part.X + part.Width; x++)
                (row[x * 4], row[x * 4 + 1], row[x * 4 + 2]) = ((byte)(x / 4 + index * 3), (byte)(y / 2 + index * 5), (byte)((x / 32 + y / 32 + index) % 2 * 160));
        }
    }

    /// <summary>The stream ends with what the guest's memory holds; from the last key frame on, as a viewer would join it.</summary>
    private void AssertShows()
    {
        var frames = _sink.Frames;
        int start = frames.Select(static (frame, number) => frame.IsKeyFrame ? number : -1).Max();
        byte[] last = ReferenceDecoder.DecodeNv12([.. frames.Skip(start).SelectMany(static frame => frame.Data)], VideoCodec.H264, Size)[^1];
        using var expected = new HostPicture(Size);
        using var reference = new VulkanConverter(Device());
        TileMap all = DamageRegion.Create(Size), changed = new(Size, PictureTarget.MacroblockSize);
        all.Fill();
        TestHostScanout whole = _screen.AsHost();
        Assert.Equal(ConvertOutcome.Converted, reference.Convert(whole, all, expected, changed));
        whole.Release();
        double psnr = ReferenceDecoder.Psnr(last, ReferenceDecoder.Packed(expected));
        Assert.True(psnr >= 35, $"{psnr:F1} dB; {string.Join("; ", _sink.Events)}");
    }

    private VaapiPath Path(Func<VaDisplay>? open = null)
    {
        using VaDisplay display = SoftwareVa.Open();
        return new VaapiPath("vulkan → vaapi", VaapiProbe.Of(display), open ?? (static () => SoftwareVa.Open()), OpenConverter, static scanout => scanout is DmaBufScanout, exportSurfaces: true);
    }

    private VulkanConverter OpenConverter(out string? whyNot)
    {
        whyNot = null;
        return new VulkanConverter(Device());
    }

    private VulkanDevice Device() => new(_instance.Devices.First(static device => device is { HasCompute: true, ImportsLinearBuffers: true }));
}
