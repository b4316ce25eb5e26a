using QemuZeroCopy.Server.Input.Barrier.Protocol;
using QemuZeroCopy.Server.Input.Barrier.Session;

namespace QemuZeroCopy.Server.Tests.Input.Barrier;

public sealed class BarrierGreetingTests
{
    [Fact]
    public void The_server_speaks_first_and_offers_version_1_6()
    {
        Assert.Equal(["Barrier 00010006"], new SessionPeer().Drain());
    }

    [Fact]
    public void A_client_is_asked_for_its_screen_then_acknowledged_and_set_up()
    {
        var peer = new SessionPeer();
        peer.Drain();

        peer.Say(SessionPeer.Hello("VM-1"));
        Assert.Equal(["QINF"], peer.Drain());
        Assert.False(peer.Session.IsReady);

        peer.Say(SessionPeer.Info(0, 0, 1920, 1080, 5, 6));
        Assert.Equal(["CIAK", "CROP", "DSOP 000000024841525400000BB8", "CALV"], peer.Drain());
        Assert.True(peer.Session.IsReady);
        Assert.Equal("VM-1", peer.Session.Name);
        Assert.Equal(new ScreenInfo(0, 0, 1920, 1080, 5, 6), peer.Session.Screen);
        Assert.Equal([new SessionEvent(SessionEventKind.Ready, null)], peer.Events());
    }

    [Fact]
    public void The_greeting_survives_being_cut_into_single_bytes()
    {
        var peer = new SessionPeer();
        foreach (byte one in (byte[])[.. SessionPeer.Hello("VM-1"), .. SessionPeer.Message("CNOP"), .. SessionPeer.Info(0, 0, 640, 480)])
            peer.Say([one]);
        Assert.True(peer.Session.IsReady);
        Assert.False(peer.Session.IsFullClient);
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(1, 7)]
    [InlineData(2, 6)]
    [InlineData(0, 0)]
    [InlineData(-1, -1)]
    public void Another_version_is_told_ours_and_hung_up_on(short major, short minor)
    {
        Assert.Equal(["EICV 00010006"], Refused(SessionPeer.Hello("VM-1", major, minor), CloseReason.Incompatible));
    }

    [Fact]
    public void A_second_client_of_a_name_is_told_that_it_is_taken()
    {
        Assert.Equal(["EBSY"], Refused(SessionPeer.Hello("VM-1"), CloseReason.NameTaken, NameVerdict.Busy));
    }

    [Fact]
    public void A_name_that_nobody_expects_is_unknown()
    {
        Assert.Equal(["EUNK"], Refused(SessionPeer.Hello("VM-1"), CloseReason.NameUnknown, NameVerdict.Unknown));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("näme")]
    [InlineData("x\0y")]
    [InlineData("../../etc")]
    [InlineData(".hidden")]
    [InlineData("two..dots")]
    [InlineData("<script>")]
    [InlineData("line\nfeed")]
    public void A_name_with_odd_bytes_is_unknown_and_never_asked_for(string name)
    {
        var peer = new SessionPeer(_ => throw new InvalidOperationException("asked for an odd name"));
        peer.Drain();
        peer.Say(SessionPeer.Hello(name));
        Assert.Equal(["EUNK"], peer.Drain());
        Assert.Equal(CloseReason.NameUnknown, peer.Session.CloseReason);
    }

    [Fact]
    public void A_name_as_long_as_a_name_may_be_is_taken_and_one_longer_is_not()
    {
        string longest = new('a', BarrierLimits.MaxNameBytes);
        var peer = new SessionPeer();
        peer.Say(SessionPeer.Hello(longest));
        Assert.Equal(longest, peer.Session.Name);
        Refused(SessionPeer.Hello(longest + "a"), CloseReason.NameUnknown);
    }

    [Fact]
    public void Something_that_is_no_greeting_is_bad()
    {
        byte[][] wrong =
        [
            SessionPeer.Message("DINF"),
            SessionPeer.Frame([]),
            SessionPeer.Frame([.. "Synergy"u8, 0, 1, 0, 6, 0, 0, 0, 1, (byte)'a']),
            SessionPeer.Frame([.. "Barrier"u8, 0, 1, 0, 6]),
            SessionPeer.Frame([.. "Barrier"u8, 0, 1, 0, 6, 0, 0, 0, 9, (byte)'a']),
            SessionPeer.Frame([.. "Barrier"u8, 0, 1, 0, 6, 0xFF, 0xFF, 0xFF, 0xFF, (byte)'a']),
            [.. SessionPeer.Frame([.. "Barrier"u8, 0, 1, 0, 6, 0, 0, 0, 1, (byte)'a', 0])],
        ];
        foreach (byte[] message in wrong)
            Assert.Equal(["EBAD"], Refused(message, CloseReason.Malformed));
    }

    [Fact]
    public void A_web_browser_that_strays_here_is_turned_away_by_its_first_bytes()
    {
        Assert.Equal(["EBAD"], Refused("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), CloseReason.TooLong));
    }

    [Fact]
    public void Before_the_greeting_no_more_than_a_kilobyte_is_taken_from_anybody()
    {
        Assert.Equal(["EBAD"], Refused(SessionPeer.Big32(BarrierLimits.MaxGreetingBytes + 1), CloseReason.TooLong));
    }

    [Fact]
    public void A_client_that_does_not_get_through_the_greeting_in_time_is_dropped()
    {
        foreach (bool named in (bool[])[false, true])
        {
            var peer = new SessionPeer();
            if (named)
                peer.Say(SessionPeer.Hello("VM-1"));
            peer.Drain();
            peer.After(BarrierLimits.GreetingNs - 1);
            Assert.False(peer.Session.IsClosed);
            peer.After(1);
            Assert.Equal(CloseReason.GreetingTimeout, peer.Session.CloseReason);
            Assert.Equal(["EBAD"], peer.Drain());
            Assert.Equal(long.MaxValue, peer.Session.NextTimeoutNs);
        }
    }

    [Theory]
    [InlineData(0, 0, 0, 1080)]
    [InlineData(0, 0, 1920, 0)]
    [InlineData(0, 0, -1, 1080)]
    [InlineData(32767, 0, 2, 1)]
    public void A_screen_that_cannot_be_is_bad(int x, int y, int width, int height)
    {
        var peer = new SessionPeer();
        peer.Say(SessionPeer.Hello("VM-1"));
        peer.Drain();
        peer.Say(SessionPeer.Info(x, y, width, height));
        Assert.Equal(["EBAD"], peer.Drain());
        Assert.Equal(CloseReason.Malformed, peer.Session.CloseReason);
    }

    [Fact]
    public void Input_before_the_greeting_is_through_goes_nowhere()
    {
        var peer = new SessionPeer();
        peer.Drain();
        Assert.False(peer.Session.Button(0, Server.Input.PointerButton.Left, true));
        Assert.False(peer.Session.MoveBy(1, 1));
        Assert.False(peer.Session.SetClipboardText("x"));
        Assert.Empty(peer.Drain());
    }

    private static List<string> Refused(byte[] greeting, CloseReason reason, NameVerdict verdict = NameVerdict.Welcome)
    {
        var peer = new SessionPeer(_ => verdict);
        peer.Drain();
        peer.Say(greeting);
        Assert.True(peer.Session.IsClosed);
        Assert.Equal(reason, peer.Session.CloseReason);
        List<string> said = peer.Drain();
        peer.Say(SessionPeer.Hello("VM-1"));
        Assert.Empty(peer.Drain());
        return said;
    }
}
