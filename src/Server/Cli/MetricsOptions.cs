using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;

namespace QemuZeroCopy.Server.Cli;

/// <summary>Where metrics go.</summary>
/// <param name="Listen">A port of its own that serves them without a token; null for none.</param>
/// <param name="Collector">The OTLP collector; null for none.</param>
internal sealed record MetricsSettings(IPEndPoint? Listen, Uri? Collector);

/// <summary>The options about metrics.</summary>
internal sealed class MetricsOptions
{
    private readonly Option<IPEndPoint?> _listen = new("--metrics-listen")
    {
        Description = "Address and port that serve /metrics, and nothing else, without the token.",
        HelpName = "ADDRESS:PORT",
        CustomParser = ParseEndPoint,
    };

    private readonly Option<Uri?> _collector = new("--otlp")
    {
        Description = "Sends metrics to this OpenTelemetry collector, by OTLP over HTTP, as in http://127.0.0.1:4318.",
        HelpName = "ADDRESS",
        CustomParser = ParseCollector,
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_listen);
        command.Options.Add(_collector);
    }

    public MetricsSettings Read(ParseResult parsed) => new(parsed.GetValue(_listen), parsed.GetValue(_collector));

    private static IPEndPoint? ParseEndPoint(ArgumentResult result)
    {
        if (result.Tokens.Count == 1 && ListenAddress.TryParse(result.Tokens[0].Value, out IPEndPoint? endPoint))
            return endPoint;
        result.AddError($"--metrics-listen takes an address of this machine and a port, as in 127.0.0.1:9091, not '{string.Join(' ', result.Tokens)}'.");
        return null;
    }

    private static Uri? ParseCollector(ArgumentResult result)
    {
        if (result.Tokens.Count == 1 && Uri.TryCreate(result.Tokens[0].Value, UriKind.Absolute, out Uri? collector) && (collector.Scheme == Uri.UriSchemeHttp || collector.Scheme == Uri.UriSchemeHttps))
            return collector;
        result.AddError($"--otlp takes the http address of a collector, as in http://127.0.0.1:4318, not '{string.Join(' ', result.Tokens)}'.");
        return null;
    }
}
