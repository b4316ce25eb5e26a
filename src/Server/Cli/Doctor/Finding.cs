namespace QemuZeroCopy.Server.Cli.Doctor;

/// <summary>How a finding matters.</summary>
internal enum Verdict
{
    /// <summary>There, and in use.</summary>
    Good,

    /// <summary>Not there; something slower takes its place.</summary>
    Optional,

    /// <summary>Not there, and nothing works without it.</summary>
    Missing,
}

/// <summary>One line of the examination.</summary>
/// <param name="Subject">What was looked at.</param>
/// <param name="Verdict">How it matters.</param>
/// <param name="Found">What is there.</param>
/// <param name="Advice">What to do for a better one; empty where there is nothing to do.</param>
internal readonly record struct Finding(string Subject, Verdict Verdict, string Found, string Advice = "");
