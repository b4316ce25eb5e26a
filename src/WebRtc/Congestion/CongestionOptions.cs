namespace QemuZeroCopy.WebRtc.Congestion;

/// <summary>Bounds of a connection's rate.</summary>
public sealed record CongestionOptions
{
    /// <summary>Never less, in bit/s: below it a picture of text cannot be read any more.</summary>
    public long MinBps { get; init; } = 200_000;

    /// <summary>Before the path is known, in bit/s.</summary>
    public long StartBps { get; init; } = 4_000_000;

    /// <summary>Never more, in bit/s.</summary>
    public long MaxBps { get; init; } = 60_000_000;

    /// <summary>Share of the measured capacity that is aimed at; the rest keeps the queue short when frames differ in size.</summary>
    public double Utilisation { get; init; } = 0.93;
}
