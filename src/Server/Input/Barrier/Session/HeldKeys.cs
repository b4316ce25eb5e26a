using QemuZeroCopy.Server.Input.Barrier.Keys;

namespace QemuZeroCopy.Server.Input.Barrier.Session;

/// <summary>Keys and mouse buttons that are down, so that each goes up as what it went down.</summary>
internal sealed class HeldKeys
{
    private const int MaxMouseButton = 8;
    private readonly ushort[] _ids = new ushort[KeyButtons.Count];
    private readonly bool[] _keys = new bool[KeyButtons.Count];
    private readonly bool[] _mouse = new bool[MaxMouseButton];
    private int _down;

    public bool IsNothingDown => _down == 0;

    /// <summary>The modifiers among the keys that are down, as Barrier's mask.</summary>
    public int Modifiers
    {
        get
        {
            int mask = 0;
            for (int button = 0; _down > 0 && button < _keys.Length; button++)
                mask |= _keys[button] ? ModifierMask.OfKey(_ids[button]) : 0;
            return mask;
        }
    }

    public bool IsKeyDown(ushort button) => _keys[button];

    public bool IsMouseDown(int button) => _mouse[button];

    public void PressKey(ushort button, ushort id)
    {
        _down += _keys[button] ? 0 : 1;
        _keys[button] = true;
        _ids[button] = id;
    }

    /// <summary>The id that the key went down with; false if it is not down.</summary>
    public bool TryReleaseKey(ushort button, out ushort id)
    {
        id = _ids[button];
        if (!_keys[button])
            return false;
        _keys[button] = false;
        _down--;
        return true;
    }

    public void PressMouse(int button)
    {
        _down += _mouse[button] ? 0 : 1;
        _mouse[button] = true;
    }

    public bool TryReleaseMouse(int button)
    {
        if (!_mouse[button])
            return false;
        _mouse[button] = false;
        _down--;
        return true;
    }
}
