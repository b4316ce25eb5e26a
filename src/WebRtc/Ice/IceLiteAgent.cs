using System.Buffers.Binary;
using QemuZeroCopy.WebRtc.Stun;

namespace QemuZeroCopy.WebRtc.Ice;

/// <summary>What became of a connectivity check.</summary>
internal enum IceOutcome
{
    /// <summary>Answered; nothing else changed.</summary>
    Answered,

    /// <summary>Answered, and the nominated address is a new one.</summary>
    Nominated,

    /// <summary>Answered with an error (role conflict, unknown attribute).</summary>
    Refused,

    /// <summary>Not authentic, or not for this agent: dropped without a word.</summary>
    Dropped,
}

/// <summary>
/// The lite side of ICE (RFC 8445 section 2.5): answers checks, remembers the addresses that proved themselves, follows
/// the controlling peer's latest nomination, also across a restart. The checks double as consent (RFC 7675).
/// </summary>
internal sealed class IceLiteAgent
{
    /// <summary>Addresses of one peer: its interfaces × families × transports, with room for NAT rebinding.</summary>
    private const int MaxPaths = 16;

    /// <summary>Recent transactions kept to refuse replays from elsewhere: half a minute of a browser's checks.</summary>
    private const int MaxTransactions = 64;

    private readonly Path[] _paths = new Path[MaxPaths];
    private readonly Seen[] _transactions = new Seen[MaxTransactions];
    private int _pathCount;
    private int _nextTransaction;
    private IceCredentials _local;
    private IceCredentials _remote;
    private IceCredentials? _restartLocal;
    private IceCredentials? _restartRemote;

    public IceLiteAgent(IceCredentials local, IceCredentials remote)
    {
        _local = local;
        _remote = remote;
    }

    /// <summary>The credentials of the newest generation.</summary>
    public IceCredentials Local => _restartLocal ?? _local;

    public IceCredentials Remote => _restartRemote ?? _remote;

    /// <summary>Of the generation that a restart is about to replace, or null.</summary>
    public IceCredentials? Retiring => _restartLocal is null ? null : _local;

    public bool HasSelected { get; private set; }

    /// <summary>Where to send: the nominated address, before that the first one that proved itself.</summary>
    public TransportAddress Selected { get; private set; }

    public bool IsNominated { get; private set; }

    /// <summary>When a check last proved that the peer still wants this; <see cref="long.MinValue"/> before the first.</summary>
    public long LastHeardNs { get; private set; } = long.MinValue;

    /// <summary>Starts a new generation (RFC 8445 section 9); the old one serves until the new one is nominated.</summary>
    public void Restart(IceCredentials local, IceCredentials remote)
    {
        _restartLocal = local;
        _restartRemote = remote;
    }

    /// <summary>
    /// Takes a binding request; on anything but <see cref="IceOutcome.Dropped"/> the response stands in
    /// <paramref name="response"/> and goes to where the request came from.
    /// </summary>
    public IceOutcome Handle(long nowNs, in StunMessage request, in TransportAddress remote, Span<byte> response, out int responseLength)
    {
        responseLength = 0;
        bool isRestart = false;
        IceCredentials local = _local;
        if (!Names(request.Username, _local, _remote))
        {
            if (_restartLocal is null || !Names(request.Username, _restartLocal, _restartRemote!))
                return IceOutcome.Dropped;
            isRestart = true;
            local = _restartLocal;
        }

        if (request.Type != StunType.BindingRequest || !request.HasFingerprint || !request.HasIntegrity(local.PasswordBytes) || IsReplay(request, remote))
            return IceOutcome.Dropped;
        if (request.UnknownRequired != 0)
        {
            responseLength = WriteUnknown(request, local, response);
            return IceOutcome.Refused;
        }

        // Both controlled: the full agent has to lead (RFC 8445 section 7.3.1.1).
        if (!request.IsControlling)
        {
            var refusal = new StunWriter(response, StunType.BindingError, request.Transaction);
            refusal.AddError(487, "Role Conflict"u8);
            responseLength = refusal.Finish(local.PasswordBytes);
            return IceOutcome.Refused;
        }

        var writer = new StunWriter(response, StunType.BindingSuccess, request.Transaction);
        writer.AddMappedAddress(remote);
        responseLength = writer.Finish(local.PasswordBytes);
        LastHeardNs = nowNs;
        Remember(nowNs, remote);
        return Select(remote, request.UsesCandidate, isRestart) ? IceOutcome.Nominated : IceOutcome.Answered;
    }

    /// <summary>Says that something else authentic arrived from the peer (SRTP, DTLS).</summary>
    public void Heard(long nowNs) => LastHeardNs = Math.Max(LastHeardNs, nowNs);

    /// <summary>Whether an address has passed a check: only from such are DTLS and SRTP taken.</summary>
    public bool IsValidated(in TransportAddress remote)
    {
        for (int i = 0; i < _pathCount; i++)
        {
            if (_paths[i].Remote == remote)
                return true;
        }

        return false;
    }

    /// <summary>The address at <paramref name="index"/> of those that proved themselves, or null behind the last.</summary>
    public TransportAddress? PathAt(int index) => index < _pathCount ? _paths[index].Remote : null;

    private bool Select(in TransportAddress remote, bool nominates, bool isRestart)
    {
        if (nominates)
        {
            if (isRestart)
            {
                (_local, _remote) = (_restartLocal!, _restartRemote!);
                _restartLocal = _restartRemote = null;
            }

            bool changed = !IsNominated || Selected != remote;
            (HasSelected, IsNominated, Selected) = (true, true, remote);
            return changed;
        }

        if (!HasSelected)
            (HasSelected, Selected) = (true, remote);
        return false;
    }

    private void Remember(long nowNs, in TransportAddress remote)
    {
        int place = 0;
        for (int i = 0; i < _pathCount; i++)
        {
            if (_paths[i].Remote == remote)
            {
                _paths[i].HeardNs = nowNs;
                return;
            }

            if (_paths[i].HeardNs < _paths[place].HeardNs && _paths[i].Remote != Selected)
                place = i;
        }

        if (_pathCount < MaxPaths)
            place = _pathCount++;
        else if (_paths[place].Remote == Selected)
            place = (place + 1) % MaxPaths;
        _paths[place] = new Path { Remote = remote, HeardNs = nowNs };
    }

    /// <summary>
    /// A check's integrity does not cover its source address: one that was seen already must not be heard again from
    /// another address, else whoever copies it could draw the stream there.
    /// </summary>
    private bool IsReplay(in StunMessage request, in TransportAddress remote)
    {
        var id = new Seen
        {
            High = BinaryPrimitives.ReadUInt64BigEndian(request.Transaction),
            Low = BinaryPrimitives.ReadUInt32BigEndian(request.Transaction[8..]),
            Remote = remote,
        };
        foreach (ref readonly Seen seen in _transactions.AsSpan())
        {
            if (seen.High == id.High && seen.Low == id.Low && seen.Remote.Port != 0)
                return seen.Remote != remote;
        }

        _transactions[_nextTransaction] = id;
        _nextTransaction = (_nextTransaction + 1) % MaxTransactions;
        return false;
    }

    private static int WriteUnknown(in StunMessage request, IceCredentials local, Span<byte> response)
    {
        var writer = new StunWriter(response, StunType.BindingError, request.Transaction);
        writer.AddError(420, "Unknown Attribute"u8);
        Span<byte> unknown = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(unknown, request.UnknownRequired);
        writer.Add(StunAttribute.UnknownAttributes, unknown);
        return writer.Finish(local.PasswordBytes);
    }

    /// <summary>USERNAME is our fragment, a colon, the peer's (RFC 8445 section 7.2.2).</summary>
    private static bool Names(ReadOnlySpan<byte> username, IceCredentials local, IceCredentials remote) =>
        username.Length == local.UfragBytes.Length + 1 + remote.UfragBytes.Length
        && username.StartsWith(local.UfragBytes)
        && username[local.UfragBytes.Length] == (byte)':'
        && username.EndsWith(remote.UfragBytes);

    private struct Path
    {
        public TransportAddress Remote;
        public long HeardNs;
    }

    private struct Seen
    {
        public ulong High;
        public uint Low;
        public TransportAddress Remote;
    }
}
