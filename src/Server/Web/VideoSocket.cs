using System.Buffers.Binary;
using System.Net.WebSockets;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Server.Viewers;

namespace QemuZeroCopy.Server.Web;

/// <summary>
/// The picture over a WebSocket, for networks without UDP: each message is one access unit, which the page
/// decodes by WebCodecs. TCP queues behind a loss, so this is the second choice.
/// </summary>
internal static class VideoSocket
{
    /// <summary>u8 kind (1: key frame), u8 0, u16 width, u16 height, u16 0, u64 microseconds of the capture by the server's clock; then the access unit.</summary>
    private const int HeaderBytes = 16;

    /// <summary>Serves the viewer until it goes away.</summary>
    public static async Task RunAsync(WebSocket socket, ViewerHub hub, CancellationToken stop)
    {
        FrameTap tap = hub.OpenTap();
        byte[] message = new byte[64 * 1024];
        try
        {
            await PushSocket.RunAsync(socket, NextAsync, stop).ConfigureAwait(false);
        }
        finally
        {
            hub.CloseTap(tap);
        }

        async ValueTask<ReadOnlyMemory<byte>> NextAsync(CancellationToken over)
        {
            EncodedFrame frame = await tap.TakeAsync(over).ConfigureAwait(false);
            try
            {
                int length = Write(frame, ref message);
                return message.AsMemory(0, length);
            }
            finally
            {
                frame.Release();
            }
        }
    }

    private static int Write(EncodedFrame frame, ref byte[] message)
    {
        int length = HeaderBytes + frame.Length;
        if (message.Length < length)
            message = new byte[Math.Max(length, message.Length * 2)];
        message.AsSpan(0, HeaderBytes).Clear();
        message[0] = frame.IsKeyFrame ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(2), (ushort)frame.Size.Width);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(4), (ushort)frame.Size.Height);
        BinaryPrimitives.WriteInt64LittleEndian(message.AsSpan(8), frame.CaptureNs / 1000);
        frame.Data.CopyTo(message.AsSpan(HeaderBytes));
        return length;
    }
}
