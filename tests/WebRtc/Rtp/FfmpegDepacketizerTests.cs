using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using QemuZeroCopy.WebRtc.Rtp;
using QemuZeroCopy.WebRtc.Tests.Browser;

namespace QemuZeroCopy.WebRtc.Tests.Rtp;

/// <summary>ffmpeg's own RTP receiver as the judge: what it puts together must decode to the very pictures we packetized.</summary>
public class FfmpegDepacketizerTests
{
    private const int Frames = 25;

    /// <summary>The receiver ends a picture at the next one's timestamp, and keeps some back: more are sent than it looks at.</summary>
    private const int SentFrames = 60;

    private const string Picture = "testsrc2=size=640x360:rate=25,format=yuv420p";

    [Theory]
    [InlineData(VideoCodecKind.H264, "H264/90000", "packetization-mode=1")]
    [InlineData(VideoCodecKind.H265, "H265/90000", "")]
    public async Task Ffmpeg_decodes_the_same_pictures(VideoCodecKind codec, string map, string parameters)
    {
        (string encoder, string format) = codec == VideoCodecKind.H264
            ? ("-c:v libx264 -preset ultrafast -tune zerolatency -g 1000 -x264-params aud=1:repeat-headers=1:slices=3", "h264")
            : ("-c:v libx265 -preset ultrafast -tune zerolatency -x265-params log-level=none:repeat-headers=1:aud=1:slices=1:keyint=1000", "hevc");
        string folder = Directory.CreateTempSubdirectory("qzc-rtp").FullName;
        string stream = Path.Combine(folder, "pictures");
        await RunAsync($"-v error -f lavfi -i \"{Picture}\" -frames:v {SentFrames} {encoder} -f {format} {stream}");
        string expected = await RunAsync($"-v error -f {format} -i {stream} -frames:v {Frames} -f framemd5 -");
        List<byte[]> units = TestPictures.SplitAtDelimiters(File.ReadAllBytes(stream), codec == VideoCodecKind.H264 ? [0, 0, 0, 1, 9] : [0, 0, 0, 1, 0x46]);
        Assert.Equal(SentFrames, units.Count);

        int port = FreePort();
        string sdp = Path.Combine(folder, "stream.sdp");
        File.WriteAllText(sdp, $"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\na=rtpmap:96 {map}\n{(parameters.Length > 0 ? $"a=fmtp:96 {parameters}\n" : "")}");
        Task<string> receiver = RunAsync($"-v error -protocol_whitelist file,rtp,udp -analyzeduration 100000 -probesize 64000 -i {sdp} -frames:v {Frames} -fps_mode passthrough -f framemd5 -");
        await WaitForListenerAsync(port);
        await SendAsync(codec, units, port);
        string actual = await receiver;
        Directory.Delete(folder, recursive: true);
        Assert.Equal(Hashes(expected), Hashes(actual));
    }

    private static async Task SendAsync(VideoCodecKind codec, List<byte[]> units, int port)
    {
        using var socket = new UdpClient();
        socket.Connect(IPAddress.Loopback, port);
        var source = new VideoSource(codec, 1142);
        byte[] packet = new byte[1500];
        ushort sequence = 0;
        for (int i = 0; i < units.Count; i++)
        {
            VideoFrame frame = source.Write(units[i], i, i == 0);
            for (int n = 0; n < frame.PacketCount; n++)
            {
                RtpHeader.Write(packet, 96, n == frame.PacketCount - 1, sequence++, (uint)(i * 3600), 7, hasExtension: false);
                frame.Payload(n).CopyTo(packet.AsSpan(12));
                try
                {
                    await socket.SendAsync(packet.AsMemory(0, 12 + frame.PayloadLength(n)), TestContext.Current.CancellationToken);
                }
                catch (SocketException)
                {
                    // It has seen enough and is gone.
                    return;
                }

                if (n % 8 == 7)
                    await Task.Delay(1, TestContext.Current.CancellationToken);
            }

            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    private static string[] Hashes(string framemd5) =>
        [.. framemd5.Split('\n').Where(l => l.Length > 0 && l[0] != '#').Select(l => l.Split(',')[^1].Trim())];

    private static int FreePort()
    {
        // RTP wants an even port and takes the odd one behind it for RTCP.
        for (int port = 20_000 + (2 * Random.Shared.Next(5000)); ; port += 2)
        {
            try
            {
                using var rtp = new UdpClient(port, AddressFamily.InterNetwork);
                using var rtcp = new UdpClient(port + 1, AddressFamily.InterNetwork);
                return port;
            }
            catch (SocketException)
            {
            }
        }
    }

    private static async Task WaitForListenerAsync(int port)
    {
        string wanted = $":{port:X4} ";
        for (int i = 0; i < 400; i++)
        {
            if (File.ReadLines("/proc/net/udp").Any(l => l.Contains(wanted, StringComparison.Ordinal)))
                return;
            await Task.Delay(25, TestContext.Current.CancellationToken);
        }

        Assert.Fail("ffmpeg did not open its port.");
    }

    private static async Task<string> RunAsync(string arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("ffmpeg", "-nostdin " + arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
