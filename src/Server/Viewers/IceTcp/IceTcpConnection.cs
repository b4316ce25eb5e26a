using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.WebRtc;
using QemuZeroCopy.WebRtc.Ice;

namespace QemuZeroCopy.Server.Viewers.IceTcp;

/// <summary>One TCP connection of a browser: packets in by RFC 4571, stream bytes out. Never blocks, and queues one send at most.</summary>
internal sealed class IceTcpConnection(TcpStreamSocket socket, TransportAddress remote, long acceptedNs) : IDisposable
{
    /// <summary>Reads in one turn: some 16 kB, so that no connection keeps the others waiting.</summary>
    private const int MaxReadsPerTurn = 4;

    private readonly StreamDeframer _deframer = new();
    private byte[]? _unsent;
    private int _unsentStart;
    private int _unsentEnd;
    private int _reads;

    public TransportAddress Remote { get; } = remote;

    public long AcceptedNs { get; } = acceptedNs;

    /// <summary>Whether a connectivity check that came over it was authentic.</summary>
    public bool IsProven { get; set; }

    /// <summary>Whether it has ended, or has to.</summary>
    public bool IsOver { get; private set; }

    /// <summary>Whether bytes wait for the path: nothing more is taken until they have left.</summary>
    public bool IsBackedUp => _unsentEnd > _unsentStart;

    /// <summary>Where it stands among the entries to poll.</summary>
    public int Entry { get; set; }

    public int BorrowFd => socket.BorrowFd;

    /// <summary>Takes stream bytes whole: what the kernel has no room for is kept. False where it took none.</summary>
    public bool TrySend(ReadOnlySpan<byte> data)
    {
        if (IsOver || IsBackedUp)
            return false;
        int sent = socket.Send(data);
        if (sent == TcpStreamSocket.Ended)
        {
            IsOver = true;
            return false;
        }

        if (sent < data.Length)
        {
            _unsent ??= new byte[Transmit.BufferBytes];
            (_unsentStart, _unsentEnd) = (0, data.Length - sent);
            data[sent..].CopyTo(_unsent);
        }

        return true;
    }

    /// <summary>Sends on what was kept.</summary>
    public void Flush()
    {
        while (IsBackedUp && !IsOver)
        {
            int sent = socket.Send(_unsent.AsSpan(_unsentStart.._unsentEnd));
            if (sent == TcpStreamSocket.Ended)
                IsOver = true;
            if (sent <= 0)
                return;
            _unsentStart += sent;
        }
    }

    /// <summary>Starts a turn of <see cref="TryReceive"/>.</summary>
    public void BeginTurn() => _reads = 0;

    /// <summary>The next packet, to be used before the next call; false where there is none now.</summary>
    public bool TryReceive(out Span<byte> packet)
    {
        while (!_deframer.TryRead(out packet))
        {
            if (_deframer.IsMalformed)
                IsOver = true;
            if (IsOver || _reads++ == MaxReadsPerTurn)
                return false;
            int count = socket.Receive(_deframer.Space.Span);
            if (count == TcpStreamSocket.Ended)
                IsOver = true;
            if (count <= 0)
                return false;
            _deframer.Advance(count);
        }

        return true;
    }

    public void Dispose() => socket.Dispose();
}
