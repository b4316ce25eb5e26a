using System.Text;
using QemuZeroCopy.WebRtc.Ice;
using QemuZeroCopy.WebRtc.Rtcp;
using QemuZeroCopy.WebRtc.Rtp;
using QemuZeroCopy.WebRtc.Sdp;
using QemuZeroCopy.WebRtc.Stun;
using QemuZeroCopy.WebRtc.Tests.Model;

namespace QemuZeroCopy.WebRtc.Tests;

/// <summary>
/// Mutated and random input for every parser: no exception, no hang, no growth. QZC_FUZZ sets the number of inputs per
/// target (20 000 unless given; millions for a long run), QZC_SEED replays one.
/// </summary>
public class FuzzTests
{
    private static readonly int s_rounds = int.TryParse(Environment.GetEnvironmentVariable("QZC_FUZZ"), out int rounds) ? rounds : 20_000;

    [Fact]
    public void Stun()
    {
        byte[] buffer = new byte[200];
        var writer = new StunWriter(buffer, StunType.BindingRequest, new byte[12]);
        writer.Add(StunAttribute.Username, "abcdefgh:ijkl"u8);
        writer.Add(StunAttribute.Priority, 1u);
        writer.Add(StunAttribute.IceControlling, 2ul);
        writer.AddMappedAddress(TransportAddress.FromIPv4(1, 2));
        byte[] request = buffer[..writer.Finish("password"u8)];
        Run([request], input =>
        {
            if (StunMessage.TryParse(input, out StunMessage message))
            {
                message.HasIntegrity("password"u8);
                _ = message.Username.Length;
            }
        });
    }

    [Fact]
    public void Rtcp()
    {
        byte[] buffer = new byte[1000];
        var writer = new RtcpWriter(buffer);
        writer.AddReceiverReport(1, new ReportBlock(2, 3, 4, 5, 6, 7, 8));
        writer.AddNack(1, 2, [(3, 4), (5, 6)]);
        writer.AddPictureLoss(1, 2);
        writer.AddFullIntraRequest(1, 2, 3);
        byte[] compound = buffer[..writer.Length];
        byte[] feedback = TransportFeedbackBuilder.Build([.. Enumerable.Range(0, 50).Select(i => ((ushort)(i * 2), 1_000_000_000L + (i * 700_000L)))], 1);
        using var scene = new Scene();
        PeerConnection peer = scene.Connect(scene.AddViewer());
        scene.SendFrame(10_000, true);
        Run([compound, feedback], input =>
        {
            peer.HandleRtcp(scene.NowNs, input);
            while (peer.PollEvent(out _))
            {
            }
        });
    }

    [Fact]
    public void Rtp()
    {
        byte[] packet = new byte[100];
        RtpHeader.Write(packet, 96, true, 1, 2, 3, true);
        RtpHeader.WriteFull(packet, new RtpExtensionIds(1, 2, 3, 4), 5, new RtpFrameInfo(1, 2, 3), "0"u8);
        Run([packet], input =>
        {
            int header = RtpHeader.Measure(input);
            Assert.True(header <= input.Length);
        });
    }

    [Fact]
    public void Stream_framing() => Run([[0, 5, 1, 2, 3, 4, 5, 0, 0, 0, 2, 9, 9]], input =>
    {
        var deframer = new StreamDeframer();
        ReadOnlySpan<byte> rest = input;
        while (!rest.IsEmpty && !deframer.IsMalformed)
        {
            int count = Math.Min(rest.Length, deframer.Space.Length);
            rest[..count].CopyTo(deframer.Space.Span);
            deframer.Advance(count);
            rest = rest[count..];
            while (deframer.TryRead(out Span<byte> packet))
                Assert.InRange(packet.Length, 1, StreamDeframer.MaxPacketBytes);
        }
    });

    [Fact]
    public void Offers_and_fragments()
    {
        using var viewer = new ModelViewer(new SeededRandom(1), default) { OffersParity = true };
        byte[] offer = Encoding.ASCII.GetBytes(viewer.Offer(2, audio: true, data: true, microphone: true));
        var options = new SessionOptions { VideoTracks = [new VideoTrackOptions("s", [new VideoFormat(VideoCodecKind.H264)])], AudioStreamId = "a", AcceptMicrophone = true };
        var random = new SeededRandom(2);
        Run([offer], input =>
        {
            string text = Encoding.Latin1.GetString(input);
            _ = IceFragment.TryParse(text, out _, out _);
            if (!SessionOffer.TryParse(text, out SessionOffer? parsed, out _))
                return;
            NegotiatedSession session = Negotiator.Negotiate(parsed, options, random.Fill);
            string answer = AnswerWriter.Write(parsed, session, new AnswerTransport("u", "p", "f", [], 1));
            Assert.Equal(parsed.Media.Count, answer.Split("\r\nm=").Length - 1);
        }, divisor: 10);
    }

    [Fact]
    public void The_whole_endpoint_survives_anything_from_a_connected_address()
    {
        using var scene = new Scene();
        ModelViewer viewer = scene.AddViewer(audio: true, microphone: true);
        PeerConnection peer = scene.Connect(viewer);
        scene.SendFrame(5000, true);
        scene.Run(200);
        viewer.SendRtp(111, 5, 100, 0, new byte[50]);
        byte[] rtp = viewer.Output.Last();
        viewer.SendRtcp(b =>
        {
            var writer = new RtcpWriter(b);
            writer.AddReceiverReport(1, null);
            return writer.Length;
        });
        byte[] rtcp = viewer.Output.Last();
        viewer.Output.Clear();
        byte[] hello = new byte[150];
        hello[0] = 22;
        hello[1] = 0xFE;
        hello[2] = 0xFD;
        Run([rtp, rtcp, viewer.Check(true), hello], input =>
        {
            if (input.IsEmpty || input.SequenceEqual(rtp) || input.SequenceEqual(rtcp))
                return;
            scene.Router.Handle(scene.NowNs, input.ToArray(), viewer.Address);
        });
        scene.Drain();
        Assert.True(peer.IsConnected);
        Assert.DoesNotContain(scene.Events, e => e.Kind == PeerEventKind.Microphone);
        viewer.Streams.Values.First().Packets.Clear();
        scene.SendFrame(3000, true);
        scene.Run(50);
        Assert.NotEmpty(viewer.Streams.Values.First().Packets);
    }

    private delegate void Target(ReadOnlySpan<byte> input);

    private static void Run(byte[][] samples, Target target, int divisor = 1)
    {
        var random = new SeededRandom();
        TestContext.Current.TestOutputHelper?.WriteLine(random.ToString());
        byte[] buffer = new byte[64 * 1024];
        for (int round = 0; round < s_rounds / divisor; round++)
        {
            int length = Mutate(random, samples, buffer);
            try
            {
                target(buffer.AsSpan(0, length));
            }
            catch (Exception error)
            {
                Assert.Fail($"{random}, round {round}: {Convert.ToHexString(buffer.AsSpan(0, length))}\n{error}");
            }
        }
    }

    private static int Mutate(SeededRandom seeded, byte[][] samples, byte[] buffer)
    {
        Random random = seeded.Random;
        if (random.Next(8) == 0)
        {
            int size = random.Next(1, 300);
            random.NextBytes(buffer.AsSpan(0, size));
            return size;
        }

        byte[] sample = samples[random.Next(samples.Length)];
        sample.CopyTo(buffer, 0);
        int length = sample.Length;
        for (int n = random.Next(1, 6); n > 0 && length > 1; n--)
        {
            int at = random.Next(length);
            switch (random.Next(6))
            {
                case 0:
                    buffer[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    buffer[at] = (byte)random.Next(256);
                    break;
                case 2:
                    buffer[at] = random.Next(2) == 0 ? (byte)0 : (byte)0xFF;
                    break;
                case 3:
                    length = at + 1;
                    break;
                case 4:
                    int removed = Math.Min(length - at, random.Next(1, 20));
                    buffer.AsSpan(at + removed, length - at - removed).CopyTo(buffer.AsSpan(at));
                    length -= removed;
                    break;
                default:
                    int copied = Math.Min(length - at, random.Next(1, 60));
                    buffer.AsSpan(at, length - at).ToArray().CopyTo(buffer, at + copied);
                    length += copied;
                    break;
            }
        }

        return Math.Max(1, length);
    }
}
