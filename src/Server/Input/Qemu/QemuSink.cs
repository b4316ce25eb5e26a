using QemuZeroCopy.Pipeline.Display;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Server.Input.Qemu;

/// <summary>
/// A console's keyboard and pointer over QEMU's D-Bus interfaces. It outlives QEMU: while that is gone,
/// input is dropped.
/// </summary>
internal sealed class QemuSink(string name) : IInputSink
{
    private readonly Lock _wheelGate = new();
    private volatile ConsoleDisplay? _console;
    private readonly bool[] _keysDown = new bool[256];
    private readonly bool[] _buttonsDown = new bool[(int)MouseButton.Extra + 1];
    private int _wheel;

    public string Name { get; } = name;

    /// <summary>The console as QEMU has it now; null while QEMU is gone.</summary>
    public ConsoleDisplay? Console
    {
        get => _console;
        set => _console = value;
    }

    public InputCapabilities Capabilities => _console switch
    {
        null => InputCapabilities.None,
        { IsPointerAbsolute: true } => InputCapabilities.Keyboard | InputCapabilities.AbsolutePointer,
        _ => InputCapabilities.Keyboard | InputCapabilities.RelativePointer,
    };

    /// <summary>QEMU's clipboard has a way of its own, which tells MIME types and owners; nothing comes from here.</summary>
    public event Action<string>? GuestClipboardChanged
    {
        add { }
        remove { }
    }

    public void Key(in KeyInput key)
    {
        if (!Qnum.TryGet(key.Code, out int qnum))
            return;
        _keysDown[qnum] = key.Action != KeyAction.Up;
        if (key.Action == KeyAction.Up)
            _console?.ReleaseKey((uint)qnum);
        else
            _console?.PressKey((uint)qnum); // a repeat is a press to a PS/2 keyboard, whose guest counts on it
    }

    public void Button(PointerButton button, bool pressed)
    {
        MouseButton qemu = button switch
        {
            PointerButton.Left => MouseButton.Left,
            PointerButton.Middle => MouseButton.Middle,
            PointerButton.Right => MouseButton.Right,
            PointerButton.Back => MouseButton.Side,
            _ => MouseButton.Extra,
        };
        _buttonsDown[(int)qemu] = pressed;
        if (pressed)
            _console?.PressButton(qemu);
        else
            _console?.ReleaseButton(qemu);
    }

    public void MoveTo(int x, int y, PictureSize picture) => _console?.MoveTo(x, y);

    public void MoveBy(int deltaX, int deltaY) => _console?.MoveBy(deltaX, deltaY);

    /// <summary>QEMU knows whole clicks of a vertical wheel; parts are kept for the next time.</summary>
    public void Scroll(int deltaX, int deltaY)
    {
        int clicks;
        lock (_wheelGate)
        {
            _wheel += Math.Clamp(deltaY, -MaxClicks * IInputSink.WheelUnitsPerStep, MaxClicks * IInputSink.WheelUnitsPerStep);
            clicks = _wheel / IInputSink.WheelUnitsPerStep;
            _wheel -= clicks * IInputSink.WheelUnitsPerStep;
        }

        MouseButton button = clicks < 0 ? MouseButton.WheelUp : MouseButton.WheelDown;
        for (int i = Math.Abs(clicks); i > 0; i--)
        {
            _console?.PressButton(button);
            _console?.ReleaseButton(button);
        }
    }

    public void Touch(TouchPhase phase, int slot, int x, int y, PictureSize picture)
    {
        // QEMU lifts a finger at the end of a touch alone; at a cancelled one it stays down (ui/console.c, 10.0).
        if (_console is { } console && slot < console.MaxTouchSlots)
            console.Touch(phase == TouchPhase.Cancel ? TouchKind.End : (TouchKind)phase, (ulong)slot, x, y);
    }

    public void SetClipboardText(string text)
    {
        // See GuestClipboardChanged.
    }

    /// <summary>Whoever holds it: called when a page's input turns elsewhere, where another viewer's key held at this moment is let go of too.</summary>
    public void ReleaseAll()
    {
        for (int qnum = 0; qnum < _keysDown.Length; qnum++)
        {
            if (_keysDown[qnum])
                _console?.ReleaseKey((uint)qnum);
        }

        for (int button = 0; button < _buttonsDown.Length; button++)
        {
            if (_buttonsDown[button])
                _console?.ReleaseButton((MouseButton)button);
        }

        Array.Clear(_keysDown);
        Array.Clear(_buttonsDown);
    }

    /// <summary>More in one message is a page gone wild.</summary>
    private const int MaxClicks = 20;
}
