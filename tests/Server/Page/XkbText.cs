using System.Runtime.InteropServices;
using System.Text;
using QemuZeroCopy.Layouts;

namespace QemuZeroCopy.Server.Tests.Page;

/// <summary>The text that a guest makes of its keys: a layout of xkeyboard-config, and X's rules for dead keys.</summary>
internal sealed class XkbText : IDisposable
{
    private const int Nothing = 0, Composed = 2;

    private readonly XkbKeyboard _keyboard;
    private readonly Composition _composition;
    private readonly StringBuilder _text = new();

    public XkbText(string layout)
    {
        _keyboard = new XkbKeyboard(layout);
        _composition = new Composition(_keyboard.Context);
    }

    /// <summary>A key of the guest, by its Linux code, went down or up.</summary>
    public void Set(int key, bool down)
    {
        if (down)
        {
            _text.Append(_composition.Feed(_keyboard.Symbol(key)) switch
            {
                Nothing when _keyboard.Look(key) is { Character: '\r' } => "\n",
                Nothing when _keyboard.Look(key) is { Character: >= ' ' or '\t' and not 0x7f } plain => char.ConvertFromUtf32(plain.Character),
                Composed => _composition.Text,
                _ => "",
            });
        }

        _keyboard.Set(key, down);
    }

    /// <summary>What has been typed since the last time.</summary>
    public string Take()
    {
        string text = _text.ToString();
        _text.Clear();
        return text;
    }

    public void Dispose()
    {
        _composition.Dispose();
        _keyboard.Dispose();
    }

    private sealed class Composition : IDisposable
    {
        private readonly nint _table;
        private readonly nint _state;

        public Composition(nint context)
        {
            _table = xkb_compose_table_new_from_locale(context, "en_US.UTF-8", 0);
            if (_table == 0)
                throw new InvalidOperationException("X's rules for dead keys are missing: install libx11-data.");
            _state = xkb_compose_state_new(_table, 0);
        }

        public string Text
        {
            get
            {
                byte[] text = new byte[64];
                return Encoding.UTF8.GetString(text, 0, xkb_compose_state_get_utf8(_state, text, (nuint)text.Length));
            }
        }

        public int Feed(uint symbol)
        {
            const int ignored = 0; // modifiers are no part of a sequence
            return xkb_compose_state_feed(_state, symbol) == ignored ? Nothing : xkb_compose_state_get_status(_state);
        }

        public void Dispose()
        {
            xkb_compose_state_unref(_state);
            xkb_compose_table_unref(_table);
        }
    }

    private const string Library = "libxkbcommon.so.0";

    [DllImport(Library)]
    private static extern nint xkb_compose_table_new_from_locale(nint context, [MarshalAs(UnmanagedType.LPUTF8Str)] string locale, int flags);

    [DllImport(Library)]
    private static extern void xkb_compose_table_unref(nint table);

    [DllImport(Library)]
    private static extern nint xkb_compose_state_new(nint table, int flags);

    [DllImport(Library)]
    private static extern void xkb_compose_state_unref(nint state);

    [DllImport(Library)]
    private static extern int xkb_compose_state_feed(nint state, uint symbol);

    [DllImport(Library)]
    private static extern int xkb_compose_state_get_status(nint state);

    [DllImport(Library)]
    private static extern int xkb_compose_state_get_utf8(nint state, [Out] byte[] text, nuint size);
}
