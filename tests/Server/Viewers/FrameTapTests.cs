using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Server.Viewers;

namespace QemuZeroCopy.Server.Tests.Viewers;

public sealed class FrameTapTests : IDisposable
{
    private readonly EncodedFramePool _pool = new();
    private readonly FrameTap _tap;
    private int _keyFramesAsked;
    private long _id;

    public FrameTapTests() => _tap = new FrameTap(() => _keyFramesAsked++);

    public void Dispose() => _tap.Dispose();

    [Fact]
    public async Task A_newcomer_gets_nothing_before_a_key_frame()
    {
        Offer(key: false);
        Offer(key: true);
        Offer(key: false);
        Assert.Equal(2, await TakeAsync());
        Assert.Equal(3, await TakeAsync());
        Assert.Equal(1, _tap.Skipped);
    }

    [Fact]
    public async Task One_who_falls_behind_asks_once_and_goes_on_at_the_next_key_frame()
    {
        Offer(key: true);
        for (int i = 1; i < FrameQueue.Capacity + 5; i++)
            Offer(key: false);
        Assert.Equal(1, _keyFramesAsked);
        for (int i = 1; i <= FrameQueue.Capacity; i++)
            Assert.Equal(i, await TakeAsync());
        Offer(key: false);
        Offer(key: true);
        Assert.Equal(FrameQueue.Capacity + 7, await TakeAsync());
        Assert.Equal(1, _keyFramesAsked);
    }

    [Fact]
    public async Task Who_waits_is_woken_and_who_goes_gives_back_what_waited()
    {
        Task<long> waiting = TakeAsync();
        Assert.False(waiting.IsCompleted);
        Offer(key: true);
        Assert.Equal(1, await waiting);
        EncodedFrame kept = Offer(key: false);
        _tap.Dispose();
        Offer(key: false);
        // Back in the pool: the next one rented is the very same.
        Assert.Same(kept, _pool.Rent());
    }

    private EncodedFrame Offer(bool key)
    {
        EncodedFrame frame = _pool.Rent();
        frame.IsKeyFrame = key;
        frame.FrameId = ++_id;
        _tap.Offer(frame);
        frame.Release();
        return frame;
    }

    private async Task<long> TakeAsync()
    {
        EncodedFrame frame = await _tap.TakeAsync(TestContext.Current.CancellationToken);
        long id = frame.FrameId;
        frame.Release();
        return id;
    }
}
