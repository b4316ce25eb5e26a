using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.FrameSource;

/// <summary>
/// One console with a picture in a memory file: draws a frame at its rate, and tells every client that listens what
/// changed, as QEMU does with gl=off.
/// </summary>
public sealed class SourceScreen : IDisposable
{
    /// <summary>PIXMAN_x8r8g8b8, as QEMU's console has it.</summary>
    private const uint X8R8G8B8 = 0x20020888;

    private readonly SourceOptions _options;
    private readonly SafeFileHandle _file;
    private readonly MemoryMapping _mapping;
    private readonly SourcePicture _picture;
    private readonly List<(DisplayPeer Peer, ListenerPeer? Listener)> _clients = [];
    private readonly Lock _gate = new();

    /// <summary>With its first picture drawn.</summary>
    public SourceScreen(SourceOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        long bytes = (long)options.Width * options.Height * 4;
        _file = MemFd.Create("frame-source", bytes);
        _mapping = MemoryMapping.TryMap(_file, bytes) ?? throw new InvalidOperationException("The picture's memory file cannot be mapped.");
        _picture = new SourcePicture(options, _mapping.Address);
        _picture.DrawFirst();
    }

    /// <summary>Frames so far, the first one apart.</summary>
    public long FramesDrawn { get; private set; }

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
            lock (_gate)
            {
                foreach ((_, ListenerPeer? listener) in _clients)
                {
                    foreach (PixelRect rect in changed)
                        listener?.UpdateMap(rect);
                }
            }
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

        _mapping.Dispose();
        _file.Dispose();
    }

    private async Task ShowAsync(DisplayPeer peer)
    {
        Task gone = peer.Disconnected.Task;
        Task<ListenerPeer> registered = peer.ListenerAsync(0);
        if (await Task.WhenAny(registered, gone).ConfigureAwait(false) == registered)
        {
            ListenerPeer listener = await registered.ConfigureAwait(false);
            await listener.ScanoutMap(_file, 0, (uint)_options.Width, (uint)_options.Height, (uint)_options.Width * 4, X8R8G8B8).ConfigureAwait(false);
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
