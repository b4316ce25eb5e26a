using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Input.Barrier;

namespace QemuZeroCopy.Server.Input;

/// <summary>Which way a page's input goes when the page has not chosen.</summary>
internal enum InputMode
{
    /// <summary>To the console's own devices where it has a keyboard and a mouse, to a Barrier client else.</summary>
    Auto,

    /// <summary>To the console's own devices, always.</summary>
    DBus,

    /// <summary>To a Barrier client, always.</summary>
    Barrier,
}

/// <summary>
/// One page's way to what it drives: the console's own devices or one of the Barrier clients. What the page has
/// down when the way changes goes up at the end that is left.
/// </summary>
internal sealed class RoutedInput : IInputSink, IDisposable
{
    /// <summary>Stands for the client that is yet to come.</summary>
    private static readonly BarrierSink s_nobody = new("");

    private readonly IInputSink _own;
    private readonly BarrierRoster? _clients;
    private readonly InputMode _mode;
    private readonly Lock _gate = new();
    private string? _choice;
    private IInputSink _target;

    public RoutedInput(IInputSink own, BarrierRoster? clients, InputMode mode)
    {
        (_own, _clients, _mode) = (own, clients, mode);
        _target = Wanted();
        _target.GuestClipboardChanged += OnClipboard;
        if (clients is not null)
            clients.Changed += OnClients;
    }

    /// <summary>Another target, or other choices. Raised on any thread; handlers return at once.</summary>
    public event Action? Changed;

    public event Action<string>? GuestClipboardChanged;

    public string Name => Target.Name;

    public InputCapabilities Capabilities => Target.Capabilities;

    /// <summary>Where input goes now.</summary>
    public IInputSink Target => Volatile.Read(ref _target);

    /// <summary>Whether the console's own devices are among the choices.</summary>
    public bool MayBeOwn => _mode != InputMode.Barrier;

    /// <summary>Whether input goes to the console's own devices.</summary>
    public bool IsOwn => ReferenceEquals(Target, _own);

    /// <summary>The clients that a page can choose from, connected ones only.</summary>
    public IReadOnlyList<string> Choices => _clients is null || _mode == InputMode.DBus ? [] : [.. _clients.Sinks.Where(sink => sink.IsConnected).Select(sink => sink.Name)];

    /// <summary>Drives the client of this name from now on, as long as it is there; null goes back to what the mode says.</summary>
    public void Choose(string? name)
    {
        lock (_gate)
            _choice = name;
        Follow();
        Changed?.Invoke();
    }

    public void Key(in KeyInput key) => Current().Key(key);

    public void Button(PointerButton button, bool pressed) => Current().Button(button, pressed);

    public void MoveTo(int x, int y, PictureSize picture) => Current().MoveTo(x, y, picture);

    public void MoveBy(int deltaX, int deltaY) => Current().MoveBy(deltaX, deltaY);

    public void Scroll(int deltaX, int deltaY) => Current().Scroll(deltaX, deltaY);

    public void Touch(TouchPhase phase, int slot, int x, int y, PictureSize picture) => Current().Touch(phase, slot, x, y, picture);

    public void SetClipboardText(string text) => Current().SetClipboardText(text);

    public void ReleaseAll() => Target.ReleaseAll();

    public void Dispose()
    {
        if (_clients is not null)
            _clients.Changed -= OnClients;
        Target.GuestClipboardChanged -= OnClipboard;
    }

    /// <summary>The console's devices come and go without a word, so they are looked at each time.</summary>
    private IInputSink Current()
    {
        if (_clients is not null && _mode == InputMode.Auto)
            Follow();
        return Target;
    }

    private void OnClients()
    {
        Follow();
        Changed?.Invoke();
    }

    private void Follow()
    {
        lock (_gate)
        {
            IInputSink next = Wanted();
            IInputSink left = _target;
            if (ReferenceEquals(next, left))
                return;
            left.ReleaseAll();
            left.GuestClipboardChanged -= OnClipboard;
            next.GuestClipboardChanged += OnClipboard;
            Volatile.Write(ref _target, next);
        }
    }

    private IInputSink Wanted()
    {
        if (_clients is null || _mode == InputMode.DBus)
            return _own;
        if (_choice is { } name && _clients.Find(name) is { IsConnected: true } chosen)
            return chosen;
        if (_mode == InputMode.Auto && HasKeyboardAndMouse(_own.Capabilities))
            return _own;
        // A client that is away keeps its page, which goes on when it comes back.
        IReadOnlyList<BarrierSink> sinks = _clients.Sinks;
        return sinks.FirstOrDefault(sink => sink.IsConnected) ?? (_mode == InputMode.Auto ? _own : sinks.Count > 0 ? sinks[0] : s_nobody);
    }

    private static bool HasKeyboardAndMouse(InputCapabilities capabilities) =>
        (capabilities & InputCapabilities.Keyboard) != 0 && (capabilities & (InputCapabilities.AbsolutePointer | InputCapabilities.RelativePointer)) != 0;

    private void OnClipboard(string text) => GuestClipboardChanged?.Invoke(text);
}
