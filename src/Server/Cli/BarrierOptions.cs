using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Input.Barrier;
using QemuZeroCopy.Server.Input.Barrier.Protocol;

namespace QemuZeroCopy.Server.Cli;

/// <summary>The options of input over Barrier; docs/barrier.md tells what for.</summary>
internal sealed class BarrierOptions
{
    private readonly Option<InputMode> _input = new("--input")
    {
        Description = "Where a page's keyboard and mouse go: to the console's own (dbus), to a Barrier client (barrier), or to a client where the console has none (auto). [default: auto]",
        HelpName = "auto|dbus|barrier",
        CustomParser = ParseMode,
    };

    private readonly Option<IPEndPoint> _listen = new("--barrier-listen")
    {
        Description = $"Take Barrier clients here, QEMU's input-barrier object among them. [default: 127.0.0.1:{BarrierLimits.DefaultPort}, once another Barrier option is given]",
        HelpName = "ADDRESS:PORT",
        CustomParser = ParseEndPoint,
    };

    private readonly Option<string[]> _names = new("--barrier-name")
    {
        Description = "Screen name of a Barrier client to let in, and no others; may be repeated, the first is driven first. [default: any]",
        HelpName = "NAME",
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<bool> _tls = new("--barrier-tls")
    {
        Description = "Speak TLS with Barrier clients on other machines; prints the fingerprint to compare.",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_input);
        command.Options.Add(_listen);
        command.Options.Add(_names);
        command.Options.Add(_tls);
    }

    /// <summary>Which way input goes.</summary>
    public InputMode Mode(ParseResult parsed) => parsed.GetValue(_input);

    /// <summary>
    /// How the Barrier server is run; null where nobody asked for one: who connects under the right name is sent
    /// what is typed, so that is not done unasked.
    /// </summary>
    /// <exception cref="UserError">The settings are unsound.</exception>
    public BarrierSettings? Read(ParseResult parsed, bool insecure, bool always = false)
    {
        IPEndPoint? listen = parsed.GetValue(_listen);
        string[] names = parsed.GetValue(_names) ?? [];
        bool tls = parsed.GetValue(_tls);
        bool asked = listen is not null || names.Length > 0 || tls;
        if (Mode(parsed) == InputMode.DBus && asked)
            throw UserError.Usage("--input dbus takes no Barrier clients: leave it out, or the --barrier options.");
        if (!asked && !always && Mode(parsed) != InputMode.Barrier)
            return null;
        var settings = new BarrierSettings { Names = names, UseTls = tls, Insecure = insecure };
        if (listen is not null)
            settings = settings with { Listen = listen };
        return settings.FindFault() is { } fault ? throw UserError.Usage(fault) : settings;
    }

    private static InputMode ParseMode(ArgumentResult result)
    {
        switch (result.Tokens is [{ Value: var value }] ? value : "")
        {
            case "auto":
                return InputMode.Auto;
            case "dbus":
                return InputMode.DBus;
            case "barrier":
                return InputMode.Barrier;
            default:
                result.AddError($"--input takes auto, dbus or barrier, not '{string.Join(' ', result.Tokens)}'.");
                return InputMode.Auto;
        }
    }

    private static IPEndPoint? ParseEndPoint(ArgumentResult result)
    {
        if (result.Tokens.Count == 1 && ListenAddress.TryParse(result.Tokens[0].Value, out IPEndPoint? endPoint, BarrierLimits.DefaultPort))
            return endPoint;
        result.AddError($"--barrier-listen takes an address of this machine and a port, as in 0.0.0.0:{BarrierLimits.DefaultPort}, not '{string.Join(' ', result.Tokens)}'.");
        return null;
    }
}
