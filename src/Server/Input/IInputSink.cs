using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Server.Input;

/// <summary>
/// Where a page's keyboard, mouse and clipboard go: QEMU's D-Bus devices, or a Barrier client. Calls come from
/// any thread, return at once and never throw for what the other end does: input that cannot be delivered
/// (nobody is connected, a queue is full) is dropped and counted by the sink.
/// </summary>
internal interface IInputSink
{
    /// <summary>How a person tells it from others: a console's label, a Barrier client's screen name.</summary>
    string Name { get; }

    /// <summary>What can be delivered right now; <see cref="InputCapabilities.None"/> while nobody is at the other end.</summary>
    InputCapabilities Capabilities { get; }

    /// <summary>A key went down, repeats, or went up.</summary>
    void Key(in KeyInput key);

    /// <summary>A mouse button went down or up.</summary>
    void Button(PointerButton button, bool pressed);

    /// <summary>The pointer stands at this pixel of a picture that is <paramref name="picture"/> large; the sink scales it to what its guest wants.</summary>
    void MoveTo(int x, int y, PictureSize picture);

    /// <summary>The pointer moved by this many pixels, right and down being positive.</summary>
    void MoveBy(int deltaX, int deltaY);

    /// <summary>
    /// The wheel turned, in 1/<see cref="WheelUnitsPerStep"/> of a step; right and down (towards the person) are
    /// positive, as in the DOM's WheelEvent. A sink that knows whole steps only adds the parts up.
    /// </summary>
    void Scroll(int deltaX, int deltaY);

    /// <summary>One finger of a touch screen, at this pixel of a picture that is <paramref name="picture"/> large. Sinks without a touch screen do nothing.</summary>
    void Touch(TouchPhase phase, int slot, int x, int y, PictureSize picture)
    {
    }

    /// <summary>Text that the person's clipboard holds now, for the guest to paste.</summary>
    void SetClipboardText(string text);

    /// <summary>The page lost its focus or went away: whatever it holds down goes up.</summary>
    void ReleaseAll();

    /// <summary>The guest's clipboard holds new text. Raised on a thread of the sink; handlers return at once.</summary>
    event Action<string>? GuestClipboardChanged;

    /// <summary>One notch of a wheel, as Windows, Wayland and Barrier count it.</summary>
    const int WheelUnitsPerStep = 120;
}

/// <summary>What a sink can pass on.</summary>
[Flags]
internal enum InputCapabilities
{
    None = 0,
    Keyboard = 1,
    AbsolutePointer = 2,
    RelativePointer = 4,
    Clipboard = 8,
}

/// <summary>A mouse button, numbered as the DOM's MouseEvent.button does.</summary>
internal enum PointerButton
{
    Left = 0,
    Middle = 1,
    Right = 2,
    Back = 3,
    Forward = 4,
}

/// <summary>What a finger does; numbered as QEMU's MultiTouch does.</summary>
internal enum TouchPhase
{
    Begin = 0,
    Update = 1,
    End = 2,
    Cancel = 3,
}

/// <summary>What a key does.</summary>
internal enum KeyAction
{
    Up,
    Down,

    /// <summary>Held down so long that the browser repeats it. Guests that repeat by themselves ignore it.</summary>
    Repeat,
}

/// <summary>Modifiers and locks in force, as the DOM's getModifierState tells them.</summary>
[Flags]
internal enum KeyModifiers
{
    None = 0,
    Shift = 1,
    Control = 2,
    Alt = 4,
    Meta = 8,
    AltGraph = 16,
    CapsLock = 32,
    NumLock = 64,
    ScrollLock = 128,
}

/// <summary>One key event of a page.</summary>
/// <param name="Action">What happened.</param>
/// <param name="Code">KeyboardEvent.code: the key's place on the keyboard, whatever the layout ("KeyQ").</param>
/// <param name="Key">KeyboardEvent.key: what the person's own layout makes of it ("a", "é", "Dead", "Enter").</param>
/// <param name="Modifiers">In force at the event.</param>
internal readonly record struct KeyInput(KeyAction Action, string Code, string Key, KeyModifiers Modifiers);
