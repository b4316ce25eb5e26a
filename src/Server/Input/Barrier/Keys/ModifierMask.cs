namespace QemuZeroCopy.Server.Input.Barrier.Keys;

/// <summary>The modifiers in force as Barrier's 16-bit mask (key_types.h).</summary>
internal static class ModifierMask
{
    private const int Shift = 0x0001, Control = 0x0002, Alt = 0x0004, Super = 0x0010, AltGr = 0x0020;
    private const int CapsLock = 0x1000, NumLock = 0x2000, ScrollLock = 0x4000;

    /// <summary>The locks alone, which a client takes over when its screen is entered.</summary>
    public const int Locks = CapsLock | NumLock | ScrollLock;

    public static int Of(KeyModifiers modifiers)
    {
        int mask = Bit(modifiers, KeyModifiers.Shift, Shift) | Bit(modifiers, KeyModifiers.Meta, Super)
            | Bit(modifiers, KeyModifiers.CapsLock, CapsLock) | Bit(modifiers, KeyModifiers.NumLock, NumLock)
            | Bit(modifiers, KeyModifiers.ScrollLock, ScrollLock);
        // Windows presses Control and Alt for AltGr; a client would hold them down as well.
        return (modifiers & KeyModifiers.AltGraph) != 0
            ? mask | AltGr
            : mask | Bit(modifiers, KeyModifiers.Control, Control) | Bit(modifiers, KeyModifiers.Alt, Alt);
    }

    private static int Bit(KeyModifiers modifiers, KeyModifiers modifier, int bit) => (modifiers & modifier) != 0 ? bit : 0;
}
