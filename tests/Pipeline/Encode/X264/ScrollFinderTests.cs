using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Encode.X264;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Tests.Encode.X264;

public sealed unsafe class ScrollFinderTests(ITestOutputHelper output)
{
    [Fact]
    public void Text_that_moved_up_or_down_is_recognised_at_any_distance()
    {
        Random random = Seeded();
        for (int round = 0; round < 60; round++)
        {
            var page = new Page(random);
            int most = page.Height - 64, distance = random.Next(1, Math.Min(most, 220)) * (random.Next(2) * 2 - 1);
            Assert.Equal(0, page.Look());
            page.Scroll(distance);
            Assert.Equal(distance, page.Look());
        }
    }

    [Fact]
    public void Another_text_is_no_move()
    {
        Random random = Seeded();
        for (int round = 0; round < 60; round++)
        {
            var page = new Page(random);
            page.Look();
            page.TurnOver();
            Assert.Equal(0, page.Look());
        }
    }

    [Fact]
    public void What_is_the_same_in_every_row_is_no_move()
    {
        var page = new Page(new Random(1));
        page.Fill(235);
        page.Look();
        page.Fill(16);
        Assert.Equal(0, page.Look());
    }

    private Random Seeded()
    {
        int seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        return new Random(seed);
    }

    /// <summary>A window of text inside a picture; all of it is looked at as changed, and nothing else is.</summary>
    private sealed class Page
    {
        private readonly ScrollFinder _finder;
        private readonly TileMap _changed;
        private readonly byte[] _luma;
        private readonly PictureSize _size;
        private readonly PixelRect _window;
        private int _top;
        private int _text;

        public Page(Random random)
        {
            int columns = random.Next(20, 60), rows = random.Next(16, 50);
            _size = new PictureSize(columns * 16, rows * 16);
            int x = random.Next(columns / 4) * 16, y = random.Next(rows / 3) * 16;
            // Wide enough for a whole strip, wherever it begins.
            int width = Math.Min(_size.Width - x, random.Next(20, 40) * 16);
            _window = x + width < 384 ? new PixelRect(0, y, 320, _size.Height - y) : new PixelRect(x, y, width, _size.Height - y);
            _finder = new ScrollFinder(_size);
            _changed = new TileMap(_size, PictureTarget.MacroblockSize);
            _luma = new byte[_size.Width * _size.Height];
            _changed.Fill();
            random.NextBytes(_luma);
            _text = random.Next();
            Draw();
        }

        public int Height => _window.Height;

        public int Look()
        {
            fixed (byte* luma = _luma)
            {
                int found = _finder.Find(luma, _size.Width, _changed);
                _changed.Clear();
                _changed.Add(_window);
                return found;
            }
        }

        public void Scroll(int rows)
        {
            _top += rows;
            Draw();
        }

        public void TurnOver()
        {
            _text++;
            Draw();
        }

        public void Fill(byte value) => _luma.AsSpan().Fill(value);

        // Lines of eighteen rows, four of them empty, in which every row comes three times.
        private void Draw()
        {
            for (int y = 0; y < _window.Height; y++)
            {
                int down = _top + y + 100_000, line = down / 18, inside = down % 18;
                var strokes = new Random(HashCode.Combine(_text, line, inside / 3));
                Span<byte> row = _luma.AsSpan((_window.Y + y) * _size.Width + _window.X, _window.Width);
                for (int x = 0; x < row.Length; x++)
                    row[x] = inside >= 14 || strokes.Next(4) != 0 ? (byte)235 : (byte)30;
            }
        }
    }
}
