using System.Collections.Frozen;

namespace QemuZeroCopy.Server.Input.Barrier.Keys;

/// <summary>
/// The number of a physical key in DKDN and DKUP. Barrier clients only match a release with its press by it, so
/// any number below 512 will do; QEMU takes it for the keycode of X.Org's old "kbd" driver (ui/input-barrier.c
/// with keycodemapdb's xorgkbd map, which is not evdev + 8), and for nothing above its table, where it goes by
/// the key id instead.
/// </summary>
internal static class KeyButtons
{
    /// <summary>Barrier's mask is nine bits wide.</summary>
    public const int Count = 512;

    /// <summary>A key without a KeyboardEvent.code, as on-screen keyboards send them. One at a time can be held.</summary>
    public const ushort Nameless = Count - 1;

    /// <summary>Keys that X.Org's "kbd" driver never knew stand above QEMU's table, at evdev's number + 256.</summary>
    private const int Unknown = 256;

    private static readonly FrozenDictionary<string, ushort> ByCode = Build().ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The button of a KeyboardEvent.code.</summary>
    public static ushort Of(string code) => ByCode.TryGetValue(code, out ushort button) ? button : Nameless;

    /// <summary>Every code that has a button of its own.</summary>
    public static IEnumerable<string> Codes => ByCode.Keys;

    private static Dictionary<string, ushort> Build()
    {
        var map = new Dictionary<string, ushort>(StringComparer.Ordinal);
        // The block where "kbd", evdev and the PC's scan codes (set 1) agree but for the 8.
        AddRow(map, 9, "Escape Digit1 Digit2 Digit3 Digit4 Digit5 Digit6 Digit7 Digit8 Digit9 Digit0 Minus Equal Backspace");
        AddRow(map, 23, "Tab KeyQ KeyW KeyE KeyR KeyT KeyY KeyU KeyI KeyO KeyP BracketLeft BracketRight Enter");
        AddRow(map, 37, "ControlLeft KeyA KeyS KeyD KeyF KeyG KeyH KeyJ KeyK KeyL Semicolon Quote Backquote");
        AddRow(map, 50, "ShiftLeft Backslash KeyZ KeyX KeyC KeyV KeyB KeyN KeyM Comma Period Slash ShiftRight");
        AddRow(map, 63, "NumpadMultiply AltLeft Space CapsLock F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 NumLock ScrollLock");
        AddRow(map, 79, "Numpad7 Numpad8 Numpad9 NumpadSubtract Numpad4 Numpad5 Numpad6 NumpadAdd Numpad1 Numpad2 Numpad3 Numpad0 NumpadDecimal");
        AddRow(map, 94, "IntlBackslash F11 F12 Home ArrowUp PageUp ArrowLeft");
        AddRow(map, 102, "ArrowRight End ArrowDown PageDown Insert Delete NumpadEnter ControlRight Pause PrintScreen NumpadDivide AltRight");
        AddRow(map, 115, "MetaLeft MetaRight ContextMenu F13 F14 F15 F16 F17");
        AddRow(map, 123, "IntlRo");
        AddRow(map, 126, "NumpadEqual");
        AddRow(map, 129, "Convert");
        AddRow(map, 131, "NonConvert");
        AddRow(map, 133, "IntlYen");
        // evdev's numbers (linux/input-event-codes.h).
        AddRow(map, Unknown + 85, "Lang5");
        AddRow(map, Unknown + 90, "Lang3 Lang4");
        AddRow(map, Unknown + 93, "KanaMode");
        AddRow(map, Unknown + 113, "AudioVolumeMute AudioVolumeDown AudioVolumeUp Power");
        AddRow(map, Unknown + 121, "NumpadComma Lang1 Lang2");
        AddRow(map, Unknown + 128, "BrowserStop Again Props Undo");
        AddRow(map, Unknown + 133, "Copy Open Paste Find Cut Help");
        AddRow(map, Unknown + 140, "LaunchApp2");
        AddRow(map, Unknown + 142, "Sleep WakeUp");
        AddRow(map, Unknown + 155, "LaunchMail BrowserFavorites LaunchApp1 BrowserBack BrowserForward");
        AddRow(map, Unknown + 161, "Eject");
        AddRow(map, Unknown + 163, "MediaTrackNext MediaPlayPause MediaTrackPrevious MediaStop");
        AddRow(map, Unknown + 172, "BrowserHome BrowserRefresh");
        AddRow(map, Unknown + 179, "NumpadParenLeft NumpadParenRight");
        AddRow(map, Unknown + 188, "F18 F19 F20 F21 F22 F23 F24");
        AddRow(map, Unknown + 217, "BrowserSearch");
        AddRow(map, Unknown + 226, "MediaSelect");
        return map;
    }

    private static void AddRow(Dictionary<string, ushort> map, int first, string codes)
    {
        foreach (string code in codes.Split(' '))
            map.Add(code, (ushort)first++);
    }
}
