using System.Net.Sockets;

namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>Connecting to a Unix socket that QEMU serves: it is in the file system a moment before QEMU listens on it.</summary>
internal static class QemuSocket
{
    public static Task ConnectAsync(Socket socket, string path) => Eventually.IsTrueAsync($"QEMU listening on {path}", async () =>
    {
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return false;
        }
    });
}
