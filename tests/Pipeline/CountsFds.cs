namespace QemuZeroCopy.Pipeline.Tests;

/// <summary>Tests that count the process's fds run alone: every other test opens some.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class CountsFds
{
    /// <summary>For <see cref="CollectionAttribute"/>.</summary>
    public const string Name = "counts fds";
}
