using System.Text;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Input.Barrier.Clipboard;
using QemuZeroCopy.Server.Input.Barrier.Protocol;
using QemuZeroCopy.Server.Input.Barrier.Session;

namespace QemuZeroCopy.Server.Tests.Input.Barrier;

public sealed class BarrierClipboardTests
{
    [Fact]
    public void Text_goes_out_as_a_grab_and_three_marked_parts()
    {
        SessionPeer peer = SessionPeer.Ready();
        Assert.True(peer.Session.SetClipboardText("hé"));
        Assert.Equal(
            [
                "CCLP 0000000000",
                "DCLP 000000000001000000023135",
                "DCLP 000000000002" + "0000000F" + "00000001" + "00000000" + "00000003" + "68C3A9",
                "DCLP 00000000000300000000",
            ],
            peer.Drain());
    }

    [Fact]
    public void Lines_end_as_Barrier_wants_them()
    {
        Assert.Equal("a\nb\nc", Unpack(ClipboardData.FromText("a\r\nb\nc")!));
    }

    [Fact]
    public void A_key_press_overtakes_the_rest_of_a_large_clipboard()
    {
        SessionPeer peer = SessionPeer.Ready();
        peer.Session.MoveBy(0, 0);
        peer.Drain();
        peer.Session.SetClipboardText(new string('x', 1_000_000));
        byte[] buffer = new byte[BarrierLimits.MaxOutgoingBytes];
        for (int i = 0; i < 5; i++)
            Assert.True(peer.Session.PollTransmit(buffer) > 0);
        peer.Session.MoveBy(1, 1);
        Assert.Equal(12, peer.Session.PollTransmit(buffer));
        Assert.Equal("DMRM"u8, buffer.AsSpan(4, 4));
    }

    [Fact]
    public void What_goes_out_can_come_in_whatever_its_size()
    {
        foreach (int size in (int[])[0, 1, BarrierLimits.ClipboardChunkBytes - 12, BarrierLimits.ClipboardChunkBytes, 500_000, BarrierLimits.MaxClipboardBytes - 12])
        {
            string text = new('ü', size / 2);
            SessionPeer from = SessionPeer.Ready(), to = SessionPeer.Ready();
            Assert.True(from.Session.SetClipboardText(text));
            byte[] buffer = new byte[BarrierLimits.MaxOutgoingBytes];
            for (int length = from.Session.PollTransmit(buffer); length > 0; length = from.Session.PollTransmit(buffer))
                to.Session.Handle(0, buffer.AsSpan(0, length));
            Assert.Equal(new SessionEvent(SessionEventKind.ClipboardText, text), to.Events()[^1]);
        }
    }

    [Fact]
    public void Text_larger_than_a_clipboard_may_be_is_not_sent()
    {
        SessionPeer peer = SessionPeer.Ready();
        Assert.False(peer.Session.SetClipboardText(new string('x', BarrierLimits.MaxClipboardBytes)));
        Assert.Empty(peer.Drain());
    }

    [Fact]
    public void A_copy_at_the_client_is_fetched_at_once_by_leaving_and_entering()
    {
        SessionPeer peer = SessionPeer.Ready();
        peer.Session.MoveBy(0, 0);
        peer.Drain();
        peer.Say(SessionPeer.Grab(0, 1));
        Assert.Equal(["COUT", "CINN 00000000000000020000"], peer.Drain());

        SayClipboard(peer, 1, "copied");
        Assert.Equal([new SessionEvent(SessionEventKind.ClipboardText, "copied")], peer.Events().Where(e => e.Kind == SessionEventKind.ClipboardText));
    }

    [Fact]
    public void The_fetch_waits_until_the_keys_that_copied_are_up()
    {
        SessionPeer peer = SessionPeer.Ready();
        peer.Session.Key(0, new KeyInput(KeyAction.Down, "KeyC", "c", KeyModifiers.Control));
        peer.Drain();
        peer.Say(SessionPeer.Grab(0, 1));
        Assert.Empty(peer.Drain());
        peer.Session.Key(0, new KeyInput(KeyAction.Up, "KeyC", "c", KeyModifiers.None));
        Assert.Equal(["DKUP 006300000036", "COUT", "CINN 00000000000000020000"], peer.Drain());
    }

    [Fact]
    public void A_client_that_copies_all_the_time_is_fetched_from_twice_a_second()
    {
        SessionPeer peer = SessionPeer.Ready();
        peer.Session.MoveBy(0, 0);
        peer.Drain();
        int fetches = 0;
        for (int i = 0; i < 1000; i++)
        {
            peer.Say(SessionPeer.Grab(0, 1_000_000));
            peer.After(SessionPeer.Second / 1000);
            fetches += peer.Drain().Count(said => said == "COUT");
        }

        Assert.InRange(fetches, 2, 3);
    }

    [Fact]
    public void The_selection_of_X11_is_not_fetched()
    {
        SessionPeer peer = SessionPeer.Ready();
        peer.Session.MoveBy(0, 0);
        peer.Drain();
        peer.Say(SessionPeer.Grab(1, 1));
        Assert.Empty(peer.Drain());
        foreach (byte[] part in Parts(1, 1, ClipboardData.FromText("selected")!))
            peer.Say(part);
        Assert.DoesNotContain(peer.Events(), e => e.Kind == SessionEventKind.ClipboardText);
        Assert.False(peer.Session.IsClosed);
    }

    [Fact]
    public void A_clipboard_older_than_what_the_page_has_put_there_is_not_taken()
    {
        SessionPeer peer = SessionPeer.Ready();
        peer.Session.MoveBy(0, 0);
        peer.Session.ReleaseAll();
        peer.Session.MoveBy(0, 0);
        peer.Session.SetClipboardText("newer");
        peer.Drain();
        SayClipboard(peer, 1, "older");
        Assert.DoesNotContain(peer.Events(), e => e.Kind == SessionEventKind.ClipboardText);
        SayClipboard(peer, 2, "newest");
        Assert.Contains(peer.Events(), e => e.Text == "newest");
    }

    [Fact]
    public void Other_formats_are_read_over()
    {
        byte[] data = [.. SessionPeer.Big32(2), .. SessionPeer.Big32(1), .. SessionPeer.Blob("<b>x</b>"u8.ToArray()), .. SessionPeer.Big32(0), .. SessionPeer.Blob("x"u8.ToArray())];
        Assert.Equal("x", Unpack(data));
        Assert.True(ClipboardData.TryGetText([0, 0, 0, 0], out string? none));
        Assert.Null(none);
    }

    [Fact]
    public void Text_that_is_not_UTF_8_is_mended()
    {
        byte[] data = [.. SessionPeer.Big32(1), .. SessionPeer.Big32(0), .. SessionPeer.Blob([0x61, 0xFF, 0x62])];
        Assert.Equal("a\uFFFDb", Unpack(data));
    }

    [Fact]
    public void Clipboards_that_do_not_fit_together_are_bad()
    {
        byte[] good = ClipboardData.FromText("text")!;
        byte[] size = Encoding.ASCII.GetBytes($"{good.Length}");
        byte[][][] wrong =
        [
            [Part(2, good)],
            [Part(3, [])],
            [Part(0, [])],
            [Part(4, [])],
            [Part(1, "x"u8.ToArray())],
            [Part(1, "-1"u8.ToArray())],
            [Part(1, " 16"u8.ToArray())],
            [Part(1, "99999999999999999999"u8.ToArray())],
            [Part(1, "4194305"u8.ToArray())],
            [Part(1, size), Part(3, [])],
            [Part(1, size), Part(2, good), Part(2, [0])],
            [Part(1, size), Part(2, good[1..]), Part(3, [])],
            [Part(1, "2"u8.ToArray()), Part(2, [0, 0]), Part(3, [])],
            [Part(1, "4"u8.ToArray()), Part(2, [0xFF, 0xFF, 0xFF, 0xFF]), Part(3, [])],
            [SessionPeer.ClipboardPart(2, 0, 1, size)],
            [SessionPeer.Grab(2, 0)],
            [SessionPeer.Message("CCLP", 0)],
            [SessionPeer.Message("DCLP", 0, 0, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF)],
        ];
        foreach (byte[][] messages in wrong)
        {
            SessionPeer peer = SessionPeer.Ready();
            foreach (byte[] message in messages)
                peer.Say(message);
            Assert.Equal(CloseReason.Malformed, peer.Session.CloseReason);
            Assert.Equal(["EBAD"], peer.Drain());
        }
    }

    private static void SayClipboard(SessionPeer peer, uint sequence, string text)
    {
        foreach (byte[] part in Parts(0, sequence, ClipboardData.FromText(text)!))
            peer.Say(part);
    }

    private static byte[][] Parts(byte clipboard, uint sequence, byte[] data) =>
    [
        SessionPeer.ClipboardPart(clipboard, sequence, 1, Encoding.ASCII.GetBytes($"{data.Length}")),
        SessionPeer.ClipboardPart(clipboard, sequence, 2, data[..(data.Length / 2)]),
        SessionPeer.ClipboardPart(clipboard, sequence, 2, data[(data.Length / 2)..]),
        SessionPeer.ClipboardPart(clipboard, sequence, 3, []),
    ];

    private static byte[] Part(byte mark, byte[] data) => SessionPeer.ClipboardPart(0, 0, mark, data);

    private static string? Unpack(byte[] data)
    {
        Assert.True(ClipboardData.TryGetText(data, out string? text));
        return text;
    }
}
