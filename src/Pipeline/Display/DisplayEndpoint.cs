using Microsoft.Win32.SafeHandles;

namespace QemuZeroCopy.Pipeline.Display;

/// <summary>Where a VM's D-Bus display is found.</summary>
public abstract record DisplayEndpoint
{
    private DisplayEndpoint()
    {
    }

    /// <summary>A message bus that QEMU sits on (-display dbus,addr=…), as <c>unix:path=…</c>.</summary>
    /// <param name="Address">D-Bus address of the bus.</param>
    /// <param name="Name">The name that QEMU has there.</param>
    public sealed record Bus(string Address, string Name = "org.qemu") : DisplayEndpoint;

    /// <summary>QEMU's QMP socket; the display runs over a private connection handed in through it (-display dbus,p2p=yes).</summary>
    /// <param name="SocketPath">Path of the UNIX socket. QEMU talks to one QMP client at a time.</param>
    public sealed record Qmp(string SocketPath) : DisplayEndpoint;

    /// <summary>A connected socket whose other end was handed to QEMU by someone else, such as libvirt (virDomainOpenGraphicsFD).</summary>
    /// <param name="Socket">The socket; the attach takes it over.</param>
    public sealed record Peer(SafeFileHandle Socket) : DisplayEndpoint;
}

/// <summary>An attach that did not work; the message says what failed, why, and what to do.</summary>
public sealed class DisplayAttachException : Exception
{
    /// <summary>A failure without further words.</summary>
    public DisplayAttachException()
    {
    }

    /// <summary>A failure, in words for a person.</summary>
    public DisplayAttachException(string message)
        : base(message)
    {
    }

    /// <summary>A failure, in words for a person, with what lies under it.</summary>
    public DisplayAttachException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
