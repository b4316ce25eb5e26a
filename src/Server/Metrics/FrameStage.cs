using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Server.Metrics;

/// <summary>
/// The stages that a frame's way on this host is cut into. Those up to <see cref="Send"/> follow each other
/// without a gap, so they add up to <see cref="Total"/>.
/// </summary>
internal enum FrameStage
{
    /// <summary>From the damage message until the encode thread is done with the frame before.</summary>
    Wait,

    /// <summary>The pause that frame rate and bit rate ask for.</summary>
    Pace,

    /// <summary>Until the encode thread, idle by then, has taken the frame: what it takes to wake up.</summary>
    Wake,

    /// <summary>Making the scanout readable to the converter: finding its import or importing it, opening a new path.</summary>
    Import,

    /// <summary>To NV12.</summary>
    Convert,

    /// <summary>To the access unit.</summary>
    Encode,

    /// <summary>From the encode thread to the network thread's first packet.</summary>
    Queue,

    /// <summary>From the first packet to the last: encryption, system calls, pacing.</summary>
    Send,

    /// <summary>From the damage to the last packet: the stages above, added up.</summary>
    Total,

    /// <summary>The total without the encoder: <see cref="Encode"/>, the <see cref="Wait"/> for it, and the rate's <see cref="Pace"/>.</summary>
    Overhead,
}

/// <summary>The stages' names and durations.</summary>
internal static class FrameStages
{
    /// <summary>Number of durations, those that are sums of others among them.</summary>
    public const int Count = (int)FrameStage.Overhead + 1;

    /// <summary>Name of a stage in metrics and in the overlay.</summary>
    public static string NameOf(FrameStage stage) => stage switch
    {
        FrameStage.Wait => "wait",
        FrameStage.Pace => "pace",
        FrameStage.Wake => "wake",
        FrameStage.Import => "import",
        FrameStage.Convert => "convert",
        FrameStage.Encode => "encode",
        FrameStage.Queue => "queue",
        FrameStage.Send => "send",
        FrameStage.Total => "total",
        FrameStage.Overhead => "overhead",
        _ => throw new ArgumentOutOfRangeException(nameof(stage)),
    };

    /// <summary>
    /// How long one stage took, in ns. A stamp that a frame never got (a refinement has no damage, a CPU
    /// path no import) counts as the one before it, so that its stage is 0 and the sum still holds.
    /// </summary>
    public static long DurationNs(in FrameTimeline timeline, FrameStage stage)
    {
        long damage = timeline.DamageNs != 0 ? timeline.DamageNs : timeline.TakenNs;
        long free = AtLeast(damage, timeline.FreeNs);
        long ready = AtLeast(free, timeline.ReadyNs);
        long taken = AtLeast(ready, timeline.TakenNs);
        long imported = AtLeast(taken, timeline.ImportedNs);
        long converted = AtLeast(imported, timeline.ConvertedNs);
        long encoded = AtLeast(converted, timeline.EncodedNs);
        long firstSent = AtLeast(encoded, timeline.FirstSentNs);
        long lastSent = AtLeast(firstSent, timeline.LastSentNs);
        return stage switch
        {
            FrameStage.Wait => free - damage,
            FrameStage.Pace => ready - free,
            FrameStage.Wake => taken - ready,
            FrameStage.Import => imported - taken,
            FrameStage.Convert => converted - imported,
            FrameStage.Encode => encoded - converted,
            FrameStage.Queue => firstSent - encoded,
            FrameStage.Send => lastSent - firstSent,
            FrameStage.Total => lastSent - damage,
            FrameStage.Overhead => lastSent - damage - (encoded - converted) - (ready - damage),
            _ => throw new ArgumentOutOfRangeException(nameof(stage)),
        };
    }

    private static long AtLeast(long earlier, long stamp) => Math.Max(earlier, stamp);
}
