using System.CommandLine;
using System.CommandLine.Help;

namespace QemuZeroCopy.Server.Cli;

/// <summary>The command line: what may be said, and how a mistake is answered.</summary>
internal static class CommandLine
{
    /// <summary>Runs one command. Returns the exit code: 0, <see cref="UserError.FailureExitCode"/>, <see cref="UserError.UsageExitCode"/>, or QEMU's own.</summary>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter error)
    {
        RootCommand root = Create(output);
        ParseResult parsed = root.Parse(args.Length == 0 ? ["--help"] : args);
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpAction)
        {
            string what = parsed.UnmatchedTokens is [var first, ..] ? $"'{first}' is no command or option here." : parsed.Errors[0].Message;
            await error.WriteLineAsync($"qzc: {OneLine(what)} Say 'qzc {CommandPath(parsed)}--help' for how it goes.").ConfigureAwait(false);
            return UserError.UsageExitCode;
        }

        var configuration = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null, // StopSignals sees to the end
        };
        try
        {
            return await parsed.InvokeAsync(configuration).ConfigureAwait(false);
        }
        catch (UserError e)
        {
            await error.WriteLineAsync($"qzc: {e.OneLine}").ConfigureAwait(false);
            return e.ExitCode;
        }
        catch (OperationCanceledException)
        {
            return 0;
        }
    }

    private static RootCommand Create(TextWriter output) => new(Texts.Root)
    {
        AttachCommand.Create(output),
        RunCommand.Create(output),
        DemoCommand.Create(output),
        InputCommand.Create(output),
        DoctorCommand.Create(output),
    };

    private static string CommandPath(ParseResult parsed) => parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name + " ";

    private static string OneLine(string message)
    {
        string line = message.ReplaceLineEndings(" ").Trim();
        return line.EndsWith('.') ? line : line + ".";
    }
}
