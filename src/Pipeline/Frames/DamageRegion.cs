namespace QemuZeroCopy.Pipeline.Frames;

/// <summary>
/// What QEMU reported as changed since the encoder last looked, to the tile. Bounded by construction:
/// any number of rectangles adds up in one bitmap (at most 8 KiB, for 16384 × 16384). Not thread-safe;
/// <see cref="FrameMailbox"/> guards the shared one.
/// </summary>
public static class DamageRegion
{
    /// <summary>Side of a damage tile: four macroblocks, 64 pixels.</summary>
    public const int TileSize = 64;

    /// <summary>An empty region for a picture of <paramref name="size"/>.</summary>
    public static TileMap Create(PictureSize size) => new(size, TileSize);
}
