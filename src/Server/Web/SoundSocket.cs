using System.Net.WebSockets;
using QemuZeroCopy.Server.Viewers;

namespace QemuZeroCopy.Server.Web;

/// <summary>The sound over a WebSocket, for networks without UDP: each message is one Opus packet of 5 or 10 ms, stereo at 48 kHz.</summary>
internal static class SoundSocket
{
    public const string Path = "/sound";

    /// <summary>Serves the listener until it goes away.</summary>
    public static async Task RunAsync(WebSocket socket, SoundHub hub, CancellationToken stop)
    {
        SoundTap tap = hub.OpenTap();
        byte[] packet = new byte[SoundHub.MaxPacketBytes];
        try
        {
            await PushSocket.RunAsync(socket, async over => packet.AsMemory(0, await tap.TakeAsync(packet, over).ConfigureAwait(false)), stop).ConfigureAwait(false);
        }
        finally
        {
            hub.CloseTap(tap);
        }
    }
}
