using System.Buffers.Binary;

namespace QemuZeroCopy.WebRtc.Rtcp;

/// <summary>
/// Reads transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1): for a run of
/// sequence numbers, whether each arrived and when, in steps of 250 µs on the receiver's clock.
/// </summary>
internal ref struct TransportFeedbackReader
{
    /// <summary>A feedback packet of browsers spans 50 to 100 ms; more than this is nonsense, and is not walked.</summary>
    public const int MaxPackets = 4096;

    private const int HeaderBytes = 16;
    private const long TickNs = 250_000;
    private const long ReferenceTickNs = 64_000_000;

    private readonly ReadOnlySpan<byte> _body;
    private int _chunkAt;
    private int _deltaAt;
    private int _left;
    private int _chunkLeft;
    private ushort _chunk;
    private int _chunkSymbols;
    private ushort _sequence;
    private long _timeNs;

    private TransportFeedbackReader(ReadOnlySpan<byte> body)
    {
        _body = body;
        _sequence = BaseSequence = BinaryPrimitives.ReadUInt16BigEndian(body[8..]);
        _left = PacketCount = BinaryPrimitives.ReadUInt16BigEndian(body[10..]);
        ReferenceTime = (body[12] << 16) | (body[13] << 8) | body[14];
        FeedbackCount = body[15];
        _chunkAt = HeaderBytes;
    }

    public ushort BaseSequence { get; }

    public int PacketCount { get; }

    /// <summary>24 bits, in units of 64 ms.</summary>
    public int ReferenceTime { get; }

    public byte FeedbackCount { get; }

    /// <summary>
    /// Reads the fixed part and finds where the deltas begin; <paramref name="body"/> starts with the sender's SSRC.
    /// False where it is malformed.
    /// </summary>
    public static bool TryCreate(ReadOnlySpan<byte> body, out TransportFeedbackReader reader)
    {
        reader = default;
        if (body.Length < HeaderBytes)
            return false;
        var candidate = new TransportFeedbackReader(body);
        if (candidate.PacketCount is 0 or > MaxPackets)
            return false;
        int at = HeaderBytes;
        for (int covered = 0; covered < candidate.PacketCount; at += 2)
        {
            if (at + 2 > body.Length)
                return false;
            int symbols = SymbolsOf(BinaryPrimitives.ReadUInt16BigEndian(body[at..]));
            if (symbols == 0)
                return false;
            covered += symbols;
        }

        candidate._deltaAt = at;
        reader = candidate;
        return true;
    }

    /// <summary>Sets the origin of times: the reference time, widened by the caller.</summary>
    public void SetReference(long widenedReference) => _timeNs = widenedReference * ReferenceTickNs;

    /// <summary>The next packet reported on; false behind the last one, or where the deltas end early.</summary>
    public bool TryRead(out ushort sequence, out bool received, out long receivedNs)
    {
        sequence = _sequence;
        received = false;
        receivedNs = 0;
        if (_left == 0)
            return false;
        if (_chunkLeft == 0)
        {
            _chunk = BinaryPrimitives.ReadUInt16BigEndian(_body[_chunkAt..]);
            _chunkAt += 2;
            _chunkLeft = _chunkSymbols = SymbolsOf(_chunk);
        }

        int symbol = SymbolAt(_chunk, _chunkSymbols - _chunkLeft);
        if (symbol is 1 or 2)
        {
            if (_deltaAt + symbol > _body.Length)
            {
                _left = 0;
                return false;
            }

            int delta = symbol == 1 ? _body[_deltaAt] : BinaryPrimitives.ReadInt16BigEndian(_body[_deltaAt..]);
            _deltaAt += symbol;
            _timeNs += delta * TickNs;
            received = true;
            receivedNs = _timeNs;
        }

        _left--;
        _chunkLeft--;
        _sequence++;
        return true;
    }

    /// <summary>Run length of 13 bits, or a vector of 14 one-bit or 7 two-bit symbols.</summary>
    private static int SymbolsOf(ushort chunk) =>
        (chunk & 0x8000) == 0 ? chunk & 0x1FFF : (chunk & 0x4000) == 0 ? 14 : 7;

    private static int SymbolAt(ushort chunk, int index) =>
        (chunk & 0x8000) == 0 ? (chunk >> 13) & 3
        : (chunk & 0x4000) == 0 ? (chunk >> (13 - index)) & 1
        : (chunk >> (12 - (2 * index))) & 3;
}
