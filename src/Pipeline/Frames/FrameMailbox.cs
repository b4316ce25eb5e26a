namespace QemuZeroCopy.Pipeline.Frames;

/// <summary>One look at the screen, handed to the encode thread.</summary>
/// <param name="Scanout">What to read; the taker holds a reference and releases it. Null while the screen is off.</param>
/// <param name="DamageNs">When the oldest damage was read from QEMU's socket, ns of CLOCK_MONOTONIC.</param>
/// <param name="Sequence">To be acknowledged once the pixels have been read.</param>
public readonly record struct FrameTicket(Scanout? Scanout, long DamageNs, ulong Sequence);

/// <summary>
/// Between the display thread and the encode thread of one console. Holds the current scanout and the
/// union of the damage since the last take; never pixels, never a queue, so a slow encoder sees the
/// newest picture and the display thread never waits longer than for a bitmap copy.
/// </summary>
public sealed class FrameMailbox : IDisposable
{
    private readonly object _gate = new();
    private readonly IFrameAcknowledger _acknowledger;
    private TileMap _damage = DamageRegion.Create(new PictureSize(64, 64));
    private Scanout? _scanout;
    private EventWaitHandle? _watcher;
    private bool _pending;
    private bool _woken;
    private bool _closed;
    private long _oldestDamageNs;
    private ulong _sequence;
    private long _changes;
    private UpdateBurst _burst;
    private BlankHold _blank;

    /// <summary>An empty mailbox; acknowledgements of taken and of discarded damage go to <paramref name="acknowledger"/>.</summary>
    public FrameMailbox(IFrameAcknowledger acknowledger) => _acknowledger = acknowledger;

    /// <summary>
    /// Display thread: QEMU shows something else, or nothing (null). Takes over the caller's reference;
    /// the whole picture counts as damaged. With <paramref name="blankUntilNs"/> nothing has been drawn into it: it is not
    /// taken before then, unless something is drawn.
    /// </summary>
    public void SetScanout(Scanout? scanout, long nowNs, long blankUntilNs = 0)
    {
        Scanout? replaced;
        bool late;
        lock (_gate)
        {
            late = _closed;
            replaced = late ? scanout : _scanout;
            if (!late)
            {
                _scanout = scanout;
                // Of a mode before nothing will be seen any more.
                bool isOtherMode = scanout is not null && _damage.Size != scanout.Size;
                if (isOtherMode)
                    _damage.Resize(scanout!.Size);
                if (scanout is not null)
                    _damage.Fill();
                // A guest that waits for its answer does not wait for another picture.
                _blank.Show(_sequence == 0 ? blankUntilNs : 0);
                Post(nowNs, mayHold: false, isOldest: isOtherMode);
            }
        }

        replaced?.Release();
    }

    /// <summary>
    /// Display thread: <paramref name="rect"/> of the current scanout changed. A non-zero
    /// <paramref name="sequence"/>, larger than any before, is acknowledged when the pixels have been read.
    /// </summary>
    public void AddDamage(PixelRect rect, long nowNs, ulong sequence = 0)
    {
        bool discard;
        lock (_gate)
        {
            discard = _closed || _scanout is null;
            if (!discard)
            {
                _damage.Add(rect);
                if (sequence != 0)
                    _sequence = sequence;
                _blank.Draw(sequence == 0 && rect == new PixelRect(0, 0, _scanout!.Size.Width, _scanout.Size.Height));
                Post(nowNs, mayHold: sequence == 0);
            }
        }

        if (discard && sequence != 0)
            _acknowledger.Acknowledge(sequence);
    }

    /// <summary>
    /// Encode thread: waits until there is a whole picture to take, <see cref="WakeUp"/> is called or the time is
    /// over. False when the time is over or the mailbox is closed. With <paramref name="pictures"/> false a new
    /// picture does not end the wait: the taker is not ready for one yet.
    /// </summary>
    public bool Wait(TimeSpan timeout, bool pictures = true)
    {
        long nowNs = MonotonicClock.NowNs;
        long deadlineNs = nowNs + (long)(Math.Min(timeout.TotalSeconds, 3600) * 1e9);
        lock (_gate)
        {
            while (!_woken && !_closed)
            {
                long leftNs = deadlineNs - nowNs;
                if (_pending && pictures)
                {
                    long holdNs = Math.Max(_burst.HoldNs(nowNs), _blank.HoldNs(nowNs));
                    if (holdNs <= 0)
                        break;
                    leftNs = Math.Min(leftNs, holdNs);
                }

                if (leftNs <= 0)
                    return false;
                // Rounded up: the last part of a millisecond must not be spent spinning.
                Monitor.Wait(_gate, (int)((leftNs + 999_999) / 1_000_000));
                nowNs = MonotonicClock.NowNs;
            }

            _woken = false;
            return !_closed;
        }
    }

    /// <summary>
    /// Encode thread: sets <paramref name="watcher"/> with every picture that comes from now on, and at once when one is
    /// waiting; null ends it.
    /// </summary>
    public void Watch(EventWaitHandle? watcher)
    {
        lock (_gate)
        {
            _watcher = watcher;
            if (_pending && !_closed)
                watcher?.Set();
        }
    }

    /// <summary>
    /// Encode thread: takes the newest scanout and adds the damage gathered since the last take to
    /// <paramref name="damage"/>, which takes on the scanout's size (and is then wholly set) where it differs.
    /// False when there is nothing new, or, unless <paramref name="whole"/> is false, when the rest of it is about to come.
    /// </summary>
    public bool TryTake(TileMap damage, long nowNs, out FrameTicket ticket, bool whole = true)
    {
        ArgumentNullException.ThrowIfNull(damage);
        lock (_gate)
        {
            if (!_pending || _closed || (whole && _burst.HoldNs(nowNs) > 0) || _blank.HoldNs(nowNs) > 0)
            {
                ticket = default;
                return false;
            }

            _scanout?.AddReference();
            if (_scanout is not null)
            {
                if (damage.Size != _damage.Size)
                    damage.CopyFrom(_damage);
                else
                    damage.UnionWith(_damage);
            }

            ticket = new FrameTicket(_scanout, _oldestDamageNs, _sequence);
            _damage.Clear();
            _blank.Take();
            _pending = false;
            _sequence = 0;
            return true;
        }
    }

    /// <summary>
    /// Any thread: what QEMU shows now, with a reference that is the caller's; null while the screen is off. What the
    /// encode thread gets stays as it is. <paramref name="changes"/> is another number after every change of the picture.
    /// </summary>
    public Scanout? Look(out long changes)
    {
        lock (_gate)
        {
            changes = _changes;
            _scanout?.AddReference();
            return _scanout;
        }
    }

    /// <summary>
    /// Encode thread: whether tiles of <paramref name="read"/> were damaged again, so that the pixels just read
    /// may be a mixture of two pictures, or QEMU shows a picture of another size by now.
    /// </summary>
    public bool HasOvertaken(TileMap read)
    {
        ArgumentNullException.ThrowIfNull(read);
        lock (_gate)
            return _pending && !_closed && _scanout is not null && !_blank.IsHolding && (_damage.Size != read.Size || _damage.Overlaps(read));
    }

    /// <summary>Encode thread: the pixels of <paramref name="ticket"/> have been read, or will not be.</summary>
    public void Complete(in FrameTicket ticket)
    {
        ticket.Scanout?.Release();
        if (ticket.Sequence != 0)
            _acknowledger.Acknowledge(ticket.Sequence);
    }

    /// <summary>Any thread: makes <see cref="Wait"/> return, so that a request of another kind is looked at.</summary>
    public void WakeUp()
    {
        lock (_gate)
        {
            _woken = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Closes the mailbox, drops the scanout and acknowledges what was never taken.</summary>
    public void Dispose()
    {
        Scanout? scanout;
        ulong sequence;
        lock (_gate)
        {
            if (_closed)
                return;
            _closed = true;
            (scanout, _scanout) = (_scanout, null);
            (sequence, _sequence) = (_sequence, 0);
            Monitor.PulseAll(_gate);
        }

        scanout?.Release();
        if (sequence != 0)
            _acknowledger.Acknowledge(sequence);
    }

    private void Post(long nowNs, bool mayHold, bool isOldest = false)
    {
        _changes++;
        _burst.Add(nowNs, mayHold);
        if (!_pending || isOldest)
            _oldestDamageNs = nowNs;
        _pending = true;
        Monitor.Pulse(_gate);
        _watcher?.Set();
    }
}
