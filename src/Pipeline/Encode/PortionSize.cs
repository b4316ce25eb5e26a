namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>
/// How many blocks a picture that only sharpens may take, so that what comes after it need not wait long for the link.
/// What a block costs is learned: dense text takes hundreds of bits, the empty ground around it next to none.
/// </summary>
internal struct PortionSize()
{
    // Of dense text, to begin with.
    private const double MostBits = 600;

    // An empty block is not free: its neighbours may be text.
    private const double LeastBits = 25;

    // A picture costs its time, however few blocks it sharpens.
    private const int Least = 16;

    // This part of what the link has room for.
    private const int RoomShare = 4;

    private double _bitsPerBlock = MostBits;

    /// <summary>Blocks of the next one, where the link has room for so many bits, and x264 time for <paramref name="most"/> blocks.</summary>
    public readonly int For(int roomBits, int most) => Math.Min(most, Math.Max((int)(roomBits / RoomShare / _bitsPerBlock), Least));

    /// <summary>So many blocks have taken so many bytes. More than expected counts at once, less by halves.</summary>
    public void Learn(int blocks, int bytes)
    {
        if (blocks > 0)
            _bitsPerBlock = Math.Clamp(Math.Max(bytes * 8.0 / blocks, _bitsPerBlock / 2), LeastBits, MostBits);
    }
}
