using System.CommandLine;

namespace QemuZeroCopy.Server.Cli;

/// <summary><c>qzc doctor</c>: what this machine offers.</summary>
internal static class DoctorCommand
{
    public static Command Create(TextWriter output)
    {
        var command = new Command("doctor", Texts.Doctor);
        command.SetAction(async (_, _) => await Doctor.Examination.RunAsync(output).ConfigureAwait(false));
        return command;
    }
}
