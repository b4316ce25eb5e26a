using System.Globalization;

namespace QemuZeroCopy.Bench.Report;

/// <summary>A figure to reach, at most or at least.</summary>
internal readonly record struct Target(double Limit, bool IsCeiling)
{
    public static Target AtMost(double limit) => new(limit, true);

    public static Target AtLeast(double limit) => new(limit, false);

    public bool IsMetBy(double value) => IsCeiling ? value <= Limit : value >= Limit;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(IsCeiling ? "<=" : ">=")} {Limit:0.###}");
}
