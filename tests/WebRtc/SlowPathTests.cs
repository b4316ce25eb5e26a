using QemuZeroCopy.WebRtc.Tests.Model;

namespace QemuZeroCopy.WebRtc.Tests;

/// <summary>Viewers whose path takes less than the others', or nothing at all for a while.</summary>
public class SlowPathTests
{
    [Fact]
    public void A_held_path_gets_nothing_and_goes_on_where_it_stopped()
    {
        using var scene = new Scene();
        ModelViewer viewer = scene.AddViewer(kind: TransportKind.Tcp);
        scene.Connect(viewer);
        List<byte[]> sent = [scene.SendFrame(10_000, true)];
        scene.Run(20);
        scene.Router.Hold(viewer.Address);
        scene.Transmits.Clear();
        for (int i = 0; i < 5; i++)
        {
            sent.Add(scene.SendFrame(3000, false));
            scene.Run(20);
        }

        // Longer than reports, consent checks and feedback take: none of them goes out, none makes the host spin.
        scene.Run(1500);
        Assert.Empty(scene.Transmits);
        Assert.True(scene.Router.NextTimeoutNs > scene.NowNs);
        scene.Router.Release(viewer.Address);
        scene.Run(200);
        Assert.Equal(sent, viewer.Streams.Values.Single().AccessUnits());
    }

    [Fact]
    public void Half_a_second_behind_a_viewer_skips_whatever_the_frame_rate()
    {
        using var scene = new Scene();
        ModelViewer viewer = scene.AddViewer(kind: TransportKind.Tcp);
        PeerConnection peer = scene.Connect(viewer);
        scene.SendFrame(1000, true);
        scene.Run(50);
        scene.Router.Hold(viewer.Address);
        scene.Events.Clear();
        for (int i = 0; i < 8; i++)
        {
            scene.SendFrame(1000, false);
            scene.Run(100);
        }

        Assert.InRange(peer.Statistics.FramesSkipped, 6, 8);
        Assert.Contains(scene.Events, e => e.Kind == PeerEventKind.KeyFrameNeeded);
        byte[] key = scene.SendFrame(2000, true);
        scene.Router.Release(viewer.Address);
        scene.Run(50);
        Assert.Equal(key, viewer.Streams.Values.Single().AccessUnits()[^1]);
    }

    [Fact]
    public void Whoever_skips_again_and_again_asks_for_key_frames_ever_more_seldom()
    {
        using var scene = new Scene();
        ModelViewer slow = scene.AddViewer(kind: TransportKind.Tcp);
        PeerConnection peer = scene.Connect(slow);
        var askedAt = new List<long>();
        bool wanted = true;
        for (int i = 0; i < 1000; i++)
        {
            // The path takes something once in a second.
            if (i % 50 == 49)
                scene.Router.Release(slow.Address);
            scene.Events.Clear();
            scene.SendFrame(1000, wanted);
            wanted = false;
            scene.Router.Hold(slow.Address);
            scene.Run(20);
            if (scene.Events.Exists(e => e.Peer == peer && e.Kind == PeerEventKind.KeyFrameNeeded))
            {
                askedAt.Add(scene.NowNs);
                wanted = true;
            }
        }

        long[] waits = [.. askedAt.Zip(askedAt.Skip(1), (a, b) => b - a)];
        Assert.InRange(askedAt.Count, 3, 9);
        Assert.InRange(waits[^1], 4_000_000_000, 6_000_000_000);
        Assert.True(waits[0] < waits[^1] / 2);
    }
}
