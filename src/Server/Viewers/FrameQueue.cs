using System.Diagnostics.CodeAnalysis;
using QemuZeroCopy.Pipeline.Encode;

namespace QemuZeroCopy.Server.Viewers;

/// <summary>From one encode thread to the network thread. Holds references; bounded; allocates nothing.</summary>
internal sealed class FrameQueue
{
    /// <summary>
    /// The network thread takes frames within microseconds, so more than one waits only while it is busy with a
    /// burst: 8 frames are 130 ms at 60 fps, after which a key frame costs less than catching up.
    /// </summary>
    public const int Capacity = 8;

    private readonly Lock _gate = new();
    private readonly EncodedFrame?[] _frames = new EncodedFrame?[Capacity];
    private int _first;
    private int _count;

    /// <summary>Takes over the caller's reference; false (and the reference stays) when there is no room.</summary>
    public bool TryAdd(EncodedFrame frame)
    {
        lock (_gate)
        {
            if (_count == Capacity)
                return false;
            _frames[(_first + _count++) % Capacity] = frame;
            return true;
        }
    }

    /// <summary>Hands over the oldest frame with its reference.</summary>
    public bool TryTake([NotNullWhen(true)] out EncodedFrame? frame)
    {
        lock (_gate)
        {
            frame = _count == 0 ? null : _frames[_first];
            if (frame is null)
                return false;
            _frames[_first] = null;
            _first = (_first + 1) % Capacity;
            _count--;
            return true;
        }
    }
}
