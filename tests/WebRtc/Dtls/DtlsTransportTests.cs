using QemuZeroCopy.Interop.OpenSsl;
using QemuZeroCopy.WebRtc.Dtls;
using QemuZeroCopy.WebRtc.Sdp;

namespace QemuZeroCopy.WebRtc.Tests.Dtls;

/// <summary>Two ends of DTLS on a simulated clock and a network that loses datagrams.</summary>
public class DtlsTransportTests
{
    private static readonly DtlsCertificate s_serverCertificate = DtlsCertificate.Create(DateTimeOffset.UnixEpoch.AddYears(56));
    private static readonly DtlsCertificate s_clientCertificate = DtlsCertificate.Create(DateTimeOffset.UnixEpoch.AddYears(56));

    [Fact]
    public void A_handshake_comes_through_and_both_ends_agree_on_keys()
    {
        using var pair = new Pair();
        pair.Run(100);
        Assert.Equal(DtlsStep.Established, pair.Server.Step);
        Assert.Equal(DtlsStep.Established, pair.Client.Step);
        Assert.Equal(7, pair.Server.SrtpProfile);
        byte[] one = new byte[56];
        byte[] other = new byte[56];
        Assert.True(pair.Server.TryExportSrtp(one));
        Assert.True(pair.Client.TryExportSrtp(other));
        Assert.Equal(one, other);
        Assert.NotEqual(new byte[56], one);
    }

    [Fact]
    public void Datagrams_stay_within_the_MTU()
    {
        using var pair = new Pair(mtu: 300);
        pair.Run(100);
        Assert.Equal(DtlsStep.Established, pair.Client.Step);
        Assert.InRange(pair.LargestDatagram, 250, 300);
    }

    [Fact]
    public void A_lossy_network_delays_a_handshake_but_does_not_stop_it()
    {
        var seeds = new SeededRandom();
        TestContext.Current.TestOutputHelper?.WriteLine(seeds.ToString());
        for (int round = 0; round < 40; round++)
        {
            var random = new Random(seeds.Random.Next());
            using var pair = new Pair(mtu: 400) { Loses = () => random.NextDouble() < 0.3 };
            pair.Run(60_000);
            Assert.True(pair.Server.Step == DtlsStep.Established && pair.Client.Step == DtlsStep.Established, $"round {round} of {seeds}: server {pair.Server.Step} {pair.Server.FailureReason}, client {pair.Client.Step} {pair.Client.FailureReason}");
        }
    }

    [Fact]
    public void The_fingerprint_of_the_offer_must_be_that_of_the_certificate()
    {
        using var pair = new Pair();
        pair.Run(100);
        Assert.True(Fingerprint.TryParse("sha-256 " + s_clientCertificate.Fingerprint, out Fingerprint right));
        Assert.True(Fingerprint.TryParse("sha-256 " + s_serverCertificate.Fingerprint, out Fingerprint wrong));
        Assert.True(pair.Server.PeerMatches(right));
        Assert.False(pair.Server.PeerMatches(wrong));
    }

    [Fact]
    public void Data_flows_both_ways_in_records_of_their_own()
    {
        using var pair = new Pair();
        pair.Run(100);
        Assert.True(pair.Client.TryWrite("one"u8));
        Assert.True(pair.Client.TryWrite("two"u8));
        Assert.True(pair.Server.TryWrite("three"u8));
        pair.Run(10);
        Assert.Equal(["one", "two"], pair.ServerGot);
        Assert.Equal(["three"], pair.ClientGot);
    }

    [Fact]
    public void Close_notify_ends_the_other_side()
    {
        using var pair = new Pair();
        pair.Run(100);
        pair.Client.Shutdown();
        pair.Run(10);
        Assert.Equal(DtlsStep.Closed, pair.Server.Step);
    }

    [Fact]
    public void Without_a_common_SRTP_profile_none_is_selected()
    {
        using DtlsCertificate other = DtlsCertificate.Create(DateTimeOffset.UnixEpoch.AddYears(56), "SRTP_AES128_CM_SHA1_32");
        using var pair = new Pair(clientCertificate: other);
        pair.Run(100);
        Assert.Equal(0, pair.Server.SrtpProfile);
    }

    [Fact]
    public void AES_CM_is_taken_where_the_peer_has_nothing_better()
    {
        using DtlsCertificate other = DtlsCertificate.Create(DateTimeOffset.UnixEpoch.AddYears(56), "SRTP_AES128_CM_SHA1_80");
        using var pair = new Pair(clientCertificate: other);
        pair.Run(100);
        Assert.Equal(1, pair.Server.SrtpProfile);
    }

    [Fact]
    public void Garbage_and_mutations_do_not_end_an_established_session()
    {
        var seeds = new SeededRandom();
        TestContext.Current.TestOutputHelper?.WriteLine(seeds.ToString());
        using var pair = new Pair();
        pair.Run(100);
        pair.Client.TryWrite("genuine"u8);
        byte[] genuine = new byte[1500];
        Assert.True(pair.Client.TryTake(genuine, out int length));
        for (int i = 0; i < 20_000; i++)
        {
            byte[] forged = genuine[..length];
            for (int n = seeds.Random.Next(1, 4); n > 0; n--)
                forged[seeds.Random.Next(forged.Length)] ^= (byte)seeds.Random.Next(1, 256);
            pair.Server.Handle(pair.NowNs, forged.AsSpan(0, seeds.Random.Next(1, forged.Length + 1)));
            Assert.True(pair.Server.Step == DtlsStep.Established, $"{seeds}: {Convert.ToHexString(forged)}");
            Assert.Equal(0, pair.Server.Read(new byte[1500]));
        }

        pair.Server.Handle(pair.NowNs, genuine.AsSpan(0, length));
        byte[] read = new byte[100];
        Assert.Equal(7, pair.Server.Read(read));
    }

    [Fact]
    public void A_record_too_short_for_its_cipher_is_dropped()
    {
        using var pair = new Pair();
        pair.Run(100);
        pair.Client.TryWrite("genuine"u8);
        byte[] genuine = new byte[1500];
        Assert.True(pair.Client.TryTake(genuine, out int length));
        for (int shorter = 0; shorter < 24; shorter++)
        {
            byte[] forged = genuine[..length];
            forged[12] = (byte)shorter;
            pair.Server.Handle(pair.NowNs, forged);
            Assert.Equal(DtlsStep.Established, pair.Server.Step);
        }

        pair.Server.Handle(pair.NowNs, genuine.AsSpan(0, length));
        Assert.Equal(7, pair.Server.Read(new byte[100]));
    }

    [Fact]
    public void A_ClientHello_in_fragments_is_put_together()
    {
        // Browsers with post-quantum key shares send one of about 2 kB, in two datagrams.
        using var pair = new Pair();
        pair.Client.Start(0);
        byte[] hello = new byte[1500];
        Assert.True(pair.Client.TryTake(hello, out int length));
        int body = length - 13 - 12;
        int first = body / 2;
        pair.Server.Handle(0, Fragment(hello, 0, first, body, 7));
        Assert.False(pair.Server.HasOutput);
        pair.Server.Handle(0, Fragment(hello, first, body - first, body, 8));
        Assert.True(pair.Server.HasOutput);
    }

    /// <summary>Part of a handshake message in a record of its own (RFC 6347 section 4.2.3).</summary>
    private static byte[] Fragment(byte[] datagram, int offset, int length, int whole, byte number)
    {
        byte[] record = new byte[13 + 12 + length];
        datagram.AsSpan(0, 25).CopyTo(record);
        record[10] = number;
        record[11] = (byte)((12 + length) >> 8);
        record[12] = (byte)(12 + length);
        Assert.Equal(whole, (datagram[14] << 16) | (datagram[15] << 8) | datagram[16]);
        (record[19], record[20], record[21]) = (0, (byte)(offset >> 8), (byte)offset);
        (record[22], record[23], record[24]) = (0, (byte)(length >> 8), (byte)length);
        datagram.AsSpan(25 + offset, length).CopyTo(record.AsSpan(25));
        return record;
    }

    private sealed class Pair : IDisposable
    {
        private readonly byte[] _datagram = new byte[1500];
        private readonly byte[] _data = new byte[1500];
        private bool _started;

        public Pair(int mtu = 1200, DtlsCertificate? clientCertificate = null)
        {
            Server = new DtlsTransport(s_serverCertificate, isServer: true, mtu);
            Client = new DtlsTransport(clientCertificate ?? s_clientCertificate, isServer: false, mtu);
        }

        public DtlsTransport Server { get; }

        public DtlsTransport Client { get; }

        public Func<bool> Loses { get; init; } = () => false;

        public long NowNs { get; private set; }

        public int LargestDatagram { get; private set; }

        public List<string> ServerGot { get; } = [];

        public List<string> ClientGot { get; } = [];

        public void Run(int milliseconds)
        {
            if (!_started)
                Client.Start(NowNs);
            _started = true;
            for (int i = 0; i < milliseconds && !IsDone(); i++)
            {
                NowNs += 1_000_000;
                Server.HandleTimeout(NowNs);
                Client.HandleTimeout(NowNs);
                Move(Client, Server, ServerGot);
                Move(Server, Client, ClientGot);
            }
        }

        public void Dispose()
        {
            Server.Dispose();
            Client.Dispose();
        }

        private bool IsDone() => Server.Step == DtlsStep.Established && Client.Step == DtlsStep.Established && !Server.HasOutput && !Client.HasOutput;

        private void Move(DtlsTransport from, DtlsTransport to, List<string> got)
        {
            while (from.TryTake(_datagram, out int length))
            {
                LargestDatagram = Math.Max(LargestDatagram, length);
                if (Loses())
                    continue;
                to.Handle(NowNs, _datagram.AsSpan(0, length));
                for (int read = to.Read(_data); read > 0; read = to.Read(_data))
                    got.Add(System.Text.Encoding.UTF8.GetString(_data, 0, read));
            }
        }
    }
}
