using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Input.Barrier.Clipboard;
using QemuZeroCopy.Server.Input.Barrier.Keys;
using QemuZeroCopy.Server.Input.Barrier.Protocol;

namespace QemuZeroCopy.Server.Input.Barrier.Session;

/// <summary>
/// What the client is told: input, entering and leaving, clipboards. Each call says whether it went into the
/// queue; nothing does before the session is ready.
/// </summary>
internal sealed partial class BarrierSession
{
    private const long Never = long.MaxValue;

    /// <summary>Wheel steps told to QEMU for one call, at most: a fling of a free-running wheel.</summary>
    private const int MaxSteps = 32;

    private readonly HeldKeys _held = new();
    private bool _entered;
    private uint _sequence;
    private int _pointerX, _pointerY;
    private int _lockMask;
    private int _wheelRest;
    private bool _clipboardWanted;
    private long _lastFetchNs = -BarrierLimits.ClipboardFetchNs;
    private long _fetchNotBeforeNs;

    /// <summary>When the client's clipboard is to be fetched; keys that are down put it off until they are up.</summary>
    private long ClipboardFetchDueNs => _clipboardWanted && _held.IsNothingDown ? _fetchNotBeforeNs : Never;

    public bool Key(long nowNs, in KeyInput input)
    {
        if (!IsReady)
            return false;
        ushort button = KeyButtons.Of(input.Code);
        int mask = ModifierMask.Of(input.Modifiers);
        _lockMask = mask & ModifierMask.Locks;
        if (input.Action == KeyAction.Up)
        {
            if (!_held.TryReleaseKey(button, out ushort pressedAs))
                return false;
            Send(new OutgoingMessage(MessageCode.KeyUp, pressedAs, mask, button));
            FetchClipboardIfDue(nowNs);
            return true;
        }

        Enter();
        ushort id = KeyIds.Of(input);
        // A client makes the mask so: it would let go of a Control that was sent as a key and is not in it.
        mask = ModifierMask.With(mask, _held.Modifiers);
        bool repeats = _held.IsKeyDown(button);
        _held.PressKey(button, id);
        // QEMU makes a release and a press of DKRP, which a game takes for two; of a second DKDN it makes what
        // a PC's keyboard sends.
        Send(repeats && IsFullClient
            ? new OutgoingMessage(MessageCode.KeyRepeat, id, mask, 1, button)
            : new OutgoingMessage(MessageCode.KeyDown, id, mask, button));
        return true;
    }

    public bool Button(long nowNs, PointerButton button, bool pressed)
    {
        if (!IsReady)
            return false;
        int number = button switch
        {
            PointerButton.Left => 1,
            PointerButton.Middle => 2,
            PointerButton.Right => 3,
            PointerButton.Back => 4,
            // Barrier's fifth is the guest's side button in QEMU, which passes numbers above 4 on as its own.
            PointerButton.Forward => IsFullClient || _held.IsMouseDown(5) ? 5 : 6,
            _ => 0,
        };
        if (number == 0 || (!pressed && !_held.TryReleaseMouse(number)))
            return false;
        if (pressed)
        {
            Enter();
            _held.PressMouse(number);
        }

        Send(OutgoingMessage.WithByte(pressed ? MessageCode.ButtonDown : MessageCode.ButtonUp, (byte)number));
        if (!pressed)
            FetchClipboardIfDue(nowNs);
        return true;
    }

    /// <summary>The middle of a pixel of the page's picture, put onto the client's screen.</summary>
    public bool MoveTo(int x, int y, PictureSize picture)
    {
        if (!IsReady || !picture.IsValid)
            return false;
        _pointerX = Screen.X + Scale(x, picture.Width, Screen.Width);
        _pointerY = Screen.Y + Scale(y, picture.Height, Screen.Height);
        Enter();
        Send(new OutgoingMessage(MessageCode.MoveTo, _pointerX, _pointerY));
        return true;
    }

    public bool MoveBy(int deltaX, int deltaY)
    {
        if (!IsReady)
            return false;
        Enter();
        Send(new OutgoingMessage(MessageCode.MoveBy, Clamp16(deltaX), Clamp16(deltaY)));
        return true;
    }

    /// <summary>
    /// Barrier counts up and right as positive. A client takes either direction in a message, not both; QEMU
    /// knows no sideways (it would scroll down), and makes one step of each message.
    /// </summary>
    public bool Scroll(int deltaX, int deltaY)
    {
        if (!IsReady)
            return false;
        Enter();
        if (IsFullClient)
        {
            if (deltaY != 0)
                Send(new OutgoingMessage(MessageCode.Wheel, 0, Clamp16(-(long)deltaY)));
            if (deltaX != 0)
                Send(new OutgoingMessage(MessageCode.Wheel, Clamp16(deltaX), 0));
            return true;
        }

        long units = _wheelRest - (long)deltaY;
        int steps = (int)Math.Clamp(units / IInputSink.WheelUnitsPerStep, -MaxSteps, MaxSteps);
        _wheelRest = (int)(units % IInputSink.WheelUnitsPerStep);
        for (int i = 0; i < Math.Abs(steps); i++)
            Send(new OutgoingMessage(MessageCode.Wheel, 0, Math.Sign(steps) * IInputSink.WheelUnitsPerStep));
        return true;
    }

    /// <summary>Gives the client a clipboard with this text. QEMU has no clipboard here.</summary>
    public bool SetClipboardText(string text)
    {
        if (!IsReady || !IsFullClient || ClipboardData.FromText(text) is not { } data)
            return false;
        _grabbedAt[0] = _sequence;
        _clipboardWanted = false;
        Send(OutgoingMessage.GrabClipboard(0, 0));
        _clipboardOut.Begin(data);
        return true;
    }

    /// <summary>Tells a client that a screen saver runs here, or no longer does, for it to do the same.</summary>
    public bool SetScreenSaver(bool active)
    {
        if (!IsReady || !IsFullClient)
            return false;
        Send(OutgoingMessage.WithByte(MessageCode.ScreenSaver, active ? (byte)1 : (byte)0));
        return true;
    }

    /// <summary>All that is down goes up, and the screen is left; a client then sends the clipboards that it owns.</summary>
    public void ReleaseAll()
    {
        if (!IsReady)
            return;
        for (int button = 0; button < KeyButtons.Count && !_held.IsNothingDown; button++)
        {
            if (_held.TryReleaseKey((ushort)button, out ushort id))
                Send(new OutgoingMessage(MessageCode.KeyUp, id, _lockMask, button));
        }

        for (int button = 1; !_held.IsNothingDown; button++)
        {
            if (_held.TryReleaseMouse(button))
                Send(OutgoingMessage.WithByte(MessageCode.ButtonUp, (byte)button));
        }

        if (_entered)
            Send(new OutgoingMessage(MessageCode.Leave));
        _entered = false;
        _clipboardWanted = false;
    }

    private void Enter()
    {
        if (_entered)
            return;
        _entered = true;
        Send(OutgoingMessage.Enter(_pointerX, _pointerY, ++_sequence, _lockMask));
    }

    private void WantClipboard(long nowNs)
    {
        // A client that is not driven sends its clipboard unasked.
        if (!_entered)
            return;
        _clipboardWanted = true;
        _fetchNotBeforeNs = Math.Max(nowNs, _lastFetchNs + BarrierLimits.ClipboardFetchNs);
        FetchClipboardIfDue(nowNs);
    }

    /// <summary>A client sends its clipboard when its screen is left; so it is left, and entered again at once.</summary>
    private void FetchClipboardIfDue(long nowNs)
    {
        if (nowNs < ClipboardFetchDueNs)
            return;
        _clipboardWanted = false;
        _lastFetchNs = nowNs;
        Send(new OutgoingMessage(MessageCode.Leave));
        _entered = false;
        Enter();
    }

    private static int Scale(int position, int from, int to) =>
        (int)Math.Clamp(((2L * position) + 1) * to / (2L * from), 0, to - 1);

    private static int Clamp16(long value) => (int)Math.Clamp(value, short.MinValue, short.MaxValue);
}
