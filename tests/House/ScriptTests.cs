using System.Diagnostics;

namespace QemuZeroCopy.House.Tests;

public sealed class ScriptTests
{
    [Fact]
    public void Every_shell_script_can_be_parsed()
    {
        foreach (string script in Repository.Files(".", ".sh").Append("dev").Append(".ci/run"))
        {
            (int code, string output) = Run("bash", "-n", script);
            Assert.True(code == 0, output);
        }
    }

    [Fact]
    public void The_one_script_tells_each_of_its_commands()
    {
        (int code, string help) = Run("bash", "dev", "--help");
        Assert.Equal(0, code);
        string script = Repository.Read("dev");
        string cases = script[script.IndexOf("case $command in", StringComparison.Ordinal)..];
        foreach (string command in cases.Split('\n').Select(line => line.Trim().Split(')')[0]).Where(word => word.Length > 0 && word.All(char.IsAsciiLetterLower) && word is not "esac"))
            Assert.Contains($"\n  {command} ", help, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no-such-command")]
    [InlineData("test", "no-such-suite")]
    public void The_one_script_refuses_what_it_does_not_know(params string[] arguments)
    {
        (int code, string output) = Run("bash", ["dev", .. arguments]);
        Assert.Equal(2, code);
        Assert.Contains("no-such", output, StringComparison.Ordinal);
    }

    private static (int Code, string Output) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = Repository.Root, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }
}
