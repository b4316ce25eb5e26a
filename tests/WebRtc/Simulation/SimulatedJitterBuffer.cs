namespace QemuZeroCopy.WebRtc.Tests.Simulation;

/// <summary>A frame as it was shown.</summary>
internal readonly record struct ShownFrame(int Number, long AtNs);

/// <summary>
/// Playout delay 0: a frame is shown as soon as it and everything before it is whole. Missing packets are asked for as
/// Chromium does: at once when a later one has come, then every 100 ms (it knows no round trip when it only receives).
/// </summary>
internal sealed class SimulatedJitterBuffer
{
    private const int Window = 8192;
    private const long AskAgainNs = 100_000_000;
    private const int MaxAsks = 10;
    private const long StuckNs = 600_000_000;

    private readonly Slot[] _slots = new Slot[Window];
    private readonly List<ushort> _asked = [];
    private long _next = -1;
    private long _highest = -1;
    private int _number = -1;
    private long _stuckSinceNs = long.MaxValue;
    private long _lastPictureLossNs = long.MinValue;

    public List<ShownFrame> Shown { get; } = [];

    public long Received { get; private set; }

    public long Repeated { get; private set; }

    public int KeyFramesAskedFor { get; private set; }

    public void Add(long nowNs, ushort low, bool isMarked, ReadOnlySpan<byte> payload, bool isRepeated)
    {
        long sequence = _highest < 0 ? low : _highest + (short)(ushort)(low - (ushort)_highest);
        if (_next < 0)
            _next = sequence;
        Received++;
        Repeated += isRepeated ? 1 : 0;
        if (sequence < _next || sequence >= _next + Window)
            return;
        _highest = Math.Max(_highest, sequence);
        ref Slot slot = ref _slots[sequence % Window];
        if (slot.Sequence == sequence && slot.IsHere)
            return;
        slot = new Slot { Sequence = sequence, IsHere = true, IsMarked = isMarked, Number = NumberOf(payload), IsKey = IsKeyStart(payload) };
        if (slot.IsKey && _stuckSinceNs != long.MaxValue && nowNs - _stuckSinceNs > StuckNs)
            SkipTo(sequence);
        Show(nowNs);
    }

    public IEnumerable<ushort> ToAskFor(long nowNs, bool newOnly)
    {
        _asked.Clear();
        for (long sequence = Math.Max(_next, _highest - 1000); sequence < _highest; sequence++)
        {
            ref Slot slot = ref _slots[sequence % Window];
            if (slot.Sequence != sequence)
                slot = new Slot { Sequence = sequence, AskedNs = long.MinValue };
            if (slot.IsHere || slot.Asks >= MaxAsks || (slot.Asks > 0 && (newOnly || nowNs - slot.AskedNs < AskAgainNs)))
                continue;
            slot.Asks++;
            slot.AskedNs = nowNs;
            _asked.Add((ushort)sequence);
        }

        return _asked;
    }

    public bool WantsKeyFrame(long nowNs)
    {
        if (_stuckSinceNs == long.MaxValue || nowNs - _stuckSinceNs < StuckNs || nowNs - _lastPictureLossNs < 300_000_000)
            return false;
        _lastPictureLossNs = nowNs;
        KeyFramesAskedFor++;
        return true;
    }

    private void Show(long nowNs)
    {
        while (_slots[_next % Window] is { IsHere: true } slot && slot.Sequence == _next)
        {
            if (slot.Number >= 0)
                _number = slot.Number;
            if (slot.IsMarked && _number >= 0)
                Shown.Add(new ShownFrame(_number, nowNs));
            _next++;
        }

        _stuckSinceNs = _next > _highest ? long.MaxValue : Math.Min(_stuckSinceNs, nowNs);
        if (Shown.Count > 0 && Shown[^1].AtNs == nowNs && _next <= _highest)
            _stuckSinceNs = nowNs;
    }

    private void SkipTo(long sequence)
    {
        _next = sequence;
        _stuckSinceNs = long.MaxValue;
    }

    /// <summary>The model encoder writes the frame's number behind the NAL unit's header, seven bits a byte.</summary>
    private static int NumberOf(ReadOnlySpan<byte> payload)
    {
        int at = (payload[0] & 0x1F) == 28 ? 2 : 1;
        if (payload.Length < at + 4 || (at == 2 && (payload[1] & 0x80) == 0))
            return -1;
        return ((payload[at] & 0x7F) << 21) | ((payload[at + 1] & 0x7F) << 14) | ((payload[at + 2] & 0x7F) << 7) | (payload[at + 3] & 0x7F);
    }

    private static bool IsKeyStart(ReadOnlySpan<byte> payload) =>
        (payload[0] & 0x1F) == 28 ? (payload[1] & 0x9F) == 0x85 : (payload[0] & 0x1F) == 5;

    private struct Slot
    {
        public long Sequence;
        public bool IsHere;
        public bool IsMarked;
        public bool IsKey;
        public int Number;
        public int Asks;
        public long AskedNs;
    }
}
