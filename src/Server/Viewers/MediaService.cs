using System.Collections.Concurrent;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Cli;
using QemuZeroCopy.Server.Metrics;
using QemuZeroCopy.Server.Viewers.IceTcp;
using QemuZeroCopy.Server.Web;
using QemuZeroCopy.WebRtc;
using QemuZeroCopy.WebRtc.Dtls;
using QemuZeroCopy.WebRtc.Sdp;
using VideoFormat = QemuZeroCopy.Pipeline.Encode.VideoFormat;

namespace QemuZeroCopy.Server.Viewers;

/// <summary>Opens and ends media sessions on behalf of WHEP, and keeps the hubs of the consoles.</summary>
internal sealed class MediaService : IMediaGateway, IDisposable
{
    private readonly ConcurrentDictionary<int, ViewerHub> _hubs = new();
    private readonly NetworkThread _network;
    private readonly ServerMetrics _metrics;
    private readonly EndpointOptions _options;
    private readonly int _maxFramesPerSecond;

    private MediaService(NetworkThread network, ServerMetrics metrics, EndpointOptions options, int maxFramesPerSecond) =>
        (_network, _metrics, _options, _maxFramesPerSecond) = (network, metrics, options, maxFramesPerSecond);

    /// <summary>Opens the UDP port and that of ICE-TCP and starts the network thread.</summary>
    /// <exception cref="UserError">A port is taken or not ours to use.</exception>
    public static MediaService Start(ServeSettings settings, ServerMetrics metrics)
    {
        var udp = new IPEndPoint(settings.Listen.Address, settings.UdpPort ?? settings.Listen.Port);
        UdpSocket socket = Open(() => UdpSocket.Bind(udp), "UDP", udp, "--udp-port");
        IceTcpPort streams;
        try
        {
            streams = ListenForStreams(settings);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var options = new EndpointOptions
        {
            Certificate = DtlsCertificate.Create(DateTimeOffset.UtcNow),
            FillRandom = RandomNumberGenerator.Fill,
            Candidates = [.. Candidates(settings, socket.LocalPort, TransportKind.Udp), .. Candidates(settings, streams.LocalPort, TransportKind.Tcp)],
            UnixEpochNs = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks * 100 - MonotonicClock.NowNs,
        };
        var network = new NetworkThread(socket, streams, new EndpointRouter(options), metrics);
        network.Start();
        return new MediaService(network, metrics, options, settings.MaxFramesPerSecond) { Sessions = new SessionRegistry(settings.Control), IceServers = settings.IceServers };
    }

    /// <summary>Where everything is counted.</summary>
    public ServerMetrics Metrics => _metrics;

    /// <summary>What the consoles that are added from now on may be sent as, best first; H.264 is always among them.</summary>
    public IReadOnlyList<VideoFormat> Formats { get; set; } = [VideoFormat.Default];

    /// <inheritdoc/>
    public SessionRegistry Sessions { get; private init; } = new();

    /// <inheritdoc/>
    public IReadOnlyList<IceServer> IceServers { get; private init; } = [];

    /// <summary>Sends the machine's sound from now on, and takes microphones once the hub is given where to.</summary>
    public SoundHub OpenSound() => _network.Sound = new SoundHub(_network.WakeUp, Sessions, _metrics);

    /// <inheritdoc/>
    public SoundHub? Sound => _network.Sound;

    /// <summary>The hub of a console; made when first asked for.</summary>
    public ViewerHub HubOf(int console) => _hubs.GetOrAdd(console, _ =>
    {
        var hub = new ViewerHub(_network, _metrics, _options.MaxVideoPayloadBytes, Formats, _maxFramesPerSecond);
        _network.AddHub(hub);
        return hub;
    });

    /// <inheritdoc/>
    public ViewerHub? FindHub(int console) => _hubs.GetValueOrDefault(console);

    /// <inheritdoc/>
    public Task<LinkStatistics?> LinkOfAsync(Input.ViewerInput input) => _network.InvokeAsync<LinkStatistics?>(_ =>
    {
        if (_network.Find(input) is not { Peer: { IsConnected: true } peer } viewer)
            return null;
        PeerStatistics now = peer.Statistics;
        return new LinkStatistics(
            peer.Remote?.Kind == TransportKind.Tcp ? "TCP" : "UDP", now.RoundTripMs, now.LossFraction, now.TargetBps, now.PathShowsQueue, now.BytesSent, now.PacketsRepeated,
            now.FramesSent, now.FramesSkipped, viewer.RtpBase);
    });

    /// <inheritdoc/>
    public async Task<MediaAnswer> OpenAsync(int console, string offer, string session, CancellationToken cancellation)
    {
        if (!_hubs.TryGetValue(console, out ViewerHub? hub))
            return new MediaAnswer(MediaOutcome.NotFound, "The machine has no such console.");
        if (!SessionOffer.TryParse(offer, out SessionOffer? parsed, out string? error))
            return new MediaAnswer(MediaOutcome.BadOffer, error);
        hub.ExpectViewer();
        IReadOnlyList<VideoFormat> formats = hub.Formats;
        var wanted = new WebRtc.SessionOptions
        {
            VideoTracks = [new VideoTrackOptions($"console{console}", [.. formats.Select(CodecAgreement.Wanted)], Needed: VideoCodecKind.H264)],
            // A stream of its own: a picture never waits for its sound.
            AudioStreamId = _network.Sound is null ? null : "sound",
            AcceptMicrophone = _network.Sound?.Microphone is not null && Sessions.MayControl(session),
        };
        string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        return await _network.InvokeAsync(router =>
        {
            AcceptResult accepted = router.Accept(MonotonicClock.NowNs, parsed, wanted);
            if (accepted.Peer is not { } peer)
                return Refusal(accepted.Error);
            _network.Keep(new Viewer(id, peer, hub) { Input = Sessions.Find(session), Formats = CodecAgreement.Taken(formats, peer.Tracks.SelectMany(track => track.Formats)) });
            return new MediaAnswer(MediaOutcome.Accepted, accepted.AnswerSdp!, id, peer.IceSession);
        }).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<MediaAnswer> PatchAsync(string resourceId, string fragment, string? iceSession, CancellationToken cancellation)
    {
        if (!IceFragment.TryParse(fragment, out IceFragment? parsed, out string? error))
            return new MediaAnswer(MediaOutcome.BadOffer, error);
        // Candidates alone need no answer: the viewer's checks tell where it is. New credentials restart ICE.
        return await _network.InvokeAsync(router =>
        {
            if (_network.Find(resourceId)?.Peer is not { } peer)
                return new MediaAnswer(MediaOutcome.NotFound, "This session has ended already.");
            if (iceSession is not (null or "*") && iceSession != peer.IceSession)
                return new MediaAnswer(MediaOutcome.Stale, "ICE was restarted meanwhile: this is about the session before.");
            if (iceSession is null && peer.IsRestartedBy(parsed))
                return new MediaAnswer(MediaOutcome.ConditionMissing, "An ICE restart has to say If-Match: *, or the ETag of the session that it ends.");
            return new MediaAnswer(MediaOutcome.Accepted, router.Restart(peer, parsed) ?? "", resourceId, peer.IceSession);
        }).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<bool> CloseAsync(string resourceId) => _network.InvokeAsync(_ =>
    {
        Viewer? viewer = _network.Find(resourceId);
        viewer?.Peer.Close(MonotonicClock.NowNs);
        return viewer is not null;
    });

    public void Dispose() => _network.Dispose();

    private static MediaAnswer Refusal(AcceptError error) => error == AcceptError.TooManyPeers
        ? new MediaAnswer(MediaOutcome.Full, "As many viewers as this server takes are there already.")
        : new MediaAnswer(MediaOutcome.NotAcceptable, "The offer has no video in H.264 that this server could send.");

    /// <summary>Where browsers may reach a port: at its own address, or all of this machine's, and at what the person named.</summary>
    private static IEnumerable<TransportAddress> Candidates(ServeSettings settings, int port, TransportKind kind)
    {
        IPAddress bound = settings.Listen.Address;
        IEnumerable<IPAddress> own = bound.Equals(IPAddress.Any) || bound.Equals(IPAddress.IPv6Any) ? OwnAddresses(bound.AddressFamily) : [bound];
        return settings.PublicAddresses.Concat(own).Distinct().Select(a => TransportAddress.From(new IPEndPoint(a, port), kind));
    }

    private static IEnumerable<IPAddress> OwnAddresses(AddressFamily family) => NetworkInterface.GetAllNetworkInterfaces()
        .Where(nic => nic.OperationalStatus is OperationalStatus.Up or OperationalStatus.Unknown)
        .SelectMany(nic => nic.GetIPProperties().UnicastAddresses)
        .Select(unicast => unicast.Address)
        .Where(a => !a.IsIPv6LinkLocal && (family == AddressFamily.InterNetworkV6 || a.AddressFamily == AddressFamily.InterNetwork))
        .OrderBy(IPAddress.IsLoopback);

    /// <summary>
    /// The port that was asked for; else one that a person can forward, and that is not the next page's; or any other where
    /// that is taken.
    /// </summary>
    private static IceTcpPort ListenForStreams(ServeSettings settings)
    {
        int usual = settings.Listen.Port is 0 or > ushort.MaxValue - IceTcpPortOffset ? 0 : settings.Listen.Port + IceTcpPortOffset;
        var wanted = new IPEndPoint(settings.Listen.Address, settings.IceTcpPort ?? usual);
        if (settings.IceTcpPort is null && usual != 0)
        {
            try
            {
                return IceTcpPort.Listen(wanted);
            }
            catch (IOException e) when (e.HResult == AddressInUse)
            {
                wanted.Port = 0;
            }
        }

        return Open(() => IceTcpPort.Listen(wanted), "TCP", wanted, "--ice-tcp-port");
    }

    private const int IceTcpPortOffset = 1000, AddressInUse = 98, AccessDenied = 13;

    private static T Open<T>(Func<T> open, string protocol, IPEndPoint endPoint, string option)
    {
        try
        {
            return open();
        }
        catch (IOException e)
        {
            throw e.HResult switch
            {
                AddressInUse => new UserError($"{protocol} port {endPoint} is in use by another program: choose another with {option}, or 0 for any.", inner: e),
                AccessDenied => new UserError($"{protocol} port {endPoint} may not be used by this user: choose one above 1023 with {option}.", inner: e),
                _ => new UserError($"{protocol} port {endPoint} cannot be opened ({e.Message}): give --listen an address of this machine.", inner: e),
            };
        }
    }
}
