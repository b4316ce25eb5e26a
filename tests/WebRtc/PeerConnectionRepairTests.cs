using QemuZeroCopy.WebRtc.Rtcp;
using QemuZeroCopy.WebRtc.Rtp;
using QemuZeroCopy.WebRtc.Sdp;
using QemuZeroCopy.WebRtc.Tests.Model;

namespace QemuZeroCopy.WebRtc.Tests;

/// <summary>What is lost on the way, and asked for again: RTX, PLI and FIR.</summary>
public class PeerConnectionRepairTests
{
    [Fact]
    public void Losses_are_repaired_by_RTX()
    {
        using var scene = new Scene { DelayNs = 20_000_000 };
        ModelViewer viewer = scene.AddViewer();
        PeerConnection peer = scene.Connect(viewer);
        scene.Loss = 0.05;
        List<byte[]> sent = [scene.SendFrame(50_000, true)];
        for (int i = 0; i < 300; i++)
        {
            scene.Run(16);
            sent.Add(scene.SendFrame(20_000, false));
        }

        scene.Loss = 0;
        scene.Run(16);
        sent.Add(scene.SendFrame(1000, false));
        scene.Run(500);
        ModelStream stream = viewer.Streams.Values.Single();
        Assert.True(stream.IsGapless, scene.Random.ToString());
        Assert.Equal(sent, stream.AccessUnits());
        Assert.InRange(stream.Repeated, 100, 2500);
        Assert.InRange(peer.Statistics.PacketsRepeated, 100, 2500);
        Assert.InRange(peer.Statistics.RoundTripMs, 35, 50);
    }

    [Fact]
    public void A_repetition_that_was_lost_too_goes_out_twice()
    {
        using var scene = new Scene();
        ModelViewer viewer = scene.AddViewer();
        PeerConnection peer = scene.Connect(viewer);
        scene.SendFrame(5000, true);
        scene.Run(50);
        ModelStream stream = viewer.Streams.Values.Single();
        ushort missed = (ushort)stream.Packets.Keys.First();
        int[] repeated = new int[3];
        for (int i = 0; i < 3; i++)
        {
            viewer.SendRtcp(buffer =>
            {
                var writer = new RtcpWriter(buffer);
                writer.AddNack(1, stream.Ssrc, [(missed, 0)]);
                return writer.Length;
            });
            // The second request comes too soon to be about the repetition.
            scene.Run(i == 0 ? 1 : 30);
            repeated[i] = (int)peer.Statistics.PacketsRepeated;
        }

        scene.Run(30);
        Assert.Equal([0, 1, 3], repeated);
    }

    [Fact]
    public void Sequence_numbers_wrap_without_a_gap()
    {
        var control = new RecordingControl();
        using var scene = new Scene(configure: o => o with { CongestionControlFactory = _ => control });
        ModelViewer viewer = scene.AddViewer();
        PeerConnection peer = scene.Connect(viewer);
        scene.SendFrame(100_000, true);
        // 66 000 packets and more: RTP, RTX and transport-wide numbers all pass 65535, with losses on the way.
        for (int i = 0; i < 760; i++)
        {
            scene.Loss = i is > 300 and < 500 ? 0.02 : 0;
            scene.SendFrame(100_000, false);
            scene.Run(16);
            foreach (ModelStream stream in viewer.Streams.Values)
                stream.Forget(20_000);
        }

        scene.Run(300);
        ModelStream video = viewer.Streams.Values.Single();
        Assert.True(video.Packets.Keys.Last() > 66_000, scene.Random.ToString());
        Assert.True(video.IsGapless, scene.Random.ToString());
        Assert.InRange(peer.Statistics.PacketsRepeated, 50, 5000);
        Assert.Equal(0, peer.Statistics.PacketsBeyondRepair);
        Assert.True(control.Sent.Count > 66_000);
        Assert.InRange(control.Results.Count(r => r.IsReceived && r.Sent.Sequence > 65_536), 100, 5000);
        Assert.All(control.Results.Where(r => r.IsReceived), r => Assert.InRange(r.ReceivedNs - r.Sent.SentNs, 4_700_000, 6_000_000));
    }

    [Fact]
    public void What_is_too_old_is_not_repeated_and_a_refresh_is_wanted()
    {
        using var scene = new Scene();
        ModelViewer viewer = scene.AddViewer();
        PeerConnection peer = scene.Connect(viewer);
        viewer.SendsNacks = false;
        scene.SendFrame(5000, true);
        scene.Run(50);
        ModelStream stream = viewer.Streams.Values.Single();
        scene.Run(2000);
        scene.SendFrame(100, false);
        scene.Events.Clear();
        for (int i = 0; i < 5; i++)
        {
            viewer.SendRtcp(buffer =>
            {
                var writer = new RtcpWriter(buffer);
                writer.AddNack(1, stream.Ssrc, [((ushort)stream.Packets.Keys.First(), 0)]);
                return writer.Length;
            });
            scene.Run(20);
        }

        Assert.Equal(0, peer.Statistics.PacketsRepeated);
        Assert.Equal(5, peer.Statistics.PacketsBeyondRepair);
        Assert.Single(scene.Events, e => e.Kind == PeerEventKind.RefreshWanted);
    }

    [Fact]
    public void Key_frame_requests_are_throttled()
    {
        using var scene = new Scene();
        ModelViewer viewer = scene.AddViewer();
        scene.Connect(viewer);
        scene.SendFrame(1000, true);
        scene.Run(1000);
        scene.Events.Clear();
        uint ssrc = viewer.Streams.Keys.Single();
        for (int i = 0; i < 20; i++)
        {
            Pli(viewer, ssrc);
            scene.Run(10);
        }

        Assert.Single(scene.Events, e => e.Kind == PeerEventKind.KeyFrameNeeded);
        scene.SendFrame(1000, true);
        scene.Run(20);
        Pli(viewer, ssrc);
        scene.Run(20);
        Assert.Single(scene.Events, e => e.Kind == PeerEventKind.KeyFrameNeeded);
        scene.Run(200);
        Pli(viewer, ssrc);
        scene.Run(20);
        Assert.Equal(2, scene.Events.Count(e => e.Kind == PeerEventKind.KeyFrameNeeded));
    }

    [Fact]
    public void A_viewer_that_misses_nothing_of_a_still_screen_gets_no_key_frame()
    {
        using var scene = new Scene { DelayNs = 20_000_000 };
        ModelViewer viewer = scene.AddViewer();
        PeerConnection peer = scene.Connect(viewer);
        scene.SendFrame(5000, true);
        scene.Run(3000);
        uint ssrc = viewer.Streams.Keys.Single();
        int before = scene.Events.Count(e => e.Kind == PeerEventKind.KeyFrameNeeded);
        Pli(viewer, ssrc);
        scene.Run(100);
        Assert.Equal(1, peer.Statistics.KeyFrameRequests);
        Assert.Equal(before, scene.Events.Count(e => e.Kind == PeerEventKind.KeyFrameNeeded));

        // One that misses the newest picture gets what it asks for, however late.
        scene.Loss = 1;
        scene.SendFrame(5000, false);
        scene.Run(3000);
        scene.Loss = 0;
        Pli(viewer, ssrc);
        scene.Run(100);
        Assert.Equal(before + 1, scene.Events.Count(e => e.Kind == PeerEventKind.KeyFrameNeeded));
    }

    [Fact]
    public void A_repeated_FIR_counts_once()
    {
        using var scene = new Scene();
        ModelViewer viewer = scene.AddViewer();
        PeerConnection peer = scene.Connect(viewer);
        scene.SendFrame(1000, true);
        scene.Run(1000);
        uint ssrc = viewer.Streams.Keys.Single();
        for (int i = 0; i < 5; i++)
        {
            viewer.SendRtcp(buffer =>
            {
                var writer = new RtcpWriter(buffer);
                writer.AddFullIntraRequest(1, ssrc, 7);
                return writer.Length;
            });
            scene.Run(10);
        }

        Assert.Equal(1, peer.Statistics.KeyFrameRequests);
    }

    private static void Pli(ModelViewer viewer, uint ssrc) => viewer.SendRtcp(buffer =>
    {
        var writer = new RtcpWriter(buffer);
        writer.AddPictureLoss(1, ssrc);
        return writer.Length;
    });
}
