using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.FrameSource;

/// <summary>
/// Draws each kind of motion, a function of seed and frame number alone. The frame's number stands in the upper left
/// corner as the demo guest writes it: sixteen cells of 32 × 32 pixels, Gray code, highest bit first, white for 1.
/// </summary>
internal sealed unsafe class SourcePicture
{
    private const int Cell = 32, Cells = 16;
    private const int GlyphWidth = 10, GlyphHeight = 18, LineHeight = 24;
    private const int TextureSize = 512; // a power of two: it repeats
    private const int SpriteSize = 48, Sprites = 12;
    private const uint Ground = 0x1e2430, Ink = 0xd8dce6;

    private readonly SourceOptions _options;
    private readonly uint* _pixels;
    private readonly int _width, _height;
    private readonly uint[] _source;
    private readonly PixelRect[] _damage = new PixelRect[2];

    /// <param name="options">Size, kind and seed.</param>
    /// <param name="pixels">Room for the picture, 4 bytes a pixel; outlives this object.</param>
    public SourcePicture(SourceOptions options, nint pixels)
    {
        (_options, _width, _height) = (options, options.Width, options.Height);
        _pixels = (uint*)pixels;
        var random = new Random(options.Seed);
        _source = options.Kind is MotionKind.Video or MotionKind.Game ? Texture(random) : Page(random);
    }

    public void DrawFirst()
    {
        CopyPage(0);
        if (_options.Kind is MotionKind.Video or MotionKind.Game)
            new Span<uint>(_pixels, _width * _height).Fill(Ground);
        DrawNumber(0);
    }

    /// <summary>Draws a frame; returns what changed. The span is valid until the next call.</summary>
    public ReadOnlySpan<PixelRect> Draw(long frame)
    {
        int count = 0;
        switch (_options.Kind)
        {
            case MotionKind.Typing:
                _damage[count++] = Type(frame);
                break;
            case MotionKind.Scroll:
                CopyPage((int)(frame * 3 % _height));
                _damage[count++] = new PixelRect(0, 0, _width, _height);
                break;
            case MotionKind.Video:
                _damage[count++] = Drift(new PixelRect(_width / 4, _height / 4, _width / 2, _height / 2), frame);
                break;
            case MotionKind.Game:
                _damage[count++] = Drift(new PixelRect(0, 0, _width, _height), frame);
                DrawSprites(frame);
                break;
        }

        DrawNumber(frame);
        _damage[count++] = new PixelRect(0, 0, Math.Min(Cell * Cells, _width), Cell);
        return _damage.AsSpan(0, count);
    }

    /// <summary>Lines of made-up glyphs, a picture high; the page repeats when it is scrolled through.</summary>
    private uint[] Page(Random random)
    {
        uint[] page = new uint[_width * _height];
        Array.Fill(page, Ground);
        for (int y = 2 * Cell; y + LineHeight <= _height; y += LineHeight)
        {
            int end = random.Next(_width / 3, _width);
            for (int x = Cell; x + GlyphWidth <= end; x += GlyphWidth)
            {
                if (random.Next(6) > 0)
                    Glyph(page, x, y, random.Next());
            }
        }

        return page;
    }

    private static uint[] Texture(Random random)
    {
        uint[] texture = new uint[TextureSize * TextureSize];
        for (int y = 0; y < TextureSize; y++)
        {
            for (int x = 0; x < TextureSize; x++)
            {
                const double turn = 2 * Math.PI / TextureSize;
                int noise = random.Next(12);
                int red = 128 + (int)(90 * Math.Sin(3 * turn * x)) + noise, green = 128 + (int)(90 * Math.Sin(2 * turn * (x + y))) + noise, blue = 128 + (int)(90 * Math.Cos(4 * turn * y)) + noise;
                texture[y * TextureSize + x] = (uint)(red << 16 | green << 8 | blue);
            }
        }

        return texture;
    }

    private void Glyph(Span<uint> picture, int x, int y, int shape)
    {
        for (int row = 0; row < GlyphHeight - 4; row++)
        {
            for (int column = 0; column < GlyphWidth - 2; column++)
                picture[(y + row) * _width + x + column] = (shape >> ((row / 3 * 5 + column / 2) & 31) & 1) != 0 ? Ink : Ground;
        }
    }

    private void CopyPage(int shift)
    {
        if (_source.Length != _width * _height)
            return;
        int head = (_height - shift) * _width;
        var picture = new Span<uint>(_pixels, _width * _height);
        _source.AsSpan(shift * _width, head).CopyTo(picture);
        _source.AsSpan(0, shift * _width).CopyTo(picture[head..]);
    }

    private PixelRect Type(long frame)
    {
        int columns = (_width - 2 * Cell) / GlyphWidth, lines = Math.Max(1, (_height - 3 * Cell) / LineHeight);
        int x = Cell + (int)(frame % columns) * GlyphWidth, y = 2 * Cell + (int)(frame / columns % lines) * LineHeight;
        var random = new Random(unchecked(_options.Seed * 31 + (int)frame));
        Glyph(new Span<uint>(_pixels, _width * _height), x, y, random.Next());
        return new PixelRect(x, y, GlyphWidth, GlyphHeight);
    }

    private PixelRect Drift(PixelRect area, long frame)
    {
        int shiftX = (int)(frame * 5 % TextureSize), shiftY = (int)(frame * 3 % TextureSize);
        for (int y = 0; y < area.Height; y++)
        {
            ReadOnlySpan<uint> row = _source.AsSpan((y + shiftY) % TextureSize * TextureSize, TextureSize);
            var target = new Span<uint>(_pixels + (area.Y + y) * _width + area.X, area.Width);
            for (int x = 0, length; x < area.Width; x += length)
            {
                int from = (x + shiftX) % TextureSize;
                length = Math.Min(TextureSize - from, area.Width - x);
                row.Slice(from, length).CopyTo(target[x..]);
            }
        }

        return area;
    }

    private void DrawSprites(long frame)
    {
        for (int i = 0; i < Sprites; i++)
        {
            int x = (int)((frame * (3 + i) + i * 211) % Math.Max(1, _width - SpriteSize)), y = Cell + (int)((frame * (2 + i % 5) + i * 97) % Math.Max(1, _height - SpriteSize - Cell));
            Fill(x, y, SpriteSize, SpriteSize, (uint)(0x404040 + i * 0x101a0c));
        }
    }

    private void DrawNumber(long frame)
    {
        int number = (int)(frame & 0xffff), gray = number ^ number >> 1;
        for (int cell = 0; cell < Cells && (cell + 1) * Cell <= _width; cell++)
            Fill(cell * Cell, 0, Cell, Cell, (gray >> (Cells - 1 - cell) & 1) != 0 ? 0xffffffu : 0);
    }

    private void Fill(int x, int y, int width, int height, uint colour)
    {
        for (int row = y; row < Math.Min(y + height, _height); row++)
            new Span<uint>(_pixels + row * _width + x, Math.Min(width, _width - x)).Fill(colour);
    }
}
