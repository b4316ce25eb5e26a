using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>
/// Stands between a page and qzc's media ports: the server's answer passes through here, and the page goes to the ports that
/// this writes into it.
/// </summary>
internal sealed partial class NetworkPath : IAsyncDisposable
{
    private readonly Socket _hole = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public NetworkPath(int seed)
    {
        Udp = new UdpRelay(seed);
        // Takes connections and never says a word: what a firewall that drops looks like from above.
        _hole.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _hole.Listen();
    }

    public UdpRelay Udp { get; }

    /// <summary>Whether ICE-TCP leads nowhere, for connections from now on.</summary>
    public bool BlocksTcp { get; set; }

    /// <summary>Puts itself into a page that has not been loaded yet.</summary>
    public Task InterposeAsync(IPage page) => page.RouteAsync("**/whep/**", async route =>
    {
        try
        {
            IAPIResponse response = await route.FetchAsync();
            string body = await response.TextAsync();
            await route.FulfillAsync(new RouteFulfillOptions { Response = response, Body = Rewrite(body) });
        }
        catch (PlaywrightException)
        {
            // The page went away meanwhile, or qzc did.
        }
    });

    public ValueTask DisposeAsync()
    {
        Udp.Dispose();
        _hole.Dispose();
        return ValueTask.CompletedTask;
    }

    private string Rewrite(string sdp) => Candidate().Replace(sdp, match =>
    {
        var server = new IPEndPoint(IPAddress.Loopback, int.Parse(match.Groups["port"].Value, CultureInfo.InvariantCulture));
        int port = server.Port;
        if (match.Groups["kind"].Value == "udp")
        {
            Udp.Server = server;
            port = Udp.Port;
        }
        else if (BlocksTcp)
        {
            port = ((IPEndPoint)_hole.LocalEndPoint!).Port;
        }

        return $"{match.Groups["head"].Value}{match.Groups["kind"].Value} {match.Groups["middle"].Value} {port} ";
    });

    [GeneratedRegex(@"(?<head>a=candidate:\S+ 1 )(?<kind>udp|tcp) (?<middle>\d+ 127\.0\.0\.1) (?<port>\d+) ")]
    private static partial Regex Candidate();
}
