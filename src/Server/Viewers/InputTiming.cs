using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Metrics;

namespace QemuZeroCopy.Server.Viewers;

/// <summary>A page wants to know which picture answers the input that it sent just before.</summary>
/// <param name="Input">The input that the page's media session shares.</param>
/// <param name="Stamp">The page's own, sent back to it.</param>
/// <param name="AtNs">When it was heard here.</param>
/// <param name="Answer">Called on the network thread with the stamp and what the page calls the picture, see <see cref="PictureName"/>.</param>
internal sealed record InputMark(Input.ViewerInput Input, uint Stamp, long AtNs, Action<uint, uint> Answer);

/// <summary>What becomes of one page's input: counted, and timed to the first damage after it. Callable from any thread.</summary>
internal sealed class InputTiming(ViewerHub? hub, ServerMetrics metrics)
{
    /// <summary>Told of the picture that answers a mark; see <see cref="InputMark.Answer"/>.</summary>
    public Action<uint, uint>? Answered { get; set; }

    /// <summary>An event is about to be handed to QEMU.</summary>
    public void Comes()
    {
        metrics.Add(ServerCounter.InputEvents);
        hub?.NoteInput(MonotonicClock.NowNs);
    }

    /// <summary>A message made no sense.</summary>
    public void Refused() => metrics.Add(ServerCounter.MessagesRefused);

    /// <summary>The page wants to know of the picture that answers what it sent last.</summary>
    public void Mark(Input.ViewerInput input, uint stamp)
    {
        if (Answered is { } answer)
            hub?.Mark(new InputMark(input, stamp, MonotonicClock.NowNs, answer));
    }
}
