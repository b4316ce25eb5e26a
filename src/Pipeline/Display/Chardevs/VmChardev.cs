using Microsoft.Win32.SafeHandles;

namespace QemuZeroCopy.Pipeline.Display.Chardevs;

/// <summary>
/// A character device of QEMU that is reached over D-Bus (-chardev dbus, or -serial vc with this display): a serial
/// port, a monitor. Properties are snapshots; methods may be called from any thread.
/// </summary>
public sealed class VmChardev
{
    private readonly DisplayThread _thread;
    private readonly ChardevCatalogue _catalogue;
    private volatile string _name = "";
    private volatile bool _isOpenInGuest;

    internal VmChardev(DisplayThread thread, ChardevCatalogue catalogue, string path)
    {
        (_thread, _catalogue, Path) = (thread, catalogue, path);
        Id = path[ChardevCatalogue.PathPrefix.Length..];
    }

    /// <summary>QEMU's id of it (-chardev …,id=).</summary>
    public string Id { get; }

    /// <summary>What it is for, in reverse domain notation, such as "org.qemu.console.serial.0".</summary>
    public string Name
    {
        get => _name;
        internal set => _name = value;
    }

    /// <summary>Whether the guest's side is open; a serial port always is.</summary>
    public bool IsOpenInGuest
    {
        get => _isOpenInGuest;
        internal set => _isOpenInGuest = value;
    }

    internal string Path { get; }

    /// <summary>
    /// Connects: the stream's end, which the caller owns; null where QEMU refuses, as it does while somebody is
    /// connected, or is gone.
    /// </summary>
    public async Task<SafeFileHandle?> OpenAsync()
    {
        TaskCompletionSource<SafeFileHandle?> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _thread.Post(() => _catalogue.Open(this, done));
        await Task.WhenAny(done.Task, _catalogue.Ended).ConfigureAwait(false);
        return done.Task.IsCompleted ? await done.Task.ConfigureAwait(false) : null;
    }

    /// <summary>Sends a break, which a serial port's guest may take as a call for attention (SysRq).</summary>
    public void SendBreak() => _thread.Post(() => _catalogue.SendBreak(this));
}
