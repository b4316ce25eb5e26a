using System.Globalization;
using QemuZeroCopy.Bench.Report;

namespace QemuZeroCopy.Bench.Encode;

/// <summary>What one picture was, and what it took: enough to tell why it took long.</summary>
internal sealed class PictureCost
{
    /// <summary>The encode thread's processor time since the picture before.</summary>
    public double Ms { get; set; }

    /// <summary>Of it, the encoder's.</summary>
    public double EncoderMs { get; init; }

    /// <summary>By the wall clock, the encoder alone.</summary>
    public double EncoderWallMs { get; init; }

    /// <summary>The encoder's time for the same picture once more, a little later; null where it chose other work then.</summary>
    public double? AgainMs { get; set; }

    /// <summary><see cref="Ms"/> with the lesser of both times: work that takes long does so each time, what the machine did meanwhile is elsewhere then.</summary>
    public double WorkMs => Ms - Math.Max(0, EncoderMs - (AgainMs ?? EncoderMs));

    public int Changed { get; init; }

    public int Sharpened { get; init; }

    public int Quantizer { get; init; }

    public int Effort { get; init; }

    public bool IsWide { get; init; }

    public int Bytes { get; set; }

    public ThreadUsage Usage { get; init; }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Ms:F1} ms, {EncoderMs:F1} in the encoder ({EncoderWallMs:F1} by the clock), {Again} once more: {Changed} blocks changed, {Sharpened} sharpened, quantizer {Quantizer}, search {Effort} {(IsWide ? "far" : "near")}, {Bytes} bytes, {Usage.Faults} page faults, preempted {Usage.Preemptions} times");

    private string Again => AgainMs?.ToString("F1", CultureInfo.InvariantCulture) ?? "other work";
}
