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
    private readonly List<(uint Stamp, uint Rtp)> _answers = [];

    public void Dispose() => _media.Dispose();

    [Fact]
    public async Task The_first_picture_damaged_after_the_input_answers_it()
    {
        var timing = new InputTiming(_media.Hub, _media.Metrics) { Answered = (stamp, rtp) => _answers.Add((stamp, rtp)) };
        using var input = new ViewerInput(new RecordingSink(), () => new PictureSize(1280, 800), timing);
        SocketViewer viewer = await _media.JoinAsync(session: _media.Service.Sessions.Add(input, mayControl: true));
        await _media.UntilShownAsync(viewer, _media.Deliver(isKey: true));
        Assert.Empty(_answers);

        input.Apply([(byte)InputMessageKind.Key, (byte)KeyAction.Down, 0, 4, .. "KeyA"u8]);
        input.Apply([(byte)InputMessageKind.Mark, 42, 0, 0, 0]);
        await _media.UntilShownAsync(viewer, _media.Deliver(isKey: false));
        await _media.UntilShownAsync(viewer, _media.Deliver(isKey: false));
        Assert.Equal(42u, Assert.Single(_answers).Stamp);
        Assert.Equal(1, _media.Metrics.InputResponse.Snapshot().Count);
        Assert.Equal(1, _media.Metrics[ServerCounter.InputEvents]);
    }

    [Fact]
    public void A_mark_without_a_number_is_refused()
    {
        var timing = new InputTiming(_media.Hub, _media.Metrics) { Answered = (stamp, rtp) => _answers.Add((stamp, rtp)) };
        using var input = new ViewerInput(new RecordingSink(), () => null, timing);
        input.Apply([(byte)InputMessageKind.Mark]);
        input.Apply([(byte)InputMessageKind.Mark, 1, 2, 3]);
        input.Apply([200, 1, 2, 3]);
        Assert.Equal(3, _media.Metrics[ServerCounter.MessagesRefused]);
    }
}
