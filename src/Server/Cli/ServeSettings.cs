using System.Net;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Server.Clipboard;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Input.Barrier;
using QemuZeroCopy.Server.Vm;
using QemuZeroCopy.Server.Web;

namespace QemuZeroCopy.Server.Cli;

/// <summary>What the commands that serve a screen have in common, checked and complete.</summary>
internal sealed record ServeSettings
{
    /// <summary>What a display for games shows.</summary>
    public const int UsualMaxFramesPerSecond = 120;

    /// <summary>Where HTTP is served; port 0 lets the kernel choose.</summary>
    public IPEndPoint Listen { get; init; } = ListenAddress.Default;

    /// <summary>UDP port of all viewers' media; null takes the number of the HTTP port.</summary>
    public int? UdpPort { get; init; }

    /// <summary>TCP port of the media of viewers without UDP; null takes the HTTP port's number + 1000, or any where that is taken.</summary>
    public int? IceTcpPort { get; init; }

    /// <summary>Addresses told to browsers beside the machine's own, for a server behind NAT.</summary>
    public IReadOnlyList<IPAddress> PublicAddresses { get; init; } = [];

    /// <summary>STUN and TURN servers told to browsers.</summary>
    public IReadOnlyList<IceServer> IceServers { get; init; } = [];

    /// <summary>The secret that lets a browser in; null makes a random one.</summary>
    public string? Token { get; init; }

    /// <summary>A second secret that lets a browser watch but not drive; null for none.</summary>
    public string? ViewToken { get; init; }

    /// <summary>Which of several viewers drive the machine.</summary>
    public ControlRule Control { get; init; } = ControlRule.All;

    /// <summary>Which way clipboards are passed on.</summary>
    public ClipboardDirections Clipboard { get; init; } = ClipboardDirections.Both;

    /// <summary>Whether pages may use QEMU's own monitor.</summary>
    public bool Monitor { get; init; }

    /// <summary>Folder of the files that pages may insert as media; null for none.</summary>
    public string? MediaFolder { get; init; }

    /// <summary>PEM files of the certificate chain and its key; both or none.</summary>
    public string? TlsCertificatePath { get; init; }

    /// <inheritdoc cref="TlsCertificatePath"/>
    public string? TlsKeyPath { get; init; }

    /// <summary>The person has said that plain HTTP beyond loopback is all right.</summary>
    public bool Insecure { get; init; }

    /// <summary>Which way the pages' input goes.</summary>
    public InputMode Input { get; init; } = InputMode.Auto;

    /// <summary>How Barrier clients are taken; null where none are.</summary>
    public BarrierSettings? Barrier { get; init; }

    /// <summary>What is sent where every viewer takes it.</summary>
    public CodecChoice Codec { get; init; }

    /// <summary>What may encode pictures.</summary>
    public EncoderChoice Encoder { get; init; }

    /// <summary>The most pictures a second that are made of a console; fewer where no viewer's display shows as many.</summary>
    public int MaxFramesPerSecond { get; init; } = UsualMaxFramesPerSecond;

    /// <summary>Whether the guest is heard.</summary>
    public bool Audio { get; init; } = true;

    /// <summary>Whether viewers in control may speak to the guest.</summary>
    public bool Microphone { get; init; } = true;

    /// <summary>Which GPUs may convert pictures.</summary>
    public GpuChoice Gpu { get; init; } = GpuChoice.Auto;

    /// <summary>The render node that conversion and encoding are confined to; null for any.</summary>
    public string? RenderNode { get; init; }

    /// <summary>Where metrics go.</summary>
    public MetricsSettings Metrics { get; init; } = new(null, null);

    /// <summary>How finely colour is sampled.</summary>
    public ChromaChoice Chroma { get; init; } = ChromaChoice.Quarter;

    public bool UsesTls => TlsCertificatePath is not null;

    /// <summary>Refuses combinations that would be unsafe or make no sense.</summary>
    /// <exception cref="UserError">With what to do instead.</exception>
    public void ThrowIfUnsound()
    {
        if (TlsCertificatePath is null != TlsKeyPath is null)
            throw UserError.Usage("--tls-cert and --tls-key belong together: give both, or neither.");
        if (!IPAddress.IsLoopback(Listen.Address) && !UsesTls && !Insecure)
        {
            throw UserError.Usage(
                $"listening on {Listen} without TLS would send the screen's keystrokes and the token in the clear: add --tls-cert and --tls-key, listen on 127.0.0.1 behind a proxy or an ssh tunnel, or say --insecure.");
        }

        if (MediaFolder is not null && !Directory.Exists(MediaFolder))
            throw UserError.Usage($"'{MediaFolder}' is no folder: give --media-dir one with the images that pages may insert.");
        if (Barrier?.FindFault() is { } fault)
            throw UserError.Usage(fault);
        foreach (string? token in (string?[])[Token, ViewToken])
        {
            if (token is { Length: < MinTokenLength })
                throw UserError.Usage($"the token is shorter than {MinTokenLength} characters, which is quickly guessed: give a longer one, or none for a random one.");
            if (token is not null && token.Any(c => !IsUnreserved(c)))
                throw UserError.Usage("the token has characters that do not survive in an address: use letters, digits, '-', '.', '_' and '~'.");
        }

        if (ViewToken is not null && ViewToken == Token)
            throw UserError.Usage("--token and --view-token are the same, so that nobody could only watch: give two.");
    }

    private const int MinTokenLength = 8;

    /// <summary>RFC 3986 section 2.3.</summary>
    private static bool IsUnreserved(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~';
}
