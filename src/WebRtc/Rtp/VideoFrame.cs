namespace QemuZeroCopy.WebRtc.Rtp;

/// <summary>
/// One access unit cut into RTP payloads, written once by a <see cref="VideoSource"/> and read by all viewers. The
/// object and its memory are reused when the source's ring comes round; <see cref="Generation"/> then differs.
/// </summary>
public sealed class VideoFrame
{
    private readonly VideoSource _source;
    private int[] _ends = new int[64];
    private int _start;
    private int _limit;

    internal VideoFrame(VideoSource source) => _source = source;

    /// <summary>What the payloads carry.</summary>
    public VideoCodecKind Codec => _source.Codec;

    /// <summary>When the picture was taken, in ns of the host's monotonic clock.</summary>
    public long CaptureNs { get; private set; }

    /// <summary>Whether a viewer can begin to decode here.</summary>
    public bool IsEntryPoint { get; private set; }

    /// <summary>RTP packets that the access unit came to.</summary>
    public int PacketCount { get; private set; }

    /// <summary>Payload bytes of all packets.</summary>
    public int PayloadBytes { get; private set; }

    /// <summary>Counts the frames of the source; changes when this object is reused. 0: withdrawn.</summary>
    internal long Generation { get; private set; }

    /// <summary>The n-th packet's payload.</summary>
    internal ReadOnlySpan<byte> Payload(int packet)
    {
        int start = packet == 0 ? _start : _ends[packet - 1];
        return _source.Memory(start, _ends[packet] - start);
    }

    /// <summary>The n-th packet's payload size.</summary>
    internal int PayloadLength(int packet) => _ends[packet] - (packet == 0 ? _start : _ends[packet - 1]);

    internal int RegionStart => _start;

    internal int RegionEnd => _limit;

    internal void Begin(long generation, long captureNs, bool isEntryPoint, int start, int limit)
    {
        Generation = generation;
        CaptureNs = captureNs;
        IsEntryPoint = isEntryPoint;
        PacketCount = 0;
        PayloadBytes = 0;
        _start = start;
        _limit = limit;
    }

    internal void Withdraw() => Generation = 0;

    /// <summary>Room for one packet behind those that stand.</summary>
    internal Span<byte> Reserve(int bytes)
    {
        int at = _start + PayloadBytes;
        // The source derived the region from the access unit; a payload format that overruns it is a bug.
        return at + bytes <= _limit ? _source.Memory(at, bytes) : throw new InvalidOperationException("A payload format wrote more than its bound.");
    }

    /// <summary>Ends the packet that was written into <see cref="Reserve"/>.</summary>
    internal void Commit(int bytes)
    {
        if (PacketCount == _ends.Length)
            Array.Resize(ref _ends, _ends.Length * 2);
        PayloadBytes += bytes;
        _ends[PacketCount++] = _start + PayloadBytes;
    }
}
