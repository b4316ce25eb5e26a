namespace QemuZeroCopy.Server.Cli;

/// <summary>
/// Something that the person at the command line can put right. Ends the program with one line on stderr:
/// what failed, why, and what to do.
/// </summary>
internal sealed class UserError : Exception
{
    /// <summary>Exit code when the command itself is wrong.</summary>
    public const int UsageExitCode = 2;

    /// <summary>Exit code when the command is right and the machine is in the way.</summary>
    public const int FailureExitCode = 1;

    public UserError(string message, int exitCode = FailureExitCode, Exception? inner = null)
        : base(message, inner) => ExitCode = exitCode;

    public int ExitCode { get; }

    /// <summary>The command line asks for something that makes no sense.</summary>
    public static UserError Usage(string message) => new(message, UsageExitCode);

    /// <summary>The message on one line, whatever a library put into it.</summary>
    public string OneLine => string.Join(' ', Message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
