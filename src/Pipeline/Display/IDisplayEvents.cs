using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Display;

/// <summary>
/// What a <see cref="VmDisplay"/> tells its owner. Every method is called on the display thread, so an
/// implementation only takes note and returns (100 µs is the house limit); an exception out of it ends
/// the attachment. The frames themselves do not come this way but through <see cref="ConsoleDisplay.Frames"/>.
/// </summary>
public interface IDisplayEvents
{
    /// <summary>A console is there; called for each one before the attach completes, later when one appears.</summary>
    void ConsoleAdded(ConsoleDisplay console);

    /// <summary>A console vanished: its mailbox is closed and its input methods do nothing any more.</summary>
    void ConsoleRemoved(ConsoleDisplay console);

    /// <summary>The console shows another scanout (mode change, page flip), or none (null: the screen is off).</summary>
    void ScanoutChanged(ConsoleDisplay console, Scanout? scanout);

    /// <summary>The guest defined another pointer image. See <see cref="ConsoleDisplay.Cursor"/>.</summary>
    void CursorChanged(ConsoleDisplay console, CursorImage cursor);

    /// <summary>The guest moved its pointer, or showed or hid it (QEMU's MouseSet).</summary>
    void PointerMoved(ConsoleDisplay console, PointerPosition position);

    /// <summary>The guest's pointing device turned absolute (a tablet) or relative (a mouse).</summary>
    void PointerModeChanged(ConsoleDisplay console, bool isAbsolute);

    /// <summary>The guest's keyboard lights changed.</summary>
    void LedsChanged(ConsoleDisplay console, KeyboardLeds leds);

    /// <summary>Something that describes the console changed: label, size, device address.</summary>
    void ConsoleChanged(ConsoleDisplay console);

    /// <summary>
    /// QEMU is gone or threw us out; the last call, never after <see cref="VmDisplay.Dispose"/> has returned.
    /// All consoles are removed before it. Dispose of the display and attach again.
    /// </summary>
    void Disconnected(string reason);

    /// <summary>An UpdateDMABUF has come: until it is answered, QEMU holds the guest. Once for each, before anything else is done about it.</summary>
    void GuestHeld(ConsoleDisplay console)
    {
    }

    /// <summary>
    /// It has been answered, <paramref name="heldNs"/> after it was read from the socket; <paramref name="wasRead"/> unless
    /// that had to be before its pixels were read. Once for each <see cref="GuestHeld"/>, in their order.
    /// </summary>
    void GuestReleased(ConsoleDisplay console, long heldNs, bool wasRead)
    {
    }

    /// <summary>QEMU sent something that cannot be used. Told once for each kind and console; the rest is counted.</summary>
    void Refused(RefusedInput kind, string detail);
}

/// <summary>What kind of input from QEMU was refused; the numbers are stable.</summary>
public enum RefusedInput
{
    /// <summary>A size of 0 or above 16384, a stride below the width, an offset or length past the mapping.</summary>
    Geometry = 1,

    /// <summary>A pixman format or fourcc that is not known.</summary>
    Format = 2,

    /// <summary>An fd that is no memory file or DMA-BUF, or is too small.</summary>
    FileDescriptor = 3,

    /// <summary>Damage outside the picture, or before any scanout.</summary>
    Damage = 4,

    /// <summary>A cursor of an impossible size, or with too few pixels.</summary>
    Cursor = 5,

    /// <summary>A message whose signature or content is not that of the interface.</summary>
    Message = 6,

    /// <summary>A property with an impossible value.</summary>
    Property = 7,

    /// <summary>QEMU refused a call that is not vital, such as the registration of a listener.</summary>
    Call = 10,

    /// <summary>A sound format that cannot be, or samples of a voice that was never announced.</summary>
    Sound = 11,
}
