using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using QemuZeroCopy.WebRtc.Congestion;
using QemuZeroCopy.WebRtc.Dtls;
using QemuZeroCopy.WebRtc.Ice;
using QemuZeroCopy.WebRtc.Rtp;
using QemuZeroCopy.WebRtc.Sdp;

namespace QemuZeroCopy.WebRtc.Tests.Browser;

/// <summary>The smallest host: one thread, one UDP socket, a router, and H.264 pictures in a loop. Loopback only.</summary>
internal sealed class TestHost : IDisposable
{
    private readonly DtlsCertificate _certificate = DtlsCertificate.Create(DateTimeOffset.UtcNow);
    private readonly Socket _socket = new(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp) { DualMode = true };
    private readonly TcpListener _listener = new(IPAddress.Any, 0);
    private readonly Dictionary<TransportAddress, (Socket Socket, StreamDeframer Deframer)> _streams = [];
    private readonly bool _isTcp;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly ConcurrentQueue<Action> _work = new();
    private readonly Thread _thread;
    private readonly byte[] _send = new byte[Transmit.BufferBytes];
    private readonly byte[] _receive = new byte[2048];
    private readonly Queue<(long DueNs, byte[] Bytes, IPEndPoint Remote)> _flying = new();
    private List<byte[]> _pictures;
    private VideoSource _source;
    private readonly int _framesPerSecond;
    private volatile bool _stopping;
    private long _nextFrameNs;
    private int _nextPicture;

    public TestHost(List<byte[]> pictures, int framesPerSecond, VideoCodecKind codec = VideoCodecKind.H264, TransportKind kind = TransportKind.Udp, ICongestionControl? control = null)
    {
        _pictures = pictures;
        _framesPerSecond = framesPerSecond;
        _socket.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        _socket.ReceiveTimeout = 2;
        _listener.Start();
        _isTcp = kind == TransportKind.Tcp;
        int port = ((IPEndPoint)(_isTcp ? _listener.LocalEndpoint : _socket.LocalEndPoint!)).Port;
        var options = new EndpointOptions
        {
            Certificate = _certificate,
            FillRandom = RandomNumberGenerator.Fill,
            Candidates = [.. Addresses().Select(a => TransportAddress.From(new IPEndPoint(a, port), kind))],
            CongestionControlFactory = control is null ? null : _ => control,
            UnixEpochNs = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks * 100 - NowNs,
        };
        Router = new EndpointRouter(options);
        _source = new VideoSource(codec, options.MaxVideoPayloadBytes);
        _thread = new Thread(Run) { IsBackground = true, Name = "test host" };
        _thread.Start();
    }

    public EndpointRouter Router { get; }

    public ConcurrentQueue<string> Events { get; } = new();

    /// <summary>Drops a datagram on its way out (of the given size) when it says so.</summary>
    public Func<bool> LosesOutgoing { get; set; } = () => false;

    /// <summary>Drops this very datagram on its way out when it says so.</summary>
    public Func<byte[], bool> LosesDatagram { get; set; } = static _ => false;

    /// <summary>Delay of datagrams on their way out.</summary>
    public int DelayMs { get; set; }

    /// <summary>Called on the host's thread for each event.</summary>
    public Action<PeerConnection, PeerEventKind, ushort, byte[]>? OnEvent { get; set; }

    /// <summary>What the host's thread does between frames, if anything.</summary>
    public Action<long>? OnIdle { get; set; }

    public long NowNs => _clock.ElapsedTicks * (1_000_000_000 / Stopwatch.Frequency);

    public Task<string> AcceptAsync(string offerSdp, SessionOptions options)
    {
        var result = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!SessionOffer.TryParse(offerSdp, out SessionOffer? offer, out string? error))
            throw new InvalidOperationException(error);
        _work.Enqueue(() =>
        {
            AcceptResult accepted = Router.Accept(NowNs, offer, options);
            if (accepted.IsAccepted)
                result.SetResult(accepted.AnswerSdp);
            else
                result.SetException(new InvalidOperationException(accepted.Error.ToString()));
        });
        return result.Task;
    }

    /// <summary>Goes on with other pictures, of another codec, as an encoder that was replaced does.</summary>
    public Task<bool> SwitchAsync(List<byte[]> pictures, VideoCodecKind codec) => InvokeAsync(_ =>
    {
        (_pictures, _nextPicture) = (pictures, 0);
        _source = new VideoSource(codec, 1100);
        return true;
    });

    /// <summary>Runs something on the host's thread.</summary>
    public Task<T> InvokeAsync<T>(Func<long, T> action)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Enqueue(() =>
        {
            try
            {
                result.SetResult(action(NowNs));
            }
            catch (Exception error)
            {
                result.SetException(error);
            }
        });
        return result.Task;
    }

    public void Dispose()
    {
        _stopping = true;
        _thread.Join();
        Router.Dispose();
        _socket.Dispose();
        _listener.Dispose();
        foreach ((Socket socket, _) in _streams.Values)
            socket.Dispose();
        _certificate.Dispose();
    }

    private static IEnumerable<IPAddress> Addresses() =>
        Dns.GetHostAddresses(Dns.GetHostName()).Append(IPAddress.Loopback).Where(a => a.AddressFamily == AddressFamily.InterNetwork).Distinct();

    private void Run()
    {
        try
        {
            while (!_stopping)
            {
                Receive();
                if (_isTcp)
                    ReceiveStreams();
                while (_work.TryDequeue(out Action? work))
                    work();
                long now = NowNs;
                if (now >= Router.NextTimeoutNs)
                    Router.HandleTimeout(now);
                SendFrame(now);
                OnIdle?.Invoke(now);
                Drain(now);
            }
        }
        catch (Exception error)
        {
            Events.Enqueue(error.ToString());
        }
    }

    private void Receive()
    {
        EndPoint from = new IPEndPoint(IPAddress.IPv6Any, 0);
        try
        {
            if (!_socket.Poll(_isTcp ? 100 : 1000, SelectMode.SelectRead))
                return;
            while (_socket.Available > 0)
            {
                int length = _socket.ReceiveFrom(_receive, ref from);
                Router.Handle(NowNs, _receive.AsSpan(0, length), TransportAddress.From((IPEndPoint)from));
                Drain(NowNs);
            }
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.TimedOut or SocketError.ConnectionRefused or SocketError.WouldBlock)
        {
        }
    }

    private void ReceiveStreams()
    {
        while (_listener.Pending())
        {
            Socket accepted = _listener.AcceptSocket();
            accepted.NoDelay = true;
            _streams[TransportAddress.From((IPEndPoint)accepted.RemoteEndPoint!, TransportKind.Tcp)] = (accepted, new StreamDeframer());
        }

        foreach ((TransportAddress remote, (Socket socket, StreamDeframer deframer)) in _streams)
        {
            if (socket.Available == 0)
                continue;
            deframer.Advance(socket.Receive(deframer.Space.Span));
            while (deframer.TryRead(out Span<byte> packet))
            {
                Router.Handle(NowNs, packet, remote);
                Drain(NowNs);
            }
        }
    }

    private void SendFrame(long now)
    {
        if (now < _nextFrameNs)
            return;
        _nextFrameNs = now + (1_000_000_000 / _framesPerSecond);
        byte[] picture = _pictures[_nextPicture];
        VideoFrame frame = _source.Write(picture, now, _nextPicture == 0);
        _nextPicture = (_nextPicture + 1) % _pictures.Count;
        foreach (PeerConnection peer in Router.Peers)
        {
            for (int track = 0; track < peer.Tracks.Count; track++)
                peer.SendVideo(now, peer.Tracks[track].Track, frame);
        }
    }

    private void Drain(long now)
    {
        while (Router.PollEvent(out PeerConnection? peer, out PeerEvent e))
        {
            Events.Enqueue(e.Kind == PeerEventKind.Closed ? $"Closed {e.CloseReason} {peer.FailureDetail}" : e.Kind.ToString());
            if (e.Kind == PeerEventKind.KeyFrameNeeded)
                _nextPicture = 0;
            OnEvent?.Invoke(peer, e.Kind, e.Channel, e.Data.ToArray());
        }

        while (Router.PollTransmit(now, _send, out Transmit transmit))
        {
            if (transmit.Remote.Kind == TransportKind.Tcp)
            {
                if (_streams.TryGetValue(transmit.Remote, out var stream))
                    stream.Socket.Send(_send.AsSpan(0, transmit.LengthBytes));
                continue;
            }

            IPEndPoint remote = transmit.Remote.ToIPEndPoint();
            remote.Address = remote.Address.MapToIPv6();
            for (int at = 0; at < transmit.LengthBytes; at += transmit.SegmentBytes)
            {
                byte[] datagram = _send.AsSpan(at, Math.Min(transmit.SegmentBytes, transmit.LengthBytes - at)).ToArray();
                if (!LosesOutgoing() && !LosesDatagram(datagram))
                    _flying.Enqueue((now + (DelayMs * 1_000_000L), datagram, remote));
            }
        }

        while (_flying.TryPeek(out var flight) && flight.DueNs <= now)
        {
            _flying.Dequeue();
            _socket.SendTo(flight.Bytes, flight.Remote);
        }
    }
}
