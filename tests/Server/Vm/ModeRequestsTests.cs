using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Server.Vm;

namespace QemuZeroCopy.Server.Tests.Vm;

public sealed class ModeRequestsTests
{
    private readonly HandTime _time = new();
    private readonly List<int> _asked = [];
    private readonly ModeRequests _requests;

    public ModeRequestsTests() => _requests = new ModeRequests(info => _asked.Add(info.Width), _time);

    [Fact]
    public void The_first_one_is_asked_for_at_once_and_the_same_one_never_again()
    {
        Ask(800);
        _time.Pass(ModeRequests.MinGap * 10);
        Ask(800);
        Assert.Equal([800], _asked);
    }

    [Fact]
    public void Of_a_storm_the_first_and_the_last_are_asked_for()
    {
        for (int width = 100; width <= 10_000; width++)
            Ask(width);
        Assert.Equal([100], _asked);
        _time.Pass(ModeRequests.MinGap);
        Assert.Equal([100, 10_000], _asked);
        _time.Pass(ModeRequests.MinGap * 10);
        Assert.Equal([100, 10_000], _asked);
    }

    [Fact]
    public void A_storm_that_goes_on_is_asked_for_at_the_guests_pace()
    {
        for (int width = 1; width <= 1000; width++)
        {
            Ask(width);
            _time.Pass(ModeRequests.MinGap / 100);
        }

        Assert.InRange(_asked.Count, 9, 11);
    }

    [Fact]
    public void A_QEMU_that_was_started_anew_is_asked_for_what_was_wanted_last()
    {
        _requests.Repeat();
        Assert.Empty(_asked);
        Ask(800);
        _requests.Repeat();
        Assert.Equal([800, 800], _asked);
    }

    private void Ask(int width) => _requests.Ask(new ConsoleUiInfo(300, 200, 0, 0, width, 600));

    /// <summary>A clock that stands still until it is pushed.</summary>
    private sealed class HandTime : TimeProvider
    {
        private readonly List<HandTimer> _timers = [];
        private TimeSpan _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now.Ticks;

        public void Pass(TimeSpan span)
        {
            _now += span;
            foreach (HandTimer timer in _timers)
                timer.Run(_now);
        }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new HandTimer(this, () => callback(state));
            timer.Change(dueTime, period);
            _timers.Add(timer);
            return timer;
        }

        private sealed class HandTimer(HandTime time, Action run) : ITimer
        {
            private TimeSpan? _due;

            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                _due = dueTime == Timeout.InfiniteTimeSpan ? null : time._now + dueTime;
                return true;
            }

            public void Run(TimeSpan now)
            {
                if (_due is not { } due || due > now)
                    return;
                _due = null;
                run();
            }

            public void Dispose() => _due = null;

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
