using System.CommandLine;
using QemuZeroCopy.Server.Vm;

namespace QemuZeroCopy.Server.Cli;

/// <summary><c>qzc run -- qemu-system-x86_64 …</c>: starts QEMU and shows it.</summary>
internal static class RunCommand
{
    public static Command Create(TextWriter output)
    {
        var gl = new Option<bool>("--gl") { Description = "Let QEMU draw with the host's GPU (gl=on); its frames are then taken without a copy." };
        var renderNode = new Option<string?>("--rendernode") { Description = "The GPU to use with --gl, as /dev/dri/renderD128.", HelpName = "FILE" };
        var qemu = new Argument<string[]>("QEMU") { Description = "QEMU's command line, behind --", Arity = ArgumentArity.OneOrMore };
        var serve = new ServeOptions();
        var command = new Command("run", Texts.Run) { gl, renderNode, qemu };
        serve.AddTo(command);
        command.SetAction(async (parsed, _) =>
        {
            ServeSettings settings = serve.Read(parsed);
            string display = parsed.GetValue(gl) ? ",gl=on" : "";
            if (parsed.GetValue(renderNode) is { } node)
                display += display.Length > 0 ? $",rendernode={node}" : throw UserError.Usage("--rendernode says which GPU --gl takes: give --gl too.");
            return await Host.ServeProcessAsync(() => QemuProcess.Start(parsed.GetRequiredValue(qemu), display, settings.Audio), settings, output).ConfigureAwait(false);
        });
        return command;
    }
}
