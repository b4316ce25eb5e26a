namespace QemuZeroCopy.Server.Clipboard;

/// <summary>Which way clipboards are passed on.</summary>
[Flags]
internal enum ClipboardDirections
{
    Off = 0,

    /// <summary>From the person to the guest.</summary>
    ToGuest = 1,

    /// <summary>From the guest to the person.</summary>
    FromGuest = 2,

    Both = ToGuest | FromGuest,
}
