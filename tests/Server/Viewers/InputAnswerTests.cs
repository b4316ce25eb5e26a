using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Metrics;
using QemuZeroCopy.Server.Tests.Web;
using QemuZeroCopy.Server.Viewers;
using QemuZeroCopy.WebRtc.Tests.Local;

namespace QemuZeroCopy.Server.Tests.Viewers;

/// <summary>Which picture answers an input.</summary>
public sealed class InputAnswerTests : IDisposable
{
    private readonly LocalMedia _media = new();
    private readonly List<InputAnswer> _answers = [];

    public void Dispose() => _media.Dispose();

    [Fact]
    public async Task The_first_picture_damaged_after_the_input_answers_it()
    {
        var timing = new InputTiming(_media.Hub, _media.Metrics) { Answered = _answers.Add };
        using var input = new ViewerInput(new RecordingSink(), () => new PictureSize(1280, 800), timing);
        SocketViewer viewer = await _media.JoinAsync(session: _media.Service.Sessions.Add(input, mayControl: true));
        await _media.UntilShownAsync(viewer, _media.Deliver(isKey: true));
        Assert.Empty(_answers);

        input.Apply([(byte)InputMessageKind.Key, (byte)KeyAction.Down, 0, 4, .. "KeyA"u8]);
        long happenedUs = MonotonicClock.NowNs / 1000 - 3000;
        input.Apply(Mark(42, happenedUs));
        await _media.UntilShownAsync(viewer, _media.Deliver(isKey: false));
        await _media.UntilShownAsync(viewer, _media.Deliver(isKey: false));
        InputAnswer answer = Assert.Single(_answers);
        Assert.Equal(42u, answer.Stamp);
        Assert.InRange(answer.HeardNs, (happenedUs + 3000) * 1000, answer.DamageNs);
        LatencySnapshot path = _media.Metrics.InputPath.Snapshot();
        Assert.Equal(1, path.Count);
        Assert.InRange(path.SumNs, 3_000_000, answer.HeardNs - happenedUs * 1000 + 1000);
        Assert.Equal(1, _media.Metrics.InputResponse.Snapshot().Count);
        Assert.Equal(1, _media.Metrics[ServerCounter.InputEvents]);
    }

    [Fact]
    public void Times_that_cannot_be_are_not_recorded()
    {
        var timing = new InputTiming(_media.Hub, _media.Metrics);
        using var input = new ViewerInput(new RecordingSink(), () => null, timing);
        foreach (long us in new[] { 0, 1, -1, long.MinValue, long.MaxValue, MonotonicClock.NowNs })
            input.Apply(Mark(1, us));
        Assert.Equal(0, _media.Metrics.InputPath.Snapshot().Count);
        // A clock that is ahead by less than a round trip: on its way for no time.
        input.Apply(Mark(0, MonotonicClock.NowNs / 1000 + 1_000_000));
        Assert.Equal((1, 0), (_media.Metrics.InputPath.Snapshot().Count, _media.Metrics.InputPath.Snapshot().SumNs));
        Assert.Equal(0, _media.Metrics[ServerCounter.MessagesRefused]);
    }

    [Fact]
    public void A_mark_that_is_not_whole_is_refused()
    {
        var timing = new InputTiming(_media.Hub, _media.Metrics) { Answered = _answers.Add };
        using var input = new ViewerInput(new RecordingSink(), () => null, timing);
        input.Apply([(byte)InputMessageKind.Mark]);
        input.Apply([(byte)InputMessageKind.Mark, 1, 2, 3, 4]);
        input.Apply([200, 1, 2, 3]);
        Assert.Equal(3, _media.Metrics[ServerCounter.MessagesRefused]);
    }

    private static byte[] Mark(uint stamp, long happenedUs) => [(byte)InputMessageKind.Mark, .. BitConverter.GetBytes(stamp), .. BitConverter.GetBytes(happenedUs)];
}
