using System.Buffers.Binary;
using System.Net.WebSockets;

namespace QemuZeroCopy.Lab.Tests.Probe;

/// <summary>qzc's stream of one console over its WebSocket (src/Server/Web/VideoSocket.cs), a file for each picture size.</summary>
internal sealed class VideoStream(Uri address, string token, string prefix) : IAsyncDisposable
{
    private const int HeaderBytes = 16, LargestMessage = 8 << 20;
    private readonly ClientWebSocket _socket = new();
    private FileStream? _file;
    private (int Width, int Height) _size;
    private int _files;
    private long _units, _keys, _lastMs;
    private volatile bool _beginsFile;
    private Task _receiving = Task.CompletedTask;

    /// <summary>Access units received.</summary>
    public long Units => Volatile.Read(ref _units);

    /// <summary>Of them, the ones that are decodable on their own.</summary>
    public long Keys => Volatile.Read(ref _keys);

    /// <summary>The file that is written now.</summary>
    public string? Current { get; private set; }

    public async Task OpenAsync()
    {
        _socket.Options.SetRequestHeader("Authorization", $"Bearer {token}");
        await _socket.ConnectAsync(address, CancellationToken.None);
        _receiving = ReceiveAsync();
    }

    /// <summary>Waits until <paramref name="units"/> have come; false when that takes longer than <paramref name="patience"/>.</summary>
    public async Task<bool> ComesToAsync(long units, TimeSpan patience)
    {
        for (long end = Environment.TickCount64 + (long)patience.TotalMilliseconds; Units < units; await Task.Delay(50))
        {
            if (Environment.TickCount64 > end || _receiving.IsCompleted)
                return false;
        }

        return true;
    }

    /// <summary>Waits until nothing has come for <paramref name="silence"/>.</summary>
    public async Task<bool> RestsAsync(TimeSpan silence, TimeSpan patience)
    {
        Volatile.Write(ref _lastMs, Environment.TickCount64);
        for (long end = Environment.TickCount64 + (long)patience.TotalMilliseconds; Environment.TickCount64 - Volatile.Read(ref _lastMs) < silence.TotalMilliseconds; await Task.Delay(50))
        {
            if (Environment.TickCount64 > end)
                return false;
        }

        return true;
    }

    /// <summary>What comes from now on goes into another file.</summary>
    public void BeginFile() => _beginsFile = true;

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        await _receiving;
        _socket.Dispose();
        _file?.Dispose();
    }

    private async Task ReceiveAsync()
    {
        byte[] message = new byte[LargestMessage];
        try
        {
            while (true)
            {
                int length = 0;
                ValueWebSocketReceiveResult part;
                do
                {
                    part = await _socket.ReceiveAsync(message.AsMemory(length), CancellationToken.None);
                    length += part.Count;
                }
                while (!part.EndOfMessage);
                if (part.MessageType == WebSocketMessageType.Close || length < HeaderBytes)
                    return;
                Take(message.AsSpan(0, length));
            }
        }
        catch (Exception error) when (error is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // qzc has gone, or we have.
        }
    }

    private void Take(ReadOnlySpan<byte> message)
    {
        var size = (BinaryPrimitives.ReadUInt16LittleEndian(message[2..]), BinaryPrimitives.ReadUInt16LittleEndian(message[4..]));
        if (size != _size || _beginsFile)
        {
            _beginsFile = false;
            _file?.Dispose();
            _size = size;
            Current = $"{prefix}-{_files++}-{size.Item1}x{size.Item2}.h264";
            _file = File.Create(Current);
        }

        _file!.Write(message[HeaderBytes..]);
        _file.Flush();
        Volatile.Write(ref _lastMs, Environment.TickCount64);
        Interlocked.Add(ref _keys, message[0]);
        Interlocked.Increment(ref _units);
    }
}
