namespace QemuZeroCopy.Server.Viewers;

/// <summary>A listener that takes Opus packets over a WebSocket. One that is slow loses the oldest and holds nobody up.</summary>
internal sealed class SoundTap : IDisposable
{
    /// <summary>320 ms of the shortest packets: what a path without loss holds back on a bad day. More would only be heard later.</summary>
    public const int Capacity = 64;

    private readonly Lock _gate = new();
    private readonly byte[] _payloads = new byte[Capacity * SoundHub.MaxPacketBytes];
    private readonly int[] _lengths = new int[Capacity];
    private readonly SemaphoreSlim _ready = new(0);
    private int _first;
    private int _count;
    private bool _closed;

    /// <summary>Audio thread: takes a copy of a packet of up to <see cref="SoundHub.MaxPacketBytes"/>.</summary>
    public void Offer(ReadOnlySpan<byte> opus)
    {
        lock (_gate)
        {
            if (_closed)
                return;
            bool isFull = _count == Capacity;
            if (isFull)
            {
                _first = (_first + 1) % Capacity;
                _count--;
            }

            int place = (_first + _count++) % Capacity;
            opus.CopyTo(_payloads.AsSpan(place * SoundHub.MaxPacketBytes));
            _lengths[place] = opus.Length;
            if (!isFull)
                _ready.Release();
        }
    }

    /// <summary>Waits for the next packet; its length, once it has been copied to <paramref name="packet"/>.</summary>
    public async ValueTask<int> TakeAsync(Memory<byte> packet, CancellationToken stop)
    {
        await _ready.WaitAsync(stop).ConfigureAwait(false);
        lock (_gate)
        {
            int length = _lengths[_first];
            _payloads.AsSpan(_first * SoundHub.MaxPacketBytes, length).CopyTo(packet.Span);
            _first = (_first + 1) % Capacity;
            _count--;
            return length;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _closed = true;
            _ready.Dispose();
        }
    }
}
