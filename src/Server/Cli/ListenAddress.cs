using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace QemuZeroCopy.Server.Cli;

/// <summary>Reads the addresses that people type: <c>8081</c>, <c>127.0.0.1:8081</c>, <c>[::1]:8081</c>, <c>localhost:8081</c>, <c>*:8081</c>.</summary>
internal static class ListenAddress
{
    public const int DefaultPort = 8081;

    public static IPEndPoint Default => new(IPAddress.Loopback, DefaultPort);

    public static bool TryParse(string text, [NotNullWhen(true)] out IPEndPoint? endPoint, int defaultPort = DefaultPort)
    {
        endPoint = null;
        int colon = text.LastIndexOf(':');
        bool bracketed = text.StartsWith('[');
        bool hasPort = bracketed ? colon > text.IndexOf(']', StringComparison.Ordinal) : text.IndexOf(':', StringComparison.Ordinal) == colon && colon >= 0;
        string host = hasPort ? text[..colon] : text;
        int port = defaultPort;

        if (hasPort && !TryParsePort(text[(colon + 1)..], out port))
            return false;
        if (!hasPort && TryParsePort(text, out int alone))
            (host, port) = ("127.0.0.1", alone);
        if (!TryParseHost(host, out IPAddress? address))
            return false;
        endPoint = new IPEndPoint(address, port);
        return true;
    }

    private static bool TryParsePort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is >= 0 and <= ushort.MaxValue;

    private static bool TryParseHost(string host, [NotNullWhen(true)] out IPAddress? address)
    {
        address = host switch
        {
            "localhost" => IPAddress.Loopback,
            "*" or "" => IPAddress.Any,
            _ => null,
        };
        if (address is not null)
            return true;
        // IPAddress takes "1" for 0.0.0.1; nobody means that.
        if (!host.Contains('.', StringComparison.Ordinal) && !host.Contains(':', StringComparison.Ordinal))
            return false;
        if (host.StartsWith('[') != host.EndsWith(']'))
            return false;
        return IPAddress.TryParse(host.Trim('[', ']'), out address);
    }
}
