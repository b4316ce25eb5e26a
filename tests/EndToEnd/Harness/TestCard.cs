namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>The guest's scene <c>card</c>, computed: the twin of native/demo-guest/scenes/card.c.</summary>
internal static class TestCard
{
    /// <summary>The number that the card's barcode carries.</summary>
    public const int Number = 1000;

    private static readonly int[] s_bars = [0xbfbfbf, 0xbfbf00, 0x00bfbf, 0x00bf00, 0xbf00bf, 0xbf0000, 0x0000bf, 0x000000];

    /// <summary>The eight bars' colours from left to right, 64 pixels each, from x = 64.</summary>
    public static IReadOnlyList<int> Bars => s_bars;

    public static int BarsTop(int height) => height / 2 & ~15;

    public static Picture Expected(int width, int height, int head = 0) => Picture.From(width, height, (x, y) => Pixel(x, y, width, height, head));

    private static (int R, int G, int B) Pixel(int x, int y, int width, int height, int head)
    {
        if (head == 0 && x < 512 && y < 32)
            return FrameBarcode.CellIsWhite(Number, x / 32) ? (255, 255, 255) : (0, 0, 0);
        if (x >= width - 64 && x < width - 32 && y is >= 32 and < 64)
            return (255, 255, 255);
        if (x is >= 32 and < 64 && y >= height - 64 && y < height - 32)
            return (0, 0, 0);
        if (x is >= 64 and < 576 && y >= BarsTop(height) && y < BarsTop(height) + 64)
            return (s_bars[(x - 64) / 64] >> 16, s_bars[(x - 64) / 64] >> 8 & 255, s_bars[(x - 64) / 64] & 255);
        return (x * 255 / (width - 1), y * 255 / (height - 1), (128 + 96 * head) & 255);
    }
}
