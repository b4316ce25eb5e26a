using System.Buffers.Binary;
using QemuZeroCopy.WebRtc.Sctp.Wire;

namespace QemuZeroCopy.WebRtc.Sctp;

/// <summary>What a reset request came to (RFC 6525 section 4.4).</summary>
internal enum ResetResult : uint
{
    NothingToDo = 0,
    Performed = 1,
    Denied = 2,
    WrongSequence = 5,
    InProgress = 6,
}

/// <summary>Request numbers of RFC 6525, and the one request of ours that may be under way.</summary>
internal sealed class StreamReset
{
    /// <summary>Streams in one request; more take their turn.</summary>
    public const int MaxStreams = 32;

    private readonly ushort[] _streams = new ushort[MaxStreams];
    private int _count;
    private uint _nextRequest;
    private uint _lastTsn;
    private uint _expected;

    /// <summary>Whether a request waits for its answer.</summary>
    public bool IsUnderWay => _count > 0;

    public ReadOnlySpan<ushort> Streams => _streams.AsSpan(0, _count);

    /// <summary>What the peer's last request was answered.</summary>
    public ResetResult LastResult { get; private set; }

    public void Reset(uint localInitialTsn, uint peerInitialTsn)
    {
        _nextRequest = localInitialTsn;
        _expected = peerInitialTsn;
        _count = 0;
        LastResult = ResetResult.NothingToDo;
    }

    /// <summary>Begins a request; the caller adds streams to it before it is written.</summary>
    public bool TryInclude(ushort stream)
    {
        if (_count == MaxStreams)
            return false;
        _streams[_count++] = stream;
        return true;
    }

    public void Seal(uint lastTsn) => _lastTsn = lastTsn;

    public int RequestBytes => 16 + (2 * _count);

    public void WriteRequest(Span<byte> value)
    {
        InitChunk.WriteParameterHeader(value, ParameterType.OutgoingResetRequest, RequestBytes);
        BinaryPrimitives.WriteUInt32BigEndian(value[4..], _nextRequest);
        BinaryPrimitives.WriteUInt32BigEndian(value[8..], _expected - 1);
        BinaryPrimitives.WriteUInt32BigEndian(value[12..], _lastTsn);
        for (int i = 0; i < _count; i++)
            BinaryPrimitives.WriteUInt16BigEndian(value[(16 + (2 * i))..], _streams[i]);
    }

    /// <summary>Whether an answer is to our request; the request is over unless the peer is still at it.</summary>
    public bool IsAnswer(uint request, ResetResult result) => IsUnderWay && request == _nextRequest && result != ResetResult.InProgress;

    public void Complete()
    {
        _count = 0;
        _nextRequest++;
    }

    /// <summary>Whether a request of the peer's is the next one; a repeated or wrong one is answered by <see cref="LastResult"/>.</summary>
    public bool IsNext(uint request)
    {
        if (request == _expected)
            return true;
        if (request != _expected - 1)
            LastResult = ResetResult.WrongSequence;
        return false;
    }

    public void Answered(ResetResult result)
    {
        LastResult = result;
        if (result != ResetResult.InProgress)
            _expected++;
    }
}
