using QemuZeroCopy.WebRtc.Rtp;
using QemuZeroCopy.WebRtc.Tests.Model;

namespace QemuZeroCopy.WebRtc.Tests;

/// <summary>A steady-state packet allocates nothing: not when sent, not when received.</summary>
public class AllocationTests
{
    [Fact]
    public void Sending_and_receiving_allocates_no_managed_memory()
    {
        // A round trip that makes parity worth its bytes.
        using var scene = new Scene { DelayNs = 30_000_000 };
        ModelViewer viewer = scene.AddViewer(audio: true, microphone: true, parity: true);
        PeerConnection peer = scene.Connect(viewer);
        byte[] key = scene.AccessUnit(60_000, true);
        byte[] delta = scene.AccessUnit(20_000, false);
        byte[] opus = new byte[160];
        byte[] buffer = new byte[Transmit.BufferBytes];

        // What the viewer would send, protected beforehand: RTCP of all kinds, checks, and a microphone's packets.
        scene.SendFrame(5000, true);
        scene.Run(1500);
        var incoming = new Queue<byte[]>(Incoming(scene, viewer, 600));
        byte[] datagram = new byte[2048];

        long now = scene.NowNs;
        int packets = 0;
        void Step(int frame)
        {
            now += 8_000_000;
            VideoFrame written = scene.Source.Write(frame % 50 == 0 ? key : delta, now, frame % 50 == 0);
            peer.SendVideo(now, 0, written);
            peer.SendAudio(now, opus, frame * 384);
            byte[] received = incoming.Dequeue();
            received.CopyTo(datagram, 0);
            scene.Router.Handle(now, datagram.AsSpan(0, received.Length), viewer.Address);
            if (now >= scene.Router.NextTimeoutNs)
                scene.Router.HandleTimeout(now);
            while (scene.Router.PollEvent(out _, out _))
            {
            }

            while (scene.Router.PollTransmit(now, buffer, out Transmit transmit))
                packets += transmit.SegmentCount;
        }

        for (int frame = 0; frame < 300; frame++)
            Step(frame);
        packets = 0;
        long parities = peer.Statistics.ParityPacketsSent;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int frame = 300; frame < 600; frame++)
            Step(frame);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(packets, 5000, 20_000);
        Assert.True(peer.IsConnected);
        Assert.InRange(peer.Statistics.PacketsRepeated, 50, 5000);
        Assert.InRange(peer.Statistics.ParityPacketsSent - parities, 100, 3000);
        Assert.Equal(0, allocated);
        Assert.Equal(0, Enum.GetValues<DropReason>().Where(r => r is not (DropReason.None or DropReason.Count)).Sum(scene.Router.Counters.Dropped));
    }

    private static IEnumerable<byte[]> Incoming(Scene scene, ModelViewer viewer, int count)
    {
        uint ssrc = viewer.Streams.Values.Single(s => s.PayloadType == 102).Ssrc;
        ushort sequence = (ushort)viewer.Streams[ssrc].Packets.Keys.Last();
        viewer.Output.Clear();
        for (int i = 0; i < count; i++)
        {
            int kind = i % 4;
            if (kind == 0)
            {
                ushort missed = (ushort)(sequence + (i * 18));
                viewer.SendRtcp(b =>
                {
                    var writer = new Rtcp.RtcpWriter(b);
                    writer.AddNack(1, ssrc, [(missed, 0x11)]);
                    return writer.Length;
                });
            }
            else if (kind == 1)
            {
                int at = i;
                viewer.SendRtcp(b =>
                {
                    byte[] feedback = TransportFeedbackBuilder.Build([.. Enumerable.Range(0, 40).Where(n => n % 13 != 5).Select(n => ((ushort)((at * 22) + n), 1_000_000_000L + (n * 300_000L)))], (byte)at);
                    feedback.CopyTo(b, 0);
                    return feedback.Length;
                });
            }
            else if (kind == 2)
            {
                viewer.SendRtp(111, 99, i, (uint)i * 960, new byte[80]);
            }
            else
            {
                viewer.Output.Enqueue(viewer.Check(true));
            }

            yield return viewer.Output.Dequeue();
        }

        _ = scene;
    }
}
