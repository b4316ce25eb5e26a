using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;

namespace QemuZeroCopy.Server.Cli;

/// <summary>Where metrics go.</summary>
/// <param name="Listen">A port of its own that serves them without a token; null for none.</param>
internal sealed record MetricsSettings(IPEndPoint? Listen);

/// <summary>The options about metrics.</summary>
internal sealed class MetricsOptions
{
    private readonly Option<IPEndPoint?> _listen = new("--metrics-listen")
    {
        Description = "Address and port that serve /metrics, and nothing else, without the token.",
        HelpName = "ADDRESS:PORT",
        CustomParser = ParseEndPoint,
    };

    public void AddTo(Command command) => command.Options.Add(_listen);

    public MetricsSettings Read(ParseResult parsed) => new(parsed.GetValue(_listen));

    private static IPEndPoint? ParseEndPoint(ArgumentResult result)
    {
        if (result.Tokens.Count == 1 && ListenAddress.TryParse(result.Tokens[0].Value, out IPEndPoint? endPoint))
            return endPoint;
        result.AddError($"--metrics-listen takes an address of this machine and a port, as in 127.0.0.1:9091, not '{string.Join(' ', result.Tokens)}'.");
        return null;
    }
}
