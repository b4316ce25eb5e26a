using System.CommandLine;

namespace QemuZeroCopy.Server.Cli;

/// <summary><c>qzc input</c>: keyboard and mouse for machines whose screen is elsewhere.</summary>
internal static class InputCommand
{
    public static Command Create(TextWriter output)
    {
        var serve = new ServeOptions();
        var command = new Command("input", Texts.Input);
        serve.AddTo(command);
        command.SetAction((parsed, _) => Host.ServeAsync(null, serve.Read(parsed, withoutScreen: true), output));
        return command;
    }
}
