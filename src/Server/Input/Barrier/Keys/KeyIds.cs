using System.Collections.Frozen;

namespace QemuZeroCopy.Server.Input.Barrier.Keys;

/// <summary>
/// Barrier's key ids: what a key means. They are 16 bits on the wire: a character is its Unicode code point, a
/// named key its X11 keysym less 0x1000 (so 0xEF..), media keys stand at 0xE0.. (Barrier's key_types.h).
/// </summary>
internal static class KeyIds
{
    /// <summary>No meaning; a client that goes by meaning does nothing, QEMU goes by the button.</summary>
    public const ushort None = 0;

    private const ushort KeypadDigit0 = 0xEFB0;

    /// <summary>Code points that Barrier uses for named keys, and that no keyboard types.</summary>
    private const char FirstReserved = '\uE000', LastReserved = '\uEFFF';

    private static readonly FrozenDictionary<string, ushort> Named = BuildNamed().ToFrozenDictionary(StringComparer.Ordinal);
    private static readonly FrozenDictionary<string, ushort> Keypad = BuildKeypad().ToFrozenDictionary(StringComparer.Ordinal);
    private static readonly FrozenDictionary<string, (char Plain, char Shifted)> UsLayout = BuildUsLayout().ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The id of a key event, from the person's own layout where it tells, from a US keyboard where it does not.</summary>
    public static ushort Of(in KeyInput input)
    {
        if (input.Code.StartsWith("Numpad", StringComparison.Ordinal) && TryKeypad(input, out ushort id))
            return id;
        if (input.Key.Length == 1)
            return OfCharacter(input.Key[0]);
        if (Named.TryGetValue(input.Key, out id))
            return OnItsSide(id, input.Code);
        // A dead key's accent is not told; the character that it leads to is, with the next key. And names are
        // ASCII: other text that long does not fit 16 bits.
        if (input.Key == "Dead" || (input.Key.Length > 0 && !char.IsAscii(input.Key[0])))
            return None;
        return ByPlace(input);
    }

    private static ushort OfCharacter(char character) =>
        char.IsSurrogate(character) || char.IsControl(character) || character is >= FirstReserved and <= LastReserved ? None : character;

    private static bool TryKeypad(in KeyInput input, out ushort id)
    {
        if (input.Key.Length == 1 && char.IsAsciiDigit(input.Key[0]))
        {
            id = (ushort)(KeypadDigit0 + (input.Key[0] - '0'));
            return true;
        }

        return Keypad.TryGetValue(input.Key, out id) || Keypad.TryGetValue(input.Code, out id);
    }

    /// <summary>DOM names modifiers alike on both sides; X11's right ones follow their left ones.</summary>
    private static ushort OnItsSide(ushort id, string code) =>
        id is 0xEFE1 or 0xEFE3 or 0xEFE9 or 0xEFEB or 0xEFED && code.EndsWith("Right", StringComparison.Ordinal) ? (ushort)(id + 1) : id;

    /// <summary>For "Unidentified", "Process" and the like.</summary>
    private static ushort ByPlace(in KeyInput input)
    {
        if (UsLayout.TryGetValue(input.Code, out (char Plain, char Shifted) keys))
            return (input.Modifiers & KeyModifiers.Shift) != 0 ? keys.Shifted : keys.Plain;
        string name = input.Code switch
        {
            "ShiftLeft" or "ShiftRight" => "Shift",
            "ControlLeft" or "ControlRight" => "Control",
            "AltLeft" or "AltRight" => "Alt",
            "MetaLeft" or "MetaRight" => "Meta",
            _ => input.Code,
        };
        return Named.TryGetValue(name, out ushort id) ? OnItsSide(id, input.Code) : None;
    }

    private static Dictionary<string, ushort> BuildNamed()
    {
        var map = new Dictionary<string, ushort>(StringComparer.Ordinal)
        {
            ["Backspace"] = 0xEF08, ["Tab"] = 0xEF09, ["Clear"] = 0xEF0B, ["Enter"] = 0xEF0D, ["Pause"] = 0xEF13,
            ["ScrollLock"] = 0xEF14, ["Escape"] = 0xEF1B, ["Compose"] = 0xEF20, ["NonConvert"] = 0xEF22,
            ["Convert"] = 0xEF23, ["Hiragana"] = 0xEF25, ["Katakana"] = 0xEF26, ["HiraganaKatakana"] = 0xEF27,
            ["KanaMode"] = 0xEF27, ["ZenkakuHankaku"] = 0xEF2A, ["Lang5"] = 0xEF2A, ["Eisu"] = 0xEF30,
            ["Alphanumeric"] = 0xEF30, ["HangulMode"] = 0xEF31, ["Lang1"] = 0xEF31, ["HanjaMode"] = 0xEF34,
            ["Lang2"] = 0xEF34, ["Delete"] = 0xEFFF,
            ["Home"] = 0xEF50, ["ArrowLeft"] = 0xEF51, ["ArrowUp"] = 0xEF52, ["ArrowRight"] = 0xEF53,
            ["ArrowDown"] = 0xEF54, ["PageUp"] = 0xEF55, ["PageDown"] = 0xEF56, ["End"] = 0xEF57,
            ["Select"] = 0xEF60, ["PrintScreen"] = 0xEF61, ["Execute"] = 0xEF62, ["Insert"] = 0xEF63,
            ["Undo"] = 0xEF65, ["Redo"] = 0xEF66, ["ContextMenu"] = 0xEF67, ["Find"] = 0xEF68,
            ["Cancel"] = 0xEF69, ["Help"] = 0xEF6A,
            ["AltGraph"] = 0xEF7E, ["NumLock"] = 0xEF7F,
            ["Shift"] = 0xEFE1, ["Control"] = 0xEFE3, ["CapsLock"] = 0xEFE5, ["Alt"] = 0xEFE9,
            ["Meta"] = 0xEFEB, ["Super"] = 0xEFEB, ["OS"] = 0xEFEB, ["Hyper"] = 0xEFED,
            ["Eject"] = 0xE001, ["Standby"] = 0xE05F, ["Sleep"] = 0xE05F,
            ["BrowserBack"] = 0xE0A6, ["BrowserForward"] = 0xE0A7, ["BrowserRefresh"] = 0xE0A8, ["BrowserStop"] = 0xE0A9,
            ["BrowserSearch"] = 0xE0AA, ["BrowserFavorites"] = 0xE0AB, ["BrowserHome"] = 0xE0AC,
            ["AudioVolumeMute"] = 0xE0AD, ["AudioVolumeDown"] = 0xE0AE, ["AudioVolumeUp"] = 0xE0AF,
            ["MediaTrackNext"] = 0xE0B0, ["MediaTrackPrevious"] = 0xE0B1, ["MediaStop"] = 0xE0B2, ["MediaPlayPause"] = 0xE0B3,
            ["LaunchMail"] = 0xE0B4, ["LaunchMediaPlayer"] = 0xE0B5, ["MediaSelect"] = 0xE0B5,
            ["LaunchApplication1"] = 0xE0B6, ["LaunchApp1"] = 0xE0B6, ["LaunchApplication2"] = 0xE0B7, ["LaunchApp2"] = 0xE0B7,
            ["BrightnessDown"] = 0xE0B8, ["BrightnessUp"] = 0xE0B9,
        };
        for (int number = 1; number <= 24; number++)
            map.Add($"F{number}", (ushort)(0xEFBE + number - 1));
        return map;
    }

    /// <summary>Under what a key of the keypad types, or failing that, under its place.</summary>
    private static Dictionary<string, ushort> BuildKeypad() => new(StringComparer.Ordinal)
    {
        ["Enter"] = 0xEF8D, ["Home"] = 0xEF95, ["ArrowLeft"] = 0xEF96, ["ArrowUp"] = 0xEF97, ["ArrowRight"] = 0xEF98,
        ["ArrowDown"] = 0xEF99, ["PageUp"] = 0xEF9A, ["PageDown"] = 0xEF9B, ["End"] = 0xEF9C, ["Clear"] = 0xEF9D,
        ["Insert"] = 0xEF9E, ["Delete"] = 0xEF9F,
        ["NumpadEnter"] = 0xEF8D, ["NumpadMultiply"] = 0xEFAA, ["NumpadAdd"] = 0xEFAB, ["NumpadComma"] = 0xEFAC,
        ["NumpadSubtract"] = 0xEFAD, ["NumpadDecimal"] = 0xEFAE, ["NumpadDivide"] = 0xEFAF, ["NumpadEqual"] = 0xEFBD,
        ["Numpad0"] = 0xEFB0, ["Numpad1"] = 0xEFB1, ["Numpad2"] = 0xEFB2, ["Numpad3"] = 0xEFB3, ["Numpad4"] = 0xEFB4,
        ["Numpad5"] = 0xEFB5, ["Numpad6"] = 0xEFB6, ["Numpad7"] = 0xEFB7, ["Numpad8"] = 0xEFB8, ["Numpad9"] = 0xEFB9,
    };

    private static Dictionary<string, (char Plain, char Shifted)> BuildUsLayout()
    {
        var map = new Dictionary<string, (char Plain, char Shifted)>(StringComparer.Ordinal)
        {
            ["Backquote"] = ('`', '~'), ["Minus"] = ('-', '_'), ["Equal"] = ('=', '+'), ["BracketLeft"] = ('[', '{'),
            ["BracketRight"] = (']', '}'), ["Backslash"] = ('\\', '|'), ["Semicolon"] = (';', ':'), ["Quote"] = ('\'', '"'),
            ["Comma"] = (',', '<'), ["Period"] = ('.', '>'), ["Slash"] = ('/', '?'), ["IntlBackslash"] = ('\\', '|'),
            ["Space"] = (' ', ' '), ["IntlYen"] = ('\u00A5', '|'), ["IntlRo"] = ('\\', '_'),
        };
        for (char letter = 'A'; letter <= 'Z'; letter++)
            map.Add($"Key{letter}", (char.ToLowerInvariant(letter), letter));
        const string ShiftedDigits = ")!@#$%^&*(";
        for (char digit = '0'; digit <= '9'; digit++)
            map.Add($"Digit{digit}", (digit, ShiftedDigits[digit - '0']));
        return map;
    }
}
