using System.Buffers.Binary;
using QemuZeroCopy.WebRtc.Congestion;
using QemuZeroCopy.WebRtc.Dtls;
using QemuZeroCopy.WebRtc.Ice;
using QemuZeroCopy.WebRtc.Rtcp;
using QemuZeroCopy.WebRtc.Rtp;
using QemuZeroCopy.WebRtc.Sdp;
using QemuZeroCopy.WebRtc.Tests.Model;

namespace QemuZeroCopy.WebRtc.Tests;

/// <summary>The endpoint against a model viewer, on a simulated network.</summary>
public class PeerConnectionTests
{
    [Fact]
    public void A_viewer_connects_and_is_asked_a_key_frame_for()
    {
        using var scene = new Scene();
        ModelViewer viewer = scene.AddViewer();
        PeerConnection peer = scene.Connect(viewer);
        Assert.Equal([PeerEventKind.Connected, PeerEventKind.KeyFrameNeeded], scene.Events.Select(e => e.Kind));
        Assert.Equal(viewer.Address, peer.Remote);
    }

    [Fact]
    public void Frames_arrive_as_they_were_written()
    {
        using var scene = new Scene();
        ModelViewer viewer = scene.AddViewer();
        scene.Connect(viewer);
        List<byte[]> sent = [scene.SendFrame(50_000, true)];
        for (int i = 0; i < 30; i++)
        {
            scene.Run(16);
            sent.Add(scene.SendFrame(scene.Random.Random.Next(10, 20_000), false));
        }

        scene.Run(100);
        Assert.Equal(sent, viewer.Streams.Values.Single().AccessUnits());
    }

    [Fact]
    public void Nothing_is_sent_before_a_key_frame()
    {
        using var scene = new Scene();
        ModelViewer viewer = scene.AddViewer();
        scene.Connect(viewer);
        scene.SendFrame(5000, false);
        scene.Run(50);
        Assert.Empty(viewer.Streams);
        scene.SendFrame(5000, true);
        scene.Run(50);
        Assert.Single(viewer.Streams);
    }

    [Fact]
    public void A_frame_leaves_in_equal_segments_but_for_the_last()
    {
        using var scene = new Scene();
        scene.Connect(scene.AddViewer());
        scene.SendFrame(5000, true);
        scene.Run(3000);
        scene.Transmits.Clear();
        scene.SendFrame(40_000, false);
        Transmit transmit = Assert.Single(scene.Transmits);
        Assert.Equal(1 + (40_000 - 2) / (scene.Endpoint.MaxVideoPayloadBytes - 2), transmit.SegmentCount);
        Assert.InRange(transmit.SegmentBytes, 1150, 1200);
        Assert.InRange(transmit.LengthBytes, 40_000, 43_000);
    }

    [Fact]
    public void No_datagram_is_larger_than_the_limit()
    {
        using var scene = new Scene(configure: o => o with { MaxDatagramBytes = 1000 });
        int largest = 0;
        scene.OnServerDatagram = (_, bytes) => largest = Math.Max(largest, bytes.Length);
        scene.Connect(scene.AddViewer());
        scene.SendFrame(100_000, true);
        scene.Run(100);
        scene.SendFrame(100_000, false);
        scene.Run(100);
        Assert.InRange(largest, 900, 1000);
    }

    [Fact]
    public void Sender_reports_map_RTP_time_to_the_wall_clock()
    {
        using var scene = new Scene();
        ModelViewer viewer = scene.AddViewer();
        scene.Connect(viewer);
        long capturedNs = scene.NowNs;
        scene.SendFrame(1000, true);
        scene.Run(1500);
        ModelStream stream = viewer.Streams.Values.Single();
        Assert.InRange(stream.SenderReports, 3, 10);
        uint frameTimestamp = BinaryPrimitives.ReadUInt32BigEndian(stream.Packets.Values.First().AsSpan(4));
        double sinceFrame = (stream.LastReportTimestamp - frameTimestamp) / 90_000.0;
        double reportUnix = (stream.LastNtp / 4294967296.0) - 2_208_988_800.0;
        double captureUnix = (scene.Endpoint.UnixEpochNs + capturedNs) / 1e9;
        Assert.InRange(reportUnix - sinceFrame - captureUnix, -0.001, 0.001);
    }

    [Fact]
    public void The_first_frames_carry_playout_delay_capture_time_and_mid()
    {
        using var scene = new Scene();
        ModelViewer viewer = scene.AddViewer();
        scene.Connect(viewer);
        scene.SendFrame(1000, true);
        scene.Run(50);
        byte[] packet = viewer.Streams.Values.Single().Packets.Values.First();
        var found = new Dictionary<int, byte[]>();
        for (int at = 16; packet[at] != 0; at += 2 + (packet[at] & 15))
            found[packet[at] >> 4] = packet[(at + 1)..(at + 2 + (packet[at] & 15))];
        Assert.Equal([0, 0, 0], found[5]);
        Assert.Equal("0"u8.ToArray(), found[9]);
        double unix = (BinaryPrimitives.ReadUInt64BigEndian(found[4]) / 4294967296.0) - 2_208_988_800.0;
        Assert.InRange(unix - (scene.Endpoint.UnixEpochNs / 1e9), 0, (scene.NowNs / 1e9) + 0.001);
        Assert.Equal(2, found[3].Length);
    }

    [Fact]
    public void Transport_feedback_tells_what_arrived_and_when()
    {
        var observer = new RecordingControl();
        using var scene = new Scene(configure: o => o with { CongestionControlFactory = _ => observer }) { DelayNs = 10_000_000 };
        ModelViewer viewer = scene.AddViewer();
        PeerConnection peer = scene.Connect(viewer);
        viewer.SendsNacks = false;
        scene.SendFrame(30_000, true);
        scene.Run(200);
        scene.Loss = 0.2;
        for (int i = 0; i < 60; i++)
        {
            scene.SendFrame(10_000, false);
            scene.Run(16);
        }

        scene.Loss = 0;
        scene.Run(200);
        // 565 packets, and up to three copies of each fifth one.
        Assert.InRange(observer.Sent.Count, 500, 1200);
        Assert.Equal(Enumerable.Range(0, observer.Sent.Count).Select(i => (long)i), observer.Sent.Select(s => s.Sequence));
        // Feedback may be lost too, so not every packet is spoken of; what is said must be true.
        PacketResult[] received = [.. observer.Results.Where(r => r.IsReceived)];
        Assert.InRange(received.Length, 300, observer.Sent.Count);
        Assert.Contains(observer.Results, r => !r.IsReceived);
        foreach (PacketResult result in received)
            Assert.InRange(result.ReceivedNs - result.Sent.SentNs, 9_700_000, 11_000_000);
        Assert.Equal(61, observer.Frames);
        Assert.Equal(1_000_000, peer.Statistics.TargetBps);
    }

    [Fact]
    public void Video_leaves_within_the_budget_and_probes_beside_it()
    {
        var control = new RecordingControl { Budget = 5000 };
        using var scene = new Scene(configure: o => o with { CongestionControlFactory = _ => control });
        ModelViewer viewer = scene.AddViewer();
        PeerConnection peer = scene.Connect(viewer);
        byte[] unit = scene.SendFrame(20_000, true);
        Assert.InRange(control.Sent.Sum(p => p.SizeBytes), 5000, 6199);
        scene.Run(20);
        Assert.InRange(control.Sent.Sum(p => p.SizeBytes), 5000, 6199);
        control.Probe = 2400;
        peer.SendAudio(scene.NowNs, [1], 0);
        scene.Router.MarkDirty(peer);
        scene.Drain();
        Assert.InRange(control.Sent.Count(p => p is { ProbeId: 5, Class: PacketClass.Video }), 2, 3);
        control.Budget = 100_000;
        scene.Router.MarkDirty(peer);
        scene.Drain();
        control.Probe = 3000;
        scene.Router.MarkDirty(peer);
        scene.Drain();
        Assert.Contains(control.Sent, p => p is { ProbeId: 5, Class: PacketClass.Probe });
        scene.Run(100);
        Assert.Equal(unit, viewer.Streams.Values.Single().AccessUnits().Single());
    }

    [Fact]
    public void A_wrong_fingerprint_ends_the_connection_before_any_media()
    {
        using var scene = new Scene();
        scene.AddViewer(claimedFingerprint: string.Join(':', Enumerable.Repeat("AB", 32)));
        scene.Run(500);
        Assert.Equal(CloseReason.FingerprintMismatch, scene.Events.Single(e => e.Kind == PeerEventKind.Closed).Reason);
        Assert.DoesNotContain(scene.Events, e => e.Kind == PeerEventKind.Connected);
        Assert.Empty(scene.Router.Peers);
    }

    [Fact]
    public void A_wrong_ICE_password_gets_no_answer()
    {
        using var scene = new Scene();
        ModelViewer viewer = scene.AddViewer();
        viewer.Silent = true;
        scene.Router.Handle(scene.NowNs, viewer.Check(true, new IceCredentials("x", "y")), viewer.Address);
        scene.Drain();
        Assert.Empty(scene.Transmits);
        Assert.Equal(1, scene.Router.Counters.Dropped(DropReason.RejectedStun));
    }

    [Fact]
    public void DTLS_from_an_address_without_a_check_gets_no_answer()
    {
        using var scene = new Scene();
        scene.AddViewer().Silent = true;
        byte[] hello = new byte[200];
        hello[0] = 22;
        scene.Router.Handle(scene.NowNs, hello, TransportAddress.FromIPv4(0x01020304, 9));
        Assert.Equal(DropReason.UnvalidatedAddress, scene.Router.Peers[0].Handle(scene.NowNs, hello, TransportAddress.FromIPv4(0x01020304, 9)));
        scene.Drain();
        Assert.Empty(scene.Transmits);
        Assert.Equal(1, scene.Router.Counters.Dropped(DropReason.UnknownSender));
    }

    [Fact]
    public void A_check_replayed_from_elsewhere_does_not_move_the_stream()
    {
        using var scene = new Scene();
        ModelViewer viewer = scene.AddViewer();
        PeerConnection peer = scene.Connect(viewer);
        byte[] check = viewer.Check(true);
        scene.Router.Handle(scene.NowNs, check, viewer.Address);
        scene.Router.Handle(scene.NowNs, check, TransportAddress.FromIPv4(0x05060708, 666));
        scene.Drain();
        Assert.Equal(viewer.Address, peer.Remote);
        Assert.Equal(1, scene.Router.Counters.Dropped(DropReason.RejectedStun));
    }

    [Fact]
    public void Two_controlled_agents_are_a_role_conflict()
    {
        using var scene = new Scene();
        ModelViewer viewer = scene.AddViewer();
        viewer.Silent = true;
        byte[]? answer = null;
        scene.OnServerDatagram = (_, bytes) => answer = bytes;
        scene.Router.Handle(scene.NowNs, viewer.Check(true, controlling: false), viewer.Address);
        scene.Drain();
        Assert.True(Stun.StunMessageOf(answer!, out int code));
        Assert.Equal(487, code);
    }

    [Fact]
    public void A_viewer_whose_address_changes_goes_on_without_a_handshake()
    {
        using var scene = new Scene();
        ModelViewer viewer = scene.AddViewer();
        PeerConnection peer = scene.Connect(viewer);
        List<byte[]> sent = [scene.SendFrame(5000, true)];
        scene.Run(50);
        viewer.Address = TransportAddress.FromIPv4(0x0B000001, 50_000);
        scene.Run(1500);
        Assert.Equal(viewer.Address, peer.Remote);
        sent.Add(scene.SendFrame(5000, false));
        scene.Run(50);
        Assert.Equal(sent, viewer.Streams.Values.Single().AccessUnits());
    }

    [Fact]
    public void An_ICE_restart_changes_credentials_and_keeps_the_media()
    {
        using var scene = new Scene();
        ModelViewer viewer = scene.AddViewer();
        PeerConnection peer = scene.Connect(viewer);
        scene.SendFrame(5000, true);
        scene.Run(50);
        IceCredentials fresh = IceCredentials.Create(scene.Random.Fill);
        Assert.True(IceFragment.TryParse($"a=ice-ufrag:{fresh.Ufrag}\r\na=ice-pwd:{fresh.Password}\r\na=candidate:1 1 udp 2122 10.0.0.1 9 typ host\r\n", out IceFragment? fragment, out _));
        string? answer = scene.Router.Restart(peer, fragment);
        Assert.NotNull(answer);
        scene.Run(100);
        Assert.NotNull(peer.Ice.Retiring);
        viewer.Restart(fresh);
        viewer.TakeAnswer(answer);
        viewer.Address = TransportAddress.FromIPv4(0x0B000002, 50_001);
        scene.Run(100);
        Assert.Null(peer.Ice.Retiring);
        Assert.Equal(viewer.Address, peer.Remote);
        byte[] unit = scene.SendFrame(5000, false);
        scene.Run(50);
        Assert.Equal(unit, viewer.Streams.Values.Single().AccessUnits()[^1]);
        Assert.Null(scene.Router.Restart(peer, fragment));
    }

    [Fact]
    public void A_silent_viewer_is_let_go_after_the_consent_timeout()
    {
        using var scene = new Scene(configure: o => o with { ConsentTimeoutMs = 3000 });
        ModelViewer viewer = scene.AddViewer();
        scene.Connect(viewer);
        scene.Run(5000);
        Assert.Single(scene.Router.Peers);
        viewer.Silent = true;
        scene.Run(3500);
        Assert.Equal(CloseReason.ConsentExpired, scene.Events.Single(e => e.Kind == PeerEventKind.Closed).Reason);
        Assert.Empty(scene.Router.Peers);
    }

    [Fact]
    public void A_viewer_that_never_comes_is_let_go()
    {
        using var scene = new Scene(configure: o => o with { ConnectTimeoutMs = 2000 });
        scene.AddViewer().Silent = true;
        scene.Run(2100);
        Assert.Equal(CloseReason.ConnectTimeout, scene.Events.Single(e => e.Kind == PeerEventKind.Closed).Reason);
        Assert.Empty(scene.Router.Peers);
    }

    [Fact]
    public void Goodbyes_are_heard_in_both_directions()
    {
        using var scene = new Scene();
        ModelViewer leaving = scene.AddViewer();
        scene.Connect(leaving);
        ModelViewer staying = scene.AddViewer();
        PeerConnection peer = scene.Connect(staying);
        leaving.SendGoodbye();
        scene.Run(50);
        Assert.Equal(CloseReason.Peer, scene.Events.Single(e => e.Kind == PeerEventKind.Closed).Reason);
        peer.Close(scene.NowNs);
        // A host that disposes of it at once must not swallow the goodbye.
        peer.Dispose();
        scene.Run(50);
        Assert.True(staying.SaidGoodbye);
        Assert.Equal(Interop.OpenSsl.DtlsStep.Closed, staying.DtlsStep);
        Assert.Empty(scene.Router.Peers);
    }

    [Fact]
    public void Microphone_packets_become_events_and_are_reported_on()
    {
        using var scene = new Scene();
        ModelViewer viewer = scene.AddViewer(audio: true, microphone: true);
        scene.Connect(viewer);
        for (int i = 0; i < 10; i++)
        {
            viewer.SendRtp(111, 77, 65530 + i, (uint)(i * 960), [(byte)i, 1, 2]);
            scene.Run(20);
        }

        Assert.Equal(Enumerable.Range(0, 10).Select(i => (byte)i), scene.Events.Where(e => e.Kind == PeerEventKind.Microphone).Select(e => e.Data[0]));
    }

    [Fact]
    public void Sound_arrives_in_order()
    {
        using var scene = new Scene();
        ModelViewer viewer = scene.AddViewer(audio: true);
        PeerConnection peer = scene.Connect(viewer);
        for (int i = 0; i < 20; i++)
        {
            Assert.True(peer.SendAudio(scene.NowNs, [(byte)i, 9, 9], i * 480));
            scene.Run(10);
        }

        scene.Run(50);
        ModelStream stream = viewer.Streams.Values.Single(s => s.PayloadType == 111);
        byte[][] packets = [.. stream.Packets.Values];
        Assert.Equal(20, packets.Length);
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal((byte)i, packets[i][^3]);
            Assert.Equal((uint)(i * 480), BinaryPrimitives.ReadUInt32BigEndian(packets[i].AsSpan(4)) - BinaryPrimitives.ReadUInt32BigEndian(packets[0].AsSpan(4)));
        }
    }

    [Fact]
    public void Over_TCP_everything_is_framed()
    {
        using var scene = new Scene();
        ModelViewer viewer = scene.AddViewer(kind: TransportKind.Tcp);
        scene.Connect(viewer);
        List<byte[]> sent = [scene.SendFrame(60_000, true)];
        scene.Run(20);
        sent.Add(scene.SendFrame(100, false));
        scene.Run(100);
        Assert.Equal(sent, viewer.Streams.Values.Single().AccessUnits());
    }

    [Fact]
    public void A_slow_viewer_skips_to_the_next_key_frame_and_slows_nobody()
    {
        using var scene = new Scene();
        ModelViewer viewer = scene.AddViewer();
        PeerConnection peer = scene.Connect(viewer);
        scene.SendFrame(1000, true);
        scene.Run(100);
        scene.Events.Clear();
        // The host does not poll: the queue fills, as it does behind a slow path.
        for (int i = 0; i < 100; i++)
            peer.SendVideo(scene.NowNs, 0, scene.Source.Write(scene.AccessUnit(1000, false), scene.NowNs, false));
        Assert.InRange(peer.Statistics.FramesSkipped, 60, 100);
        scene.Drain();
        Assert.Contains(scene.Events, e => e.Kind == PeerEventKind.KeyFrameNeeded);
        byte[] key = scene.SendFrame(2000, true);
        scene.Run(50);
        Assert.Equal(key, viewer.Streams.Values.Single().AccessUnits()[^1]);
    }

    [Fact]
    public void A_frame_withdrawn_while_it_waits_is_skipped_over()
    {
        using var scene = new Scene();
        PeerConnection peer = scene.Connect(scene.AddViewer());
        var small = new VideoSource(VideoCodecKind.H264, scene.Endpoint.MaxVideoPayloadBytes, 64 * 1024);
        VideoFrame old = small.Write(scene.AccessUnit(20_000, true), scene.NowNs, true);
        peer.SendVideo(scene.NowNs, 0, old);
        for (int i = 0; i < 5; i++)
            small.Write(scene.AccessUnit(20_000, false), scene.NowNs, false);
        scene.Transmits.Clear();
        scene.Drain();
        Assert.Empty(scene.Transmits);
    }

    [Fact]
    public void Several_tracks_are_told_apart()
    {
        using var scene = new Scene(new SessionOptions
        {
            VideoTracks = [new VideoTrackOptions("screen0", [new VideoFormat(VideoCodecKind.H264)]), new VideoTrackOptions("screen1", [new VideoFormat(VideoCodecKind.H264)])],
        });
        ModelViewer viewer = scene.AddViewer(videoCount: 3);
        PeerConnection peer = scene.Connect(viewer);
        Assert.Equal([0, 1], peer.Tracks.Select(t => t.Track));
        Assert.Equal([0, 1], scene.Events.Where(e => e.Kind == PeerEventKind.KeyFrameNeeded).Select(e => e.Track));
        byte[] first = scene.SendFrame(3000, true, 0);
        byte[] second = scene.SendFrame(4000, true, 1);
        scene.Run(50);
        Assert.Equal(2, viewer.Streams.Count);
        Assert.Equal([first, second], viewer.Streams.Values.Select(s => s.AccessUnits().Single()).OrderBy(u => u.Length));
    }

    [Fact]
    public void A_thousand_viewers_come_and_go_without_a_trace()
    {
        using var scene = new Scene(configure: o => o with { MaxPeers = 4 });
        for (int i = 0; i < 250; i++)
        {
            var viewers = Enumerable.Range(0, 4).Select(_ => scene.AddViewer()).ToList();
            scene.Run(60);
            Assert.Equal(4, scene.Router.Peers.Count(p => p.IsConnected));
            Assert.True(SessionOffer.TryParse(viewers[0].Offer(), out SessionOffer? offer, out _));
            Assert.Equal(AcceptError.TooManyPeers, scene.Router.Accept(scene.NowNs, offer, scene.Options).Error);
            foreach (ModelViewer viewer in viewers)
                viewer.SendGoodbye();
            scene.Run(20);
            Assert.Empty(scene.Router.Peers);
            foreach (ModelViewer viewer in viewers)
            {
                viewer.Dispose();
                scene.Viewers.Remove(viewer);
            }
        }

        Assert.True(scene.Router.IsEmpty);
    }

    private static class Stun
    {
        public static bool StunMessageOf(byte[] bytes, out int code)
        {
            bool good = WebRtc.Stun.StunMessage.TryParse(bytes, out WebRtc.Stun.StunMessage message);
            code = message.ErrorCode;
            return good;
        }
    }
}
