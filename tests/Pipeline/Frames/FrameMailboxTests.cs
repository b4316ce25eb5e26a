using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Pipeline.Tests.Encode;

namespace QemuZeroCopy.Pipeline.Tests.Frames;

public sealed class FrameMailboxTests : IDisposable
{
    private const long Us = 1_000;
    private const long FrameNs = 16_666_667;
    private static readonly PictureSize s_size = new(640, 512);
    private static readonly PixelRect s_top = new(0, 0, 640, 64);
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
