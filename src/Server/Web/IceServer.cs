using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace QemuZeroCopy.Server.Web;

/// <summary>A STUN or TURN server that browsers may use to get here.</summary>
/// <param name="Url">RFC 7064 or 7065, as in stun:host:3478 or turn:host:3478?transport=tcp.</param>
/// <param name="User">For TURN; null for STUN.</param>
/// <param name="Secret">For TURN; null for STUN.</param>
internal sealed partial record IceServer(string Url, string? User = null, string? Secret = null)
{
    /// <summary>As a value of the Link header (RFC 9725 section 4.6).</summary>
    public string Link => User is null ? $"<{Url}>; rel=\"ice-server\"" : $"<{Url}>; rel=\"ice-server\"; username=\"{User}\"; credential=\"{Secret}\"; credential-type=\"password\"";

    /// <summary>Reads stun:HOST[:PORT], or turn:USER:SECRET@HOST[:PORT][?transport=udp|tcp]; stuns and turns too.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out IceServer? server)
    {
        Match match = Form.Match(text);
        server = null;
        string scheme = match.Groups["scheme"].Value, address = match.Groups["address"].Value;
        bool isStun = scheme.StartsWith("stun", StringComparison.Ordinal);
        if (!match.Success || (isStun && match.Groups["query"].Success))
            return false;
        server = isStun
            ? new IceServer($"{scheme}:{address}")
            : new IceServer($"{scheme}:{address}{match.Groups["query"].Value}", match.Groups["user"].Value, match.Groups["secret"].Value);
        return true;
    }

    // What would end a quoted string or the header's line is in none of its parts.
    [GeneratedRegex(@"\A(?:(?<scheme>stuns?):|(?<scheme>turns?):(?<user>[A-Za-z0-9_.~!$&*+=-]{1,256}):(?<secret>[A-Za-z0-9_.~!$&*+=/-]{1,256})@)(?<address>(?:[A-Za-z0-9](?:[A-Za-z0-9.\-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?)(?<query>\?transport=(?:udp|tcp))?\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Form { get; }
}
