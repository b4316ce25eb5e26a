using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Input.Barrier;
using QemuZeroCopy.Server.Input.Barrier.Protocol;

namespace QemuZeroCopy.Server.Cli;

/// <summary>The options for guests that take their input from a Barrier client instead of QEMU's devices.</summary>
internal sealed class BarrierOptions
{
    private readonly Option<IPEndPoint?> _listen = new("--barrier-listen")
    {
        Description = $"Take Barrier or Input Leap clients here, and pass keyboard, mouse and clipboard on to them. [default with --barrier: 127.0.0.1:{BarrierLimits.DefaultPort}]",
        HelpName = "ADDRESS:PORT",
        CustomParser = ParseEndPoint,
    };

    private readonly Option<bool> _barrier = new("--barrier") { Description = "Take Barrier clients on the default address." };

    private readonly Option<string[]> _names = new("--barrier-name") { Description = "Screen name of a client that is let in; may be repeated. [default: any]", HelpName = "NAME" };

    private readonly Option<bool> _tls = new("--barrier-tls") { Description = "Speak TLS with Barrier clients." };

    private readonly Option<string> _mode = new("--input")
    {
        Description = "Where a page's keyboard and mouse go: to QEMU's devices, to a Barrier client, or by itself to whichever is there. [default: auto]",
        DefaultValueFactory = _ => "auto",
    };

    public BarrierOptions() => _mode.AcceptOnlyFromAmong("auto", "dbus", "barrier");

    public void AddTo(Command command)
    {
        command.Options.Add(_mode);
        command.Options.Add(_barrier);
        command.Options.Add(_listen);
        command.Options.Add(_names);
        command.Options.Add(_tls);
    }

    public InputMode ReadMode(ParseResult parsed) => Enum.Parse<InputMode>(parsed.GetRequiredValue(_mode), ignoreCase: true);

    /// <summary>Null where no Barrier clients are wanted.</summary>
    public BarrierSettings? Read(ParseResult parsed, bool insecure)
    {
        IPEndPoint? listen = parsed.GetValue(_listen);
        if (listen is null && !parsed.GetValue(_barrier) && ReadMode(parsed) != InputMode.Barrier)
            return null;
        return new BarrierSettings
        {
            Listen = listen ?? new IPEndPoint(IPAddress.Loopback, BarrierLimits.DefaultPort),
            Names = parsed.GetValue(_names) ?? [],
            UseTls = parsed.GetValue(_tls),
            Insecure = insecure,
        };
    }

    private static IPEndPoint? ParseEndPoint(ArgumentResult result)
    {
        if (result.Tokens.Count == 1 && ListenAddress.TryParse(result.Tokens[0].Value, out IPEndPoint? endPoint, BarrierLimits.DefaultPort))
            return endPoint;
        result.AddError($"--barrier-listen takes an address of this machine and a port, as in 192.168.1.5:{BarrierLimits.DefaultPort}, not '{string.Join(' ', result.Tokens)}'.");
        return null;
    }
}
