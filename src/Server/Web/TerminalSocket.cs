using System.Buffers.Binary;
using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using QemuZeroCopy.Server.Terminals;

namespace QemuZeroCopy.Server.Web;

/// <summary>
/// One terminal of one page. Out go bytes as they are; in come messages of one kind byte: 0 and typed bytes, 1 and how
/// many bytes (u32) have been shown, 2 for a break. No more than a window of bytes is on its way unshown.
/// </summary>
internal static class TerminalSocket
{
    public const string Path = "/terminal";

    private const byte TypedKind = 0, ShownKind = 1, BreakKind = 2;
    private const int MaxMessageBytes = 4096 + 1;
    private const int BlockBytes = 16 * 1024;

    /// <summary>What a page draws in some tens of milliseconds.</summary>
    private const long WindowBytes = 4 * BlockBytes;

    /// <summary>Serves the page until it goes away. What it types goes to the guest while <paramref name="mayType"/> says so.</summary>
    public static async Task RunAsync(WebSocket socket, GuestTerminal terminal, Func<bool> mayType, CancellationToken stop)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var window = new ShownWindow();
        Task showing = ShowAsync(socket, terminal, window, over.Token);
        try
        {
            await ListenAsync(socket, terminal, window, mayType, over.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // The page went away without a word, or we are stopping.
        }
        finally
        {
            await over.CancelAsync().ConfigureAwait(false);
            await showing.ConfigureAwait(false);
        }
    }

    private static async Task ListenAsync(WebSocket socket, GuestTerminal terminal, ShownWindow window, Func<bool> mayType, CancellationToken stop)
    {
        byte[] buffer = new byte[MaxMessageBytes];
        while (true)
        {
            ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(), stop).ConfigureAwait(false);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, stop).ConfigureAwait(false);
                return;
            }

            Memory<byte> message = buffer.AsMemory(0, received.Count);
            if (!received.EndOfMessage || received.MessageType != WebSocketMessageType.Binary || message.IsEmpty || !await TakeAsync(message, terminal, window, mayType, stop).ConfigureAwait(false))
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.PolicyViolation, "typing of up to 4096 bytes only", stop).ConfigureAwait(false);
                return;
            }
        }
    }

    private static async ValueTask<bool> TakeAsync(Memory<byte> message, GuestTerminal terminal, ShownWindow window, Func<bool> mayType, CancellationToken stop)
    {
        switch (message.Span[0])
        {
            case TypedKind:
                if (mayType())
                    await terminal.WriteAsync(message[1..], stop).ConfigureAwait(false);
                return true;
            case ShownKind when message.Length == 5:
                window.Shown(BinaryPrimitives.ReadUInt32LittleEndian(message.Span[1..]));
                return true;
            case BreakKind when message.Length == 1:
                if (mayType())
                    terminal.SendBreak();
                return true;
            default:
                return false;
        }
    }

    private static async Task ShowAsync(WebSocket socket, GuestTerminal terminal, ShownWindow window, CancellationToken stop)
    {
        using TerminalTap tap = terminal.OpenTap();
        byte[] block = new byte[BlockBytes];
        try
        {
            while (true)
            {
                await window.WaitAsync(WindowBytes, stop).ConfigureAwait(false);
                (int count, long lost) = await tap.ReadAsync(block, stop).ConfigureAwait(false);
                if (lost > 0)
                {
                    // Attributes are set back first: whatever set them may be among what was lost.
                    byte[] notice = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"\e[0m\r\n\e[7m {lost} bytes went by too fast to be shown \e[0m\r\n"));
                    await SendAsync(notice).ConfigureAwait(false);
                }

                if (count > 0)
                    await SendAsync(block.AsMemory(0, count)).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            if (socket.State != WebSocketState.CloseSent)
                socket.Abort();
        }

        ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
        {
            window.Sent(bytes.Length);
            return socket.SendAsync(bytes, WebSocketMessageType.Binary, endOfMessage: true, stop);
        }
    }

    /// <summary>Bytes that were sent and not yet shown.</summary>
    private sealed class ShownWindow : IDisposable
    {
        private readonly SemaphoreSlim _moved = new(0, 1);
        private readonly Lock _gate = new();
        private long _unshown;

        public void Sent(int bytes) => Interlocked.Add(ref _unshown, bytes);

        /// <summary>A page that claims more than it was sent has seen all.</summary>
        public void Shown(uint bytes)
        {
            lock (_gate)
            {
                _unshown = Math.Max(0, _unshown - bytes);
                if (_moved.CurrentCount == 0)
                    _moved.Release();
            }
        }

        public async ValueTask WaitAsync(long limit, CancellationToken stop)
        {
            while (Volatile.Read(ref _unshown) >= limit)
                await _moved.WaitAsync(stop).ConfigureAwait(false);
        }

        public void Dispose() => _moved.Dispose();
    }
}
