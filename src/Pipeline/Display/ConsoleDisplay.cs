using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Display;

/// <summary>What kind of console it is (Console.Type).</summary>
public enum ConsoleKind
{
    /// <summary>A display device of the guest.</summary>
    Graphic,

    /// <summary>A text terminal that QEMU draws.</summary>
    Text,
}

/// <summary>
/// One console of a VM: its frames, its facts and its input. Facts are written by the display thread and may
/// be read from any; each is a snapshot. Input methods may be called from any thread, allocate nothing, never
/// block, and do nothing when the console has gone.
/// </summary>
public sealed class ConsoleDisplay
{
    private readonly VmDisplay _vm;
    private volatile bool _isGone;
    private volatile CursorImage? _cursor;
    private long _pointer;
    private uint _leds;
    private long _refusedCount;

    internal ConsoleDisplay(VmDisplay vm, uint id, IFrameAcknowledger acknowledger)
    {
        _vm = vm;
        Id = id;
        Frames = new FrameMailbox(acknowledger);
    }

    /// <summary>QEMU's number of the console.</summary>
    public uint Id { get; }

    /// <summary>Where its frames arrive; closed when the console goes.</summary>
    public FrameMailbox Frames { get; }

    /// <summary>QEMU's name for it, such as "VGA" or "virtio-vga".</summary>
    public string Label { get; internal set; } = "";

    /// <summary>Graphic or text.</summary>
    public ConsoleKind Kind { get; internal set; }

    /// <summary>Number of the head on its device.</summary>
    public uint Head { get; internal set; }

    /// <summary>The guest device's address, such as "pci/0000/02.0"; empty for a text console.</summary>
    public string DeviceAddress { get; internal set; } = "";

    /// <summary>Size by QEMU's properties; the scanout's own size is what counts for a picture.</summary>
    public PictureSize Size { get; internal set; }

    /// <summary>Whether the guest takes absolute pointer positions (<see cref="MoveTo"/>) or motion (<see cref="MoveBy"/>).</summary>
    public bool IsPointerAbsolute { get; internal set; }

    /// <summary>How many fingers the guest takes at once; 0 without a touch screen.</summary>
    public int MaxTouchSlots { get; internal set; }

    /// <summary>The guest's keyboard lights.</summary>
    public KeyboardLeds Leds
    {
        get => (KeyboardLeds)Volatile.Read(ref _leds);
        internal set => Volatile.Write(ref _leds, (uint)value);
    }

    /// <summary>The guest's pointer image; null until it defines one.</summary>
    public CursorImage? Cursor
    {
        get => _cursor;
        internal set => _cursor = value;
    }

    /// <summary>Where the guest has its pointer.</summary>
    public PointerPosition PointerAt
    {
        get
        {
            long packed = Volatile.Read(ref _pointer);
            return new PointerPosition((short)(packed >> 16), (short)packed, packed >> 32 != 0);
        }
        internal set => Volatile.Write(ref _pointer, (value.IsVisible ? 1L << 32 : 0) | (uint)(ushort)value.X << 16 | (ushort)value.Y);
    }

    /// <summary>Whether QEMU tells this console's pictures at present.</summary>
    public bool IsListening { get; internal set; }

    /// <summary>How much input from QEMU was refused since the attach.</summary>
    public long RefusedCount => Volatile.Read(ref _refusedCount);

    /// <summary>Presses a key; <paramref name="qnum"/> is QEMU's key number (ui/dbus-display1.xml, Keyboard).</summary>
    public void PressKey(uint qnum) => Send(new InputCommand(InputKind.PressKey, this) { Code = qnum });

    /// <summary>Lets a key go.</summary>
    public void ReleaseKey(uint qnum) => Send(new InputCommand(InputKind.ReleaseKey, this) { Code = qnum });

    /// <summary>Presses a mouse button; a wheel click is a press and a release.</summary>
    public void PressButton(MouseButton button) => Send(new InputCommand(InputKind.PressButton, this) { Code = (uint)button });

    /// <summary>Lets a mouse button go.</summary>
    public void ReleaseButton(MouseButton button) => Send(new InputCommand(InputKind.ReleaseButton, this) { Code = (uint)button });

    /// <summary>Puts the pointer to a pixel of the console; outside positions are drawn to the edge.</summary>
    public void MoveTo(int x, int y) => Send(new InputCommand(InputKind.MoveTo, this) { X = x, Y = y });

    /// <summary>Moves a relative pointer.</summary>
    public void MoveBy(int dx, int dy) => Send(new InputCommand(InputKind.MoveBy, this) { X = dx, Y = dy });

    /// <summary>Tells of one finger; <paramref name="x"/> and <paramref name="y"/> are pixels of the console.</summary>
    public void Touch(TouchKind kind, ulong slot, double x, double y) =>
        Send(new InputCommand(InputKind.Touch, this) { Code = (uint)kind, Slot = slot, X = x, Y = y });

    /// <summary>
    /// Tells the guest which size the viewer would like, with 0×0 that nobody looks: virtio-gpu unplugs the screen then
    /// (QEMU's hw/display/virtio-gpu-base.c). Ignored where a side is not within 1 to 16384.
    /// </summary>
    public void SetUiInfo(in ConsoleUiInfo info)
    {
        if ((info.Width, info.Height) == (0, 0) || new PictureSize(info.Width, info.Height).IsValid)
            Send(new InputCommand(InputKind.SetUiInfo, this) { UiInfo = info });
    }

    /// <summary>
    /// Starts or stops listening to the console. While stopped, QEMU spends nothing on it and waits for nobody;
    /// starting brings a whole new picture.
    /// </summary>
    public void SetListening(bool listening) => Send(new InputCommand(InputKind.SetListening, this) { Code = listening ? 1u : 0 });

    /// <summary>Label and number, for a log line.</summary>
    public override string ToString() => $"console {Id} ({Label})";

    internal long CountRefused() => Interlocked.Increment(ref _refusedCount);

    internal void Close()
    {
        _isGone = true;
        Frames.Dispose();
    }

    private void Send(in InputCommand command)
    {
        if (!_isGone)
            _vm.Send(command);
    }
}
