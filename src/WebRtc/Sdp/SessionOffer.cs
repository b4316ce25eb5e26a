using System.Diagnostics.CodeAnalysis;

namespace QemuZeroCopy.WebRtc.Sdp;

/// <summary>
/// A peer's offer (RFC 8866, RFC 9429), read and checked as far as a WHEP-like server needs it. Parsing is pure:
/// do it on the thread that took the request.
/// </summary>
public sealed class SessionOffer
{
    /// <summary>Longer offers are refused: browsers send 5 to 20 kB for a few m-lines.</summary>
    public const int MaxLength = 128 * 1024;

    /// <summary>More m-lines are refused.</summary>
    public const int MaxMediaSections = 32;

    private SessionOffer()
    {
    }

    internal List<MediaSection> Media { get; } = [];

    /// <summary>Mids of the first BUNDLE group.</summary>
    internal List<string> Bundle { get; } = [];

    internal string IceUfrag { get; private set; } = "";

    internal string IcePassword { get; private set; } = "";

    internal Fingerprint Fingerprint { get; private set; }

    private string? _setup;

    /// <summary>How many video m-lines the offer has that want to receive.</summary>
    public int VideoSectionCount => Media.Count(m => m.Kind == MediaKind.Video && m.Direction is MediaDirection.ReceiveOnly or MediaDirection.SendReceive);

    /// <summary>
    /// Reads an offer. On false, <paramref name="error"/> says in one line what is wrong with it (fit for a 400 or 406 response).
    /// </summary>
    public static bool TryParse(string sdp, [NotNullWhen(true)] out SessionOffer? offer, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(sdp);
        offer = null;
        var result = new SessionOffer();
        error = sdp.Length > MaxLength ? "The offer is longer than 128 kB." : result.Read(sdp) ?? result.Settle();
        if (error is not null)
            return false;
        offer = result;
        return true;
    }

    private string? Read(string sdp)
    {
        MediaSection? section = null;
        bool first = true;
        var session = new MediaSection { Kind = MediaKind.Other, KindToken = "", Protocol = "", FormatList = "", Port = 0 };
        foreach (ReadOnlySpan<char> raw in sdp.AsSpan().EnumerateLines())
        {
            ReadOnlySpan<char> line = raw.TrimEnd();
            if (line.IsEmpty)
                continue;
            if (line.Length < 2 || line[1] != '=')
                return "The offer has a line that is not SDP.";
            if (first && !line.SequenceEqual("v=0"))
                return "The offer does not begin with v=0.";
            first = false;
            if (line[0] == 'm')
            {
                if (Media.Count == MaxMediaSections)
                    return $"The offer has more than {MaxMediaSections} m-lines.";
                section = ReadMediaLine(line[2..]);
                if (section is null)
                    return "The offer has a malformed m-line.";
                Media.Add(section);
            }
            else if (line[0] == 'a' && !SdpAttributes.TryTake(section ?? session, line[2..], section is null ? Bundle : null))
            {
                return $"The offer has a malformed attribute: {line[..Math.Min(line.Length, 40)]}";
            }
        }

        if (first)
            return "The offer is empty.";
        foreach (MediaSection media in Media)
        {
            media.IceUfrag ??= session.IceUfrag;
            media.IcePassword ??= session.IcePassword;
            media.Fingerprint ??= session.Fingerprint;
            media.Setup ??= session.Setup;
        }

        return null;
    }

    /// <summary>Takes transport parameters from the m-line that carries the bundle and checks that they will do.</summary>
    private string? Settle()
    {
        if (Media.Count == 0)
            return "The offer has no m-line.";
        if (Media.Select(m => m.Mid).Where(m => m.Length > 0).Distinct().Count() != Media.Count(m => m.Mid.Length > 0))
            return "The offer uses a mid twice.";
        MediaSection carrier = Media[0];
        if (Bundle.Count > 0)
        {
            MediaSection? tagged = Media.Find(m => m.Mid == Bundle[0]);
            if (tagged is null)
                return "The offer's BUNDLE group names an m-line that it does not have.";
            carrier = tagged;
        }

        if (carrier.IceUfrag is not { Length: >= 4 and <= 256 } ufrag || carrier.IcePassword is not { Length: >= 22 and <= 256 } password)
            return "The offer has no usable a=ice-ufrag and a=ice-pwd.";
        if (carrier.Fingerprint is not { } fingerprint)
            return "The offer has no a=fingerprint with SHA-256, SHA-384 or SHA-512.";
        _setup = carrier.Setup;
        if (_setup is not (null or "actpass" or "active"))
            return $"The offer's a=setup:{_setup} is not supported: this server is passive.";
        IceUfrag = ufrag;
        IcePassword = password;
        Fingerprint = fingerprint;
        return null;
    }

    private static MediaSection? ReadMediaLine(ReadOnlySpan<char> value)
    {
        Span<Range> parts = stackalloc Range[4];
        if (value.Split(parts, ' ') != 4)
            return null;
        ReadOnlySpan<char> kind = value[parts[0]];
        ReadOnlySpan<char> port = value[parts[1]];
        int slash = port.IndexOf('/');
        if (kind.IsEmpty || !ushort.TryParse(slash < 0 ? port : port[..slash], System.Globalization.NumberStyles.None, null, out ushort number))
            return null;
        var section = new MediaSection
        {
            Kind = kind switch
            {
                "audio" => MediaKind.Audio,
                "video" => MediaKind.Video,
                "application" => MediaKind.Application,
                _ => MediaKind.Other,
            },
            KindToken = kind.ToString(),
            Port = number,
            Protocol = value[parts[2]].ToString(),
            FormatList = value[parts[3]].ToString(),
        };
        if (section.Kind is MediaKind.Audio or MediaKind.Video)
        {
            foreach (Range range in value[parts[3]].Split(' '))
            {
                if (!byte.TryParse(value[parts[3]][range], System.Globalization.NumberStyles.None, null, out byte payloadType) || payloadType > 127
                    || section.Formats.Count == 128)
                {
                    return null;
                }

                section.Formats.Add(new PayloadFormat { PayloadType = payloadType });
            }
        }

        return section;
    }
}
