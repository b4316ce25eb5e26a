using System.Buffers.Binary;
using System.Text;
using QemuZeroCopy.Interop.OpenSsl;
using QemuZeroCopy.WebRtc.Dtls;
using QemuZeroCopy.WebRtc.Ice;
using QemuZeroCopy.WebRtc.Rtcp;
using QemuZeroCopy.WebRtc.Rtp;
using QemuZeroCopy.WebRtc.Srtp;
using QemuZeroCopy.WebRtc.Stun;

namespace QemuZeroCopy.WebRtc.Tests.Model;

/// <summary>
/// A viewer as a browser is one: a full ICE agent with one path, a DTLS client, SRTP, NACK, transport-wide feedback and
/// receiver reports. On the test's clock, with the test's random.
/// </summary>
internal sealed class ModelViewer : IDisposable
{
    private const long CheckEveryNs = 50_000_000;
    private const long FeedbackEveryNs = 50_000_000;
    private const long ReportEveryNs = 1_000_000_000;

    private static readonly DtlsCertificate s_certificate = DtlsCertificate.Create(DateTimeOffset.UnixEpoch.AddYears(56));

    private readonly SeededRandom _random;
    private readonly DtlsTransport _dtls;
    private readonly DtlsCertificate _certificate;
    private readonly byte[] _buffer = new byte[2048];
    private readonly Dictionary<uint, ModelStream> _streams = [];
    private readonly List<(ushort Sequence, long AtNs)> _arrivals = [];
    private IceCredentials _local;
    private IceCredentials? _remote;
    private SrtpSession? _srtp;
    private FlexFecReceiver? _parity;
    private long _nextCheckNs;
    private long _nextFeedbackNs;
    private long _nextReportNs;
    private byte _feedbackCount;
    private bool _checked;

    public ModelViewer(SeededRandom random, TransportAddress address, DtlsCertificate? certificate = null)
    {
        _random = random;
        Address = address;
        _certificate = certificate ?? s_certificate;
        _local = IceCredentials.Create(random.Fill);
        _dtls = new DtlsTransport(_certificate, isServer: false, 1200);
    }

    public TransportAddress Address { get; set; }

    public IceCredentials Local => _local;

    /// <summary>What wants to be sent to the server.</summary>
    public Queue<byte[]> Output { get; } = new();

    public bool IsConnected => _srtp is not null;

    public DtlsStep DtlsStep => _dtls.Step;

    public IReadOnlyDictionary<uint, ModelStream> Streams => _streams;

    public int ChecksAnswered { get; private set; }

    public bool SendsNacks { get; set; } = true;

    /// <summary>Whether FlexFEC is offered.</summary>
    public bool OffersParity { get; init; }

    public int ParityPackets => _parity?.ParityPackets ?? 0;

    public int Recovered => _parity?.Recovered ?? 0;

    public bool Silent { get; set; }

    public bool SaidGoodbye { get; private set; }

    public List<string> Answers { get; } = [];

    /// <summary>Overrides the fingerprint in the offer.</summary>
    public string? ClaimedFingerprint { get; init; }

    public string Offer(int videoCount = 1, bool audio = false, bool data = false, bool microphone = false)
    {
        var mids = Enumerable.Range(0, videoCount + (audio ? 1 : 0) + (data ? 1 : 0) + (microphone ? 1 : 0));
        var text = new StringBuilder();
        text.Append($"v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {string.Join(' ', mids)}\r\n");
        string transport = $"c=IN IP4 0.0.0.0\r\na=ice-ufrag:{_local.Ufrag}\r\na=ice-pwd:{_local.Password}\r\na=fingerprint:sha-256 {ClaimedFingerprint ?? _certificate.Fingerprint}\r\na=setup:actpass\r\n";
        int mid = 0;
        for (int i = 0; i < videoCount; i++)
        {
            text.Append(OffersParity ? "m=video 9 UDP/TLS/RTP/SAVPF 102 103 104\r\n" : "m=video 9 UDP/TLS/RTP/SAVPF 102 103\r\n").Append(transport).Append($"a=mid:{mid++}\r\na=recvonly\r\na=rtcp-mux\r\na=rtcp-rsize\r\n");
            text.Append("a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\na=extmap:5 http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\r\n");
            text.Append("a=extmap:4 http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time\r\na=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid\r\n");
            text.Append("a=rtpmap:102 H264/90000\r\na=rtcp-fb:102 nack\r\na=rtcp-fb:102 nack pli\r\na=rtcp-fb:102 ccm fir\r\na=rtcp-fb:102 transport-cc\r\na=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n");
            text.Append("a=rtpmap:103 rtx/90000\r\na=fmtp:103 apt=102\r\n");
            if (OffersParity)
                text.Append("a=rtpmap:104 flexfec-03/90000\r\na=fmtp:104 repair-window=10000000\r\n");
        }

        if (audio)
            text.Append("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n").Append(transport).Append($"a=mid:{mid++}\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n");
        if (microphone)
            text.Append("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n").Append(transport).Append($"a=mid:{mid++}\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n");
        if (data)
            text.Append("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n").Append(transport).Append($"a=mid:{mid}\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n");
        return text.ToString();
    }

    public void TakeAnswer(string answer)
    {
        Answers.Add(answer);
        string Value(string name) => answer.Split('\n').First(l => l.StartsWith(name, StringComparison.Ordinal))[name.Length..].Trim();
        _remote = new IceCredentials(Value("a=ice-ufrag:"), Value("a=ice-pwd:"));
        if (OffersParity)
            _parity = new FlexFecReceiver(uint.Parse(Value("a=ssrc-group:FEC-FR ").Split(' ')[0], null), transportSequenceId: 3);
    }

    public void Restart(IceCredentials local)
    {
        _local = local;
        _checked = false;
        _nextCheckNs = 0;
    }

    public void HandleTimeout(long nowNs)
    {
        if (Silent || _remote is null)
            return;
        if (nowNs >= _nextCheckNs)
        {
            _nextCheckNs = nowNs + (_checked ? CheckEveryNs * 20 : CheckEveryNs);
            Output.Enqueue(Check(nominates: true));
        }

        _dtls.HandleTimeout(nowNs);
        DrainDtls();
        if (_srtp is null)
            return;
        if (nowNs >= _nextFeedbackNs)
        {
            _nextFeedbackNs = nowNs + FeedbackEveryNs;
            SendFeedback(nowNs);
        }

        if (nowNs >= _nextReportNs)
        {
            _nextReportNs = nowNs + ReportEveryNs;
            SendReports(nowNs);
        }
    }

    public byte[] Check(bool nominates, IceCredentials? forgedPassword = null, byte[]? transaction = null, bool controlling = true)
    {
        byte[] id = transaction ?? new byte[12];
        if (transaction is null)
            _random.Fill(id);
        byte[] buffer = new byte[300];
        var writer = new StunWriter(buffer, StunType.BindingRequest, id);
        writer.Add(StunAttribute.Username, Encoding.ASCII.GetBytes($"{_remote!.Ufrag}:{_local.Ufrag}"));
        writer.Add(StunAttribute.Priority, 0x6E7F1EFFu);
        writer.Add(controlling ? StunAttribute.IceControlling : StunAttribute.IceControlled, 0x1234567890ABCDEFul);
        if (nominates)
            writer.Add(StunAttribute.UseCandidate, default(ReadOnlySpan<byte>));
        return buffer[..writer.Finish((forgedPassword ?? _remote).PasswordBytes)];
    }

    public void Handle(long nowNs, Span<byte> datagram)
    {
        if (Silent)
            return;
        if (datagram[0] < 4)
        {
            Assert.True(StunMessage.TryParse(datagram, out StunMessage response));
            Assert.True(response.HasIntegrity(_remote!.PasswordBytes));
            if (response.Type != StunType.BindingSuccess)
                return;
            Assert.Equal(Address, response.MappedAddress with { Kind = Address.Kind });
            ChecksAnswered++;
            if (!_checked && _dtls.Step == DtlsStep.Handshaking && _srtp is null)
                _dtls.Start(nowNs);
            _checked = true;
        }
        else if (datagram[0] < 64)
        {
            _dtls.Handle(nowNs, datagram);
            while (_dtls.Read(_buffer) > 0)
            {
            }

            if (_dtls.Step == DtlsStep.Established && _srtp is null)
                TakeKeys(nowNs);
        }
        else if (_srtp is not null)
        {
            TakeSrtp(nowNs, datagram);
        }

        DrainDtls();
    }

    public void SendRtcp(Func<byte[], int> write)
    {
        byte[] buffer = new byte[1400];
        int length = write(buffer);
        Output.Enqueue(buffer[.._srtp!.ProtectRtcp(buffer, length)]);
    }

    public void SendRtp(byte payloadType, uint ssrc, long sequence, uint timestamp, byte[] payload)
    {
        byte[] packet = new byte[1400];
        RtpHeader.Write(packet, payloadType, false, (ushort)sequence, timestamp, ssrc, false);
        Output.Enqueue(packet[.._srtp!.ProtectRtp(packet, 12, payload, ssrc, sequence)]);
    }

    public void SendGoodbye()
    {
        _dtls.Shutdown();
        DrainDtls();
    }

    public void Dispose()
    {
        _srtp?.Dispose();
        _dtls.Dispose();
    }

    private void DrainDtls()
    {
        while (_dtls.TryTake(_buffer, out int length))
            Output.Enqueue(_buffer[..length]);
    }

    private void TakeKeys(long nowNs)
    {
        var profile = (SrtpProfileId)_dtls.SrtpProfile;
        byte[] keys = new byte[SrtpProfile.ExportBytes(profile)];
        Assert.True(_dtls.TryExportSrtp(keys));
        _srtp = new SrtpSession(profile, keys, isServer: false);
        _nextFeedbackNs = nowNs + FeedbackEveryNs;
        _nextReportNs = nowNs + ReportEveryNs;
    }

    private void TakeSrtp(long nowNs, Span<byte> datagram)
    {
        if (datagram[1] is >= 192 and <= 223)
        {
            int rtcp = _srtp!.UnprotectRtcp(datagram);
            Assert.True(rtcp > 0);
            TakeRtcp(nowNs, datagram[..rtcp]);
            return;
        }

        int header = RtpHeader.Measure(datagram);
        Assert.True(header > 0);
        uint ssrc = BinaryPrimitives.ReadUInt32BigEndian(datagram[8..]);
        int length = _srtp!.UnprotectRtp(datagram, header, out long sequence);
        if (length < 0)
            return;
        for (int at = 16; at < header && datagram[at] != 0; at += 2 + (datagram[at] & 15))
        {
            if (datagram[at] >> 4 == 3)
                _arrivals.Add((BinaryPrimitives.ReadUInt16BigEndian(datagram[(at + 1)..]), nowNs));
        }

        ReadOnlySpan<byte> payload = datagram.Slice(header, length);
        int payloadType = datagram[1] & 0x7F;
        if (payloadType == 103)
        {
            ModelStream original = _streams.Values.First(s => RtxOf(s.Ssrc) == ssrc);
            original.TakeRepeated(nowNs, payload, datagram);
            return;
        }

        if (payloadType == 104)
        {
            TakeRecovered(nowNs, _parity!.TakeParity(payload));
            return;
        }

        if (!_streams.TryGetValue(ssrc, out ModelStream? stream))
            _streams.Add(ssrc, stream = new ModelStream(ssrc, payloadType));
        stream.Take(nowNs, sequence, datagram[..(header + length)], header);
        if (payloadType == 102 && _parity is not null)
            TakeRecovered(nowNs, _parity.TakeMedia(datagram[..(header + length)]));
    }

    private void TakeRecovered(long nowNs, IReadOnlyList<byte[]> packets)
    {
        foreach (byte[] packet in packets)
            _streams[BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(8))].TakeRecovered(nowNs, packet);
    }

    private uint RtxOf(uint ssrc)
    {
        string prefix = $"a=ssrc-group:FID {ssrc} ";
        return uint.Parse(Answers[0].Split('\n').First(l => l.StartsWith(prefix, StringComparison.Ordinal))[prefix.Length..].Trim(), null);
    }

    private void TakeRtcp(long nowNs, ReadOnlySpan<byte> compound)
    {
        var reader = new RtcpReader(compound);
        while (reader.TryRead(out RtcpPacket packet))
        {
            if (packet.Type == RtcpType.SenderReport && _streams.TryGetValue(BinaryPrimitives.ReadUInt32BigEndian(packet.Body), out ModelStream? stream))
                stream.TakeSenderReport(nowNs, packet.Body);
            SaidGoodbye |= packet.Type == RtcpType.Goodbye;
        }

        Assert.False(reader.IsMalformed);
    }

    private void SendFeedback(long nowNs)
    {
        if (_arrivals.Count > 0)
        {
            byte[] feedback = TransportFeedbackBuilder.Build(_arrivals, _feedbackCount++);
            _arrivals.Clear();
            SendRtcp(buffer =>
            {
                feedback.CopyTo(buffer, 0);
                return feedback.Length;
            });
        }

        foreach (ModelStream stream in _streams.Values.Where(s => s.PayloadType == 102 && SendsNacks))
        {
            (ushort, ushort)[] missing = [.. stream.Missing(nowNs).Take(100).Select(m => (m, (ushort)0))];
            if (missing.Length == 0)
                continue;
            SendRtcp(buffer =>
            {
                var writer = new RtcpWriter(buffer);
                writer.AddNack(1, stream.Ssrc, missing);
                return writer.Length;
            });
        }
    }

    private void SendReports(long nowNs)
    {
        foreach (ModelStream stream in _streams.Values)
        {
            ReportBlock block = stream.Report(nowNs);
            SendRtcp(buffer =>
            {
                var writer = new RtcpWriter(buffer);
                writer.AddReceiverReport(1, block);
                return writer.Length;
            });
        }
    }
}
