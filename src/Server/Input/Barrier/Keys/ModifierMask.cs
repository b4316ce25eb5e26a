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

    /// <summary>The modifier that a key of this id is, or 0.</summary>
    public static int OfKey(ushort id) => id switch
    {
        0xEFE1 or 0xEFE2 => Shift,
        0xEFE3 or 0xEFE4 => Control,
        0xEFE9 or 0xEFEA => Alt,
        0xEFEB or 0xEFEC => Super,
        0xEF7E => AltGr,
        _ => 0,
    };

    /// <summary>Adds what is held down to what the event says, but for AltGr, of which Control and Alt are a part on Windows.</summary>
    public static int With(int mask, int held) => ((mask | held) & AltGr) != 0 ? mask | AltGr : mask | held;

    private static int Bit(KeyModifiers modifiers, KeyModifiers modifier, int bit) => (modifiers & modifier) != 0 ? bit : 0;
}
