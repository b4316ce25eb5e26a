using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Server.Input;

/// <summary>
/// Passes one viewer's input on and remembers what that viewer holds down, so that one who goes away leaves
/// no key stuck and takes nobody else's away. Not thread-safe: one per viewer.
/// </summary>
internal sealed class HeldInput(IInputSink target)
{
    /// <summary>Nobody has more fingers and pedals; what goes beyond is not passed on.</summary>
    public const int MaxHeldKeys = 32;

    /// <summary>What the touch screens of QEMU take at most is 10.</summary>
    private const int MaxFingers = 16;

    private readonly Dictionary<string, KeyInput> _keys = new(MaxHeldKeys);
    private uint _buttons;
    private uint _fingers;

    public bool HoldsAnything => _buttons != 0 || _fingers != 0 || _keys.Count != 0;

    public void Key(in KeyInput key)
    {
        switch (key.Action)
        {
            case KeyAction.Up when _keys.Remove(key.Code):
            case KeyAction.Repeat when _keys.ContainsKey(key.Code):
                target.Key(key);
                break;
            // A key that repeats is held: it was let go of here when its page fell silent for a moment.
            case KeyAction.Down or KeyAction.Repeat when !_keys.ContainsKey(key.Code) && _keys.Count < MaxHeldKeys:
                KeyInput down = key with { Action = KeyAction.Down };
                _keys.Add(key.Code, down);
                target.Key(down);
                break;
            default:
                break; // A release of what is not held, or a press of what is.
        }
    }

    public void Button(PointerButton button, bool pressed)
    {
        if (!Enum.IsDefined(button))
            return;
        uint bit = 1u << (int)button;
        if (pressed == ((_buttons & bit) != 0))
            return;
        _buttons ^= bit;
        target.Button(button, pressed);
    }

    public void MoveTo(int x, int y, PictureSize picture) => target.MoveTo(x, y, picture);

    public void MoveBy(int deltaX, int deltaY) => target.MoveBy(deltaX, deltaY);

    public void Scroll(int deltaX, int deltaY) => target.Scroll(deltaX, deltaY);

    public void Touch(TouchPhase phase, int slot, int x, int y, PictureSize picture)
    {
        if (slot is < 0 or >= MaxFingers || !Enum.IsDefined(phase))
            return;
        uint bit = 1u << slot;
        if (phase != TouchPhase.Begin && (_fingers & bit) == 0)
            return;
        _fingers = phase is TouchPhase.Begin or TouchPhase.Update ? _fingers | bit : _fingers & ~bit;
        target.Touch(phase, slot, x, y, picture);
    }

    /// <summary>Lets go of what this viewer holds.</summary>
    public void ReleaseAll()
    {
        foreach (KeyInput key in _keys.Values)
            target.Key(key with { Action = KeyAction.Up });
        _keys.Clear();
        for (PointerButton button = PointerButton.Left; button <= PointerButton.Forward; button++)
            Button(button, false);
        for (int slot = 0; slot < MaxFingers; slot++)
            Touch(TouchPhase.Cancel, slot, 0, 0, default);
    }
}
