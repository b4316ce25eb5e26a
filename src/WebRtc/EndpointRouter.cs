using System.Diagnostics.CodeAnalysis;
using QemuZeroCopy.WebRtc.Ice;
using QemuZeroCopy.WebRtc.Sdp;
using QemuZeroCopy.WebRtc.Stun;

namespace QemuZeroCopy.WebRtc;

/// <summary>Why an offer was not accepted.</summary>
public enum AcceptError
{
    /// <summary>It was.</summary>
    None,

    /// <summary><see cref="EndpointOptions.MaxPeers"/> are connected.</summary>
    TooManyPeers,

    /// <summary>No m-line of the offer can be served.</summary>
    NothingInCommon,
}

/// <summary>What became of an offer.</summary>
/// <param name="Peer">The new connection, or null.</param>
/// <param name="AnswerSdp">The answer; empty where there is no connection.</param>
/// <param name="Error">Why not.</param>
public readonly record struct AcceptResult(PeerConnection? Peer, string AnswerSdp, AcceptError Error)
{
    /// <summary>Whether there is a connection.</summary>
    [MemberNotNullWhen(true, nameof(Peer))]
    public bool IsAccepted => Peer is not null;
}

/// <summary>
/// All connections behind one port: tells datagrams apart by username fragment (STUN) and by address (the rest), and
/// polls those that have something to say. Belongs to one thread.
/// </summary>
public sealed class EndpointRouter : IDisposable
{
    private const int UfragLength = 8;

    private readonly EndpointOptions _options;
    private readonly List<PeerConnection> _peers;
    private readonly Dictionary<ulong, PeerConnection> _byUfrag;
    private readonly Dictionary<TransportAddress, PeerConnection> _byAddress;
    private readonly Queue<PeerConnection> _withEvents;
    private readonly Queue<PeerConnection> _withOutput;

    /// <summary>An endpoint without connections.</summary>
    public EndpointRouter(EndpointOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxPeers, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxDatagramBytes, 576);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.MaxDatagramBytes, DatagramLimitBytes);
        _options = options;
        _peers = new List<PeerConnection>(options.MaxPeers);
        _byUfrag = new Dictionary<ulong, PeerConnection>(options.MaxPeers * 2);
        _byAddress = new Dictionary<TransportAddress, PeerConnection>(options.MaxPeers * 4);
        _withEvents = new Queue<PeerConnection>(options.MaxPeers);
        _withOutput = new Queue<PeerConnection>(options.MaxPeers);
    }

    /// <summary>The largest <see cref="EndpointOptions.MaxDatagramBytes"/>: Ethernet's payload without IPv6 and UDP headers.</summary>
    public const int DatagramLimitBytes = 1452;

    /// <summary>What was received and dropped.</summary>
    public EndpointCounters Counters { get; } = new();

    /// <summary>The live connections.</summary>
    public IReadOnlyList<PeerConnection> Peers => _peers;

    /// <summary>Whether no table holds anything.</summary>
    internal bool IsEmpty => _peers.Count == 0 && _byUfrag.Count == 0 && _byAddress.Count == 0 && _withOutput.Count == 0;

    /// <summary>When <see cref="HandleTimeout"/> is wanted, in ns; <see cref="long.MaxValue"/> for never.</summary>
    public long NextTimeoutNs
    {
        get
        {
            long next = long.MaxValue;
            foreach (PeerConnection peer in _peers)
                next = Math.Min(next, peer.NextTimeoutNs);
            return next;
        }
    }

    /// <summary>Makes a connection of an offer.</summary>
    public AcceptResult Accept(long nowNs, SessionOffer offer, SessionOptions options)
    {
        ArgumentNullException.ThrowIfNull(offer);
        ArgumentNullException.ThrowIfNull(options);
        if (_peers.Count >= _options.MaxPeers)
            return new AcceptResult(null, "", AcceptError.TooManyPeers);
        NegotiatedSession session = Negotiator.Negotiate(offer, options, _options.FillRandom);
        if (!session.Media.Exists(m => m.Accepted))
            return new AcceptResult(null, "", AcceptError.NothingInCommon);
        IceCredentials local = NewCredentials();
        var peer = new PeerConnection(nowNs, _options, options, offer, session, local) { Router = this };
        _peers.Add(peer);
        _byUfrag.Add(UfragKey(local.UfragBytes), peer);
        Span<byte> id = stackalloc byte[8];
        _options.FillRandom(id);
        var transport = new AnswerTransport(local.Ufrag, local.Password, _options.Certificate.Fingerprint, _options.Candidates, BitConverter.ToUInt64(id));
        return new AcceptResult(peer, AnswerWriter.Write(offer, session, transport), AcceptError.None);
    }

    /// <summary>
    /// Takes a PATCH for a connection. New credentials start an ICE restart (RFC 8445 section 9): the media flows on over
    /// the old path until the peer nominates one of the new generation. Null where nothing had to be done (204), else the
    /// body of a 200.
    /// </summary>
    public string? Restart(PeerConnection peer, IceFragment fragment)
    {
        ArgumentNullException.ThrowIfNull(peer);
        ArgumentNullException.ThrowIfNull(fragment);
        if (!peer.IsRestartedBy(fragment))
            return null;

        if (peer.Ice.Retiring is not null)
            _byUfrag.Remove(UfragKey(peer.Ice.Local.UfragBytes));
        IceCredentials local = NewCredentials();
        peer.Ice.Restart(local, new IceCredentials(fragment.Ufrag!, fragment.Password!));
        _byUfrag.Add(UfragKey(local.UfragBytes), peer);
        return IceFragment.Write(local, _options.Candidates);
    }

    /// <summary>Takes one datagram; SRTP is decrypted in place. Strangers' datagrams are counted and dropped.</summary>
    public void Handle(long nowNs, Span<byte> datagram, in TransportAddress remote)
    {
        DropReason outcome;
        if (StunMessage.LooksLikeStun(datagram))
            outcome = HandleStun(nowNs, datagram, remote);
        else if (_byAddress.TryGetValue(remote, out PeerConnection? peer))
            outcome = peer.Handle(nowNs, datagram, remote);
        else
            outcome = datagram.IsEmpty || datagram[0] is < 20 or (>= 64 and < 128) or >= 192 ? DropReason.UnknownProtocol : DropReason.UnknownSender;
        Counters.Count(outcome);
    }

    /// <summary>Whether an address has proved to be a connection's: the host may drop TCP connections of all others.</summary>
    public bool Knows(in TransportAddress remote) => _byAddress.ContainsKey(remote);

    /// <summary>
    /// Sends nothing more to <paramref name="remote"/> until <see cref="Release"/>: its TCP connection takes no more. What
    /// waits then waits with its connection, where old pictures make way for new ones.
    /// </summary>
    public void Hold(in TransportAddress remote)
    {
        if (_byAddress.TryGetValue(remote, out PeerConnection? peer))
            peer.Hold(remote);
    }

    /// <summary>The TCP connection takes more, or is gone.</summary>
    public void Release(in TransportAddress remote)
    {
        if (_byAddress.TryGetValue(remote, out PeerConnection? peer))
            peer.Release(remote);
    }

    /// <summary>Runs what is due.</summary>
    public void HandleTimeout(long nowNs)
    {
        foreach (PeerConnection peer in _peers)
        {
            if (peer.NextTimeoutNs <= nowNs)
                peer.HandleTimeout(nowNs);
        }
    }

    /// <summary>The next event of any connection; false for none. Its data is valid until the next call here or on a connection.</summary>
    public bool PollEvent([NotNullWhen(true)] out PeerConnection? peer, out PeerEvent peerEvent)
    {
        while (_withEvents.TryPeek(out peer))
        {
            if (peer.PollEvent(out peerEvent))
                return true;
            peer.IsInEventQueue = false;
            _withEvents.Dequeue();
        }

        peerEvent = default;
        return false;
    }

    /// <summary>
    /// Writes the next send of any connection into <paramref name="buffer"/> (<see cref="Transmit.BufferBytes"/>); false for
    /// nothing now. Connections take turns, so that none waits behind another's burst.
    /// </summary>
    public bool PollTransmit(long nowNs, Span<byte> buffer, out Transmit transmit)
    {
        while (_withOutput.TryDequeue(out PeerConnection? peer))
        {
            if (peer.PollTransmit(nowNs, buffer, out transmit))
            {
                _withOutput.Enqueue(peer);
                return true;
            }

            peer.IsInOutputQueue = false;
            if (peer.CloseReason != CloseReason.None)
                Remove(peer);
        }

        transmit = default;
        return false;
    }

    /// <summary>Ends all connections without a word.</summary>
    public void Dispose()
    {
        foreach (PeerConnection peer in _peers)
            peer.Free();
        _peers.Clear();
        _byUfrag.Clear();
        _byAddress.Clear();
    }

    /// <summary>Queues a connection on which something may have happened.</summary>
    internal void MarkDirty(PeerConnection peer)
    {
        if (!peer.IsInEventQueue)
        {
            peer.IsInEventQueue = true;
            _withEvents.Enqueue(peer);
        }

        if (!peer.IsInOutputQueue)
        {
            peer.IsInOutputQueue = true;
            _withOutput.Enqueue(peer);
        }
    }

    private DropReason HandleStun(long nowNs, ReadOnlySpan<byte> datagram, in TransportAddress remote)
    {
        if (!StunMessage.TryParse(datagram, out StunMessage message))
            return DropReason.MalformedStun;
        ReadOnlySpan<byte> username = message.Username;
        if (username.Length <= UfragLength || username[UfragLength] != (byte)':' || !_byUfrag.TryGetValue(UfragKey(username), out PeerConnection? peer))
            return DropReason.UnknownUfrag;
        bool wasValidated = peer.Ice.IsValidated(remote);
        IceCredentials? retiring = peer.Ice.Retiring;
        DropReason outcome = peer.HandleStun(nowNs, message, remote);
        if (outcome == DropReason.None && (!wasValidated || !_byAddress.TryGetValue(remote, out PeerConnection? owner) || owner != peer))
            LearnAddresses(peer, remote);
        if (retiring is not null && peer.Ice.Retiring is null)
            _byUfrag.Remove(UfragKey(retiring.UfragBytes));
        return outcome;
    }

    /// <summary>Points the proven address at its connection, and forgets those that the connection has forgotten.</summary>
    private void LearnAddresses(PeerConnection peer, in TransportAddress remote)
    {
        if (!peer.Ice.IsValidated(remote))
            return;
        foreach ((TransportAddress address, PeerConnection owner) in _byAddress)
        {
            if (owner == peer && !peer.Ice.IsValidated(address))
                _byAddress.Remove(address);
        }

        _byAddress[remote] = peer;
    }

    private void Remove(PeerConnection peer)
    {
        // Its Closed event may still wait; the connection leaves the tables now and is disposed of.
        if (!_peers.Remove(peer))
            return;
        _byUfrag.Remove(UfragKey(peer.Ice.Local.UfragBytes));
        if (peer.Ice.Retiring is { } retiring)
            _byUfrag.Remove(UfragKey(retiring.UfragBytes));
        foreach ((TransportAddress address, PeerConnection owner) in _byAddress)
        {
            if (owner == peer)
                _byAddress.Remove(address);
        }

        peer.Free();
    }

    private IceCredentials NewCredentials()
    {
        IceCredentials credentials;
        do
        {
            credentials = IceCredentials.Create(_options.FillRandom);
        }
        while (_byUfrag.ContainsKey(UfragKey(credentials.UfragBytes)));
        return credentials;
    }

    private static ulong UfragKey(ReadOnlySpan<byte> ufrag) => BitConverter.ToUInt64(ufrag[..UfragLength]);
}
