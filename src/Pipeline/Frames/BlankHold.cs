namespace QemuZeroCopy.Pipeline.Frames;

/// <summary>
/// A guest that changes its mode has no picture for some milliseconds, and QEMU shows an empty one of the old size meanwhile
/// ("Display output is not active", ui/console.c). Encoding that would be in the way of the new mode's first picture: it
/// waits for what follows, for so long as a screen that went off does. So does any buffer of the same size into which nothing
/// has been drawn, until something is.
/// </summary>
internal struct BlankHold
{
    private long _untilNs;
    private bool _isBlank;
    private bool _isTold;

    /// <summary>Whether what is shown now waits, or would had its time not come.</summary>
    public readonly bool IsHolding => _untilNs != 0;

    /// <summary>
    /// Another picture is shown: an empty one until <paramref name="untilNs"/>, or with 0 one that does not wait. A second empty
    /// one waits no longer than the first.
    /// </summary>
    public void Show(long untilNs)
    {
        bool isBlank = untilNs != 0;
        if (!isBlank)
            _untilNs = 0;
        else if (!_isBlank)
            _untilNs = untilNs;
        (_isBlank, _isTold) = (isBlank, false);
    }

    /// <summary>Something was drawn. QEMU tells each new picture once as a whole, which is no news.</summary>
    public void Draw(bool isWhole)
    {
        if (isWhole && !_isTold)
            _isTold = true;
        else
            _isBlank = false;
        if (!_isBlank)
            _untilNs = 0;
    }

    /// <summary>The picture was taken, because its time was over.</summary>
    public void Take() => _untilNs = 0;

    /// <summary>How long the picture still waits, ns; 0 or less when it does not.</summary>
    public readonly long HoldNs(long nowNs) => _untilNs == 0 ? 0 : _untilNs - nowNs;
}
