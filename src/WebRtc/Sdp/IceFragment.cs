using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace QemuZeroCopy.WebRtc.Sdp;

/// <summary>
/// The body of a WHEP PATCH (application/trickle-ice-sdpfrag, RFC 8840): candidates, of which a lite agent has no use,
/// and perhaps new credentials, which ask for an ICE restart. Parsing is pure.
/// </summary>
public sealed class IceFragment
{
    private const int MaxLength = 16 * 1024;

    private IceFragment(string? ufrag, string? password)
    {
        Ufrag = ufrag;
        Password = password;
    }

    internal string? Ufrag { get; }

    internal string? Password { get; }

    /// <summary>Reads a fragment. On false, <paramref name="error"/> says in one line what is wrong (fit for a 400 response).</summary>
    public static bool TryParse(string body, [NotNullWhen(true)] out IceFragment? fragment, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(body);
        fragment = null;
        if (body.Length > MaxLength)
        {
            error = "The fragment is longer than 16 kB.";
            return false;
        }

        var section = new MediaSection { Kind = MediaKind.Other, KindToken = "", Protocol = "", FormatList = "", Port = 0 };
        foreach (ReadOnlySpan<char> raw in body.AsSpan().EnumerateLines())
        {
            ReadOnlySpan<char> line = raw.TrimEnd();
            if (line.IsEmpty)
                continue;
            if (line.Length < 2 || line[1] != '=' || (line[0] == 'a' && !SdpAttributes.TryTake(section, line[2..], null)))
            {
                error = "The fragment has a line that is not SDP.";
                return false;
            }
        }

        if (section.IceUfrag is null != section.IcePassword is null || section.IceUfrag is { Length: < 4 } || section.IcePassword is { Length: < 22 })
        {
            error = "The fragment has no usable pair of a=ice-ufrag and a=ice-pwd.";
            return false;
        }

        fragment = new IceFragment(section.IceUfrag, section.IcePassword);
        error = null;
        return true;
    }

    /// <summary>Our side of a restart, as the body of the response.</summary>
    internal static string Write(Ice.IceCredentials local, IReadOnlyList<TransportAddress> candidates)
    {
        var text = new StringBuilder(512);
        text.Append("a=ice-lite\r\na=ice-ufrag:").Append(local.Ufrag).Append("\r\na=ice-pwd:").Append(local.Password).Append("\r\n");
        AnswerWriter.WriteCandidates(text, candidates);
        return text.ToString();
    }
}
