using System.Text;
using QemuZeroCopy.WebRtc.Sctp;
using QemuZeroCopy.WebRtc.Tests.Simulation;

namespace QemuZeroCopy.WebRtc.Tests.Sctp;

public class SctpAssociationTests
{
    private const int CookieEcho = 10;

    [Fact]
    public void An_association_comes_up_in_two_round_trips_and_a_channel_with_it()
    {
        var pair = new SctpPair(new LinkPlan { DelayMs = 10 });
        ushort channel = pair.Open(Reliability.Full);
        Assert.Equal(0, channel);
        pair.Run(1000, () => pair.AtClient.Count > 0);
        Assert.InRange(pair.NowNs, 1_000_000_000 + 59_000_000, 1_000_000_000 + 81_000_000);
        SctpEvent opened = Assert.Single(pair.AtServer);
        Assert.Equal((DataTransportEventKind.Opened, (ushort)0, "input"), (opened.Kind, opened.Channel, opened.Text));
        Assert.Equal(DataTransportEventKind.Opened, Assert.Single(pair.AtClient).Kind);
    }

    [Fact]
    public void Both_ends_may_begin_at_once()
    {
        var pair = new SctpPair();
        pair.Server.Connect(pair.NowNs);
        ushort channel = pair.Open(Reliability.Full);
        pair.Send(fromClient: true, channel, "hello");
        pair.Run(2000);
        Assert.Equal(SctpState.Established, pair.Server.State);
        Assert.Equal(SctpState.Established, pair.Client.State);
        Assert.Equal("hello", Assert.Single(pair.Messages(atServer: true)).Text);
    }

    [Fact]
    public void Every_lost_packet_of_the_handshake_is_repeated()
    {
        for (int lost = 0; lost < 6; lost++)
        {
            int seen = 0;
            var pair = new SctpPair { Passes = (_, _) => seen++ != lost };
            ushort channel = pair.Open(Reliability.Full);
            pair.Send(fromClient: true, channel, "hello");
            pair.Run(3000);
            Assert.Equal("hello", Assert.Single(pair.Messages(atServer: true)).Text);
        }
    }

    [Fact]
    public void Messages_of_every_size_arrive_whole_and_in_order_through_a_bad_network()
    {
        var seeds = new SeededRandom();
        for (int round = 0; round < 12; round++)
        {
            int seed = seeds.Random.Next();
            var plan = new LinkPlan { DelayMs = 20, JitterMs = 5, Loss = 0.05, Reorder = 0.05, Duplicate = 0.03 };
            var pair = new SctpPair(plan, seed);
            ushort channel = pair.Open(Reliability.Full);
            pair.Run(20_000, () => pair.AtClient.Count > 0);
            var random = new Random(seed);
            var sent = new List<byte[]>();
            for (int i = 0; i < 60; i++)
            {
                byte[] message = new byte[random.Next(0, i % 10 == 9 ? 60_000 : 3000)];
                random.NextBytes(message);
                while (pair.Client.Send(pair.NowNs, channel, isBinary: true, message) == SendOutcome.BufferFull)
                    pair.Run(20);
                sent.Add(message);
            }

            pair.Run(120_000, () => pair.Messages(atServer: true).Count() == sent.Count);
            byte[][] received = [.. pair.Messages(atServer: true).Select(e => e.Data)];
            Assert.True(received.Length == sent.Count, $"{received.Length} of {sent.Count} in round {round}, {seeds}, server {pair.Server.State}, client {pair.Client.State}");
            for (int i = 0; i < sent.Count; i++)
                Assert.True(sent[i].AsSpan().SequenceEqual(received[i]), $"message {i} of round {round}, {seeds}");
            pair.Run(20_000, () => pair.Client.BufferedBytes == 0);
            Assert.Equal(0, pair.Client.BufferedBytes);
        }
    }

    [Fact]
    public void Text_binary_and_empty_messages_keep_their_kind_both_ways()
    {
        var pair = new SctpPair();
        ushort channel = pair.Open(Reliability.Full);
        pair.Run(500);
        foreach (SctpAssociation end in new[] { pair.Client, pair.Server })
        {
            end.Send(pair.NowNs, channel, isBinary: false, "text"u8);
            end.Send(pair.NowNs, channel, isBinary: true, [1, 2]);
            end.Send(pair.NowNs, channel, isBinary: false, []);
            end.Send(pair.NowNs, channel, isBinary: true, []);
        }

        pair.Run(500);
        foreach (bool atServer in new[] { true, false })
            Assert.Equal([(false, 4), (true, 2), (false, 0), (true, 0)], pair.Messages(atServer).Select(e => (e.IsBinary, e.Data.Length)));
    }

    [Fact]
    public void Motion_is_not_repeated_and_never_waits_for_what_was_lost()
    {
        var pair = new SctpPair(new LinkPlan { DelayMs = 10, Loss = 0.2 }, seed: 7);
        ushort channel = pair.Open(Reliability.Motion);
        pair.Run(5000, () => pair.AtClient.Count > 0);
        for (int i = 0; i < 500; i++)
        {
            pair.Send(fromClient: true, channel, i.ToString(System.Globalization.CultureInfo.InvariantCulture));
            pair.Run(8);
        }

        pair.Run(3000);
        int[] got = [.. pair.Messages(atServer: true).Select(e => int.Parse(e.Text, System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal(got.Distinct().Count(), got.Length);
        Assert.InRange(got.Length, 330, 460);
        Assert.Equal(got.Order(), got);
        Assert.InRange(pair.Client.Counters.MessagesAbandoned, 40, 170);
        Assert.Equal(0, pair.Client.BufferedBytes);
    }

    [Fact]
    public void Ordered_messages_with_a_lifetime_skip_what_is_out_of_date()
    {
        var pair = new SctpPair(new LinkPlan { DelayMs = 10, Loss = 0.15 }, seed: 5);
        ushort channel = pair.Open(new Reliability(true, MaxLifetimeMs: 60));
        pair.Run(5000, () => pair.AtClient.Count > 0);
        for (int i = 0; i < 300; i++)
        {
            pair.Send(fromClient: true, channel, i.ToString(System.Globalization.CultureInfo.InvariantCulture).PadLeft(2500));
            pair.Run(16);
        }

        pair.Run(5000);
        int[] got = [.. pair.Messages(atServer: true).Select(e => int.Parse(e.Text, System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal(got.Order(), got);
        Assert.InRange(got.Length, 100, 295);
        Assert.True(pair.Client.Counters.MessagesAbandoned > 0);
        Assert.Equal(0, pair.Client.BufferedBytes);

        // What follows on the same stream is not held up by the gaps.
        for (int i = 0; i < 10; i++)
        {
            pair.Send(fromClient: true, channel, "-1");
            pair.Run(500);
        }

        Assert.Contains(pair.Messages(atServer: true), e => e.Text == "-1");
    }

    [Fact]
    public void A_lost_key_press_is_repeated_as_soon_as_what_follows_has_arrived()
    {
        var pair = new SctpPair(new LinkPlan { DelayMs = 10 });
        ushort keys = pair.Open(Reliability.Full, "keys");
        ushort motion = pair.Open(Reliability.Motion, "motion");
        pair.Run(1000, () => pair.AtClient.Count == 2);
        pair.Run(500);
        bool drop = true;
        pair.Passes = (fromClient, packet) =>
        {
            bool passes = !fromClient || !drop;
            drop &= !fromClient;
            return passes;
        };
        long pressedNs = pair.NowNs;
        pair.Send(fromClient: true, keys, "down");
        for (int i = 0; i < 10 && !pair.Messages(atServer: true).Any(e => e.Channel == keys); i++)
        {
            pair.Run(8);
            pair.Send(fromClient: true, motion, "move");
        }

        pair.Run(150, () => pair.Messages(atServer: true).Any(e => e.Channel == keys));
        // Three packets behind it, a round trip, and one way more; far below the time-out of 200 ms.
        Assert.InRange(pair.NowNs - pressedNs, 30_000_000, 70_000_000);
    }

    [Fact]
    public void Closing_a_channel_tells_both_ends_and_frees_its_number()
    {
        var pair = new SctpPair(new LinkPlan { DelayMs = 10, Loss = 0.1 }, seed: 3);
        for (int round = 0; round < 50; round++)
        {
            ushort channel = pair.Open(Reliability.Full);
            Assert.Equal(0, channel);
            pair.Send(fromClient: true, channel, "last words");
            pair.Run(5000, () => pair.Messages(atServer: true).Count() == round + 1);
            if (round % 2 == 0)
                pair.Client.CloseChannel(channel);
            else
                pair.Server.CloseChannel(channel);
            pair.Run(10_000, () => pair.Server.OpenChannels == 0 && pair.Client.OpenChannels == 0);
            Assert.Equal((0, 0), (pair.Server.OpenChannels, pair.Client.OpenChannels));
        }

        Assert.Equal(50, pair.AtServer.Count(e => e.Kind == DataTransportEventKind.Closed));
        Assert.Equal(50, pair.AtClient.Count(e => e.Kind == DataTransportEventKind.Closed));
    }

    [Fact]
    public void Our_channels_have_odd_numbers_and_work_the_same()
    {
        var pair = new SctpPair();
        pair.Client.Connect(pair.NowNs);
        pair.Run(200);
        Assert.True(pair.Server.TryOpen(pair.NowNs, "clipboard"u8, Reliability.Full, out ushort channel));
        Assert.Equal(1, channel);
        pair.Send(fromClient: false, channel, "first");
        pair.Run(500);
        Assert.Equal(["clipboard", "first"], pair.AtClient.Select(e => e.Text));
    }

    [Fact]
    public void Shutdown_waits_for_what_was_sent_and_ends_both_sides()
    {
        var pair = new SctpPair(new LinkPlan { DelayMs = 10, Loss = 0.1 }, seed: 11);
        ushort channel = pair.Open(Reliability.Full);
        pair.Run(3000, () => pair.AtClient.Count > 0);
        pair.Client.Send(pair.NowNs, channel, isBinary: true, new byte[100_000]);
        pair.Client.Shutdown(pair.NowNs);
        pair.Run(60_000);
        Assert.Equal((SctpState.Ended, SctpState.Ended), (pair.Server.State, pair.Client.State));
        Assert.Equal(100_000, Assert.Single(pair.Messages(atServer: true)).Data.Length);
        Assert.Equal(long.MaxValue, Math.Min(pair.Server.NextTimeoutNs, pair.Client.NextTimeoutNs));
    }

    [Fact]
    public void An_abort_is_heard_at_once()
    {
        var pair = new SctpPair();
        pair.Open(Reliability.Full);
        pair.Run(500);
        pair.Client.Abort();
        pair.Run(50);
        Assert.Equal(SctpState.Ended, pair.Server.State);
        Assert.Equal(DataTransportEventKind.Failed, pair.AtServer[^1].Kind);
    }

    [Fact]
    public void A_peer_that_falls_silent_is_given_up_and_a_full_buffer_says_so()
    {
        var pair = new SctpPair(server: new SctpOptions { SendBufferBytes = 64 * 1024 });
        ushort channel = pair.Open(Reliability.Full);
        pair.Run(500);
        pair.Passes = static (_, _) => false;
        Assert.Equal(SendOutcome.TooLarge, pair.Server.Send(pair.NowNs, channel, isBinary: true, new byte[70_000]));
        Assert.Equal(SendOutcome.Queued, pair.Server.Send(pair.NowNs, channel, isBinary: true, new byte[60_000]));
        Assert.Equal(SendOutcome.BufferFull, pair.Server.Send(pair.NowNs, channel, isBinary: true, new byte[10_000]));
        pair.Run(60_000);
        Assert.Equal(SctpState.Ended, pair.Server.State);
        Assert.Equal(SendOutcome.NotOpen, pair.Server.Send(pair.NowNs, channel, isBinary: true, [1]));
    }

    [Fact]
    public void An_idle_association_beats_now_and_then()
    {
        var pair = new SctpPair();
        pair.Open(Reliability.Full);
        pair.Run(500);
        int packets = 0;
        pair.Passes = (_, _) => ++packets > 0;
        pair.Run(60_000);
        Assert.InRange(packets, 8, 20);
        Assert.Equal(SctpState.Established, pair.Server.State);
        Assert.InRange(pair.Server.RoundTripNs, 19_000_000, 25_000_000);
    }

    [Fact]
    public void A_cookie_that_was_changed_or_is_too_old_opens_nothing()
    {
        byte[]? echo = null;
        var pair = new SctpPair
        {
            Passes = (fromClient, packet) =>
            {
                if (!fromClient || packet[12] != CookieEcho)
                    return true;
                echo = packet;
                return false;
            },
        };
        pair.Open(Reliability.Full);
        pair.Run(100);
        Assert.NotNull(echo);
        byte[] changed = [.. echo];
        changed[12 + 4 + 8] ^= 1;
        pair.Server.Handle(pair.NowNs, SctpBytes.WithChecksum(changed));
        Assert.Equal((SctpState.Closed, 1L), (pair.Server.State, pair.Server.Counters.CookiesRefused));
        pair.Server.Handle(pair.NowNs + 61_000_000_000, echo);
        Assert.Equal((SctpState.Closed, 2L), (pair.Server.State, pair.Server.Counters.CookiesRefused));
        pair.Server.Handle(pair.NowNs, echo);
        Assert.Equal(SctpState.Established, pair.Server.State);
    }

    [Fact]
    public void A_peer_that_begins_anew_gets_a_fresh_association()
    {
        var pair = new SctpPair();
        pair.Open(Reliability.Full);
        pair.Run(500);
        var again = new SctpAssociation(new SctpOptions(), new SeededRandom(99).Fill, isDtlsServer: false);
        again.Connect(pair.NowNs);
        Assert.True(again.TryOpen(pair.NowNs, "second"u8, Reliability.Full, out _));
        byte[] buffer = new byte[2048];
        for (int i = 0; i < 20; i++)
        {
            while (again.PollTransmit(pair.NowNs, buffer) is > 0 and int length)
                pair.Server.Handle(pair.NowNs, buffer.AsSpan(0, length));
            while (pair.Server.PollTransmit(pair.NowNs, buffer) is > 0 and int length)
                again.Handle(pair.NowNs, buffer.AsSpan(0, length));
        }

        pair.Flush();
        Assert.Equal(SctpState.Established, again.State);
        Assert.Equal([DataTransportEventKind.Opened, DataTransportEventKind.Closed, DataTransportEventKind.Opened], pair.AtServer.Select(e => e.Kind));
        Assert.Equal("second", pair.AtServer[^1].Text);
    }

    [Fact]
    public void Steady_traffic_allocates_nothing()
    {
        var random = new SeededRandom(4);
        var server = new SctpAssociation(new SctpOptions(), random.Fill);
        var client = new SctpAssociation(new SctpOptions(), random.Fill, isDtlsServer: false);
        byte[] buffer = new byte[2048];
        byte[] small = Encoding.UTF8.GetBytes("motion 17,4");
        byte[] large = new byte[5000];
        long nowNs = 0;
        client.Connect(nowNs);
        Assert.True(client.TryOpen(nowNs, "motion"u8, Reliability.Motion, out ushort motion));
        Assert.True(client.TryOpen(nowNs, "control"u8, Reliability.Full, out ushort control));
        Exchange(200);
        long before = GC.GetAllocatedBytesForCurrentThread();
        int received = Exchange(2000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(4000, received);

        int Exchange(int rounds)
        {
            int messages = 0;
            for (int i = 0; i < rounds; i++)
            {
                nowNs += 4_000_000;
                client.Send(nowNs, motion, isBinary: true, small);
                server.Send(nowNs, control, isBinary: true, large);
                client.HandleTimeout(nowNs);
                server.HandleTimeout(nowNs);
                for (int turn = 0; turn < 4; turn++)
                {
                    while (client.PollTransmit(nowNs, buffer) is > 0 and int length)
                        server.Handle(nowNs, buffer.AsSpan(0, length));
                    while (server.PollTransmit(nowNs, buffer) is > 0 and int length)
                        client.Handle(nowNs, buffer.AsSpan(0, length));
                    while (server.PollEvent(out DataTransportEvent e))
                        messages += e.Kind == DataTransportEventKind.Message ? 1 : 0;
                    while (client.PollEvent(out DataTransportEvent e))
                        messages += e.Kind == DataTransportEventKind.Message ? 1 : 0;
                }
            }

            return messages;
        }
    }
}
