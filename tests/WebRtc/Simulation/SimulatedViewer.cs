using System.Buffers.Binary;
using System.Text;
using QemuZeroCopy.Interop.OpenSsl;
using QemuZeroCopy.WebRtc.Dtls;
using QemuZeroCopy.WebRtc.Ice;
using QemuZeroCopy.WebRtc.Rtcp;
using QemuZeroCopy.WebRtc.Rtp;
using QemuZeroCopy.WebRtc.Srtp;
using QemuZeroCopy.WebRtc.Stun;
using QemuZeroCopy.WebRtc.Tests.Model;

namespace QemuZeroCopy.WebRtc.Tests.Simulation;

/// <summary>
/// A browser's receiving side as far as timing goes: ICE, DTLS, SRTP, transport-wide feedback, NACK with its retries, and a
/// FlexFEC, and a jitter buffer with playout delay 0. Checks nothing: it measures.
/// </summary>
internal sealed class SimulatedViewer : IDisposable
{
    /// <summary>Chromium's feedback interval at video rates (5 % of the bandwidth, at least 50 ms).</summary>
    private const long FeedbackEveryNs = 50_000_000;

    /// <summary>Chromium's NACK list is looked through this often.</summary>
    private const long NackEveryNs = 20_000_000;

    private const long ReportEveryNs = 1_000_000_000;
    private const long CheckEveryNs = 2_500_000_000;

    private static readonly DtlsCertificate s_certificate = DtlsCertificate.Create(DateTimeOffset.UnixEpoch.AddYears(56));

    private readonly SeededRandom _random;
    private readonly DtlsTransport _dtls;
    private readonly IceCredentials _local;
    private readonly byte[] _buffer = new byte[16_384];
    private readonly FeedbackWriter _feedback = new();
    private FlexFecReceiver? _parity;
    private IceCredentials? _remote;
    private SrtpSession? _srtp;
    private uint _ssrc;
    private uint _lastSenderReport;
    private long _lastSenderReportNs;
    private long _nextCheckNs;
    private long _nextFeedbackNs = long.MaxValue;
    private long _nextReportNs = long.MaxValue;
    private long _nextNackNs = long.MaxValue;
    private bool _started;

    public SimulatedViewer(SeededRandom random, TransportAddress address)
    {
        _random = random;
        Address = address;
        _local = IceCredentials.Create(random.Fill);
        _dtls = new DtlsTransport(s_certificate, isServer: false, 1200);
        Jitter = new SimulatedJitterBuffer();
    }

    public TransportAddress Address { get; }

    public SimulatedJitterBuffer Jitter { get; }

    public Queue<byte[]> Output { get; } = new();

    /// <summary>Packets that parity brought back.</summary>
    public int Recovered => _parity?.Recovered ?? 0;

    public int ParityPackets => _parity?.ParityPackets ?? 0;

    public bool IsConnected => _srtp is not null;

    public long NextTimeoutNs => Math.Min(Math.Min(_nextCheckNs, _dtls.NextTimeoutNs), Math.Min(_nextFeedbackNs, Math.Min(_nextReportNs, _nextNackNs)));

    public string Offer()
    {
        var text = new StringBuilder("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n");
        text.Append("m=video 9 UDP/TLS/RTP/SAVPF 102 103 104\r\nc=IN IP4 0.0.0.0\r\n");
        text.Append($"a=ice-ufrag:{_local.Ufrag}\r\na=ice-pwd:{_local.Password}\r\na=fingerprint:sha-256 {s_certificate.Fingerprint}\r\na=setup:actpass\r\n");
        text.Append("a=mid:0\r\na=recvonly\r\na=rtcp-mux\r\na=rtcp-rsize\r\n");
        text.Append("a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n");
        text.Append("a=rtpmap:102 H264/90000\r\na=rtcp-fb:102 nack\r\na=rtcp-fb:102 nack pli\r\na=rtcp-fb:102 transport-cc\r\na=fmtp:102 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n");
        text.Append("a=rtpmap:103 rtx/90000\r\na=fmtp:103 apt=102\r\na=rtpmap:104 flexfec-03/90000\r\na=rtcp-fb:104 transport-cc\r\na=fmtp:104 repair-window=10000000\r\n");
        return text.ToString();
    }

    public void TakeAnswer(string answer)
    {
        string Value(string name) => answer.Split('\n').First(l => l.StartsWith(name, StringComparison.Ordinal))[name.Length..].Trim();
        _remote = new IceCredentials(Value("a=ice-ufrag:"), Value("a=ice-pwd:"));
        _parity = new FlexFecReceiver(uint.Parse(Value("a=ssrc-group:FEC-FR ").Split(' ')[0], null), transportSequenceId: 3);
    }

    public void HandleTimeout(long nowNs)
    {
        if (nowNs >= _nextCheckNs)
        {
            _nextCheckNs = nowNs + (IsConnected ? CheckEveryNs : 50_000_000);
            Output.Enqueue(Check());
        }

        _dtls.HandleTimeout(nowNs);
        DrainDtls();
        if (_srtp is null)
            return;
        if (nowNs >= _nextFeedbackNs)
        {
            _nextFeedbackNs = nowNs + FeedbackEveryNs;
            int length = _feedback.Write(_buffer);
            if (length > 0)
                SendRtcp(length);
        }

        if (nowNs >= _nextNackNs)
        {
            _nextNackNs = nowNs + NackEveryNs;
            SendNacks(nowNs, newOnly: false);
            if (Jitter.WantsKeyFrame(nowNs))
                SendPictureLoss();
        }

        if (nowNs >= _nextReportNs && _ssrc != 0)
        {
            _nextReportNs = nowNs + ReportEveryNs;
            SendReport(nowNs);
        }
    }

    public void Handle(long nowNs, Span<byte> datagram)
    {
        if (datagram[0] < 4)
        {
            if (!_started && StunMessage.TryParse(datagram, out StunMessage response) && response.Type == StunType.BindingSuccess)
            {
                _started = true;
                _dtls.Start(nowNs);
            }
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

    /// <summary>DTLS's close_notify.</summary>
    public void SayGoodbye()
    {
        _dtls.Shutdown();
        DrainDtls();
    }

    public void Dispose()
    {
        _srtp?.Dispose();
        _dtls.Dispose();
    }

    private byte[] Check()
    {
        byte[] id = new byte[12];
        _random.Fill(id);
        byte[] buffer = new byte[300];
        var writer = new StunWriter(buffer, StunType.BindingRequest, id);
        writer.Add(StunAttribute.Username, Encoding.ASCII.GetBytes($"{_remote!.Ufrag}:{_local.Ufrag}"));
        writer.Add(StunAttribute.Priority, 0x6E7F1EFFu);
        writer.Add(StunAttribute.IceControlling, 0x1234567890ABCDEFul);
        writer.Add(StunAttribute.UseCandidate, default(ReadOnlySpan<byte>));
        return buffer[..writer.Finish(_remote.PasswordBytes)];
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
        if (!_dtls.TryExportSrtp(keys))
            throw new InvalidOperationException("The handshake gave no SRTP keys.");
        _srtp = new SrtpSession(profile, keys, isServer: false);
        _nextFeedbackNs = nowNs + FeedbackEveryNs;
        _nextReportNs = nowNs + ReportEveryNs;
        _nextNackNs = nowNs + NackEveryNs;
    }

    private void TakeSrtp(long nowNs, Span<byte> datagram)
    {
        if (datagram[1] is >= 192 and <= 223)
        {
            int rtcp = _srtp!.UnprotectRtcp(datagram);
            if (rtcp > 0)
                TakeRtcp(nowNs, datagram[..rtcp]);
            return;
        }

        int header = RtpHeader.Measure(datagram);
        if (header < 0)
            return;
        uint ssrc = BinaryPrimitives.ReadUInt32BigEndian(datagram[8..]);
        int length = _srtp!.UnprotectRtp(datagram, header, out long sequence);
        if (length < 0)
            return;
        for (int at = 16; at < header && datagram[at] != 0; at += 2 + (datagram[at] & 15))
        {
            if (datagram[at] >> 4 == 3)
                _feedback.Add(BinaryPrimitives.ReadUInt16BigEndian(datagram[(at + 1)..]), nowNs);
        }

        ReadOnlySpan<byte> payload = datagram.Slice(header, length);
        bool isMarked = (datagram[1] & 0x80) != 0;
        if ((datagram[1] & 0x7F) == 103)
        {
            Jitter.Add(nowNs, BinaryPrimitives.ReadUInt16BigEndian(payload), isMarked, payload[2..], isRepeated: true);
        }
        else if ((datagram[1] & 0x7F) == 104)
        {
            TakeRecovered(nowNs, _parity!.TakeParity(payload));
        }
        else
        {
            _ssrc = ssrc;
            Jitter.Add(nowNs, (ushort)sequence, isMarked, payload, isRepeated: false);
            TakeRecovered(nowNs, _parity!.TakeMedia(datagram[..(header + length)]));
        }

        SendNacks(nowNs, newOnly: true);
    }

    private void TakeRecovered(long nowNs, IReadOnlyList<byte[]> packets)
    {
        foreach (byte[] packet in packets)
            Jitter.Add(nowNs, BinaryPrimitives.ReadUInt16BigEndian(packet.AsSpan(2)), (packet[1] & 0x80) != 0, packet.AsSpan(RtpHeader.Measure(packet)), isRepeated: false);
    }

    private void TakeRtcp(long nowNs, ReadOnlySpan<byte> compound)
    {
        var reader = new RtcpReader(compound);
        while (reader.TryRead(out RtcpPacket packet))
        {
            if (packet.Type != RtcpType.SenderReport)
                continue;
            _lastSenderReport = (uint)(BinaryPrimitives.ReadUInt64BigEndian(packet.Body[4..]) >> 16);
            _lastSenderReportNs = nowNs;
        }
    }

    private void SendNacks(long nowNs, bool newOnly)
    {
        Span<(ushort, ushort)> missing = stackalloc (ushort, ushort)[64];
        int count = 0;
        foreach (ushort sequence in Jitter.ToAskFor(nowNs, newOnly))
        {
            if (count < missing.Length)
                missing[count++] = (sequence, 0);
        }

        if (count == 0)
            return;
        var writer = new RtcpWriter(_buffer);
        writer.AddNack(1, _ssrc, missing[..count]);
        SendRtcp(writer.Length);
    }

    private void SendPictureLoss()
    {
        BinaryPrimitives.WriteUInt32BigEndian(_buffer, 0x81CE0002);
        BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(4), 1);
        BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(8), _ssrc);
        SendRtcp(12);
    }

    private void SendReport(long nowNs)
    {
        uint delay = _lastSenderReport == 0 ? 0 : (uint)((nowNs - _lastSenderReportNs) * 65536 / 1_000_000_000);
        var writer = new RtcpWriter(_buffer);
        writer.AddReceiverReport(1, new ReportBlock(_ssrc, 0, 0, 0, 0, _lastSenderReport, delay));
        SendRtcp(writer.Length);
    }

    private void SendRtcp(int length) => Output.Enqueue(_buffer[.._srtp!.ProtectRtcp(_buffer, length)]);
}
