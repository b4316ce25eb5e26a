using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using QemuZeroCopy.Server.Clipboard;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Pipeline.Convert.Gpu;
using QemuZeroCopy.Pipeline.Encode;
using QemuZeroCopy.Server.Vm;
using QemuZeroCopy.Server.Web;

namespace QemuZeroCopy.Server.Cli;

/// <summary>The options that every serving command has.</summary>
internal sealed class ServeOptions
{
    private readonly Option<IPEndPoint> _listen = new("--listen")
    {
        Description = $"Address and port of the page. [default: {ListenAddress.Default}]",
        HelpName = "ADDRESS:PORT",
        CustomParser = ParseEndPoint,
    };

    private readonly Option<int?> _udpPort = new("--udp-port")
    {
        Description = "UDP port of picture and sound, one for all viewers. [default: the page's port number]",
        HelpName = "PORT",
    };

    private readonly Option<int?> _iceTcpPort = new("--ice-tcp-port")
    {
        Description = "TCP port of picture and sound for networks that carry no UDP (ICE-TCP). [default: the page's port number + 1000, or any where that is taken]",
        HelpName = "PORT",
    };

    private readonly Option<IPAddress[]> _publicAddresses = new("--public-ip")
    {
        Description = "Address under which browsers reach this machine's ports, for a server behind NAT; IPv4 or IPv6, may be repeated.",
        HelpName = "ADDRESS",
        CustomParser = ParseAddresses,
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<IceServer[]> _iceServers = new("--ice-server")
    {
        Description = "STUN or TURN server for browsers that cannot reach these ports: stun:HOST:PORT, or turn:USER:SECRET@HOST:PORT, with ?transport=tcp where wanted; may be repeated. Who may watch learns the secret.",
        HelpName = "SERVER",
        CustomParser = ParseIceServers,
        AllowMultipleArgumentsPerToken = false,
    };

    private readonly Option<string?> _token = new("--token")
    {
        Description = "The secret that lets a browser in. [default: a new random one, printed with the address]",
        HelpName = "SECRET",
    };

    private readonly Option<string?> _viewToken = new("--view-token") { Description = "A second secret, with which a browser may watch but not drive the machine.", HelpName = "SECRET" };

    private readonly Option<string> _control = new("--control")
    {
        Description = "Which of several viewers drive the machine: all of them, the one who came first, the one who came last, or the one who asked for it last (token). [default: all]",
        DefaultValueFactory = _ => "all",
    };

    private readonly Option<string> _clipboard = new("--clipboard")
    {
        Description = "Which way text is copied and pasted between person and guest: both, to-guest, from-guest, or off. [default: both]",
        HelpName = "both|to-guest|from-guest|off",
        DefaultValueFactory = _ => "both",
    };

    private readonly Option<bool> _noClipboard = new("--no-clipboard") { Description = "The same as --clipboard off." };

    private readonly Option<bool> _monitor = new("--monitor")
    {
        Description = "Show QEMU's own monitor among the terminals; who drives the machine can then read and write this host's files as QEMU can.",
    };

    private readonly Option<string?> _mediaFolder = new("--media-dir")
    {
        Description = "Folder whose files may be inserted into the machine's drives, read-only; no other file of this host can be.",
        HelpName = "FOLDER",
    };

    private readonly Option<string?> _certificate = new("--tls-cert") { Description = "Certificate chain in PEM: serves https.", HelpName = "FILE" };

    private readonly Option<string?> _key = new("--tls-key") { Description = "Its private key in PEM.", HelpName = "FILE" };

    private readonly Option<bool> _insecure = new("--insecure")
    {
        Description = "Listen beyond this machine without TLS; whoever can read the network can then read the token.",
    };

    private readonly Option<bool> _noAudio = new("--no-audio") { Description = "Leave the machine's sound alone, and its microphone." };

    private readonly Option<bool> _noMicrophone = new("--no-microphone") { Description = "Let nobody speak to the machine." };

    private readonly Option<string> _gpu = new("--gpu")
    {
        Description = "Which GPUs may convert pictures. [default: auto]",
        DefaultValueFactory = _ => "auto",
    };

    private readonly Option<string?> _renderNode = new("--render-node") { Description = "The GPU to convert and encode on, as /dev/dri/renderD128.", HelpName = "FILE" };

    private readonly Option<string> _encoder = new("--encoder")
    {
        Description = "What encodes: the GPU (vaapi), the processor (x264), or the GPU where it can (auto). [default: auto]",
        DefaultValueFactory = _ => "auto",
    };

    private readonly Option<string> _codec = new("--codec")
    {
        Description = "What is sent to viewers that all take it; H.264 to the others: h264, hevc, av1, or the best that the GPU encodes (auto). [default: auto]",
        DefaultValueFactory = _ => "auto",
    };

    private readonly Option<string> _chroma = new("--chroma")
    {
        Description = "Colour samples: 420, a quarter of them; 444, all of them where every viewer takes that (x264 alone makes it); auto, all of them where there is no hardware encoder. [default: 420]",
        DefaultValueFactory = _ => "420",
    };

    private readonly Option<int> _maxFrameRate = new("--max-fps")
    {
        Description = $"The most pictures a second, 1 to {ConsolePipeline.MaxFramesPerSecondLimit}; fewer are made where no viewer's display shows as many. [default: {ServeSettings.UsualMaxFramesPerSecond}]",
        HelpName = "NUMBER",
        DefaultValueFactory = _ => ServeSettings.UsualMaxFramesPerSecond,
    };

    private readonly BarrierOptions _barrier = new();

    private readonly MetricsOptions _metrics = new();

    public ServeOptions()
    {
        _control.AcceptOnlyFromAmong("all", "first", "last", "token");
        _clipboard.AcceptOnlyFromAmong("both", "to-guest", "from-guest", "off");
        _gpu.AcceptOnlyFromAmong("auto", "none", "vulkan", "gl");
        _chroma.AcceptOnlyFromAmong("420", "444", "auto");
        _encoder.AcceptOnlyFromAmong("auto", "vaapi", "x264");
        _codec.AcceptOnlyFromAmong("auto", "h264", "hevc", "av1");
        _maxFrameRate.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && (!int.TryParse(result.Tokens[0].Value, out int rate) || rate is < 1 or > ConsolePipeline.MaxFramesPerSecondLimit))
                result.AddError($"--max-fps takes a number from 1 to {ConsolePipeline.MaxFramesPerSecondLimit}, not '{result.Tokens[0].Value}'.");
        });
        foreach (Option<int?> port in (Option<int?>[])[_udpPort, _iceTcpPort])
        {
            port.Validators.Add(result =>
            {
                if (result.Tokens.Count == 1 && (!int.TryParse(result.Tokens[0].Value, out int number) || number is < 0 or > ushort.MaxValue))
                    result.AddError($"{port.Name} takes a port number from 0 to 65535, not '{result.Tokens[0].Value}'.");
            });
        }
    }

    public void AddTo(Command command)
    {
        command.Options.Add(_listen);
        command.Options.Add(_udpPort);
        command.Options.Add(_iceTcpPort);
        command.Options.Add(_publicAddresses);
        command.Options.Add(_iceServers);
        command.Options.Add(_token);
        command.Options.Add(_viewToken);
        command.Options.Add(_control);
        command.Options.Add(_clipboard);
        command.Options.Add(_noClipboard);
        command.Options.Add(_monitor);
        command.Options.Add(_mediaFolder);
        command.Options.Add(_certificate);
        command.Options.Add(_key);
        command.Options.Add(_insecure);
        command.Options.Add(_noAudio);
        command.Options.Add(_noMicrophone);
        command.Options.Add(_gpu);
        command.Options.Add(_renderNode);
        command.Options.Add(_chroma);
        command.Options.Add(_encoder);
        command.Options.Add(_codec);
        command.Options.Add(_maxFrameRate);
        _barrier.AddTo(command);
        _metrics.AddTo(command);
    }

    /// <summary>The settings, checked.</summary>
    /// <exception cref="UserError">They do not go together.</exception>
    public ServeSettings Read(ParseResult parsed, bool withoutScreen = false)
    {
        var settings = new ServeSettings
        {
            Listen = parsed.GetValue(_listen) ?? ListenAddress.Default,
            UdpPort = parsed.GetValue(_udpPort),
            IceTcpPort = parsed.GetValue(_iceTcpPort),
            PublicAddresses = parsed.GetValue(_publicAddresses) ?? [],
            IceServers = parsed.GetValue(_iceServers) ?? [],
            Token = parsed.GetValue(_token),
            ViewToken = parsed.GetValue(_viewToken),
            Control = Enum.Parse<ControlRule>(parsed.GetRequiredValue(_control), ignoreCase: true),
            Clipboard = parsed.GetValue(_noClipboard) ? ClipboardDirections.Off : Directions(parsed.GetRequiredValue(_clipboard)),
            Monitor = parsed.GetValue(_monitor),
            MediaFolder = parsed.GetValue(_mediaFolder),
            TlsCertificatePath = parsed.GetValue(_certificate),
            TlsKeyPath = parsed.GetValue(_key),
            Insecure = parsed.GetValue(_insecure),
            Audio = !parsed.GetValue(_noAudio),
            Microphone = !parsed.GetValue(_noMicrophone),
            Gpu = Enum.Parse<GpuChoice>(parsed.GetRequiredValue(_gpu), ignoreCase: true),
            RenderNode = parsed.GetValue(_renderNode),
            Chroma = parsed.GetRequiredValue(_chroma) switch
            {
                "444" => ChromaChoice.Full,
                "auto" => ChromaChoice.Auto,
                _ => ChromaChoice.Quarter,
            },
            MaxFramesPerSecond = parsed.GetValue(_maxFrameRate),
            Metrics = _metrics.Read(parsed),
            Codec = Enum.Parse<CodecChoice>(parsed.GetRequiredValue(_codec), ignoreCase: true),
            Encoder = Enum.Parse<EncoderChoice>(parsed.GetRequiredValue(_encoder), ignoreCase: true),
            Input = withoutScreen ? InputMode.Barrier : _barrier.Mode(parsed),
            Barrier = _barrier.Read(parsed, parsed.GetValue(_insecure), always: withoutScreen),
        };
        settings.ThrowIfUnsound();
        return settings;
    }

    private static ClipboardDirections Directions(string text) => text switch
    {
        "to-guest" => ClipboardDirections.ToGuest,
        "from-guest" => ClipboardDirections.FromGuest,
        "off" => ClipboardDirections.Off,
        _ => ClipboardDirections.Both,
    };

    private static IPEndPoint? ParseEndPoint(ArgumentResult result)
    {
        if (result.Tokens.Count == 1 && ListenAddress.TryParse(result.Tokens[0].Value, out IPEndPoint? endPoint))
            return endPoint;
        result.AddError($"--listen takes an address of this machine and a port, as in 127.0.0.1:8081 or [::]:8081, not '{string.Join(' ', result.Tokens)}'.");
        return null;
    }

    private static IceServer[] ParseIceServers(ArgumentResult result)
    {
        var servers = new List<IceServer>(result.Tokens.Count);
        foreach (Token token in result.Tokens)
        {
            // The secret stays out of the message.
            if (IceServer.TryParse(token.Value, out IceServer? server))
                servers.Add(server);
            else
                result.AddError("--ice-server takes stun:HOST:PORT, or turn:USER:SECRET@HOST:PORT with ?transport=udp or tcp.");
        }

        return [.. servers];
    }

    private static IPAddress[] ParseAddresses(ArgumentResult result)
    {
        var addresses = new List<IPAddress>(result.Tokens.Count);
        foreach (Token token in result.Tokens)
        {
            if (IPAddress.TryParse(token.Value, out IPAddress? address) && (token.Value.Contains('.', StringComparison.Ordinal) || token.Value.Contains(':', StringComparison.Ordinal)))
                addresses.Add(address);
            else
                result.AddError($"--public-ip takes an IPv4 or IPv6 address, not '{token.Value}'.");
        }

        return [.. addresses];
    }
}
