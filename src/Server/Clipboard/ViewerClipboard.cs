using System.Text;
using QemuZeroCopy.Pipeline.Display.Clipboard;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Vm;

namespace QemuZeroCopy.Server.Clipboard;

/// <summary>
/// One page's way to the clipboard of what it drives: the machine's, or a Barrier client's, which knows text alone.
/// Whether the page may use it is for the caller to check (<see cref="ViewerInput.Allowed"/>).
/// </summary>
internal sealed class ViewerClipboard : IDisposable
{
    private readonly ClipboardRelay _relay;
    private readonly RoutedInput _route;
    private readonly IDisposable _subscription;
    private GuestCopy? _elsewhere;
    private int _isBusy;

    public ViewerClipboard(ClipboardRelay relay, RoutedInput route)
    {
        (_relay, _route) = (relay, route);
        route.GuestClipboardChanged += OnElsewhere;
        _subscription = relay.Changed.Subscribe(Changed.Raise);
    }

    /// <summary>Raised when <see cref="Copied"/> may be another.</summary>
    public ChangeSignal Changed { get; } = new();

    /// <summary>What was copied last at the other end; null until something is.</summary>
    public GuestCopy? Copied => _route.IsOwn ? _relay.Copied : Volatile.Read(ref _elsewhere);

    /// <summary>Which ways are open.</summary>
    public ClipboardDirections Directions => _relay.Directions;

    /// <summary>Takes the one place for a transfer, so that a page holds memory for one only; false while it is taken.</summary>
    public bool TryEnter() => Interlocked.Exchange(ref _isBusy, 1) == 0;

    /// <summary>Gives the place back.</summary>
    public void Leave() => Volatile.Write(ref _isBusy, 0);

    /// <summary>Gives the other end something to paste; null, or a sentence about why not.</summary>
    public string? Offer(ClipboardContent content)
    {
        if (_route.IsOwn)
            return _relay.Offer(content);
        if (!Directions.HasFlag(ClipboardDirections.ToGuest))
            return "qzc was started without the clipboard's way to the guest (--clipboard).";
        if (content.MimeType != ClipboardFormats.Text)
            return "A Barrier client takes text only, so this picture cannot be brought to it.";
        _route.SetClipboardText(Encoding.UTF8.GetString(content.Data.Span));
        return null;
    }

    public void Dispose()
    {
        _route.GuestClipboardChanged -= OnElsewhere;
        _subscription.Dispose();
    }

    private void OnElsewhere(string text)
    {
        if (!Directions.HasFlag(ClipboardDirections.FromGuest))
            return;
        Volatile.Write(ref _elsewhere, GuestCopy.Create(new ClipboardContent(ClipboardFormats.Text, Encoding.UTF8.GetBytes(text))));
        Changed.Raise();
    }
}
