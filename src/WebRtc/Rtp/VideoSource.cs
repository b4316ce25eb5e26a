namespace QemuZeroCopy.WebRtc.Rtp;

/// <summary>
/// The packetized frames of one encode, shared by all its viewers: a ring of frames over one ring of bytes, which is
/// the bound on what may be repeated (RFC 4588) and on memory. Belongs to the network thread.
/// </summary>
public sealed class VideoSource
{
    /// <summary>0.6 seconds at 56 Mbit/s: what is older is not repeated (<see cref="VideoSender"/>). All of it is resident, as the ring goes round.</summary>
    public const int DefaultCapacityBytes = 4 * 1024 * 1024;

    /// <summary>The largest access unit taken, in bytes.</summary>
    public const int MaxAccessUnitBytes = 32 * 1024 * 1024;

    /// <summary>Two seconds at 120 frames per second.</summary>
    private const int MaxFrames = 256;

    private readonly VideoFrame[] _frames = new VideoFrame[MaxFrames];
    private readonly int _maxPayloadBytes;
    private byte[] _memory;
    private long _nextGeneration = 1;
    private long _oldestGeneration = 1;
    private int _nextStart;

    /// <summary>A source without frames.</summary>
    /// <param name="codec">What the access units are.</param>
    /// <param name="maxPayloadBytes">Bound on one packet's payload: <see cref="EndpointOptions.MaxVideoPayloadBytes"/>.</param>
    /// <param name="capacityBytes">Bytes of history; grows only where one access unit alone needs more than half.</param>
    public VideoSource(VideoCodecKind codec, int maxPayloadBytes, int capacityBytes = DefaultCapacityBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxPayloadBytes, 256);
        ArgumentOutOfRangeException.ThrowIfLessThan(capacityBytes, 64 * 1024);
        Codec = codec;
        _maxPayloadBytes = maxPayloadBytes;
        _memory = GC.AllocateUninitializedArray<byte>(capacityBytes, pinned: true);
        for (int i = 0; i < MaxFrames; i++)
            _frames[i] = new VideoFrame(this);
    }

    /// <summary>What the access units are.</summary>
    public VideoCodecKind Codec { get; }

    /// <summary>
    /// Cuts one access unit into packets. The memory given is free when this returns. The frame stays valid until the
    /// ring comes round.
    /// </summary>
    /// <param name="accessUnit">Annex B for H.264 and H.265, a temporal unit of OBUs with sizes for AV1.</param>
    /// <param name="captureNs">When the picture was taken; must grow from frame to frame.</param>
    /// <param name="isEntryPoint">Whether decoding can begin here (a key frame with its parameter sets).</param>
    /// <exception cref="ArgumentOutOfRangeException">The access unit is larger than <see cref="MaxAccessUnitBytes"/>.</exception>
    public VideoFrame Write(ReadOnlySpan<byte> accessUnit, long captureNs, bool isEntryPoint)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(accessUnit.Length, MaxAccessUnitBytes, nameof(accessUnit));
        // Start codes and size fields give way to shorter headers; only fragments add 2 or 3 bytes each, of which a
        // NAL unit above the payload size has at most twice its quotient.
        int bound = accessUnit.Length + (accessUnit.Length / (_maxPayloadBytes / 8)) + 64;
        VideoFrame frame = Claim(bound, captureNs, isEntryPoint);
        switch (Codec)
        {
            case VideoCodecKind.H264:
                H264Packetizer.Packetize(accessUnit, _maxPayloadBytes, frame);
                break;
            case VideoCodecKind.H265:
                H265Packetizer.Packetize(accessUnit, _maxPayloadBytes, frame);
                break;
            default:
                Av1Packetizer.Packetize(accessUnit, _maxPayloadBytes, isEntryPoint, frame);
                break;
        }

        _nextStart = frame.RegionStart + frame.PayloadBytes;
        return frame;
    }

    internal Span<byte> Memory(int start, int length) => _memory.AsSpan(start, length);

    private VideoFrame Claim(int bytes, long captureNs, bool isEntryPoint)
    {
        if (bytes > _memory.Length / 2)
            Grow(bytes);
        int start = _nextStart;
        if (start + bytes > _memory.Length)
        {
            // The rest of the memory is too short for it: what lies there is older than what lies at the front.
            WithdrawUpTo(_memory.Length, from: start);
            start = 0;
        }

        WithdrawUpTo(start + bytes, from: start);
        long generation = _nextGeneration++;
        if (generation - _oldestGeneration >= MaxFrames)
            _oldestGeneration = generation - MaxFrames + 1;
        VideoFrame frame = _frames[generation % MaxFrames];
        frame.Begin(generation, captureNs, isEntryPoint, start, start + bytes);
        return frame;
    }

    /// <summary>Withdraws the oldest frames for as long as they lie in the bytes to be overwritten.</summary>
    private void WithdrawUpTo(int end, int from)
    {
        while (_oldestGeneration < _nextGeneration)
        {
            VideoFrame oldest = _frames[_oldestGeneration % MaxFrames];
            if (oldest.RegionStart + oldest.PayloadBytes <= from || oldest.RegionStart >= end)
                return;
            oldest.Withdraw();
            _oldestGeneration++;
        }
    }

    private void Grow(int bytes)
    {
        foreach (VideoFrame frame in _frames)
            frame.Withdraw();
        _oldestGeneration = _nextGeneration;
        _nextStart = 0;
        _memory = GC.AllocateUninitializedArray<byte>((int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)bytes * 2), pinned: true);
    }
}
