using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>
/// The pipeline's first half: what was taken out of the mailbox, and what of it was converted but not encoded. Used by one
/// thread at a time: the encode thread, and <see cref="ReadAhead"/> while that one waits for the encoder.
/// </summary>
internal sealed class PictureReader(FrameMailbox mailbox, PathChain chain, PipelineCounters counters)
{
    private readonly TileMap _damage = DamageRegion.Create(new PictureSize(64, 64));
    private readonly TileMap _fresh = new(new PictureSize(64, 64), PictureTarget.MacroblockSize);
    private FrameTicket? _ticket;
    private FrameTimeline _timeline;

    /// <summary>What QEMU shows; null while the screen is off.</summary>
    public Scanout? Scanout { get; private set; }

    /// <summary>Macroblocks that differ from the last picture that was encoded.</summary>
    public TileMap Owed { get; } = new(new PictureSize(64, 64), PictureTarget.MacroblockSize);

    /// <summary>Something was taken that no conversion has read yet.</summary>
    public bool HasUnread { get; private set; }

    /// <summary>A picture was converted ahead and waits to be encoded.</summary>
    public bool IsAhead { get; private set; }

    /// <summary>When the encode thread was done with the picture before, and when its pause after that was over.</summary>
    public (long FreeNs, long ReadyNs) Availability { get; set; }

    /// <summary>Takes what is new. Damage adds up until a conversion has read it; QEMU is answered by <see cref="Acknowledge"/>.</summary>
    public bool Take(long nowNs, bool whole = true)
    {
        if (!mailbox.TryTake(_damage, nowNs, out FrameTicket ticket, whole))
            return false;
        counters.Count(taken: 1);
        if (_ticket is { } unanswered)
            mailbox.Complete(unanswered);
        bool isOtherMode = Scanout?.Size != ticket.Scanout?.Size;
        Scanout?.Release();
        Scanout = ticket.Scanout;
        Scanout?.AddReference();
        _ticket = ticket;
        if (Scanout is null)
        {
            Acknowledge();
            (HasUnread, IsAhead) = (false, false);
            return true;
        }

        if (isOtherMode || (!HasUnread && !IsAhead))
            _timeline = new FrameTimeline { DamageNs = ticket.DamageNs };
        (_timeline.FreeNs, _timeline.ReadyNs) = Availability;
        _timeline.TakenNs = nowNs;
        HasUnread = true;
        return true;
    }

    /// <summary>The pixels of what was taken have been read, or will not be.</summary>
    public void Acknowledge()
    {
        if (_ticket is { } ticket)
            mailbox.Complete(ticket);
        _ticket = null;
    }

    /// <summary>
    /// Converts what is damaged; once more what was damaged while that was being read. Null when QEMU shows something else
    /// by then: that is taken, and waits to be read.
    /// </summary>
    public ConvertOutcome? Read(PictureTarget target, long nowNs)
    {
        if (IsAhead && !HasUnread)
            return ConvertOutcome.Converted;
        Scanout scanout = Scanout!;
        if (_timeline.TakenNs == 0)
            _timeline.TakenNs = nowNs;
        long takenNs = _timeline.TakenNs;
        _timeline.ImportedNs = 0;
        ConvertOutcome outcome = Convert(scanout, target);
        if (outcome != ConvertOutcome.Converted)
            return outcome;
        if (mailbox.HasOvertaken(_damage))
        {
            _damage.Clear();
            Acknowledge();
            if (!Take(MonotonicClock.NowNs, whole: false) || !ReferenceEquals(Scanout, scanout))
                return null;
            counters.Count(reread: 1);
            // The second look is a part of the conversion that the first one began.
            _timeline.TakenNs = takenNs;
            outcome = Convert(scanout, target);
            if (outcome != ConvertOutcome.Converted)
                return outcome;
        }

        _damage.Clear();
        _timeline.ConvertedNs = MonotonicClock.NowNs;
        HasUnread = false;
        return ConvertOutcome.Converted;
    }

    /// <summary>
    /// While the encoder is busy: takes the next picture and converts it, where it is of the kind that the open path reads.
    /// What comes to anything else is left for the encode thread, which meets it once more. False when nothing was new.
    /// </summary>
    public bool ReadAhead(PictureTarget target, long nowNs)
    {
        if (!Take(nowNs))
            return false;
        ConvertOutcome? outcome = null;
        for (int i = 0; i < 2 && outcome is null && Scanout is { } scanout && scanout.Size == target.Size && chain.Fits(scanout); i++)
            outcome = Read(target, nowNs);
        if (outcome == ConvertOutcome.Converted)
        {
            Acknowledge();
            IsAhead = true;
            counters.Count(readAhead: 1);
        }

        return true;
    }

    /// <summary>The encoder takes over what is owed and the way it came.</summary>
    public FrameTimeline HandOver(TileMap owed)
    {
        owed.CopyFrom(Owed);
        Owed.Clear();
        IsAhead = false;
        FrameTimeline timeline = _timeline;
        _timeline = default;
        return timeline;
    }

    /// <summary>The encoder has not shown it after all.</summary>
    public void TakeBack(TileMap owed, in FrameTimeline timeline)
    {
        if (owed.Size == Owed.Size)
            Owed.UnionWith(owed);
        if (!HasUnread && !IsAhead)
            _timeline = timeline;
    }

    /// <summary>Nothing of the picture has been encoded yet.</summary>
    public void StartOver(PictureSize size)
    {
        if (Owed.Size != size)
        {
            Owed.Resize(size);
            _fresh.Resize(size);
        }

        if (_damage.Size != size)
            _damage.Resize(size);
        _damage.Fill();
        Owed.Fill();
        IsAhead = false;
    }

    /// <summary>What was read has got lost on the way.</summary>
    public void ReadAgain() => HasUnread = Scanout is not null;

    /// <summary>Gives up what was taken and not read, because it cannot be.</summary>
    public void Drop(bool damage)
    {
        HasUnread = false;
        if (damage)
            _damage.Clear();
    }

    /// <summary>What was converted differs in nothing.</summary>
    public void Forget()
    {
        IsAhead = false;
        _timeline = default;
    }

    public void Close()
    {
        Scanout?.Release();
        Scanout = null;
    }

    private ConvertOutcome Convert(Scanout scanout, PictureTarget target)
    {
        IFrameConverter converter = chain.Converter!;
        long startNs = MonotonicClock.NowNs;
        ConvertOutcome outcome = counters.Measure(converter, scanout, _damage, target, _fresh);
        if (_timeline.ImportedNs == 0)
            _timeline.ImportedNs = startNs + converter.LastImportNs;
        // Zeros stand where QEMU's file ends now. They are in the target: what they changed has to be encoded one day.
        bool isTorn = scanout is SharedMemoryScanout { Memory.IsTorn: true };
        if (outcome == ConvertOutcome.Converted || outcome == ConvertOutcome.BadScanout || isTorn)
            Owed.UnionWith(_fresh);
        return isTorn ? ConvertOutcome.BadScanout : outcome;
    }
}
