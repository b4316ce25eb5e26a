using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Input.Barrier.Keys;

namespace QemuZeroCopy.Server.Tests.Input.Barrier;

public sealed class KeyTests
{
    [Theory]
    [InlineData("KeyQ", "a", (int)KeyModifiers.None, 'a')] // French
    [InlineData("KeyA", "A", (int)KeyModifiers.Shift, 'A')]
    [InlineData("Digit2", "é", (int)KeyModifiers.None, 'é')]
    [InlineData("KeyF", "а", (int)KeyModifiers.None, 0x0430)] // Cyrillic
    [InlineData("KeyE", "€", (int)KeyModifiers.AltGraph, 0x20AC)]
    [InlineData("KeyQ", "@", (int)KeyModifiers.AltGraph, '@')]
    [InlineData("Space", " ", (int)KeyModifiers.None, ' ')]
    [InlineData("Enter", "Enter", (int)KeyModifiers.None, 0xEF0D)]
    [InlineData("NumpadEnter", "Enter", (int)KeyModifiers.None, 0xEF8D)]
    [InlineData("Numpad1", "1", (int)KeyModifiers.NumLock, 0xEFB1)]
    [InlineData("Numpad1", "End", (int)KeyModifiers.None, 0xEF9C)]
    [InlineData("NumpadDecimal", ",", (int)KeyModifiers.NumLock, 0xEFAE)]
    [InlineData("NumpadDecimal", "Delete", (int)KeyModifiers.None, 0xEF9F)]
    [InlineData("NumpadAdd", "+", (int)KeyModifiers.None, 0xEFAB)]
    [InlineData("Delete", "Delete", (int)KeyModifiers.None, 0xEFFF)]
    [InlineData("ArrowUp", "ArrowUp", (int)KeyModifiers.None, 0xEF52)]
    [InlineData("F1", "F1", (int)KeyModifiers.None, 0xEFBE)]
    [InlineData("F24", "F24", (int)KeyModifiers.None, 0xEFD5)]
    [InlineData("ShiftLeft", "Shift", (int)KeyModifiers.Shift, 0xEFE1)]
    [InlineData("ShiftRight", "Shift", (int)KeyModifiers.Shift, 0xEFE2)]
    [InlineData("ControlRight", "Control", (int)KeyModifiers.Control, 0xEFE4)]
    [InlineData("AltRight", "Alt", (int)KeyModifiers.Alt, 0xEFEA)]
    [InlineData("AltRight", "AltGraph", (int)KeyModifiers.AltGraph, 0xEF7E)]
    [InlineData("MetaLeft", "Meta", (int)KeyModifiers.Meta, 0xEFEB)]
    [InlineData("CapsLock", "Control", (int)KeyModifiers.Control, 0xEFE3)] // remapped by the person
    [InlineData("AudioVolumeUp", "AudioVolumeUp", (int)KeyModifiers.None, 0xE0AF)]
    [InlineData("KeyQ", "Unidentified", (int)KeyModifiers.None, 'q')]
    [InlineData("KeyQ", "Process", (int)KeyModifiers.Shift, 'Q')]
    [InlineData("ShiftRight", "Unidentified", (int)KeyModifiers.None, 0xEFE2)]
    [InlineData("", "x", (int)KeyModifiers.None, 'x')]
    [InlineData("Equal", "Dead", (int)KeyModifiers.None, 0)]
    [InlineData("KeyA", "😀", (int)KeyModifiers.None, 0)] // does not fit 16 bits
    [InlineData("KeyA", "\uE0AF", (int)KeyModifiers.None, 0)] // would be a media key
    [InlineData("", "", (int)KeyModifiers.None, 0)]
    public void A_key_means_what_the_persons_layout_makes_of_it(string code, string key, int modifiers, int expected)
    {
        Assert.Equal(expected, KeyIds.Of(new KeyInput(KeyAction.Down, code, key, (KeyModifiers)modifiers)));
    }

    [Fact]
    public void Every_place_on_the_keyboard_has_a_number_of_its_own()
    {
        List<ushort> buttons = [.. KeyButtons.Codes.Select(KeyButtons.Of)];
        Assert.Equal(buttons.Count, buttons.Distinct().Count());
        Assert.All(buttons, button => Assert.InRange(button, 1, KeyButtons.Nameless - 1));
        Assert.Equal(KeyButtons.Nameless, KeyButtons.Of("Nonsense"));
        Assert.Equal(KeyButtons.Nameless, KeyButtons.Of(""));
    }

    [Theory]
    [InlineData("Escape", 1)]
    [InlineData("Backspace", 14)]
    [InlineData("Enter", 28)]
    [InlineData("Backquote", 41)]
    [InlineData("ShiftRight", 54)]
    [InlineData("ScrollLock", 70)]
    [InlineData("NumpadDecimal", 83)]
    [InlineData("IntlBackslash", 86)]
    [InlineData("F12", 88)]
    public void The_main_block_counts_as_evdev_does(string code, int evdev)
    {
        Assert.Equal(evdev + 8, KeyButtons.Of(code));
    }

    [Theory]
    [InlineData((int)KeyModifiers.None, 0)]
    [InlineData((int)(KeyModifiers.Shift | KeyModifiers.Control | KeyModifiers.Alt | KeyModifiers.Meta), 0x17)]
    [InlineData((int)(KeyModifiers.AltGraph | KeyModifiers.Control | KeyModifiers.Alt), 0x20)]
    [InlineData((int)(KeyModifiers.CapsLock | KeyModifiers.NumLock | KeyModifiers.ScrollLock), 0x7000)]
    public void Modifiers_are_Barriers_mask(int modifiers, int mask)
    {
        Assert.Equal(mask, ModifierMask.Of((KeyModifiers)modifiers));
    }
}
