namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>For tests that judge a rate, a delay or a sound, or flood what they talk to: nothing else of this run is at work meanwhile.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
