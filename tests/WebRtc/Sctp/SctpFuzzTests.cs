using System.Buffers.Binary;
using QemuZeroCopy.WebRtc.Sctp;
using QemuZeroCopy.WebRtc.Sctp.Wire;
using QemuZeroCopy.WebRtc.Tests.Simulation;

namespace QemuZeroCopy.WebRtc.Tests.Sctp;

/// <summary>Hostile bytes, with right checksums and tags so that they get past the door.</summary>
public class SctpFuzzTests
{
    private const int Rounds = 60;
    private const int PacketsPerRound = 2000;

    [Fact]
    public void Changed_packets_of_a_real_exchange_do_no_harm()
    {
        var seeds = new SeededRandom();
        for (int round = 0; round < Rounds; round++)
        {
            var random = new Random(seeds.Random.Next());
            var pair = new SctpPair(new LinkPlan { DelayMs = 5, Loss = 0.02 }, random.Next());
            var seen = new List<byte[]>();
            pair.Passes = (_, packet) =>
            {
                if (seen.Count < 200)
                    seen.Add(packet);
                return true;
            };
            ushort channel = pair.Open(Reliability.Full);
            pair.Run(200);
            try
            {
                for (int i = 0; i < PacketsPerRound; i++)
                {
                    byte[] packet = Change(seen[random.Next(seen.Count)], random);
                    (random.Next(2) == 0 ? pair.Server : pair.Client).Handle(pair.NowNs, packet);
                    if (i % 50 != 0)
                        continue;
                    pair.Client.Send(pair.NowNs, channel, isBinary: true, new byte[random.Next(4000)]);
                    pair.Client.CloseChannel((ushort)random.Next(4));
                    pair.Run(20);
                }

                pair.Run(100);
            }
            catch (Exception failure) when (failure is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"{seeds}, round {round}: {failure}");
            }
        }
    }

    [Fact]
    public void Random_chunks_do_no_harm_and_hold_no_memory()
    {
        var seeds = new SeededRandom();
        byte[] types = [0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 14, 130, 192, 64, 255];
        for (int round = 0; round < Rounds; round++)
        {
            var random = new Random(seeds.Random.Next());
            var pair = new SctpPair(seed: random.Next());
            uint tag = 0;
            uint tsn = 0;
            pair.Passes = (fromClient, packet) =>
            {
                if (fromClient && packet[12] == (byte)ChunkType.Data)
                    (tag, tsn) = (BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(4)), BinaryPrimitives.ReadUInt32BigEndian(packet.AsSpan(16)));
                return true;
            };
            pair.Open(Reliability.Full);
            pair.Run(200);
            Assert.NotEqual(0u, tag);
            try
            {
                for (int i = 0; i < PacketsPerRound; i++)
                {
                    pair.Server.Handle(pair.NowNs, RandomPacket(types[random.Next(round % 3 == 0 ? types.Length : 4)], tag, tsn, random));
                    if (i % 100 == 0)
                        pair.Run(10);
                }
            }
            catch (Exception failure) when (failure is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"{seeds}, round {round}: {failure}");
            }

            Assert.InRange(pair.Server.HeldBytes, 0, new SctpOptions().ReceiveBufferBytes);
            Assert.InRange(pair.Server.OpenChannels, 0, new SctpOptions().MaxChannels);
        }
    }

    [Fact]
    public void A_flood_without_the_right_tag_is_refused_and_counted()
    {
        var pair = new SctpPair();
        pair.Open(Reliability.Full);
        pair.Run(300);
        var random = new SeededRandom(8).Random;
        for (int i = 0; i < 10_000; i++)
            pair.Server.Handle(pair.NowNs, RandomPacket((byte)ChunkType.Data, (uint)random.Next(), 1, random));
        Assert.InRange(pair.Server.Counters.PacketsRefused, 9_990, 10_000);
        Assert.Equal(SctpState.Established, pair.Server.State);
    }

    [Fact]
    public void Floods_of_INIT_keep_nothing_and_get_one_answer_each_poll()
    {
        var random = new SeededRandom(9);
        var server = new SctpAssociation(new SctpOptions(), random.Fill);
        byte[] init = new byte[12 + 4 + 16];
        var packet = new PacketWriter(init, 5000, 5000);
        new InitFields(1, 1000, 10, 10, 5).Write(packet.Add(ChunkType.Init, 0, 16));
        packet.Finish(0);
        byte[] buffer = new byte[2048];
        for (int i = 0; i < 1000; i++)
            server.Handle(i, init);
        Assert.True(server.PollTransmit(1000, buffer) > 0);
        Assert.Equal(0, server.PollTransmit(1000, buffer));
        Assert.Equal(SctpState.Closed, server.State);
        Assert.Equal(long.MaxValue, server.NextTimeoutNs);
    }

    private readonly record struct InitFields(uint Tag, uint Window, ushort Out, ushort In, uint Tsn)
    {
        public void Write(Span<byte> value)
        {
            BinaryPrimitives.WriteUInt32BigEndian(value, Tag);
            BinaryPrimitives.WriteUInt32BigEndian(value[4..], Window);
            BinaryPrimitives.WriteUInt16BigEndian(value[8..], Out);
            BinaryPrimitives.WriteUInt16BigEndian(value[10..], In);
            BinaryPrimitives.WriteUInt32BigEndian(value[12..], Tsn);
        }
    }

    private static byte[] Change(byte[] original, Random random)
    {
        byte[] packet = random.Next(4) == 0 ? original[..random.Next(original.Length + 1)] : [.. original];
        for (int i = random.Next(1, 6); i > 0 && packet.Length > 12; i--)
        {
            int at = random.Next(12, packet.Length);
            packet[at] = random.Next(3) switch { 0 => 0, 1 => 0xFF, _ => (byte)random.Next(256) };
        }

        return packet.Length >= 12 ? SctpBytes.WithChecksum(packet) : packet;
    }

    private static byte[] RandomPacket(byte type, uint tag, uint tsn, Random random)
    {
        byte[] packet = new byte[16 + random.Next(1, 1140)];
        random.NextBytes(packet);
        BinaryPrimitives.WriteUInt16BigEndian(packet, 5000);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), 5000);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(4), type == (byte)ChunkType.Init ? 0 : tag);
        packet[12] = type;
        packet[13] = (byte)random.Next(8);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(14), (ushort)(random.Next(20) == 0 ? random.Next(65536) : packet.Length - 12));
        if (packet.Length >= 28)
        {
            // TSNs near the window's edge, streams mostly valid, protocols mostly known.
            BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(16), tsn + (uint)random.Next(-2, 2200));
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(20), (ushort)random.Next(0, 300));
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), (ushort)random.Next(0, 8));
            BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(24), (uint)random.Next(49, 59));
        }

        return SctpBytes.WithChecksum(packet);
    }
}
