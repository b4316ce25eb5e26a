namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>The demo guest's pointers, computed: the twin of cursor_paint in native/demo-guest/display.c.</summary>
internal static class GuestCursor
{
    /// <summary>What can be seen of it, with colours that alpha has not been multiplied into, and the hot spot.</summary>
    public static (Picture Image, byte[] Alpha, int HotX, int HotY) Expected(string shape) => shape switch
    {
        // White, one black pixel around.
        "arrow" => Draw(0, 0, 12, 24, 0, 0, (x, y) => x > y || x + y >= 24 ? (0, 0) : (255, x == 0 || x == y || x + y == 23 ? 0 : 0xffffff)),
        "beam" => Draw(1, 0, 8, 20, 4, 10, (x, y) => x is 4 or 5 || y is < 2 or >= 18 ? (255, 0xffffff) : (0, 0)),
        // Half transparent: 0x80408000 with alpha multiplied in is this colour.
        _ => Draw(1, 1, 19, 19, 9, 9, (x, y) => (x - 10) * (x - 10) + (y - 10) * (y - 10) < 100 ? (128, 0x80ff00) : (0, 0)),
    };

    private static (Picture Image, byte[] Alpha, int HotX, int HotY) Draw(int left, int top, int width, int height, int hotX, int hotY, Func<int, int, (int Alpha, int Rgb)> pixel)
    {
        byte[] alpha = [.. Enumerable.Range(0, width * height).Select(i => (byte)pixel(left + i % width, top + i / width).Alpha)];
        return (Picture.From(width, height, (x, y) => (pixel(left + x, top + y).Rgb >> 16, pixel(left + x, top + y).Rgb >> 8 & 255, pixel(left + x, top + y).Rgb & 255)), alpha, hotX, hotY);
    }
}
