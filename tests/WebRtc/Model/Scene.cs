using QemuZeroCopy.WebRtc.Dtls;
using QemuZeroCopy.WebRtc.Rtp;
using QemuZeroCopy.WebRtc.Sdp;

namespace QemuZeroCopy.WebRtc.Tests.Model;

/// <summary>A router, viewers, and a network between them, all on one simulated clock and one seed.</summary>
internal sealed class Scene : IDisposable
{
    private static readonly DtlsCertificate s_certificate = DtlsCertificate.Create(DateTimeOffset.UnixEpoch.AddYears(56));

    private readonly PriorityQueue<(bool ToServer, TransportAddress Viewer, byte[] Bytes), (long, long)> _flying = new();
    private readonly byte[] _buffer = new byte[Transmit.BufferBytes];
    private long _order;

    public Scene(SessionOptions? options = null, Func<EndpointOptions, EndpointOptions>? configure = null)
    {
        Random = new SeededRandom();
        TestContext.Current.TestOutputHelper?.WriteLine(Random.ToString());
        Options = options ?? new SessionOptions
        {
            VideoTracks = [new VideoTrackOptions("screen0", [new VideoFormat(VideoCodecKind.H264)])],
            AudioStreamId = "sound",
            AcceptMicrophone = true,
        };
        var endpoint = new EndpointOptions
        {
            Certificate = s_certificate,
            FillRandom = Random.Fill,
            Candidates = [TransportAddress.FromIPv4(0xC0000201, 5000)],
            UnixEpochNs = 1_790_000_000_000_000_000,
        };
        Endpoint = configure?.Invoke(endpoint) ?? endpoint;
        Router = new EndpointRouter(Endpoint);
        Source = new VideoSource(VideoCodecKind.H264, Endpoint.MaxVideoPayloadBytes);
    }

    public SeededRandom Random { get; }

    public SessionOptions Options { get; }

    public EndpointOptions Endpoint { get; }

    public EndpointRouter Router { get; }

    public VideoSource Source { get; }

    public List<ModelViewer> Viewers { get; } = [];

    public long NowNs { get; private set; } = 1_000_000_000;

    public double Loss { get; set; }

    public long DelayNs { get; set; } = 5_000_000;

    public long JitterNs { get; set; }

    public List<(PeerConnection Peer, PeerEventKind Kind, int Track, CloseReason Reason, byte[] Data)> Events { get; } = [];

    public List<Transmit> Transmits { get; } = [];

    /// <summary>Called for each datagram of the server, before loss.</summary>
    public Action<TransportAddress, byte[]>? OnServerDatagram { get; set; }

    public ModelViewer AddViewer(int videoCount = 1, bool audio = false, bool microphone = false, DtlsCertificate? certificate = null, string? claimedFingerprint = null, TransportKind kind = TransportKind.Udp, bool parity = false)
    {
        var address = TransportAddress.FromIPv4(0x0A000001u + (uint)Viewers.Count, 40_000, kind);
        var viewer = new ModelViewer(Random, address, certificate) { ClaimedFingerprint = claimedFingerprint, OffersParity = parity };
        Assert.True(SessionOffer.TryParse(viewer.Offer(videoCount, audio, false, microphone), out SessionOffer? offer, out string? error), error);
        AcceptResult accepted = Router.Accept(NowNs, offer, Options);
        Assert.True(accepted.IsAccepted);
        viewer.TakeAnswer(accepted.AnswerSdp);
        Viewers.Add(viewer);
        return viewer;
    }

    public PeerConnection Connect(ModelViewer viewer)
    {
        PeerConnection peer = Router.Peers[^1];
        for (int i = 0; i < 20_000 && !(peer.IsConnected && viewer.IsConnected); i++)
            Run(1);
        Assert.True(peer.IsConnected && viewer.IsConnected, Random.ToString());
        return peer;
    }

    /// <summary>Lets time pass, in steps of one millisecond.</summary>
    public void Run(int milliseconds)
    {
        for (int i = 0; i < milliseconds; i++)
        {
            NowNs += 1_000_000;
            while (_flying.TryPeek(out var flight, out (long At, long) key) && key.At <= NowNs)
            {
                _flying.Dequeue();
                if (flight.ToServer)
                {
                    Router.Handle(NowNs, flight.Bytes, flight.Viewer);
                    Drain();
                }
                else
                {
                    Viewers.Find(v => v.Address == flight.Viewer)?.Handle(NowNs, flight.Bytes);
                }
            }

            if (NowNs >= Router.NextTimeoutNs)
                Router.HandleTimeout(NowNs);
            Drain();
            foreach (ModelViewer viewer in Viewers)
            {
                viewer.HandleTimeout(NowNs);
                while (viewer.Output.TryDequeue(out byte[]? bytes))
                    Fly(true, viewer.Address, bytes);
            }
        }
    }

    public void Drain()
    {
        while (Router.PollEvent(out PeerConnection? peer, out PeerEvent e))
            Events.Add((peer, e.Kind, e.Track, e.CloseReason, e.Data.ToArray()));
        while (Router.PollTransmit(NowNs, _buffer, out Transmit transmit))
        {
            Transmits.Add(transmit);
            foreach (byte[] datagram in Datagrams(transmit))
            {
                OnServerDatagram?.Invoke(transmit.Remote, datagram);
                Fly(false, transmit.Remote, datagram);
            }
        }
    }

    /// <summary>Sends one made-up access unit to every viewer.</summary>
    public byte[] SendFrame(int bytes, bool isEntryPoint, int track = 0)
    {
        byte[] unit = AccessUnit(bytes, isEntryPoint);
        VideoFrame frame = Source.Write(unit, NowNs, isEntryPoint);
        foreach (PeerConnection peer in Router.Peers)
            peer.SendVideo(NowNs, track, frame);
        Drain();
        return unit;
    }

    /// <summary>Parameter sets for a key frame, and one slice of random bytes without start codes in it.</summary>
    public byte[] AccessUnit(int bytes, bool isEntryPoint)
    {
        byte[] slice = new byte[bytes];
        Random.Fill(slice);
        for (int i = 0; i < slice.Length; i++)
            slice[i] |= 1;
        slice[0] = isEntryPoint ? (byte)0x65 : (byte)0x41;
        return isEntryPoint
            ? [0, 0, 0, 1, 0x67, 0x42, 0xE0, 0x1F, 0x95, 0, 0, 0, 1, 0x68, 0xCE, 0x3C, 0x81, 0, 0, 0, 1, .. slice]
            : [0, 0, 0, 1, .. slice];
    }

    public void Dispose()
    {
        Router.Dispose();
        foreach (ModelViewer viewer in Viewers)
            viewer.Dispose();
    }

    private IEnumerable<byte[]> Datagrams(Transmit transmit)
    {
        if (transmit.Remote.Kind == TransportKind.Tcp)
        {
            for (int at = 0; at < transmit.LengthBytes;)
            {
                int length = (_buffer[at] << 8) | _buffer[at + 1];
                yield return _buffer[(at + 2)..(at + 2 + length)];
                at += 2 + length;
            }

            yield break;
        }

        for (int at = 0; at < transmit.LengthBytes; at += transmit.SegmentBytes)
            yield return _buffer[at..Math.Min(at + transmit.SegmentBytes, transmit.LengthBytes)];
    }

    private void Fly(bool toServer, TransportAddress viewer, byte[] bytes)
    {
        if (Random.Random.NextDouble() < Loss)
            return;
        long arrival = NowNs + DelayNs + (JitterNs == 0 ? 0 : Random.Random.NextInt64(JitterNs));
        _flying.Enqueue((toServer, viewer, bytes), (arrival, _order++));
    }
}
