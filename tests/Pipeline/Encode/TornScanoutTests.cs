using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.FrameSource;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Encode.X264;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Pipeline.Tests.Display;

namespace QemuZeroCopy.Pipeline.Tests.Encode;

/// <summary>A peer that shortens the file it shows: the process lives, the last picture stays, the next one is shown.</summary>
public sealed class TornScanoutTests
{
    private static readonly PictureSize Size = new(640, 480);
    private const int Stride = 2560, Bytes = Stride * 480;

    [Fact]
    public async Task A_file_that_becomes_shorter_while_it_is_shown_costs_its_picture_alone()
    {
        using AttachedPeer attached = await AttachedPeer.CreateAsync();
        ListenerPeer listener = await attached.Listener;
        var sink = new CollectingSink();
        using var pipeline = new ConsolePipeline(attached.Console.Frames, [new CpuVideoPath()], sink, new ConsolePipelineOptions { Viewers = 1, Refine = false }, sink);
        pipeline.Start();
        using SafeFileHandle file = MemFd.Create("screen", Bytes, sealable: false);
        Assert.Null(await listener.ScanoutMap(file, 0, 640, 480, Stride, AttachedPeer.X8R8G8B8));
        sink.WaitFor(1);

        Assert.True(MemFd.TryResize(file, 8192));
        for (int i = 0; i < 3; i++)
        {
            listener.UpdateMap(new PixelRect(0, 0, 640, 480));
            await Recorder.Until(() => sink.Events.Contains("bad scanout"), () => "the refusal");
        }

        // A viewer that joins now brings no busy loop and no second complaint.
        pipeline.RequestKeyFrame();
        using SafeFileHandle next = MemFd.Create("screen", Bytes, sealable: false);
        using (MemoryMapping pixels = MemoryMapping.TryMap(next, Bytes)!)
            Fill(pixels);
        Assert.Null(await listener.ScanoutMap(next, 0, 640, 480, Stride, AttachedPeer.X8R8G8B8));
        sink.WaitFor(2);
        pipeline.Dispose();
        Assert.Single(sink.Events, "bad scanout");
        byte[] shown = ReferenceDecoder.DecodeNv12(sink.Stream, VideoCodec.H264, Size)[^1];
        Assert.InRange(shown.AsSpan(0, 640 * 480).ToArray().Average(value => (double)value), 225, 240);
    }

    private static unsafe void Fill(MemoryMapping pixels) => new Span<byte>((void*)pixels.Address, Bytes).Fill(255);
}
