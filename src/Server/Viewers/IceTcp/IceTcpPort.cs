using System.Net;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.WebRtc;

namespace QemuZeroCopy.Server.Viewers.IceTcp;

/// <summary>
/// The listening side of ICE-TCP (RFC 6544, passive), for networks that carry no UDP. A stranger's connection has a few
/// seconds to show an ICE password; one that has lasts as long as its address is a viewer's. Belongs to the network thread.
/// </summary>
internal sealed class IceTcpPort : IDisposable
{
    /// <summary>Connections that have proved nothing yet; the oldest makes room, so that holding them all keeps nobody out.</summary>
    public const int MaxUnproven = 32;

    /// <summary>Two for each viewer that there may be (<see cref="EndpointOptions.MaxPeers"/>): an old one and its successor.</summary>
    public const int MaxConnections = 512;

    /// <summary>A browser sends its first check within a round trip.</summary>
    private const long ProveWithinNs = 5_000_000_000;

    /// <summary>How often those are looked through that may have nothing to say for ever.</summary>
    private const long SweepEveryNs = 1_000_000_000;

    private const int ListenEntry = UdpWaiter.OwnEntries;
    private const int FirstEntry = ListenEntry + 1;

    private readonly TcpListenSocket _listener;
    private readonly List<IceTcpConnection> _connections = new(MaxConnections);
    private readonly Dictionary<TransportAddress, IceTcpConnection> _byRemote = new(MaxConnections);
    private readonly PollEntry[] _entries = new PollEntry[FirstEntry + MaxConnections];
    private long _nextSweepNs = long.MaxValue;
    private int _unproven;

    private IceTcpPort(TcpListenSocket listener)
    {
        _listener = listener;
        _entries[ListenEntry] = new PollEntry { Fd = listener.BorrowFd, Wanted = PollEvents.Readable };
    }

    /// <summary>Connections open now.</summary>
    public int Count => _connections.Count;

    public int LocalPort => _listener.LocalPort;

    /// <summary>What the network thread polls: the waiter's own entries, the listener, the connections.</summary>
    public Span<PollEntry> Entries => _entries.AsSpan(0, FirstEntry + _connections.Count);

    /// <summary>When <see cref="HandleTimeout"/> is wanted; <see cref="long.MaxValue"/> for never.</summary>
    public long NextTimeoutNs => _nextSweepNs;

    /// <exception cref="IOException">The port is taken or not ours to use; errno is in HResult.</exception>
    public static IceTcpPort Listen(IPEndPoint endPoint) => new(TcpListenSocket.Listen(endPoint));

    /// <summary>Takes what the last poll found: hands packets to the router, and calls <paramref name="drain"/> after each.</summary>
    public void Handle(long nowNs, EndpointRouter router, Action drain)
    {
        // From the end: one that goes gives its place to the last, which was looked at already.
        for (int i = _connections.Count - 1; i >= 0; i--)
        {
            IceTcpConnection connection = _connections[i];
            PollEvents found = _entries[connection.Entry].Found;
            if (found == PollEvents.None)
                continue;
            if (connection.IsBackedUp && (found & PollEvents.Writable) != 0)
                Flush(connection, router);
            Receive(nowNs, connection, router, drain);
            if (connection.IsOver)
                Close(connection, router);
        }

        if (_entries[ListenEntry].Found != PollEvents.None)
            Accept(nowNs, router);
    }

    /// <summary>Ends connections that have not proved themselves in time, and those whose viewer has gone.</summary>
    public void HandleTimeout(long nowNs, EndpointRouter router)
    {
        if (nowNs < _nextSweepNs)
            return;
        for (int i = _connections.Count - 1; i >= 0; i--)
        {
            IceTcpConnection connection = _connections[i];
            if (connection.IsProven ? !router.Knows(connection.Remote) : nowNs - connection.AcceptedNs >= ProveWithinNs)
                Close(connection, router);
        }

        // It may have stopped listening for want of fds.
        _entries[ListenEntry].Fd = _listener.BorrowFd;
        _nextSweepNs = _connections.Count == 0 ? long.MaxValue : nowNs + SweepEveryNs;
    }

    /// <summary>
    /// Sends stream bytes that the router has made for <see cref="Transmit.Remote"/>. False where they are dropped, as if lost:
    /// the connection is gone or takes nothing now, which the router then knows too.
    /// </summary>
    public bool Send(in Transmit transmit, ReadOnlySpan<byte> data, EndpointRouter router)
    {
        if (!_byRemote.TryGetValue(transmit.Remote, out IceTcpConnection? connection))
            return false;
        bool sent = connection.TrySend(data);
        if (connection.IsBackedUp)
        {
            _entries[connection.Entry].Wanted = PollEvents.Readable | PollEvents.Writable;
            router.Hold(connection.Remote);
        }

        // One that has ended is readable, and closed when it is looked at next.
        return sent;
    }

    public void Dispose()
    {
        foreach (IceTcpConnection connection in _connections)
            connection.Dispose();
        _connections.Clear();
        _byRemote.Clear();
        _listener.Dispose();
    }

    private void Receive(long nowNs, IceTcpConnection connection, EndpointRouter router, Action drain)
    {
        connection.BeginTurn();
        while (connection.TryReceive(out Span<byte> packet))
        {
            router.Handle(nowNs, packet, connection.Remote);
            if (!connection.IsProven && router.Knows(connection.Remote))
            {
                connection.IsProven = true;
                _unproven--;
            }

            drain();
        }
    }

    private void Flush(IceTcpConnection connection, EndpointRouter router)
    {
        connection.Flush();
        if (connection.IsBackedUp)
            return;
        _entries[connection.Entry].Wanted = PollEvents.Readable;
        router.Release(connection.Remote);
    }

    private void Accept(long nowNs, EndpointRouter router)
    {
        Span<byte> address = stackalloc byte[TransportAddress.SockaddrIn6Bytes];
        // As many as may stay: a flood of them must not keep the viewers waiting.
        for (int i = 0; i < MaxUnproven; i++)
        {
            AcceptOutcome outcome = _listener.Accept(address, out TcpStreamSocket? socket);
            if (outcome == AcceptOutcome.OutOfResources)
            {
                _entries[ListenEntry].Fd = -1;
                _nextSweepNs = Math.Min(_nextSweepNs, nowNs + SweepEveryNs);
            }

            if (socket is null)
                return;
            Add(nowNs, socket, address, router);
        }
    }

    private void Add(long nowNs, TcpStreamSocket socket, ReadOnlySpan<byte> address, EndpointRouter router)
    {
        if (_unproven == MaxUnproven)
            Close(_connections.Where(c => !c.IsProven).MinBy(c => c.AcceptedNs)!, router);
        if (_connections.Count == MaxConnections || !TransportAddress.TryReadSockaddr(address, out TransportAddress remote) || _byRemote.ContainsKey(remote with { Kind = TransportKind.Tcp }))
        {
            socket.Dispose();
            return;
        }

        var connection = new IceTcpConnection(socket, remote with { Kind = TransportKind.Tcp }, nowNs) { Entry = FirstEntry + _connections.Count };
        _connections.Add(connection);
        _byRemote.Add(connection.Remote, connection);
        _entries[connection.Entry] = new PollEntry { Fd = connection.BorrowFd, Wanted = PollEvents.Readable };
        _unproven++;
        _nextSweepNs = Math.Min(_nextSweepNs, nowNs + SweepEveryNs);
    }

    private void Close(IceTcpConnection connection, EndpointRouter router)
    {
        if (connection.IsBackedUp)
            router.Release(connection.Remote);
        if (!connection.IsProven)
            _unproven--;
        IceTcpConnection last = _connections[^1];
        _connections[connection.Entry - FirstEntry] = last;
        _entries[connection.Entry] = _entries[last.Entry];
        last.Entry = connection.Entry;
        _connections.RemoveAt(_connections.Count - 1);
        _byRemote.Remove(connection.Remote);
        connection.Dispose();
    }
}
