using System.CommandLine;
using QemuZeroCopy.Pipeline.Display;

namespace QemuZeroCopy.Server.Cli;

/// <summary><c>qzc attach</c>: a QEMU that runs already.</summary>
internal static class AttachCommand
{
    public static Command Create(TextWriter output)
    {
        var bus = new Option<string?>("--bus") { Description = "D-Bus address of the bus that QEMU sits on, as unix:path=/run/vm.bus", HelpName = "ADDRESS" };
        var qmp = new Option<string?>("--qmp") { Description = "QEMU's QMP socket.", HelpName = "SOCKET" };
        var serve = new ServeOptions();
        var command = new Command("attach", Texts.Attach) { bus, qmp };
        serve.AddTo(command);
        command.SetAction((parsed, _) =>
        {
            ServeSettings settings = serve.Read(parsed);
            return Host.ServeAsync(Endpoint(parsed.GetValue(bus), parsed.GetValue(qmp)), settings, output);
        });
        return command;
    }

    private static DisplayEndpoint Endpoint(string? bus, string? qmp) => (bus, qmp) switch
    {
        ({ } address, null) when address.Contains('=', StringComparison.Ordinal) => new DisplayEndpoint.Bus(address),
        ({ } path, null) => throw UserError.Usage($"'{path}' is no D-Bus address: write it as unix:path={path}."),
        (null, { } socket) => new DisplayEndpoint.Qmp(socket),
        (null, null) => throw UserError.Usage("where is QEMU? Give --qmp SOCKET or --bus ADDRESS, whichever QEMU was started with; see 'qzc attach --help'."),
        _ => throw UserError.Usage("--bus and --qmp are two ways to the same screen: give one of them."),
    };
}
