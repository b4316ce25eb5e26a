using QemuZeroCopy.Bench.Report;

namespace QemuZeroCopy.Bench;

/// <summary>One row of the targets: a question about speed, answered beside a peer in the same run.</summary>
internal interface IBenchmark
{
    /// <summary>What follows <c>./dev bench</c>.</summary>
    string Name { get; }

    /// <summary>One line for the list.</summary>
    string Summary { get; }

    /// <summary>
    /// Measures. <paramref name="repeats"/> is 1 for a smoke run, in which the figures mean nothing but
    /// everything is exercised for a few seconds.
    /// </summary>
    BenchReport Run(int repeats, bool isSmoke);
}
