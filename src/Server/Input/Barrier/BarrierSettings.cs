using System.Net;
using QemuZeroCopy.Server.Input.Barrier.Protocol;

namespace QemuZeroCopy.Server.Input.Barrier;

/// <summary>How the Barrier server is run.</summary>
internal sealed record BarrierSettings
{
    /// <summary>Where clients connect to; port 0 lets the kernel choose.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, BarrierLimits.DefaultPort);

    /// <summary>Screen names that are let in, the first being the one that pages drive; empty lets any name in.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Speak TLS with our own certificate. Local clients may still speak plainly: QEMU's can do nothing else.</summary>
    public bool UseTls { get; init; }

    /// <summary>The person has said that plain connections from beyond this machine are all right.</summary>
    public bool Insecure { get; init; }

    /// <summary>Where the certificate is kept, as PEM with its key.</summary>
    public string CertificatePath { get; init; } = DefaultCertificatePath;

    private static string DefaultCertificatePath => Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "qzc", "barrier.pem");

    /// <summary>What is wrong with these settings, with what to do instead; null when nothing is.</summary>
    public string? FindFault()
    {
        if (!IPAddress.IsLoopback(Listen.Address) && !UseTls && !Insecure)
        {
            return $"taking Barrier clients on {Listen} without TLS would send keystrokes in the clear: add --barrier-tls, listen on 127.0.0.1, or say --insecure.";
        }

        string? bad = Names.FirstOrDefault(name => ScreenName.TryRead(System.Text.Encoding.UTF8.GetBytes(name)) is null);
        return bad is null ? null : $"'{bad}' cannot be a Barrier screen name: use letters, digits, '-', '_' and '.'.";
    }
}
