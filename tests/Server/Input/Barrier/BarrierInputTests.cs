using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Input.Barrier.Protocol;
using QemuZeroCopy.Server.Input.Barrier.Session;

namespace QemuZeroCopy.Server.Tests.Input.Barrier;

public sealed class BarrierInputTests
{
    private static readonly PictureSize FullHd = new(1920, 1080);

    [Fact]
    public void The_screen_is_entered_before_the_first_input_with_the_locks_in_force()
    {
        SessionPeer peer = SessionPeer.Ready();
        Press(peer, "KeyA", "A", KeyModifiers.CapsLock | KeyModifiers.Shift);
        Assert.Equal(["CINN 00000000000000011000", "DKDN 004110010026"], peer.Drain());
        Release(peer, "KeyA", "A");
        Assert.Equal(["DKUP 004100000026"], peer.Drain());
    }

    [Fact]
    public void A_key_goes_up_as_what_it_went_down_though_shift_went_up_between()
    {
        SessionPeer peer = Entered();
        Press(peer, "Digit2", "\"", KeyModifiers.Shift);
        Release(peer, "Digit2", "2");
        Assert.Equal(["DKDN 00220001000B", "DKUP 00220000000B"], peer.Drain());
    }

    [Fact]
    public void A_held_key_repeats_for_Barrier_and_goes_down_again_for_QEMU()
    {
        SessionPeer barrier = Entered();
        Press(barrier, "KeyA", "a");
        Press(barrier, "KeyA", "a", action: KeyAction.Repeat);
        Assert.Equal(["DKDN 006100000026", "DKRP 0061000000010026"], barrier.Drain());

        SessionPeer qemu = Entered(full: false);
        Press(qemu, "KeyA", "a");
        Press(qemu, "KeyA", "a", action: KeyAction.Repeat);
        Assert.Equal(["DKDN 006100000026", "DKDN 006100000026"], qemu.Drain());
    }

    [Fact]
    public void Keys_that_a_page_makes_up_carry_the_modifiers_pressed_before_them()
    {
        SessionPeer peer = Entered();
        foreach (string code in (string[])["ControlLeft", "AltLeft", "Delete"])
            Press(peer, code, "");
        Assert.Equal(["DKDN EFE300000025", "DKDN EFE900020040", "DKDN EFFF0006006B"], peer.Drain());
    }

    [Fact]
    public void AltGr_as_Windows_presses_it_is_AltGr_alone()
    {
        SessionPeer peer = Entered();
        Press(peer, "ControlLeft", "Control", KeyModifiers.Control);
        Press(peer, "AltRight", "AltGraph", KeyModifiers.Control | KeyModifiers.Alt | KeyModifiers.AltGraph);
        peer.Drain();
        Press(peer, "KeyQ", "@", KeyModifiers.Control | KeyModifiers.Alt | KeyModifiers.AltGraph);
        Assert.Equal(["DKDN 004000200018"], peer.Drain());
    }

    [Fact]
    public void A_release_without_a_press_is_not_passed_on()
    {
        SessionPeer peer = Entered();
        Assert.False(Release(peer, "KeyA", "a"));
        Assert.False(peer.Session.Button(0, PointerButton.Left, false));
        Assert.Empty(peer.Drain());
    }

    [Fact]
    public void Buttons_have_Barriers_numbers_and_the_forward_one_QEMUs_own_there()
    {
        SessionPeer barrier = Entered();
        SessionPeer qemu = Entered(full: false);
        foreach (SessionPeer peer in (SessionPeer[])[barrier, qemu])
        {
            foreach (PointerButton button in Enum.GetValues<PointerButton>())
            {
                peer.Session.Button(0, button, true);
                peer.Session.Button(0, button, false);
            }
        }

        Assert.Equal(["DMDN 01", "DMUP 01", "DMDN 02", "DMUP 02", "DMDN 03", "DMUP 03", "DMDN 04", "DMUP 04", "DMDN 05", "DMUP 05"], barrier.Drain());
        Assert.Equal(["DMDN 06", "DMUP 06"], qemu.Drain()[^2..]);
    }

    [Theory]
    [InlineData(0, 0, "DMMV 00000000")]
    [InlineData(1919, 1079, "DMMV 077F0437")]
    [InlineData(960, 540, "DMMV 03C0021C")]
    [InlineData(-5, 4000, "DMMV 00000437")]
    public void Positions_of_an_equal_picture_arrive_as_they_are(int x, int y, string expected)
    {
        SessionPeer peer = Entered();
        peer.Session.MoveTo(x, y, FullHd);
        Assert.Equal([expected], peer.Drain());
    }

    [Fact]
    public void Positions_are_scaled_to_the_screen_and_follow_when_it_changes()
    {
        SessionPeer peer = Entered(100, 50, 960, 540);
        peer.Session.MoveTo(1919, 1079, FullHd);
        Assert.Equal(["DMMV 0423024D"], peer.Drain());

        peer.Say(SessionPeer.Info(0, 0, 3840, 2160));
        Assert.Equal(["CIAK"], peer.Drain());
        Assert.Contains(new SessionEvent(SessionEventKind.ScreenChanged, null), peer.Events());
        peer.Session.MoveTo(1919, 1079, FullHd);
        Assert.Equal(["DMMV 0EFF086F"], peer.Drain());
    }

    [Fact]
    public void Every_pixel_of_a_screen_can_be_reached()
    {
        SessionPeer peer = Entered(width: 300, height: 7);
        var columns = new HashSet<string>();
        for (int x = 0; x < 1920; x++)
        {
            peer.Session.MoveTo(x, 0, FullHd);
            columns.Add(peer.Drain().Single());
        }

        Assert.Equal(300, columns.Count);
    }

    [Fact]
    public void Positions_that_wait_are_merged_but_not_across_a_click()
    {
        SessionPeer peer = Entered();
        for (int x = 0; x < 10; x++)
            peer.Session.MoveTo(x, 0, FullHd);
        peer.Session.Button(0, PointerButton.Left, true);
        for (int x = 10; x < 20; x++)
            peer.Session.MoveTo(x, 0, FullHd);
        Assert.Equal(["DMMV 00090000", "DMDN 01", "DMMV 00130000"], peer.Drain());
    }

    [Fact]
    public void Relative_motion_is_passed_on_in_every_part_and_clamped_to_the_field()
    {
        SessionPeer peer = Entered();
        peer.Session.MoveBy(-1, 2);
        peer.Session.MoveBy(100_000, -100_000);
        Assert.Equal(["DMRM FFFF0002", "DMRM 7FFF8000"], peer.Drain());
    }

    [Fact]
    public void Barrier_takes_parts_of_a_wheel_step_and_each_direction_by_itself()
    {
        SessionPeer peer = Entered();
        peer.Session.Scroll(0, 120);
        peer.Session.Scroll(30, -60);
        Assert.Equal(["DMWM 0000FF88", "DMWM 0000003C", "DMWM 001E0000"], peer.Drain());
    }

    [Fact]
    public void QEMU_takes_whole_steps_one_by_one_and_nothing_sideways()
    {
        SessionPeer peer = Entered(full: false);
        peer.Session.Scroll(500, 0);
        peer.Session.Scroll(0, 60);
        Assert.Empty(peer.Drain());
        peer.Session.Scroll(0, 60);
        Assert.Equal(["DMWM 0000FF88"], peer.Drain());
        peer.Session.Scroll(0, -240);
        Assert.Equal(["DMWM 00000078", "DMWM 00000078"], peer.Drain());
        peer.Session.Scroll(0, int.MaxValue);
        Assert.Equal(32, peer.Drain().Count);
    }

    [Fact]
    public void Letting_go_releases_keys_and_buttons_and_leaves_the_screen()
    {
        SessionPeer peer = Entered();
        Press(peer, "ControlLeft", "Control");
        Press(peer, "KeyC", "c", KeyModifiers.Control);
        peer.Session.Button(0, PointerButton.Right, true);
        peer.Drain();

        peer.Session.ReleaseAll();
        Assert.Equal(["DKUP EFE300000025", "DKUP 006300000036", "DMUP 03", "COUT"], peer.Drain());
        peer.Session.ReleaseAll();
        Assert.Empty(peer.Drain());

        peer.Session.MoveBy(1, 0);
        Assert.Equal("CINN 00000000000000020000", peer.Drain()[0]);
    }

    [Fact]
    public void A_screen_saver_is_told_to_Barrier_and_kept_from_QEMU_whom_it_would_deafen()
    {
        SessionPeer barrier = Entered();
        Assert.True(barrier.Session.SetScreenSaver(true));
        Assert.True(barrier.Session.SetScreenSaver(false));
        Assert.Equal(["CSEC 01", "CSEC 00"], barrier.Drain());

        SessionPeer qemu = Entered(full: false);
        Assert.False(qemu.Session.SetScreenSaver(true));
        Assert.False(qemu.Session.SetClipboardText("text"));
        Assert.Empty(qemu.Drain());
    }

    [Fact]
    public void A_client_that_does_not_read_is_given_up_when_its_queue_is_full()
    {
        SessionPeer peer = Entered();
        for (int i = 0; i < BarrierLimits.MaxQueuedMessages; i++)
            Assert.True(peer.Session.MoveBy(1, 1));
        Assert.False(peer.Session.IsClosed);
        peer.Session.MoveBy(1, 1);
        Assert.Equal(CloseReason.NotReading, peer.Session.CloseReason);
        Assert.Equal(["EBAD"], peer.Drain());
    }

    [Fact]
    public void Input_takes_no_managed_memory()
    {
        SessionPeer peer = Entered();
        byte[] buffer = new byte[BarrierLimits.MaxOutgoingBytes];
        var down = new KeyInput(KeyAction.Down, "KeyA", "a", KeyModifiers.None);
        KeyInput up = down with { Action = KeyAction.Up };
        void Once()
        {
            peer.Session.Key(0, down);
            peer.Session.Key(0, up);
            peer.Session.MoveTo(5, 5, FullHd);
            peer.Session.Scroll(0, 120);
            peer.Session.Handle(0, "\0\0\0\u0004CNOP"u8);
            while (peer.Session.PollTransmit(buffer) > 0)
            {
            }
        }

        Once();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
            Once();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void Taking_leave_lets_go_of_keys_says_goodbye_and_nothing_after_it()
    {
        SessionPeer peer = Entered();
        Press(peer, "KeyA", "a");
        peer.Drain();
        peer.Session.Close();
        Assert.Equal(["DKUP 006100000026", "COUT", "CBYE"], peer.Drain());
        Assert.False(peer.Session.MoveBy(1, 1));
        Assert.Equal(CloseReason.Bye, peer.Session.CloseReason);
    }

    private static SessionPeer Entered(int x = 0, int y = 0, int width = 1920, int height = 1080, bool full = true)
    {
        SessionPeer peer = SessionPeer.Ready(full, x, y, width, height);
        peer.Session.MoveTo(0, 0, FullHd);
        peer.Drain();
        return peer;
    }

    private static void Press(SessionPeer peer, string code, string key, KeyModifiers modifiers = KeyModifiers.None, KeyAction action = KeyAction.Down) =>
        Assert.True(peer.Session.Key(peer.NowNs, new KeyInput(action, code, key, modifiers)));

    private static bool Release(SessionPeer peer, string code, string key) =>
        peer.Session.Key(peer.NowNs, new KeyInput(KeyAction.Up, code, key, KeyModifiers.None));
}
