using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Server.Vm;

/// <summary>What a page has to know of a console beside its picture. Immutable: a change makes a new one.</summary>
internal sealed record ConsoleState
{
    /// <summary>QEMU's name for the device that the console belongs to.</summary>
    public string Label { get; init; } = "";

    /// <summary>Whether QEMU has it now; a console that went comes back under its number, if at all.</summary>
    public bool IsPresent { get; init; } = true;

    /// <summary>Size of the picture; null while the guest shows none or QEMU is gone.</summary>
    public PictureSize? Picture { get; init; }

    /// <summary>Why there is a picture that nobody is shown, with what to do; empty while all is well.</summary>
    public string Problem { get; init; } = "";

    /// <summary>Whether the guest takes pointer positions (a tablet) or only motion (a mouse).</summary>
    public bool IsAbsolute { get; init; }

    /// <summary>Fingers that the guest takes at once; 0 without a touch screen.</summary>
    public int TouchSlots { get; init; }

    public KeyboardLeds Leds { get; init; }

    /// <summary>The guest's pointer image; null until it defines one.</summary>
    public CursorImage? Cursor { get; init; }

    public PointerPosition Pointer { get; init; } = new(0, 0, true);
}
