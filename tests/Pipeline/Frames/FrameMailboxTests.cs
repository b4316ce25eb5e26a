using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Pipeline.Tests.Encode;

namespace QemuZeroCopy.Pipeline.Tests.Frames;

public sealed class FrameMailboxTests : IDisposable
{
    private const long Us = 1_000;
    private const long FrameNs = 16_666_667;
    private const long BlankNs = 100_000 * Us;
    private static readonly PictureSize s_size = new(640, 512);
    private static readonly PixelRect s_top = new(0, 0, 640, 64);
    private static readonly PixelRect s_all = new(0, 0, 640, 512);
    private static readonly PixelRect s_bottom = new(0, 448, 640, 64);

    private readonly RecordingAcknowledger _answers = new();
    private readonly FrameMailbox _mailbox;
    private readonly TileMap _damage = DamageRegion.Create(s_size);

    public FrameMailboxTests()
    {
        _mailbox = new FrameMailbox(_answers);
        _mailbox.SetScanout(new CopiedScanout(s_size, PixelFormat.Xrgb8888), nowNs: 1);
        Assert.NotNull(Take(1));
        _damage.Clear();
    }

    public void Dispose() => _mailbox.Dispose();

    [Fact]
    public void Damage_adds_up_until_it_is_taken_and_keeps_the_time_of_the_oldest()
    {
        _mailbox.AddDamage(s_top, nowNs: 100 * FrameNs);
        _mailbox.AddDamage(s_bottom, nowNs: 101 * FrameNs);
        FrameTicket ticket = Assert.NotNull(Take(102 * FrameNs));
        Assert.Equal(100 * FrameNs, ticket.DamageNs);
        Assert.Equal(2 * 10 * 64 * 64 / (_damage.TileSize * _damage.TileSize), _damage.Count);
        Assert.Null(Take(102 * FrameNs));
    }

    [Fact]
    public void A_picture_told_in_two_halves_is_taken_whole()
    {
        long frame = Habit();
        _mailbox.AddDamage(s_top, frame * FrameNs);
        Assert.Null(Take(frame * FrameNs + 10 * Us));
        _mailbox.AddDamage(s_bottom, frame * FrameNs + 300 * Us);
        Assert.Equal(frame * FrameNs, Take(frame * FrameNs + 300 * Us)?.DamageNs);
    }

    [Fact]
    public void A_half_whose_other_does_not_come_is_taken_alone()
    {
        long frame = Habit();
        _mailbox.AddDamage(s_top, frame * FrameNs);
        Assert.Null(Take(frame * FrameNs + 500 * Us));
        Assert.NotNull(Take(frame * FrameNs + 700 * Us));
    }

    [Fact]
    public void A_half_is_taken_by_whoever_wants_no_more()
    {
        long frame = Habit();
        _mailbox.AddDamage(s_top, frame * FrameNs);
        Assert.True(_mailbox.TryTake(_damage, frame * FrameNs, out FrameTicket ticket, whole: false));
        _mailbox.Complete(ticket);
    }

    [Fact]
    public void Waiting_ends_with_the_missing_half_or_when_it_is_late()
    {
        Habit();
        _mailbox.AddDamage(s_top, MonotonicClock.NowNs);
        Assert.True(_mailbox.Wait(TimeSpan.FromSeconds(30)));
        Assert.NotNull(Take(MonotonicClock.NowNs));
    }

    [Fact]
    public void A_guest_that_is_held_until_the_answer_is_taken_at_once()
    {
        long frame = Habit();
        _mailbox.AddDamage(s_top, frame * FrameNs, sequence: 7);
        Assert.NotNull(Take(frame * FrameNs));
        _answers.WaitFor(7);
    }

    [Fact]
    public void A_new_scanout_is_taken_at_once()
    {
        long frame = Habit();
        _mailbox.SetScanout(new CopiedScanout(s_size, PixelFormat.Xrgb8888), frame * FrameNs);
        Assert.NotNull(Take(frame * FrameNs));
    }

    [Fact]
    public void An_empty_picture_between_two_modes_is_never_taken()
    {
        ShowBlank(FrameNs);
        Assert.Null(Take(FrameNs));
        Assert.False(_mailbox.TryTake(_damage, FrameNs, out _, whole: false));
        // QEMU tells it as a whole, once.
        _mailbox.AddDamage(s_all, FrameNs + 100 * Us);
        Assert.Null(Take(2 * FrameNs));
        var other = new CopiedScanout(new PictureSize(320, 256), PixelFormat.Xrgb8888);
        _mailbox.SetScanout(other, 2 * FrameNs);
        FrameTicket ticket = Assert.NotNull(Take(2 * FrameNs));
        Assert.Same(other, ticket.Scanout);
        Assert.Equal(2 * FrameNs, ticket.DamageNs);
    }

    [Fact]
    public void An_empty_picture_that_nothing_follows_is_taken_when_its_time_is_over()
    {
        ShowBlank(FrameNs);
        Assert.Null(Take(FrameNs + BlankNs - 1));
        // Another one does not begin anew.
        ShowBlank(2 * FrameNs);
        Assert.Null(Take(FrameNs + BlankNs - 1));
        Assert.NotNull(Take(FrameNs + BlankNs));
        ShowBlank(3 * FrameNs);
        Assert.NotNull(Take(3 * FrameNs));
    }

    [Fact]
    public void An_empty_picture_is_taken_at_once_when_something_is_drawn()
    {
        ShowBlank(FrameNs);
        _mailbox.AddDamage(s_top, FrameNs);
        Assert.NotNull(Take(FrameNs));
        _mailbox.SetScanout(new CopiedScanout(s_size, PixelFormat.Xrgb8888), 2 * FrameNs);
        Assert.NotNull(Take(2 * FrameNs));
        ShowBlank(3 * FrameNs);
        _mailbox.AddDamage(s_all, 3 * FrameNs);
        _mailbox.AddDamage(s_all, 4 * FrameNs);
        Assert.NotNull(Take(4 * FrameNs));
    }

    [Fact]
    public void An_empty_picture_does_not_hold_a_guest_that_waits_for_its_answer()
    {
        _mailbox.AddDamage(s_top, FrameNs, sequence: 3);
        ShowBlank(FrameNs);
        Assert.NotNull(Take(FrameNs));
        _answers.WaitFor(3);
    }

    [Fact]
    public void Waiting_ends_when_the_time_of_an_empty_picture_is_over()
    {
        ShowBlank(MonotonicClock.NowNs);
        Assert.True(_mailbox.Wait(TimeSpan.FromSeconds(30)));
        Assert.NotNull(Take(MonotonicClock.NowNs));
    }

    [Fact]
    public void What_was_read_is_overtaken_by_another_mode_and_not_by_an_empty_picture()
    {
        _damage.Fill();
        ShowBlank(FrameNs);
        Assert.False(_mailbox.HasOvertaken(_damage));
        _mailbox.SetScanout(new CopiedScanout(new PictureSize(320, 256), PixelFormat.Xrgb8888), FrameNs);
        Assert.True(_mailbox.HasOvertaken(_damage));
    }

    [Fact]
    public void A_new_mode_is_timed_from_its_own_scanout()
    {
        _mailbox.AddDamage(s_top, FrameNs);
        _mailbox.SetScanout(new CopiedScanout(new PictureSize(320, 256), PixelFormat.Xrgb8888), 2 * FrameNs);
        _mailbox.AddDamage(new PixelRect(0, 0, 8, 8), 3 * FrameNs);
        Assert.Equal(2 * FrameNs, Take(3 * FrameNs)?.DamageNs);
    }

    private void ShowBlank(long nowNs) => _mailbox.SetScanout(new CopiedScanout(s_size, PixelFormat.Xrgb8888), nowNs, nowNs + BlankNs);

    /// <summary>Pictures in two halves, until the mailbox knows them; the next frame's number.</summary>
    private long Habit()
    {
        for (long frame = 1; frame <= 10; frame++)
        {
            _mailbox.AddDamage(s_top, frame * FrameNs);
            _mailbox.AddDamage(s_bottom, frame * FrameNs + 300 * Us);
            Assert.NotNull(Take(frame * FrameNs + 300 * Us));
        }

        return 11;
    }

    private FrameTicket? Take(long nowNs)
    {
        if (!_mailbox.TryTake(_damage, nowNs, out FrameTicket ticket))
            return null;
        _mailbox.Complete(ticket);
        return ticket;
    }
}
