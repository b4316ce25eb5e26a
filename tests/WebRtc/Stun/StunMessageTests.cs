using System.Net;
using QemuZeroCopy.WebRtc.Stun;

namespace QemuZeroCopy.WebRtc.Tests.Stun;

/// <summary>The test vectors of RFC 5769, and what a hostile sender may try.</summary>
public class StunMessageTests
{
    private static readonly byte[] s_password = "VOkJxbRl1RmTxUk/WvJxBt"u8.ToArray();

    private static readonly byte[] s_request = Hex.Parse("""
        00 01 00 58 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae
        80 22 00 10 53 54 55 4e 20 74 65 73 74 20 63 6c 69 65 6e 74
        00 24 00 04 6e 00 01 ff
        80 29 00 08 93 2f f9 b1 51 26 3b 36
        00 06 00 09 65 76 74 6a 3a 68 36 76 59 20 20 20
        00 08 00 14 9a ea a7 0c bf d8 cb 56 78 1e f2 b5 b2 d3 f2 49 c1 b5 71 a2
        80 28 00 04 e5 7a 3b cf
        """);

    private static readonly byte[] s_responseV4 = Hex.Parse("""
        01 01 00 3c 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae
        80 22 00 0b 74 65 73 74 20 76 65 63 74 6f 72 20
        00 20 00 08 00 01 a1 47 e1 12 a6 43
        00 08 00 14 2b 91 f5 99 fd 9e 90 c3 8c 74 89 f9 2a f9 ba 53 f0 6b e7 d7
        80 28 00 04 c0 7d 4c 96
        """);

    private static readonly byte[] s_responseV6 = Hex.Parse("""
        01 01 00 48 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae
        80 22 00 0b 74 65 73 74 20 76 65 63 74 6f 72 20
        00 20 00 14 00 02 a1 47 01 13 a9 fa a5 d3 f1 79 bc 25 f4 b5 be d2 b9 d9
        00 08 00 14 a3 82 95 4e 4b e6 7b f1 17 84 c9 7c 82 92 c2 75 bf e3 ed 41
        80 28 00 04 c8 fb 0b 4c
        """);

    [Fact]
    public void The_sample_request_of_RFC_5769_is_read_and_verified()
    {
        Assert.True(StunMessage.TryParse(s_request, out StunMessage message));
        Assert.Equal(StunType.BindingRequest, message.Type);
        Assert.Equal("evtj:h6vY", System.Text.Encoding.ASCII.GetString(message.Username));
        Assert.Equal(0x6E0001FFu, message.Priority);
        Assert.False(message.IsControlling);
        Assert.False(message.UsesCandidate);
        Assert.True(message.HasFingerprint);
        Assert.True(message.HasIntegrity(s_password));
        Assert.False(message.HasIntegrity("VOkJxbRl1RmTxUk/WvJxBT"u8));
    }

    [Theory]
    [InlineData(4, "192.0.2.1")]
    [InlineData(6, "2001:db8:1234:5678:11:2233:4455:6677")]
    public void The_sample_responses_of_RFC_5769_are_read_and_verified(int version, string address)
    {
        Assert.True(StunMessage.TryParse(version == 4 ? s_responseV4 : s_responseV6, out StunMessage message));
        Assert.True(message.HasIntegrity(s_password));
        Assert.Equal(new IPEndPoint(IPAddress.Parse(address), 32853), message.MappedAddress.ToIPEndPoint());
    }

    [Fact]
    public void What_is_written_is_read_back()
    {
        byte[] buffer = new byte[200];
        var remote = TransportAddress.From(new IPEndPoint(IPAddress.Parse("2001:db8::7"), 4711));
        var writer = new StunWriter(buffer, StunType.BindingSuccess, s_request.AsSpan(8, 12));
        writer.AddMappedAddress(remote);
        int length = writer.Finish(s_password);
        Assert.True(StunMessage.TryParse(buffer.AsSpan(0, length), out StunMessage message));
        Assert.True(message.HasIntegrity(s_password));
        Assert.Equal(remote, message.MappedAddress);
    }

    [Fact]
    public void Every_flipped_bit_is_noticed()
    {
        for (int bit = 0; bit < s_request.Length * 8; bit++)
        {
            byte[] copy = [.. s_request];
            copy[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(StunMessage.TryParse(copy, out StunMessage message) && message.HasIntegrity(s_password) && message.HasFingerprint, $"bit {bit}");
        }
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        for (int length = 0; length < s_request.Length; length++)
            Assert.False(StunMessage.TryParse(s_request.AsSpan(0, length), out _));
    }

    [Fact]
    public void Attributes_behind_the_integrity_do_not_count()
    {
        byte[] buffer = new byte[200];
        var writer = new StunWriter(buffer, StunType.BindingRequest, s_request.AsSpan(8, 12));
        writer.Add(StunAttribute.Username, "a:b"u8);
        int covered = writer.Finish(s_password) - 8;
        // An attacker on the path cannot make a USE-CANDIDATE, but might append one.
        var forged = new byte[covered + 4 + 8];
        buffer.AsSpan(0, covered).CopyTo(forged);
        forged[covered + 1] = (byte)StunAttribute.UseCandidate;
        forged[3] = (byte)(forged.Length - 20);
        Span<byte> fingerprint = forged.AsSpan(covered + 4);
        fingerprint[0] = 0x80;
        fingerprint[1] = 0x28;
        fingerprint[3] = 4;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(fingerprint[4..], StunMessage.ComputeFingerprint(forged.AsSpan(0, covered + 4)));
        Assert.True(StunMessage.TryParse(forged, out StunMessage message));
        Assert.True(message.HasIntegrity(s_password));
        Assert.False(message.UsesCandidate);
    }
}
