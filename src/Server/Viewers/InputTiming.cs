using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Metrics;

namespace QemuZeroCopy.Server.Viewers;

/// <summary>A page wants to know which picture answers the input that it sent just before.</summary>
/// <param name="Input">The input that the page's media session shares.</param>
/// <param name="Stamp">The page's own, sent back to it.</param>
/// <param name="AtNs">When it was heard here.</param>
/// <param name="Answer">Called on the network thread.</param>
internal sealed record InputMark(Input.ViewerInput Input, uint Stamp, long AtNs, Action<InputAnswer> Answer);

/// <summary>The picture that answers a page's input.</summary>
/// <param name="Stamp">The page's own.</param>
/// <param name="Picture">What the page calls the picture, see <see cref="PictureName"/>.</param>
/// <param name="HeardNs">When the input was here.</param>
/// <param name="DamageNs">When the picture was damaged.</param>
internal sealed record InputAnswer(uint Stamp, uint Picture, long HeardNs, long DamageNs);

/// <summary>What becomes of one page's input: counted, and timed to the first damage after it. Callable from any thread.</summary>
internal sealed class InputTiming(ViewerHub? hub, ServerMetrics metrics)
{
    /// <summary>Told of the picture that answers a mark; see <see cref="InputMark.Answer"/>.</summary>
    public Action<InputAnswer>? Answered { get; set; }

    /// <summary>An event is about to be handed to QEMU.</summary>
    public void Comes()
    {
        metrics.Add(ServerCounter.InputEvents);
        hub?.NoteInput(MonotonicClock.NowNs);
    }

    /// <summary>A message made no sense.</summary>
    public void Refused() => metrics.Add(ServerCounter.MessagesRefused);

    /// <summary>
    /// The page tells when the input that it sent last happened there (0: not known), and with a <paramref name="stamp"/>
    /// wants to know of the picture that answers it.
    /// </summary>
    public void Mark(Input.ViewerInput input, uint stamp, long happenedUs)
    {
        // What takes longer is no input's way: the page's clock is wrong, or its word.
        const long longestUs = 10_000_000;
        long nowNs = MonotonicClock.NowNs;
        // The clocks are compared no better than to half a round trip, so that it may seem to come before it happened.
        if (happenedUs != 0 && nowNs / 1000 - happenedUs is > -longestUs and < longestUs and var wayUs)
            metrics.RecordInputPath(Math.Max(0, wayUs) * 1000);
        if (stamp != 0 && Answered is { } answer)
            hub?.Mark(new InputMark(input, stamp, nowNs, answer));
    }
}
