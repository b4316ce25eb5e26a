using QemuZeroCopy.WebRtc.Rtp;
using QemuZeroCopy.WebRtc.Tests.Model;

namespace QemuZeroCopy.WebRtc.Tests;

/// <summary>FlexFEC from our sender to a receiver that was written against the draft.</summary>
public class PeerConnectionParityTests
{
    private const int FrameMs = 16;

    [Fact]
    public void Lost_packets_are_brought_back_bit_for_bit()
    {
        using var scene = new Scene { DelayNs = 40_000_000 };
        ModelViewer viewer = scene.AddViewer(parity: true);
        PeerConnection peer = scene.Connect(viewer);
        SendFrames(scene, 60, 20_000);
        scene.Loss = 0.02;
        SendFrames(scene, 200, 20_000);
        int recoveredBefore = viewer.Recovered;
        ModelStream stream = viewer.Streams.Values.Single();
        SendFrames(scene, 300, 20_000);
        scene.Loss = 0;
        SendFrames(scene, 60, 20_000);
        scene.Run(500);
        Assert.InRange(viewer.Recovered - recoveredBefore, 40, 1000);
        Assert.InRange(peer.Statistics.ParityPacketsSent, 200, 3000);
        Assert.True(stream.IsGapless, scene.Random.ToString());
        // Depacketized against what went in: a recovered packet is the packet.
        Assert.Equal(_sent, stream.AccessUnits());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(700)]
    [InlineData(1500)]
    [InlineData(50_000)]
    [InlineData(130_000)]
    public void Frames_of_any_size_are_covered(int bytes)
    {
        using var scene = new Scene { DelayNs = 40_000_000 };
        ModelViewer viewer = scene.AddViewer(parity: true);
        scene.Connect(viewer);
        SendFrames(scene, 100, 10_000);
        scene.Loss = 0.05;
        SendFrames(scene, 150, 10_000);
        int before = viewer.ParityPackets, recovered = viewer.Recovered;
        scene.Transmits.Clear();
        SendFrames(scene, 60, bytes);
        scene.Loss = 0;
        scene.Run(700);
        Assert.InRange(viewer.ParityPackets - before, 20, 4000);
        Assert.InRange(viewer.Recovered - recovered, 0, 4000);
        Assert.All(scene.Transmits, transmit => Assert.InRange(transmit.SegmentBytes, 1, scene.Endpoint.MaxDatagramBytes));
        ModelStream stream = viewer.Streams.Values.Single();
        Assert.True(stream.IsGapless, scene.Random.ToString());
        Assert.Equal(_sent, stream.AccessUnits());
    }

    [Fact]
    public void Without_losses_there_is_no_parity()
    {
        using var scene = new Scene { DelayNs = 40_000_000 };
        ModelViewer viewer = scene.AddViewer(parity: true);
        PeerConnection peer = scene.Connect(viewer);
        SendFrames(scene, 300, 20_000);
        Assert.Equal(0, peer.Statistics.ParityPacketsSent);
    }

    [Fact]
    public void Where_a_repetition_is_in_time_there_is_no_parity()
    {
        using var scene = new Scene { DelayNs = 3_000_000, Loss = 0.03 };
        ModelViewer viewer = scene.AddViewer(parity: true);
        PeerConnection peer = scene.Connect(viewer);
        // RTCP's round trip is known after the first reports.
        SendFrames(scene, 100, 20_000);
        long before = peer.Statistics.ParityPacketsSent;
        SendFrames(scene, 300, 20_000);
        Assert.Equal(before, peer.Statistics.ParityPacketsSent);
        Assert.InRange(viewer.Streams.Values.Single().Repeated, 10, 5000);
    }

    [Fact]
    public void Parity_goes_when_the_losses_have_stayed_away()
    {
        using var scene = new Scene { DelayNs = 40_000_000 };
        ModelViewer viewer = scene.AddViewer(parity: true);
        PeerConnection peer = scene.Connect(viewer);
        scene.Loss = 0.02;
        SendFrames(scene, 200, 20_000);
        scene.Loss = 0;
        SendFrames(scene, 1500, 10_000);
        long before = peer.Statistics.ParityPacketsSent;
        Assert.InRange(before, 50, 5000);
        SendFrames(scene, 300, 10_000);
        Assert.Equal(before, peer.Statistics.ParityPacketsSent);
    }

    [Fact]
    public void A_viewer_that_offers_no_FlexFEC_gets_none()
    {
        using var scene = new Scene { DelayNs = 40_000_000 };
        ModelViewer viewer = scene.AddViewer();
        PeerConnection peer = scene.Connect(viewer);
        scene.Loss = 0.03;
        SendFrames(scene, 300, 20_000);
        Assert.Equal(0, peer.Statistics.ParityPacketsSent);
        Assert.DoesNotContain("FEC-FR", viewer.Answers[0], StringComparison.Ordinal);
    }

    [Fact]
    public void A_recovered_packet_has_the_header_that_the_lost_one_had()
    {
        using var scene = new Scene { DelayNs = 40_000_000 };
        ModelViewer viewer = scene.AddViewer(parity: true);
        scene.Connect(viewer);
        var headers = new Dictionary<ushort, byte[]>();
        scene.OnServerDatagram = (_, datagram) =>
        {
            // Extensions travel in the clear; the one with the transport-wide number (3) is taken for zero.
            if (datagram[0] < 128 || (datagram[1] & 0x7F) != 102)
                return;
            byte[] header = datagram[..RtpHeader.Measure(datagram)];
            Assert.Equal(0x31, header[16]);
            header[17] = header[18] = 0;
            headers[(ushort)((header[2] << 8) | header[3])] = header;
        };
        scene.Loss = 0.05;
        byte[][] recovered = [];
        // How much parity there is follows the losses of the moment, and full headers are rare.
        for (int i = 0; i < 40 && !(recovered.Length >= 5 && recovered.Any(IsFull)); i++)
        {
            SendFrames(scene, 100, 20_000);
            recovered = [.. viewer.Streams.Values.Single().Packets.Values.Where(packet => (packet[0] & 0x10) != 0 && packet[17] == 0 && packet[18] == 0)];
        }

        Assert.InRange(recovered.Length, 5, int.MaxValue);
        Assert.InRange(viewer.Recovered, 5, int.MaxValue);
        Assert.All(recovered, packet => Assert.Equal(headers[(ushort)((packet[2] << 8) | packet[3])], packet[..RtpHeader.Measure(packet)]));
        Assert.Contains(recovered, IsFull);

        static bool IsFull(byte[] packet) => RtpHeader.Measure(packet) == RtpHeader.FullBytes;
    }

    private readonly List<byte[]> _sent = [];

    private void SendFrames(Scene scene, int count, int bytes)
    {
        for (int i = 0; i < count; i++)
        {
            _sent.Add(scene.SendFrame(_sent.Count == 0 ? 30_000 : bytes, _sent.Count == 0));
            scene.Run(Math.Max(FrameMs, bytes / 1500)); // within the rate of a start
        }
    }
}
