using System.Buffers.Binary;
using QemuZeroCopy.WebRtc.Srtp;

namespace QemuZeroCopy.WebRtc.Tests.Srtp;

public class SrtpSessionTests
{
    private const uint Ssrc = 0xCAFEBABE;

    public static TheoryData<int> Profiles => [(int)SrtpProfileId.AeadAes128Gcm, (int)SrtpProfileId.Aes128CmSha1_80];

    [Theory]
    [MemberData(nameof(Profiles))]
    public void What_one_side_protects_the_other_opens(int profile)
    {
        using Pair pair = new(profile);
        for (long sequence = 65_000; sequence < 67_000; sequence++)
        {
            byte[] packet = pair.Protect(sequence, out byte[] payload);
            Assert.Equal(payload.Length, pair.Server.UnprotectRtp(packet, 12, out long widened));
            Assert.Equal(sequence, widened);
            Assert.Equal(payload, packet[12..(12 + payload.Length)]);
        }
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void A_replayed_packet_is_refused_and_a_late_one_taken_once(int profile)
    {
        using Pair pair = new(profile);
        byte[] late = pair.Protect(10, out _);
        byte[] lateAgain = [.. late];
        for (long sequence = 11; sequence < 11 + ReplayWindow.Width - 1; sequence++)
        {
            byte[] packet = pair.Protect(sequence, out _);
            byte[] again = [.. packet];
            Assert.True(pair.Server.UnprotectRtp(packet, 12, out _) >= 0);
            Assert.Equal(-1, pair.Server.UnprotectRtp(again, 12, out _));
        }

        Assert.True(pair.Server.UnprotectRtp(late, 12, out _) >= 0);
        Assert.Equal(-1, pair.Server.UnprotectRtp(lateAgain, 12, out _));
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void A_packet_older_than_the_window_is_refused(int profile)
    {
        using Pair pair = new(profile);
        byte[] old = pair.Protect(10, out _);
        Assert.True(pair.Server.UnprotectRtp(pair.Protect(10 + ReplayWindow.Width, out _), 12, out _) >= 0);
        Assert.Equal(-1, pair.Server.UnprotectRtp(old, 12, out _));
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void Every_forged_bit_is_refused_and_leaves_no_trace(int profile)
    {
        using Pair pair = new(profile);
        byte[] packet = pair.Protect(500, out _);
        for (int bit = 16; bit < packet.Length * 8; bit++)
        {
            byte[] forged = [.. packet];
            forged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Equal(-1, pair.Server.UnprotectRtp(forged, 12, out _));
        }

        Assert.True(pair.Server.UnprotectRtp(packet, 12, out _) >= 0);
    }

    [Theory]
    [MemberData(nameof(Profiles))]
    public void RTCP_goes_both_ways_and_never_twice(int profile)
    {
        using Pair pair = new(profile);
        byte[] previous = [];
        for (int i = 0; i < 300; i++)
        {
            byte[] packet = new byte[64 + SrtpProfile.MaxRtcpOverheadBytes];
            packet[0] = 0x80;
            packet[1] = 201;
            BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), Ssrc);
            packet.AsSpan(8, 56).Fill((byte)i);
            int length = pair.Server.ProtectRtcp(packet, 64);
            byte[] again = packet[..length];
            Assert.NotEqual(previous, again);
            previous = [.. again];
            Assert.Equal(64, pair.Client.UnprotectRtcp(packet.AsSpan(0, length)));
            Assert.Equal((byte)i, packet[63]);
            Assert.Equal(-1, pair.Client.UnprotectRtcp(again));
        }
    }

    [Theory]
    [InlineData(5, -1, 5)]
    [InlineData(2, 65535, 65538)]
    [InlineData(65535, 65538, 65535)]
    [InlineData(65535, 2, 65535)]
    [InlineData(0x8001, 0x10000, 0x8001)]
    [InlineData(0x7FFF, 0x10000, 0x17FFF)]
    public void Sequence_numbers_widen_to_the_nearest(int sequence, long highest, long expected) =>
        Assert.Equal(expected, SrtpSession.Widen((ushort)sequence, highest));

    [Fact]
    public void Garbage_of_every_length_is_refused()
    {
        using Pair pair = new((int)SrtpProfileId.AeadAes128Gcm);
        for (int length = 12; length < 64; length++)
        {
            Assert.Equal(-1, pair.Server.UnprotectRtp(new byte[length], 12, out _));
            Assert.Equal(-1, pair.Server.UnprotectRtcp(new byte[length]));
        }
    }

    private sealed class Pair : IDisposable
    {
        public Pair(int profile)
        {
            byte[] keys = new byte[SrtpProfile.ExportBytes((SrtpProfileId)profile)];
            new SeededRandom(1).Fill(keys);
            Client = new SrtpSession((SrtpProfileId)profile, keys, isServer: false);
            Server = new SrtpSession((SrtpProfileId)profile, keys, isServer: true);
        }

        public SrtpSession Client { get; }

        public SrtpSession Server { get; }

        public byte[] Protect(long sequence, out byte[] payload)
        {
            payload = new byte[100 + (sequence % 50)];
            new Random((int)sequence).NextBytes(payload);
            byte[] packet = new byte[12 + payload.Length + SrtpProfile.MaxOverheadBytes];
            packet[0] = 0x80;
            packet[1] = 96;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)sequence);
            BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(8), Ssrc);
            return packet[..Client.ProtectRtp(packet, 12, payload, Ssrc, sequence)];
        }

        public void Dispose()
        {
            Client.Dispose();
            Server.Dispose();
        }
    }
}
