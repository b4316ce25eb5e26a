namespace QemuZeroCopy.Pipeline.Display;

/// <summary>Mouse buttons as the Mouse interface numbers them (ui/dbus-display1.xml).</summary>
public enum MouseButton : uint
{
    /// <summary>The left one.</summary>
    Left = 0,

    /// <summary>The middle one.</summary>
    Middle = 1,

    /// <summary>The right one.</summary>
    Right = 2,

    /// <summary>A wheel click away from the hand.</summary>
    WheelUp = 3,

    /// <summary>A wheel click towards the hand.</summary>
    WheelDown = 4,

    /// <summary>The side button, "back".</summary>
    Side = 5,

    /// <summary>The extra button, "forward".</summary>
    Extra = 6,
}

/// <summary>Kinds of MultiTouch.SendEvent (ui/dbus-display1.xml; InputMultiTouchType in qapi/ui.json).</summary>
public enum TouchKind : uint
{
    /// <summary>A finger came down.</summary>
    Begin = 0,

    /// <summary>It moved.</summary>
    Update = 1,

    /// <summary>It was lifted.</summary>
    End = 2,

    /// <summary>The system took the gesture away.</summary>
    Cancel = 3,
}

/// <summary>The guest's keyboard lights, Keyboard.Modifiers.</summary>
[Flags]
public enum KeyboardLeds : uint
{
    /// <summary>All dark.</summary>
    None = 0,

    /// <summary>Scroll Lock.</summary>
    ScrollLock = 1,

    /// <summary>Num Lock.</summary>
    NumLock = 2,

    /// <summary>Caps Lock.</summary>
    CapsLock = 4,
}

/// <summary>What the guest is told about the screen that shows a console (Console.SetUIInfo).</summary>
/// <param name="WidthMm">Physical width, mm; 0 when not known.</param>
/// <param name="HeightMm">Physical height, mm; 0 when not known.</param>
/// <param name="X">Left edge among several heads, pixels.</param>
/// <param name="Y">Top edge among several heads, pixels.</param>
/// <param name="Width">Wanted width, pixels; 1 to 16384.</param>
/// <param name="Height">Wanted height, pixels; 1 to 16384.</param>
public readonly record struct ConsoleUiInfo(ushort WidthMm, ushort HeightMm, int X, int Y, int Width, int Height);
