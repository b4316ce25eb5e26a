using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using QemuZeroCopy.Interop.OpenSsl;
using QemuZeroCopy.WebRtc;
using QemuZeroCopy.WebRtc.Dtls;
using QemuZeroCopy.WebRtc.Rtp;
using QemuZeroCopy.WebRtc.Sdp;
using QemuZeroCopy.WebRtc.Stun;

namespace QemuZeroCopy.Bench.Alloc;

/// <summary>Frames packetized and encrypted for one connected viewer, from access unit to send buffer; nothing reaches a socket.</summary>
internal static class PacketAllocation
{
    /// <summary>10 Mbit/s at 60 frames per second.</summary>
    private const int FrameBytes = 20_800;

    private const long FrameNs = 16_666_667;

    /// <summary>Managed bytes, and ns of this thread, for each packet.</summary>
    public static (double Bytes, double Ns) PerPacket(int frames)
    {
        using DtlsCertificate certificate = DtlsCertificate.Create(DateTimeOffset.UtcNow);
        using var router = new EndpointRouter(new EndpointOptions { Certificate = certificate, FillRandom = RandomNumberGenerator.Fill, Candidates = [TransportAddress.FromIPv4(0x7F000001, 9)] });
        using var client = new Client(router, certificate);
        byte[] buffer = new byte[Transmit.BufferBytes];
        long now = client.Connect(buffer);
        PeerConnection peer = router.Peers[0];
        var source = new VideoSource(VideoCodecKind.H264, 1112);
        byte[] unit = new byte[FrameBytes];
        unit.AsSpan().Fill(0x55);
        ((ReadOnlySpan<byte>)[0, 0, 0, 1, 0x65]).CopyTo(unit);
        Send(frames);
        long before = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        int packets = Send(frames);
        double ns = Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        return ((double)(GC.GetAllocatedBytesForCurrentThread() - before) / packets, ns / packets);

        int Send(int count)
        {
            int sent = 0;
            for (int i = 0; i < count; i++)
            {
                now += FrameNs;
                client.KeepAlive(now);
                peer.SendVideo(now, 0, source.Write(unit, now, isEntryPoint: true));
                if (now >= router.NextTimeoutNs)
                    router.HandleTimeout(now);
                while (router.PollEvent(out _, out _))
                {
                }

                while (router.PollTransmit(now, buffer, out Transmit transmit))
                    sent += transmit.SegmentCount;
            }

            if (sent < count * (FrameBytes / 1200))
                throw new InvalidOperationException($"Only {sent} packets left for {count} frames.");
            return sent;
        }
    }

    /// <summary>Just enough of a viewer to get through ICE and DTLS. It gives no feedback, so nothing is paced.</summary>
    private sealed class Client : IDisposable
    {
        private static readonly TransportAddress s_address = TransportAddress.FromIPv4(0x7F000002, 1000);

        private readonly EndpointRouter _router;
        private readonly DtlsTransport _dtls;
        private readonly byte[] _check;
        private readonly byte[] _copy = new byte[2048];
        private long _lastCheckNs;

        public Client(EndpointRouter router, DtlsCertificate certificate)
        {
            _router = router;
            _dtls = new DtlsTransport(certificate, isServer: false, 1200);
            string sdp = $"""
                v=0
                m=video 9 UDP/TLS/RTP/SAVPF 102 103
                a=ice-ufrag:abcd
                a=ice-pwd:0123456789abcdef01234567
                a=fingerprint:sha-256 {certificate.Fingerprint}
                a=setup:actpass
                a=recvonly
                a=rtcp-mux
                a=rtpmap:102 H264/90000
                a=fmtp:102 packetization-mode=1;profile-level-id=42e01f
                a=rtpmap:103 rtx/90000
                a=fmtp:103 apt=102

                """;
            if (!SessionOffer.TryParse(sdp, out SessionOffer? offer, out string? error))
                throw new InvalidOperationException(error);
            AcceptResult accepted = router.Accept(0, offer, new SessionOptions { VideoTracks = [new VideoTrackOptions("s", [new VideoFormat(VideoCodecKind.H264)])] });
            string Value(string name) => accepted.AnswerSdp.Split("\r\n").First(l => l.StartsWith(name, StringComparison.Ordinal))[name.Length..];
            byte[] message = new byte[200];
            var writer = new StunWriter(message, StunType.BindingRequest, new byte[12]);
            writer.Add(StunAttribute.Username, Encoding.ASCII.GetBytes(Value("a=ice-ufrag:") + ":abcd"));
            writer.Add(StunAttribute.IceControlling, 1ul);
            writer.Add(StunAttribute.UseCandidate, default(ReadOnlySpan<byte>));
            _check = message[..writer.Finish(Encoding.ASCII.GetBytes(Value("a=ice-pwd:")))];
        }

        /// <summary>Goes through the handshake; gives the time at which it was done.</summary>
        public long Connect(byte[] buffer)
        {
            _router.Handle(0, _check.AsSpan().ToArray(), s_address);
            _dtls.Start(0);
            for (long now = 1_000_000; now < 10_000_000_000; now += 1_000_000)
            {
                while (_dtls.TryTake(_copy, out int length))
                    _router.Handle(now, _copy.AsSpan(0, length), s_address);
                while (_router.PollEvent(out _, out _))
                {
                }

                while (_router.PollTransmit(now, buffer, out Transmit transmit))
                {
                    if (buffer[0] is >= 20 and < 64)
                        _dtls.Handle(now, buffer.AsSpan(0, transmit.LengthBytes));
                }

                if (_dtls.Step == DtlsStep.Established && _router.Peers[0].IsConnected)
                    return now;
            }

            throw new InvalidOperationException("The handshake did not come through.");
        }

        /// <summary>Shows consent once a second.</summary>
        public void KeepAlive(long now)
        {
            if (now - _lastCheckNs < 1_000_000_000)
                return;
            _lastCheckNs = now;
            _check.CopyTo(_copy, 0);
            _router.Handle(now, _copy.AsSpan(0, _check.Length), s_address);
        }

        public void Dispose() => _dtls.Dispose();
    }
}
