using QemuZeroCopy.Server.Input.Qemu;

namespace QemuZeroCopy.Server.Tests.Input.Qemu;

public sealed class QnumTests
{
    /// <summary>As QEMU's own table has them (pc-bios/keymaps/en-us, generated from keycodemapdb).</summary>
    [Theory]
    [InlineData("Escape", 0x01)]
    [InlineData("Digit0", 0x0b)]
    [InlineData("Tab", 0x0f)]
    [InlineData("KeyP", 0x19)]
    [InlineData("Enter", 0x1c)]
    [InlineData("ControlLeft", 0x1d)]
    [InlineData("Backquote", 0x29)]
    [InlineData("ShiftLeft", 0x2a)]
    [InlineData("Backslash", 0x2b)]
    [InlineData("KeyM", 0x32)]
    [InlineData("ShiftRight", 0x36)]
    [InlineData("CapsLock", 0x3a)]
    [InlineData("F10", 0x44)]
    [InlineData("NumLock", 0x45)]
    [InlineData("ScrollLock", 0x46)]
    [InlineData("Numpad0", 0x52)]
    [InlineData("NumpadDecimal", 0x53)]
    [InlineData("PrintScreen", 0x54)]
    [InlineData("IntlBackslash", 0x56)]
    [InlineData("F11", 0x57)]
    [InlineData("F12", 0x58)]
    [InlineData("NumpadEqual", 0x59)]
    [InlineData("KanaMode", 0x70)]
    [InlineData("IntlRo", 0x73)]
    [InlineData("Convert", 0x79)]
    [InlineData("NonConvert", 0x7b)]
    [InlineData("IntlYen", 0x7d)]
    [InlineData("NumpadComma", 0x7e)]
    [InlineData("NumpadEnter", 0x9c)]
    [InlineData("ControlRight", 0x9d)]
    [InlineData("AudioVolumeMute", 0xa0)]
    [InlineData("NumpadDivide", 0xb5)]
    [InlineData("AltRight", 0xb8)]
    [InlineData("Pause", 0xc6)]
    [InlineData("Home", 0xc7)]
    [InlineData("ArrowUp", 0xc8)]
    [InlineData("PageDown", 0xd1)]
    [InlineData("Insert", 0xd2)]
    [InlineData("Delete", 0xd3)]
    [InlineData("MetaLeft", 0xdb)]
    [InlineData("ContextMenu", 0xdd)]
    [InlineData("Power", 0xde)]
    [InlineData("LaunchMail", 0xec)]
    [InlineData("MediaSelect", 0xed)]
    public void A_key_has_the_number_that_QEMU_gives_it(string code, int qnum)
    {
        Assert.True(Qnum.TryGet(code, out int found));
        Assert.Equal(qnum, found);
    }

    [Fact]
    public void No_two_keys_share_a_number_but_those_with_two_names()
    {
        string[][] twice = [.. Qnum.ByCode.GroupBy(k => k.Value).Where(g => g.Count() > 1).Select(g => g.Select(k => k.Key).Order(StringComparer.Ordinal).ToArray())];
        Assert.Equal(
            ["AudioVolumeDown VolumeDown", "AudioVolumeMute VolumeMute", "AudioVolumeUp VolumeUp", "MetaLeft OSLeft", "MetaRight OSRight"],
            twice.Select(names => string.Join(' ', names)).Order(StringComparer.Ordinal));
        Assert.All(Qnum.ByCode.Values, q => Assert.InRange(q, 1, 255));
    }

    [Theory]
    [InlineData("")]
    [InlineData("keya")]
    [InlineData("Fn")]
    [InlineData("Unidentified")]
    public void An_unknown_key_has_none(string code) => Assert.False(Qnum.TryGet(code, out _));
}
