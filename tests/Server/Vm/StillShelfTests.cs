using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Vm;

namespace QemuZeroCopy.Server.Tests.Vm;

public sealed class StillShelfTests : IDisposable
{
    private readonly FrameMailbox _frames = new(new Deaf());
    private readonly StillShelf _shelf = new();

    public void Dispose() => _frames.Dispose();

    [Fact]
    public async Task A_dark_screen_has_no_still()
    {
        Assert.Null(await _shelf.TakeAsync(_frames));
        Show(1);
        Assert.NotNull(await _shelf.TakeAsync(_frames));
        _frames.SetScanout(null, 2);
        Assert.Null(await _shelf.TakeAsync(_frames));
    }

    [Fact]
    public async Task A_still_is_made_once_for_each_change_of_the_picture()
    {
        CopiedScanout scanout = Show(1);
        byte[] first = (await _shelf.TakeAsync(_frames))!;
        Assert.Same(first, await _shelf.TakeAsync(_frames));

        scanout.Row(new PixelRect(0, 0, 64, 64), 32).Fill(200);
        _frames.AddDamage(new PixelRect(0, 32, 64, 1), 2);
        byte[] second = (await _shelf.TakeAsync(_frames))!;
        Assert.False(first.AsSpan().SequenceEqual(second));
        Assert.Same(second, await _shelf.TakeAsync(_frames));
    }

    [Fact]
    public async Task A_new_display_is_looked_at_anew()
    {
        Show(1);
        byte[] first = (await _shelf.TakeAsync(_frames))!;
        using var other = new FrameMailbox(new Deaf());
        other.SetScanout(new CopiedScanout(new PictureSize(64, 64), PixelFormat.Xrgb8888), 1);
        Assert.NotSame(first, await _shelf.TakeAsync(other));
    }

    [Fact]
    public async Task Looking_takes_nothing_away_from_the_encoder()
    {
        Show(1);
        TileMap damage = DamageRegion.Create(new PictureSize(64, 64));
        await _shelf.TakeAsync(_frames);
        Assert.True(_frames.TryTake(damage, 2, out FrameTicket ticket));
        Assert.False(damage.IsEmpty);
        _frames.Complete(ticket);
    }

    private CopiedScanout Show(long nowNs)
    {
        var scanout = new CopiedScanout(new PictureSize(64, 64), PixelFormat.Xrgb8888);
        _frames.SetScanout(scanout, nowNs);
        return scanout;
    }

    private sealed class Deaf : IFrameAcknowledger
    {
        public void Acknowledge(ulong sequence)
        {
        }
    }
}
