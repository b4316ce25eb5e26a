namespace QemuZeroCopy.Server.Cli.Doctor;

/// <summary>Runs all checks and says which way a frame will take.</summary>
internal static class Examination
{
    /// <summary>Prints the findings; the exit code is 1 when something is missing that nothing works without.</summary>
    public static async Task<int> RunAsync(TextWriter output)
    {
        var findings = new List<Finding>();
        findings.AddRange(await QemuChecks.RunAsync().ConfigureAwait(false));
        findings.AddRange(SystemChecks.Run());
        GraphicsFindings graphics = GraphicsChecks.Run();
        findings.AddRange(graphics.Findings);

        int width = findings.Max(f => f.Subject.Length);
        foreach (Finding finding in findings)
        {
            string mark = finding.Verdict switch { Verdict.Good => "✓", Verdict.Optional => "○", _ => "✗" };
            await output.WriteLineAsync($"{mark} {finding.Subject.PadRight(width)}  {finding.Found}").ConfigureAwait(false);
            if (finding.Advice.Length > 0)
                await output.WriteLineAsync($"  {new string(' ', width)}  → {finding.Advice}").ConfigureAwait(false);
        }

        bool works = findings.TrueForAll(f => f.Verdict != Verdict.Missing);
        await output.WriteLineAsync().ConfigureAwait(false);
        await output.WriteLineAsync(works ? $"A frame's way here: {graphics.Path}" : "Nothing can be shown before what is marked ✗ is there.").ConfigureAwait(false);
        for (int i = 0; works && i < graphics.Ladder.Count; i++)
            await output.WriteLineAsync($"  {i + 1}. {graphics.Ladder[i]}").ConfigureAwait(false);
        return works ? 0 : UserError.FailureExitCode;
    }
}
