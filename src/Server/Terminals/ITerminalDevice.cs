using Microsoft.Win32.SafeHandles;
using QemuZeroCopy.Pipeline.Display.Chardevs;

namespace QemuZeroCopy.Server.Terminals;

/// <summary>What is behind a terminal.</summary>
internal interface ITerminalDevice
{
    /// <summary>Connects: the stream's end, which the caller owns; null where that cannot be had.</summary>
    Task<SafeFileHandle?> OpenAsync();

    /// <summary>Sends a break.</summary>
    void SendBreak();
}

/// <summary>A character device of QEMU; two of the same chardev are equal.</summary>
internal sealed record ChardevDevice(VmChardev Chardev) : ITerminalDevice
{
    public Task<SafeFileHandle?> OpenAsync() => Chardev.OpenAsync();

    public void SendBreak() => Chardev.SendBreak();
}
