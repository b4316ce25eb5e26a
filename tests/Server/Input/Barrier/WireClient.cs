using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using QemuZeroCopy.Server.Input.Barrier;

namespace QemuZeroCopy.Server.Tests.Input.Barrier;

/// <summary>A client on a real socket that says what a test wants, right or wrong.</summary>
internal sealed class WireClient(Stream stream) : IAsyncDisposable
{
    /// <summary>Opens a connection, and says nothing yet.</summary>
    public static async Task<WireClient> OpenAsync(BarrierServer server)
    {
        var socket = new Socket(server.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.EndPoint, TestContext.Current.CancellationToken);
        return new WireClient(new NetworkStream(socket, ownsSocket: true));
    }

    /// <summary>A client past its greeting, which the server counts as connected.</summary>
    public static async Task<WireClient> ConnectAsync(BarrierServer server, string name)
    {
        WireClient client = await OpenAsync(server);
        await client.SayAsync(SessionPeer.Hello(name));
        await client.CodeAsync("QINF");
        await client.SayAsync(SessionPeer.Info(0, 0, 800, 600));
        await client.CodeAsync("DSOP");
        await client.SayAsync(SessionPeer.Message("CNOP"));
        await Eventually.TrueAsync(() => server.Roster.Find(name) is { IsConnected: true } sink && sink.Capabilities.HasFlag(Server.Input.InputCapabilities.Clipboard), () => $"{name} is not connected");
        return client;
    }

    public async Task SayAsync(byte[] bytes) => await stream.WriteAsync(bytes, TestContext.Current.CancellationToken);

    /// <summary>Reads until this code comes, and returns it; "" when the server hangs up before.</summary>
    public async Task<string> CodeAsync(string wanted)
    {
        byte[] header = new byte[4];
        try
        {
            while (true)
            {
                await stream.ReadExactlyAsync(header, TestContext.Current.CancellationToken);
                byte[] body = new byte[BinaryPrimitives.ReadInt32BigEndian(header)];
                await stream.ReadExactlyAsync(body, TestContext.Current.CancellationToken);
                string code = Encoding.ASCII.GetString(body, 0, Math.Min(4, body.Length));
                if (code == wanted)
                    return code;
            }
        }
        catch (Exception e) when (e is IOException or EndOfStreamException)
        {
            return "";
        }
    }

    public ValueTask DisposeAsync() => stream.DisposeAsync();
}
