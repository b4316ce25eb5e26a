namespace QemuZeroCopy.Server.Metrics;

/// <summary>
/// What a viewer adds to a picture's way, by what it says of single pictures. Path, decode and show follow the last
/// packet's leaving without a gap; with this host's total they are the <see cref="Glass"/>.
/// </summary>
internal enum ViewerStage
{
    /// <summary>
    /// From the last packet's leaving until the viewer has the whole picture. Two clocks meet here: it is off by up to
    /// half of the shortest round trip.
    /// </summary>
    Path,

    /// <summary>In the viewer's decoder.</summary>
    Decode,

    /// <summary>The rest until the picture stands on the screen: jitter buffer and compositor.</summary>
    Show,

    /// <summary>From the guest's damage to the viewer's screen.</summary>
    Glass,
}

/// <summary>The stages' names.</summary>
internal static class ViewerStages
{
    /// <summary>Number of stages, their sum among them.</summary>
    public const int Count = (int)ViewerStage.Glass + 1;

    /// <summary>Name of a stage in metrics and in the overlay.</summary>
    public static string NameOf(ViewerStage stage) => stage switch
    {
        ViewerStage.Path => "path",
        ViewerStage.Decode => "decode",
        ViewerStage.Show => "show",
        ViewerStage.Glass => "glass",
        _ => throw new ArgumentOutOfRangeException(nameof(stage)),
    };
}
