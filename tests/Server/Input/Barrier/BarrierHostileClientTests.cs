using QemuZeroCopy.Server.Input.Barrier.Protocol;
using QemuZeroCopy.Server.Input.Barrier.Session;

namespace QemuZeroCopy.Server.Tests.Input.Barrier;

public sealed class BarrierHostileClientTests
{
    [Fact]
    public void A_length_above_four_mebibytes_ends_the_connection()
    {
        foreach (uint length in (uint[])[BarrierLimits.MaxMessageBytes + 1, int.MaxValue, 0x80000000, uint.MaxValue])
        {
            SessionPeer peer = SessionPeer.Ready();
            peer.Say(SessionPeer.Big32(length));
            Assert.Equal(CloseReason.TooLong, peer.Session.CloseReason);
            Assert.Equal(["EBAD"], peer.Drain());
        }
    }

    [Fact]
    public void A_large_length_costs_no_memory_before_its_bytes_come()
    {
        SessionPeer peer = SessionPeer.Ready();
        long before = GC.GetAllocatedBytesForCurrentThread();
        peer.Say([.. SessionPeer.Big32(BarrierLimits.MaxMessageBytes), 1, 2, 3]);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 10_000);
    }

    [Fact]
    public void The_largest_message_is_taken_in_whatever_pieces_it_comes()
    {
        SessionPeer peer = SessionPeer.Ready();
        byte[] file = SessionPeer.Message("DFTR", [2, .. SessionPeer.Blob(new byte[BarrierLimits.MaxMessageBytes - 9])]);
        for (int at = 0; at < file.Length; at += 9973)
            peer.Say(file[at..Math.Min(file.Length, at + 9973)]);
        peer.Say(SessionPeer.Message("CALV"));
        Assert.False(peer.Session.IsClosed);
    }

    [Theory]
    [InlineData("XXXX")]
    [InlineData("cnop")]
    [InlineData("CNO")]
    [InlineData("")]
    [InlineData("CINN")]
    [InlineData("DKDN")]
    [InlineData("EBAD")]
    [InlineData("QINF")]
    public void Unknown_commands_and_those_of_a_server_are_bad(string code)
    {
        SessionPeer peer = SessionPeer.Ready();
        peer.Say(SessionPeer.Message(code));
        Assert.Equal(CloseReason.Malformed, peer.Session.CloseReason);
        Assert.Equal(["EBAD"], peer.Drain());
    }

    [Theory]
    [InlineData("CNOP", 1)]
    [InlineData("CALV", 1)]
    [InlineData("DINF", 13)]
    [InlineData("DINF", 15)]
    [InlineData("CCLP", 4)]
    [InlineData("CCLP", 6)]
    [InlineData("DCLP", 5)]
    [InlineData("DFTR", 0)]
    [InlineData("DDRG", 1)]
    [InlineData("EUNK", 1)]
    public void A_message_cut_short_or_drawn_out_is_bad(string code, int bytes)
    {
        SessionPeer peer = SessionPeer.Ready();
        peer.Say(SessionPeer.Message(code, Enumerable.Repeat((byte)1, bytes).ToArray()));
        Assert.Equal(CloseReason.Malformed, peer.Session.CloseReason);
    }

    [Fact]
    public void Files_and_drags_are_understood_and_declined()
    {
        SessionPeer peer = SessionPeer.Ready();
        peer.Say(SessionPeer.Message("DDRG", [0, 1, .. SessionPeer.Blob("/tmp/x"u8.ToArray())]));
        peer.Say(SessionPeer.Message("DFTR", [1, .. SessionPeer.Blob("5"u8.ToArray())]));
        peer.Say(SessionPeer.Message("DFTR", [2, .. SessionPeer.Blob("hello"u8.ToArray())]));
        peer.Say(SessionPeer.Message("DFTR", [3, .. SessionPeer.Blob([])]));
        Assert.True(peer.Session.IsReady);
        Assert.Empty(peer.Drain());
        Assert.Equal([SessionEventKind.Ready], peer.Events().Select(e => e.Kind));
    }

    [Fact]
    public void QEMU_may_say_that_it_did_not_know_a_message()
    {
        SessionPeer peer = SessionPeer.Ready(full: false);
        peer.Say(SessionPeer.Message("EUNK"));
        Assert.True(peer.Session.IsReady);
    }

    [Fact]
    public void A_flood_of_messages_ends_the_connection()
    {
        SessionPeer peer = SessionPeer.Ready();
        for (int i = 0; i < BarrierLimits.MessagesPerSecond + 10 && !peer.Session.IsClosed; i++)
            peer.Say(SessionPeer.Message("CNOP"));
        Assert.Equal(CloseReason.Flood, peer.Session.CloseReason);
    }

    [Fact]
    public void As_many_messages_as_a_thousand_hertz_mouse_is_answered_with_are_no_flood()
    {
        SessionPeer peer = SessionPeer.Ready();
        for (int i = 0; i < 20_000; i++)
        {
            peer.NowNs += SessionPeer.Second / 2000;
            peer.Say(SessionPeer.Message("CNOP"));
        }

        Assert.True(peer.Session.IsReady);
    }

    [Fact]
    public void A_flood_of_bytes_ends_the_connection()
    {
        SessionPeer peer = SessionPeer.Ready();
        byte[] file = SessionPeer.Message("DFTR", [2, .. SessionPeer.Blob(new byte[1_000_000])]);
        for (int i = 0; i < 9; i++)
            peer.Say(file);
        Assert.Equal(CloseReason.Flood, peer.Session.CloseReason);
    }

    [Fact]
    public void After_the_end_nothing_is_heard()
    {
        SessionPeer peer = SessionPeer.Ready();
        peer.Events();
        peer.Say([.. SessionPeer.Message("XXXX"), .. SessionPeer.Info(0, 0, 10, 10)]);
        Assert.Equal(["EBAD"], peer.Drain());
        Assert.Empty(peer.Events());
        Assert.Equal(1920, peer.Session.Screen.Width);
    }
}
