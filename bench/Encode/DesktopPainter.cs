using QemuZeroCopy.Bench.Convert;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Bench.Encode;

/// <summary>
/// A desktop at 1080p: a page of text on the left in which is typed, a log that scrolls, a video of 854 × 480 and a
/// window that is dragged over the page. Everything follows from the number of the frame.
/// </summary>
internal sealed class DesktopPainter
{
    private const int LinePitch = 18, CellWidth = 9;
    private const uint Paper = 0xfffafafa, Ink = 0xff202428;
    private static readonly PixelRect s_video = new(40, 560, 854, 480);
    private static readonly PixelRect s_log = new(960, 80, 900, 440);
    private readonly MemoryScanout _scanout;
    private readonly uint[] _below;
    private PixelRect _window = new(1200, 600, 400, 300);
    private int _letters;
    private int _scrolled;

    public DesktopPainter(MemoryScanout scanout)
    {
        _scanout = scanout;
        Scenes.FillWithText(scanout, 3);
        Fill(s_log, Paper);
        Fill(s_video, 0xff000000);
        _below = [.. scanout.Words];
        for (int y = 0; y < s_log.Height; y++)
            PageRow(y);
        Array.Copy(scanout.Words.ToArray(), _below, _below.Length);
        Drag(0);
    }

    /// <summary>One letter; returns what changed.</summary>
    public PixelRect Type()
    {
        var random = new Random(_letters);
        int column = 4 + _letters % 100, row = 4 + _letters / 100 % 26;
        _letters++;
        return Scenes.DrawGlyph(_scanout, column, row, random);
    }

    /// <summary>The log moves up by so many rows.</summary>
    public PixelRect Scroll(int rows)
    {
        Span<uint> pixels = _scanout.Words;
        int width = _scanout.Size.Width;
        for (int y = 0; y < s_log.Height - rows; y++)
            pixels.Slice((s_log.Y + y + rows) * width + s_log.X, s_log.Width).CopyTo(pixels[((s_log.Y + y) * width + s_log.X)..]);
        _scrolled += rows;
        for (int y = s_log.Height - rows; y < s_log.Height; y++)
            PageRow(y);
        return s_log;
    }

    /// <summary>The window is where it is in frame <paramref name="t"/> of its way.</summary>
    public PixelRect Drag(int t)
    {
        PixelRect old = _window;
        Span<uint> pixels = _scanout.Words;
        int width = _scanout.Size.Width;
        for (int y = old.Y; y < old.Y + old.Height; y++)
            _below.AsSpan(y * width + old.X, old.Width).CopyTo(pixels[(y * width + old.X)..]);
        _window = old with { X = 1200 + (int)(180 * Math.Sin(t * 0.07)), Y = 620 + (int)(90 * Math.Sin(t * 0.11)) };
        Fill(_window, 0xffe8e0d0);
        Fill(_window with { Height = 26 }, 0xff50586a);
        int left = Math.Min(old.X, _window.X), top = Math.Min(old.Y, _window.Y);
        return new PixelRect(left, top, Math.Max(old.X, _window.X) + old.Width - left, Math.Max(old.Y, _window.Y) + old.Height - top);
    }

    /// <summary>The video's next picture.</summary>
    public PixelRect Video(int picture)
    {
        Scenes.FillWithMotion(_scanout, s_video, picture);
        return s_video;
    }

    private void Fill(PixelRect where, uint colour)
    {
        for (int y = where.Y; y < where.Y + where.Height; y++)
            _scanout.Words.Slice(y * _scanout.Size.Width + where.X, where.Width).Fill(colour);
    }

    // Row y of the log out of a page without end: each cell's strokes follow from where it stands on the page.
    private void PageRow(int y)
    {
        int down = _scrolled + y, line = down / LinePitch, inside = down % LinePitch;
        Span<uint> pixels = _scanout.Words.Slice((s_log.Y + y) * _scanout.Size.Width + s_log.X, s_log.Width);
        int cells = line % 7 == 0 ? 0 : 40 + line * 29 % 60;
        for (int x = 0; x < pixels.Length; x++)
        {
            int cell = x / CellWidth, across = x % CellWidth;
            ulong strokes = ((ulong)(uint)(line * 131 + cell) + 1) * 0x9e3779b97f4a7c15UL;
            strokes ^= strokes >> 29;
            bool ink = cell < cells && strokes % 6 != 0 && inside is > 2 and < 14 && across is > 0 and < 7 && (strokes >> ((across / 2 + inside / 3 * 5) & 63) & 1) != 0;
            pixels[x] = ink ? Ink : Paper;
        }
    }
}
