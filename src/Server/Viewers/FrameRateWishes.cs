namespace QemuZeroCopy.Server.Viewers;

/// <summary>
/// How many pictures a second the pages want: as many as their displays show. One encode serves all, so the most that
/// anyone wants is made. Belongs to the hub's gate.
/// </summary>
/// <param name="limit">The most that this server makes.</param>
internal sealed class FrameRateWishes(int limit)
{
    /// <summary>What most displays show, and most guests draw: for a viewer that has not said.</summary>
    private const int Usual = 60;

    private readonly Dictionary<object, int> _wishes = [];

    /// <summary>Pictures a second to make where every path carries them.</summary>
    public int Full { get; private set; } = Math.Min(Usual, limit);

    /// <summary>A page wants this many; null: it has gone. True when <see cref="Full"/> is another now.</summary>
    public bool Set(object page, int? framesPerSecond)
    {
        if (framesPerSecond is { } wish)
            _wishes[page] = Math.Clamp(wish, 1, limit);
        else
            _wishes.Remove(page);
        int before = Full;
        Full = _wishes.Count > 0 ? _wishes.Values.Max() : Math.Min(Usual, limit);
        return Full != before;
    }
}
