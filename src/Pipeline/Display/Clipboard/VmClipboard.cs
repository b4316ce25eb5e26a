namespace QemuZeroCopy.Pipeline.Display.Clipboard;

/// <summary>
/// The guest's clipboards over org.qemu.Display1.Clipboard. One side owns a selection at a time: who copied last.
/// Methods may be called from any thread; events come on the display thread, where handlers only take note.
/// </summary>
public sealed class VmClipboard
{
    private readonly DisplayThread _thread;
    private readonly ClipboardSession _session;

    internal VmClipboard(DisplayThread thread, ClipboardSession session)
    {
        (_thread, _session) = (thread, session);
        session.Offered = (selection, mimeTypes) => Offered?.Invoke(selection, mimeTypes);
        session.Withdrawn = selection => Withdrawn?.Invoke(selection);
    }

    /// <summary>The guest owns a selection now; with the MIME types that it is offered in, as the guest names them.</summary>
    public event Action<ClipboardSelection, IReadOnlyList<string>>? Offered;

    /// <summary>Nobody owns the selection any more.</summary>
    public event Action<ClipboardSelection>? Withdrawn;

    /// <summary>Whether QEMU has taken us as its clipboard's other side.</summary>
    public bool IsConnected => _session.IsRegistered;

    /// <summary>
    /// Makes us the owner of a selection. QEMU asks for the bytes when the guest pastes, and stands still until it
    /// has them: so all forms are given here, and the answer is at hand.
    /// </summary>
    /// <exception cref="ArgumentException">Nothing is offered, or more than <see cref="ClipboardFormats.MaxBytes"/>.</exception>
    public void Offer(ClipboardSelection selection, IReadOnlyList<ClipboardContent> contents)
    {
        ArgumentNullException.ThrowIfNull(contents);
        if (contents.Count == 0 || contents.Sum(content => (long)content.Data.Length) > ClipboardFormats.MaxBytes)
            throw new ArgumentException($"A clipboard holds between 1 and {ClipboardFormats.MaxBytes} bytes.", nameof(contents));
        _thread.Post(() => _session.Offer(selection, contents));
    }

    /// <summary>Gives up a selection that we own.</summary>
    public void Withdraw(ClipboardSelection selection) => _thread.Post(() => _session.Withdraw(selection));

    /// <summary>Reads what the guest has in a selection, in the first of these formats that it has.</summary>
    public async Task<ClipboardReading> ReadAsync(ClipboardSelection selection, params IReadOnlyList<string> mimeTypes)
    {
        TaskCompletionSource<ClipboardReading> done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        _thread.Post(() => _session.Read(selection, mimeTypes, done));
        // The thread may have ended already, and then runs nothing any more.
        await Task.WhenAny(done.Task, _session.Ended).ConfigureAwait(false);
        return done.Task.IsCompleted ? await done.Task.ConfigureAwait(false) : new ClipboardReading(null, "QEMU has gone.");
    }
}
