using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Metrics;
using QemuZeroCopy.Server.Viewers.IceTcp;
using QemuZeroCopy.WebRtc;

namespace QemuZeroCopy.Server.Viewers;

/// <summary>
/// The one thread that owns the UDP socket, the ICE-TCP connections and every PeerConnection. It sleeps until a datagram, a frame, a
/// command or a timer is due; one turn allocates nothing.
/// </summary>
internal sealed class NetworkThread : IDisposable
{
    /// <summary>Datagrams taken before frames get their turn: a flood of the one must not starve the other.</summary>
    private const int MaxBatchesPerTurn = 4;

    private readonly UdpSocket _socket;
    private readonly IceTcpPort _streams;
    private readonly UdpWaiter _waiter = new();
    private readonly UdpReceiveBatch _received = new();
    private readonly EndpointRouter _router;
    private readonly ServerMetrics _metrics;
    private readonly ConcurrentQueue<Action> _commands = new();
    private readonly byte[] _sendBuffer = GC.AllocateUninitializedArray<byte>(Transmit.BufferBytes, pinned: true);
    private readonly List<Viewer> _viewers = [];
    private readonly Thread _thread;
    private readonly Action _drainEvents;
    private ViewerHub[] _hubs = [];
    private long _refusedCounted;
    private volatile bool _stopping;

    /// <summary>Takes over <paramref name="socket"/> and <paramref name="streams"/>; <paramref name="router"/> is touched by this thread alone from <see cref="Start"/> on.</summary>
    public NetworkThread(UdpSocket socket, IceTcpPort streams, EndpointRouter router, ServerMetrics metrics)
    {
        (_socket, _streams, _router, _metrics) = (socket, streams, router, metrics);
        _drainEvents = DrainEvents;
        metrics.Collecting += CountRefused;
        _thread = NamedThread.Create("qzc-network", Run);
    }

    /// <summary>Network thread: the peer has connected.</summary>
    public Action<Viewer>? Connected { get; init; }

    /// <summary>Network thread: the peer has gone for good.</summary>
    public Action<Viewer>? Closed { get; init; }

    /// <summary>The machine's sound; null where there is none. Set before the first viewer comes.</summary>
    public SoundHub? Sound { get; set; }

    public void Start() => _thread.Start();

    /// <summary>Any thread: there is something to do.</summary>
    public void WakeUp() => _waiter.WakeUp();

    /// <summary>Any thread: runs <paramref name="work"/> on the network thread.</summary>
    public Task<T> InvokeAsync<T>(Func<EndpointRouter, T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _commands.Enqueue(() =>
        {
            try
            {
                done.SetResult(work(_router));
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        WakeUp();
        return done.Task;
    }

    /// <summary>Any thread: frames of <paramref name="hub"/> are sent from now on.</summary>
    public void AddHub(ViewerHub hub)
    {
        lock (_commands)
            Volatile.Write(ref _hubs, [.. _hubs, hub]);
    }

    /// <summary>Says goodbye to every viewer, ends the thread and closes the sockets.</summary>
    public void Dispose()
    {
        _stopping = true;
        WakeUp();
        if (_thread.IsAlive)
            _thread.Join();
        _socket.Dispose();
        _streams.Dispose();
        _received.Dispose();
        _waiter.Dispose();
    }

    private void Run()
    {
        ThreadScheduling.PreferWakeUp();
        while (!_stopping)
        {
            long nextNs = Math.Min(_router.NextTimeoutNs, _streams.NextTimeoutNs);
            bool readable = _waiter.Wait(_socket, _streams.Entries, nextNs == long.MaxValue ? -1 : Math.Max(0, nextNs - MonotonicClock.NowNs));
            while (_commands.TryDequeue(out Action? command))
                command();
            if (readable)
                Receive();
            _streams.Handle(MonotonicClock.NowNs, _router, _drainEvents);
            _streams.HandleTimeout(MonotonicClock.NowNs, _router);
            if (MonotonicClock.NowNs >= _router.NextTimeoutNs)
                _router.HandleTimeout(MonotonicClock.NowNs);
            Drain();
            SendSound();
            SendFrames();
        }

        foreach (Viewer viewer in _viewers)
            viewer.Peer.Close(MonotonicClock.NowNs);
        Drain();
    }

    /// <summary>Network thread: keeps a viewer whose offer was accepted.</summary>
    public void Keep(Viewer viewer)
    {
        viewer.Peer.Tag = viewer;
        _viewers.Add(viewer);
    }

    /// <summary>Network thread: the viewer of that name, or null.</summary>
    public Viewer? Find(string resourceId) => _viewers.Find(v => v.ResourceId == resourceId);

    /// <summary>Network thread: the connected viewer whose page has this input, or null.</summary>
    public Viewer? Find(Input.ViewerInput input) => _viewers.Find(v => v.Input == input && v.Peer.IsConnected);

    /// <summary>Any thread: adds to the metrics what the router has dropped since.</summary>
    private void CountRefused()
    {
        long refused = 0;
        for (DropReason reason = DropReason.None + 1; reason < DropReason.Count; reason++)
            refused += _router.Counters.Dropped(reason);
        _metrics.Add(ServerCounter.DatagramsRefused, refused - Interlocked.Exchange(ref _refusedCounted, refused));
    }

    private void Receive()
    {
        for (int batch = 0; batch < MaxBatchesPerTurn; batch++)
        {
            int count = _socket.Receive(_received);
            long now = MonotonicClock.NowNs;
            for (int i = 0; i < count; i++)
            {
                Span<byte> datagram = _received.Datagram(i);
                if (datagram.IsEmpty || !TransportAddress.TryReadSockaddr(_received.Sender(i), out TransportAddress sender))
                    continue;
                _router.Handle(now, datagram, sender);
                DrainEvents();
            }

            if (count < UdpReceiveBatch.Capacity)
                return;
        }
    }

    /// <summary>Before the pictures: a packet of sound is small, and late ones are heard.</summary>
    private void SendSound()
    {
        if (Sound is not { } sound)
            return;
        sound.HandleTime(MonotonicClock.NowNs);
        while (sound.SendNext(MonotonicClock.NowNs, out long arrivedNs))
        {
            Drain();
            sound.NoteSent(arrivedNs, MonotonicClock.NowNs);
        }
    }

    private void SendFrames()
    {
        foreach (ViewerHub hub in Volatile.Read(ref _hubs))
        {
            hub.StampLastSent(MonotonicClock.NowNs);
            while (hub.SendNext(MonotonicClock.NowNs))
            {
                hub.StampFirstSent(MonotonicClock.NowNs);
                Drain();
                hub.StampLastSent(MonotonicClock.NowNs);
            }
        }
    }

    private void Drain()
    {
        DrainEvents();
        Span<byte> address = stackalloc byte[TransportAddress.SockaddrIn6Bytes];
        while (_router.PollTransmit(MonotonicClock.NowNs, _sendBuffer, out Transmit transmit))
            Send(transmit, address);
        DrainEvents();
    }

    private void Send(in Transmit transmit, Span<byte> address)
    {
        ReadOnlySpan<byte> data = _sendBuffer.AsSpan(0, transmit.LengthBytes);
        bool sent = transmit.Remote.Kind == TransportKind.Tcp ? _streams.Send(transmit, data, _router) : SendDatagrams(transmit, data, address);
        if (!sent)
            return; // as if lost on the way: the viewer asks again
        _metrics.Add(ServerCounter.PacketsSent, transmit.SegmentCount);
        _metrics.Add(ServerCounter.BytesSent, transmit.LengthBytes);
    }

    private bool SendDatagrams(in Transmit transmit, ReadOnlySpan<byte> data, Span<byte> address)
    {
        if (!_socket.IsIPv6 && !transmit.Remote.IsIPv4)
            return false;
        int length = _socket.IsIPv6 ? transmit.Remote.WriteSockaddrIn6(address) : transmit.Remote.WriteSockaddrIn(address);
        return _socket.Send(data, transmit.SegmentBytes, address[..length]) == UdpSendOutcome.Sent;
    }

    private void DrainEvents()
    {
        while (_router.PollEvent(out PeerConnection? peer, out PeerEvent happened))
        {
            if (peer.Tag is not Viewer viewer)
                continue;
            switch (happened.Kind)
            {
                case PeerEventKind.Connected:
                    viewer.Hub.Add(viewer);
                    Sound?.Add(viewer);
                    Connected?.Invoke(viewer);
                    break;
                case PeerEventKind.KeyFrameNeeded:
                case PeerEventKind.RefreshWanted:
                    viewer.Hub.RequestKeyFrame();
                    break;
                case PeerEventKind.Feedback:
                    _metrics.Add(ServerCounter.PacketsRetransmitted, peer.Statistics.PacketsRepeated - viewer.RepeatedCounted);
                    viewer.RepeatedCounted = peer.Statistics.PacketsRepeated;
                    viewer.RateTargetBitsPerSecond = (int)Math.Min(int.MaxValue, peer.Statistics.TargetBps);
                    viewer.Hub.UpdateRate(MonotonicClock.NowNs);
                    Sound?.UpdateLoss();
                    break;
                case PeerEventKind.ChannelMessage when happened.IsBinary:
                    viewer.Order?.Take(happened.Data);
                    break;
                case PeerEventKind.Microphone:
                    Sound?.TakeMicrophone(viewer, happened, MonotonicClock.NowNs);
                    break;
                case PeerEventKind.Closed:
                    viewer.Hub.Remove(viewer);
                    Sound?.Remove(viewer);
                    _viewers.Remove(viewer);
                    Closed?.Invoke(viewer);
                    peer.Dispose();
                    break;
            }
        }
    }
}
