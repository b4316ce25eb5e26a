using System.Net.WebSockets;

namespace QemuZeroCopy.Server.Web;

/// <summary>A WebSocket on which only the server has something to say.</summary>
internal static class PushSocket
{
    /// <summary>Sends each message that <paramref name="next"/> gives, until the page goes away or <paramref name="stop"/> is cancelled.</summary>
    public static async Task RunAsync(WebSocket socket, Func<CancellationToken, ValueTask<ReadOnlyMemory<byte>>> next, CancellationToken stop)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task listening = UntilClosedAsync(socket, over);
        try
        {
            while (true)
                await socket.SendAsync(await next(over.Token).ConfigureAwait(false), WebSocketMessageType.Binary, endOfMessage: true, over.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            socket.Abort();
        }
        finally
        {
            await listening.ConfigureAwait(false);
        }
    }

    /// <summary>The page has nothing to say here but goodbye.</summary>
    private static async Task UntilClosedAsync(WebSocket socket, CancellationTokenSource over)
    {
        byte[] nothing = new byte[16];
        try
        {
            await socket.ReceiveAsync(nothing.AsMemory(), over.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            // Gone without a word.
        }

        await over.CancelAsync().ConfigureAwait(false);
    }
}
