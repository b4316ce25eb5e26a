using System.Runtime.InteropServices;

namespace QemuZeroCopy.Layouts;

/// <summary>
/// A keyboard as a guest with X or Wayland has it: libxkbcommon with the layouts of xkeyboard-config. Keys are
/// Linux key codes (input-event-codes.h), as evdev tells them.
/// </summary>
internal sealed class XkbKeyboard : IDisposable
{
    /// <summary>X numbers keys from 8.</summary>
    private const uint KeyCodeOffset = 8;

    private readonly nint _context;
    private readonly nint _keymap;
    private nint _state;

    /// <param name="layout">"de", or with a variant "us(intl)".</param>
    public XkbKeyboard(string layout)
    {
        int bracket = layout.IndexOf('(', StringComparison.Ordinal);
        nint[] names =
        [
            Marshal.StringToCoTaskMemUTF8("evdev"), Marshal.StringToCoTaskMemUTF8("pc105"),
            Marshal.StringToCoTaskMemUTF8(bracket < 0 ? layout : layout[..bracket]),
            Marshal.StringToCoTaskMemUTF8(bracket < 0 ? "" : layout[(bracket + 1)..^1]), 0,
        ];
        _context = xkb_context_new(0);
        _keymap = xkb_keymap_new_from_names(_context, names, 0);
        foreach (nint name in names)
            Marshal.FreeCoTaskMem(name);
        if (_keymap == 0)
            throw new ArgumentException($"xkeyboard-config has no layout '{layout}'.", nameof(layout));
        _state = xkb_state_new(_keymap);
    }

    /// <summary>The library's context, for as long as the keyboard lives.</summary>
    internal nint Context => _context;

    /// <summary>As if nothing had ever been pressed.</summary>
    public void Reset()
    {
        xkb_state_unref(_state);
        _state = xkb_state_new(_keymap);
    }

    /// <summary>The keysym that the key means now.</summary>
    public uint Symbol(int key) => xkb_state_key_get_one_sym(_state, (uint)key + KeyCodeOffset);

    /// <summary>What the key means now: the name of its keysym, and the character that it makes (0 for none).</summary>
    public (string Name, int Character) Look(int key)
    {
        uint symbol = Symbol(key);
        byte[] name = new byte[64];
        int length = xkb_keysym_get_name(symbol, name, (nuint)name.Length);
        return (System.Text.Encoding.ASCII.GetString(name, 0, Math.Max(0, length)), (int)xkb_keysym_to_utf32(symbol));
    }

    /// <summary>Presses a key or lets it go; modifiers and locks take effect.</summary>
    public void Set(int key, bool down) => _ = xkb_state_update_key(_state, (uint)key + KeyCodeOffset, down ? 1 : 0);

    public void Dispose()
    {
        xkb_state_unref(_state);
        xkb_keymap_unref(_keymap);
        xkb_context_unref(_context);
    }

    private const string Library = "libxkbcommon.so.0";

    [DllImport(Library)]
    private static extern nint xkb_context_new(int flags);

    [DllImport(Library)]
    private static extern void xkb_context_unref(nint context);

    [DllImport(Library)]
    private static extern nint xkb_keymap_new_from_names(nint context, nint[] names, int flags);

    [DllImport(Library)]
    private static extern void xkb_keymap_unref(nint keymap);

    [DllImport(Library)]
    private static extern nint xkb_state_new(nint keymap);

    [DllImport(Library)]
    private static extern void xkb_state_unref(nint state);

    [DllImport(Library)]
    private static extern int xkb_state_update_key(nint state, uint key, int direction);

    [DllImport(Library)]
    private static extern uint xkb_state_key_get_one_sym(nint state, uint key);

    [DllImport(Library)]
    private static extern uint xkb_keysym_to_utf32(uint symbol);

    [DllImport(Library)]
    private static extern int xkb_keysym_get_name(uint symbol, [Out] byte[] name, nuint size);
}
