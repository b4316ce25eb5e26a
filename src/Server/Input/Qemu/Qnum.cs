using System.Collections.Frozen;

namespace QemuZeroCopy.Server.Input.Qemu;

/// <summary>
/// KeyboardEvent.code (W3C UI Events KeyboardEvent code Values) to QEMU's qnum: the key's scan code of AT
/// set 1, with the prefix 0xe0 folded into bit 7 (QEMU's ui/keymaps.h).
/// </summary>
internal static class Qnum
{
    /// <summary>The qnum of a key; false for keys that no PC keyboard has.</summary>
    public static bool TryGet(string code, out int qnum) => s_byCode.TryGetValue(code, out qnum);

    /// <summary>Every code known, for tests and for typing text.</summary>
    public static IReadOnlyDictionary<string, int> ByCode => s_byCode;

    private const int E0 = 0x80;

    private static readonly FrozenDictionary<string, int> s_byCode = Build().ToFrozenDictionary(StringComparer.Ordinal);

    private static Dictionary<string, int> Build()
    {
        var table = new Dictionary<string, int>(180, StringComparer.Ordinal);
        AddRow(table, 0x02, "Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal Backspace Tab");
        AddRow(table, 0x10, "KeyQ KeyW KeyE KeyR KeyT KeyY KeyU KeyI KeyO KeyP BracketLeft BracketRight Enter ControlLeft");
        AddRow(table, 0x1e, "KeyA KeyS KeyD KeyF KeyG KeyH KeyJ KeyK KeyL Semicolon Quote Backquote ShiftLeft Backslash");
        AddRow(table, 0x2c, "KeyZ KeyX KeyC KeyV KeyB KeyN KeyM Comma Period Slash ShiftRight NumpadMultiply AltLeft Space CapsLock");
        AddRow(table, 0x3b, "F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 NumLock ScrollLock");
        AddRow(table, 0x47, "Numpad7 Numpad8 Numpad9 NumpadSubtract Numpad4 Numpad5 Numpad6 NumpadAdd Numpad1 Numpad2 Numpad3 Numpad0 NumpadDecimal PrintScreen");
        AddRow(table, 0x55, "F16 IntlBackslash F11 F12 NumpadEqual F20");
        AddRow(table, 0x5d, "F13 F14 F15");
        Add(table, ("Escape", 0x01), ("Open", 0x64), ("Paste", 0x65), ("F23", 0x6d), ("F24", 0x6f), ("KanaMode", 0x70), ("Lang2", 0x71),
            ("Lang1", 0x72), ("IntlRo", 0x73), ("F21", 0x74), ("Lang5", 0x76), ("Lang4", 0x77), ("Lang3", 0x78), ("Convert", 0x79),
            ("NonConvert", 0x7b), ("IntlYen", 0x7d), ("NumpadComma", 0x7e));
        AddExtended(table);
        AddMedia(table);
        return table;
    }

    private static void AddExtended(Dictionary<string, int> table) =>
        Add(table, ("NumpadEnter", E0 | 0x1c), ("ControlRight", E0 | 0x1d), ("NumpadDivide", E0 | 0x35), ("AltRight", E0 | 0x38),
            ("Pause", E0 | 0x46), ("Home", E0 | 0x47), ("ArrowUp", E0 | 0x48), ("PageUp", E0 | 0x49), ("ArrowLeft", E0 | 0x4b),
            ("ArrowRight", E0 | 0x4d), ("End", E0 | 0x4f), ("ArrowDown", E0 | 0x50), ("PageDown", E0 | 0x51), ("Insert", E0 | 0x52),
            ("Delete", E0 | 0x53), ("MetaLeft", E0 | 0x5b), ("MetaRight", E0 | 0x5c), ("OSLeft", E0 | 0x5b), ("OSRight", E0 | 0x5c),
            ("ContextMenu", E0 | 0x5d), ("NumpadParenLeft", E0 | 0x76), ("NumpadParenRight", E0 | 0x7b),
            ("F17", E0 | 0x03), ("F18", E0 | 0x77), ("F19", E0 | 0x04), ("F22", E0 | 0x79));

    private static void AddMedia(Dictionary<string, int> table) =>
        Add(table, ("Power", E0 | 0x5e), ("Sleep", E0 | 0x5f), ("WakeUp", E0 | 0x63), ("Suspend", E0 | 0x25), ("Eject", E0 | 0x7d),
            ("Again", E0 | 0x05), ("Props", E0 | 0x06), ("Undo", E0 | 0x07), ("Copy", E0 | 0x78), ("Cut", E0 | 0x3c), ("Find", E0 | 0x41),
            ("Help", E0 | 0x75), ("MediaTrackPrevious", E0 | 0x10), ("MediaTrackNext", E0 | 0x19), ("AudioVolumeMute", E0 | 0x20),
            ("VolumeMute", E0 | 0x20), ("LaunchApp2", E0 | 0x21), ("MediaPlayPause", E0 | 0x22), ("MediaStop", E0 | 0x24),
            ("AudioVolumeDown", E0 | 0x2e), ("VolumeDown", E0 | 0x2e), ("AudioVolumeUp", E0 | 0x30), ("VolumeUp", E0 | 0x30),
            ("BrowserHome", E0 | 0x32), ("BrightnessDown", E0 | 0x4c), ("BrightnessUp", E0 | 0x54), ("BrowserSearch", E0 | 0x65),
            ("BrowserFavorites", E0 | 0x66), ("BrowserRefresh", E0 | 0x67), ("BrowserStop", E0 | 0x68), ("BrowserForward", E0 | 0x69),
            ("BrowserBack", E0 | 0x6a), ("LaunchApp1", E0 | 0x6b), ("LaunchMail", E0 | 0x6c), ("MediaSelect", E0 | 0x6d));

    private static void AddRow(Dictionary<string, int> table, int first, string codes)
    {
        foreach (string code in codes.Split(' '))
            table.Add(code, first++);
    }

    private static void Add(Dictionary<string, int> table, params ReadOnlySpan<(string Code, int Qnum)> keys)
    {
        foreach ((string code, int qnum) in keys)
            table.Add(code, qnum);
    }
}
