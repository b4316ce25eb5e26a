using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.FrameSource;

/// <summary>
/// One console with a picture in a memory file or a DMA-BUF: draws a frame at its rate, and tells every client that
/// listens what changed, as QEMU does with gl=off and gl=on.
/// </summary>
public sealed class SourceScreen : IDisposable
{
    /// <summary>PIXMAN_x8r8g8b8, as QEMU's console has it.</summary>
    private const uint X8R8G8B8 = 0x20020888;

    /// <summary>DRM_FORMAT_XRGB8888.</summary>
    private const uint Xr24 = 0x34325258;

    /// <summary>QEMU's own patience with a listener.</summary>
    private static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(1);

    private readonly SourceOptions _options;
    private readonly GuestBuffer _buffer;
    private readonly SourcePicture _picture;
    private readonly List<(DisplayPeer Peer, ListenerPeer? Listener)> _clients = [];
    private readonly Lock _gate = new();

    /// <summary>With its first picture drawn.</summary>
    public SourceScreen(SourceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        long bytes = (long)options.Width * options.Height * 4;
        _buffer = new GuestBuffer("frame-source", bytes, export: options.Memory == SourceMemory.DmaBuf);
        _picture = new SourcePicture(options, _buffer.Address);
        _picture.DrawFirst();
    }

    /// <summary>Frames so far, the first one apart.</summary>
    public long FramesDrawn { get; private set; }

    /// <summary>How long the clients held the frames; with DMA-BUFs only.</summary>
    public HoldTimes Holds { get; } = new();

    /// <summary>Takes over a socket on which a client speaks D-Bus.</summary>
    public void Connect(SafeFileHandle socket)
    {
        var peer = new DisplayPeer(socket, new PeerConsole(0, "frame-source", (uint)_options.Width, (uint)_options.Height));
        lock (_gate)
            _clients.Add((peer, null));
        _ = ShowAsync(peer);
    }

    /// <summary>Draws until it is told to stop.</summary>
    public void Run(CancellationToken stop)
    {
        long start = Stopwatch.GetTimestamp();
        for (long frame = 1; !stop.IsCancellationRequested; frame++)
        {
            // By the clock from the start: a late frame does not make all that follow late.
            TimeSpan due = TimeSpan.FromSeconds((double)frame / _options.FramesPerSecond) - Stopwatch.GetElapsedTime(start);
            if (due > TimeSpan.Zero && stop.WaitHandle.WaitOne(due))
                return;
            if (_options.Kind == MotionKind.Idle)
                continue;
            ReadOnlySpan<PixelRect> changed = _picture.Draw(frame);
            FramesDrawn = frame;
            Tell(changed);
        }
    }

    /// <summary>Says goodbye to every client.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach ((DisplayPeer peer, _) in _clients)
                peer.Dispose();
            _clients.Clear();
        }

        _buffer.Dispose();
    }

    // With DMA-BUFs it waits for all answers: QEMU's guest goes no further meanwhile either.
    private void Tell(ReadOnlySpan<PixelRect> changed)
    {
        var answers = new List<Task>();
        lock (_gate)
        {
            foreach ((_, ListenerPeer? listener) in _clients)
            {
                foreach (PixelRect rect in changed)
                {
                    if (_options.Memory == SourceMemory.Shared)
                        listener?.UpdateMap(rect);
                    else if (listener is not null)
                        answers.Add(MeasureAsync(listener, rect));
                }
            }
        }

        Task.WaitAll([.. answers], LongestHold);
    }

    private async Task MeasureAsync(ListenerPeer listener, PixelRect rect)
    {
        long start = Stopwatch.GetTimestamp();
        await listener.UpdateDmaBuf(rect).ConfigureAwait(false);
        Holds.Add(Stopwatch.GetElapsedTime(start));
    }

    private Task<string?> ShowAsync(ListenerPeer listener)
    {
        (uint width, uint height, uint stride) = ((uint)_options.Width, (uint)_options.Height, (uint)_options.Width * 4);
        return _options.Memory == SourceMemory.Shared
            ? listener.ScanoutMap(_buffer.Fd, 0, width, height, stride, X8R8G8B8)
            : listener.ScanoutDmaBuf(_buffer.Fd, width, height, stride, Xr24, 0, bottomUp: false);
    }

    private async Task ShowAsync(DisplayPeer peer)
    {
        Task gone = peer.Disconnected.Task;
        Task<ListenerPeer> registered = peer.ListenerAsync(0);
        if (await Task.WhenAny(registered, gone).ConfigureAwait(false) == registered)
        {
            ListenerPeer listener = await registered.ConfigureAwait(false);
            await ShowAsync(listener).ConfigureAwait(false);
            lock (_gate)
            {
                int index = _clients.FindIndex(client => client.Peer == peer);
                if (index >= 0)
                    _clients[index] = (peer, listener);
            }

            await gone.ConfigureAwait(false);
        }

        bool ours;
        lock (_gate)
            ours = _clients.RemoveAll(client => client.Peer == peer) > 0;
        if (ours)
            peer.Dispose();
    }
}
