namespace QemuZeroCopy.Pipeline.Display;

internal enum InputKind
{
    PressKey,
    ReleaseKey,
    PressButton,
    ReleaseButton,
    MoveTo,
    MoveBy,
    Touch,
    SetUiInfo,
    SetListening,
}

/// <summary>One thing for the display thread to tell QEMU; a plain value, so that queueing it allocates nothing.</summary>
internal record struct InputCommand(InputKind Kind, ConsoleDisplay Console)
{
    /// <summary>Key, button, touch kind, or 1 for listening.</summary>
    public uint Code { get; init; }

    /// <summary>Touch slot.</summary>
    public ulong Slot { get; init; }

    /// <summary>Pointer or touch position, or motion.</summary>
    public double X { get; set; }

    /// <summary>Pointer or touch position, or motion.</summary>
    public double Y { get; set; }

    /// <summary>For <see cref="InputKind.SetUiInfo"/>.</summary>
    public ConsoleUiInfo UiInfo { get; set; }
}
