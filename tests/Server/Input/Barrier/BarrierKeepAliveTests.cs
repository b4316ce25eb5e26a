using QemuZeroCopy.Server.Input.Barrier.Protocol;
using QemuZeroCopy.Server.Input.Barrier.Session;

namespace QemuZeroCopy.Server.Tests.Input.Barrier;

public sealed class BarrierKeepAliveTests
{
    [Fact]
    public void An_idle_client_is_probed_every_three_seconds_and_lives_by_answering()
    {
        SessionPeer peer = SessionPeer.Ready();
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(peer.NowNs + BarrierLimits.KeepAliveNs, peer.Session.NextTimeoutNs);
            peer.After(BarrierLimits.KeepAliveNs);
            Assert.Equal(["CALV"], peer.Drain());
            peer.Say(SessionPeer.Message("CALV"));
        }

        Assert.True(peer.Session.IsReady);
    }

    [Fact]
    public void A_client_that_never_answers_is_gone_after_nine_seconds()
    {
        SessionPeer peer = SessionPeer.Ready();
        peer.After(BarrierLimits.KeepAliveNs);
        peer.After(BarrierLimits.KeepAliveNs);
        Assert.Equal(["CALV", "CALV"], peer.Drain());
        Assert.False(peer.Session.IsClosed);
        peer.After(BarrierLimits.KeepAliveNs);
        Assert.Equal(CloseReason.Silent, peer.Session.CloseReason);
        Assert.Equal(["CBYE"], peer.Drain());
    }

    [Fact]
    public void Half_a_message_is_no_sign_of_life()
    {
        SessionPeer peer = SessionPeer.Ready();
        peer.Say(SessionPeer.Big32(4_000_000));
        for (int i = 0; i < 9; i++)
        {
            peer.Say([0]);
            peer.After(SessionPeer.Second);
        }

        Assert.Equal(CloseReason.Silent, peer.Session.CloseReason);
    }

    [Fact]
    public void A_time_out_that_comes_early_does_nothing()
    {
        SessionPeer peer = SessionPeer.Ready();
        peer.Session.HandleTimeout(BarrierLimits.KeepAliveNs - 1);
        Assert.Empty(peer.Drain());
    }
}
