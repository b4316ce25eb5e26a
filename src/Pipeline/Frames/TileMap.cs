using System.Numerics;

namespace QemuZeroCopy.Pipeline.Frames;

/// <summary>
/// One bit for each tile of a picture, rows padded to whole 64-bit words. <see cref="DamageRegion"/> uses
/// it for what the guest said to have changed, a converter for what really did. Not thread-safe.
/// </summary>
public sealed class TileMap
{
    private ulong[] _bits = [];

    /// <summary>An empty map for pictures of <paramref name="size"/>, tiles of <paramref name="tileSize"/> pixels square.</summary>
    public TileMap(PictureSize size, int tileSize)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tileSize);
        TileSize = tileSize;
        Resize(size);
    }

    /// <summary>Side of a tile in pixels.</summary>
    public int TileSize { get; }

    /// <summary>Size of the picture in pixels.</summary>
    public PictureSize Size { get; private set; }

    /// <summary>Tiles in a row.</summary>
    public int Columns { get; private set; }

    /// <summary>Rows of tiles.</summary>
    public int Rows { get; private set; }

    /// <summary>64-bit words in a row of <see cref="Words"/>.</summary>
    public int WordsPerRow { get; private set; }

    /// <summary>The bits: word <c>row * WordsPerRow + column / 64</c>, bit <c>column % 64</c>.</summary>
    public Span<ulong> Words => _bits.AsSpan(0, WordsPerRow * Rows);

    /// <summary>Whether no tile is set.</summary>
    public bool IsEmpty => !Words.ContainsAnyExcept(0UL);

    /// <summary>Number of tiles set.</summary>
    public int Count
    {
        get
        {
            int count = 0;
            foreach (ulong word in Words)
                count += BitOperations.PopCount(word);
            return count;
        }
    }

    /// <summary>Takes on a new picture size and clears all tiles. Allocates only when the map grows.</summary>
    public void Resize(PictureSize size)
    {
        ArgumentOutOfRangeException.ThrowIfEqual(size.IsValid, false, nameof(size));
        Size = size;
        Columns = (size.Width + TileSize - 1) / TileSize;
        Rows = (size.Height + TileSize - 1) / TileSize;
        WordsPerRow = (Columns + 63) / 64;
        if (_bits.Length < WordsPerRow * Rows)
            _bits = new ulong[WordsPerRow * Rows];
        Clear();
    }

    /// <summary>Whether the tile at <paramref name="column"/>, <paramref name="row"/> is set.</summary>
    public bool this[int column, int row] => (Words[row * WordsPerRow + (column >> 6)] >> (column & 63) & 1) != 0;

    /// <summary>Sets one tile.</summary>
    public void Set(int column, int row) => Words[row * WordsPerRow + (column >> 6)] |= 1UL << (column & 63);

    /// <summary>Sets every tile that <paramref name="rect"/> touches; what lies outside the picture is ignored.</summary>
    public void Add(PixelRect rect)
    {
        PixelRect inside = rect.ClipTo(Size);
        if (inside.IsEmpty)
            return;
        int firstColumn = inside.X / TileSize, lastColumn = (inside.X + inside.Width - 1) / TileSize;
        int firstRow = inside.Y / TileSize, lastRow = (inside.Y + inside.Height - 1) / TileSize;
        for (int row = firstRow; row <= lastRow; row++)
            SetRun(row, firstColumn, lastColumn);
    }

    /// <summary>Sets all tiles.</summary>
    public void Fill() => Add(new PixelRect(0, 0, Size.Width, Size.Height));

    /// <summary>Clears all tiles.</summary>
    public void Clear() => Words.Clear();

    /// <summary>Adds the tiles of <paramref name="other"/>, which must have the same geometry.</summary>
    public void UnionWith(TileMap other)
    {
        ThrowIfOtherGeometry(other);
        Span<ulong> words = Words;
        ReadOnlySpan<ulong> more = other.Words;
        for (int i = 0; i < words.Length; i++)
            words[i] |= more[i];
    }

    /// <summary>Whether a tile is set in both; never for maps of different geometry.</summary>
    public bool Overlaps(TileMap other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Size != Size || other.TileSize != TileSize)
            return false;
        ReadOnlySpan<ulong> words = Words, others = other.Words;
        for (int i = 0; i < words.Length; i++)
        {
            if ((words[i] & others[i]) != 0)
                return true;
        }

        return false;
    }

    /// <summary>Becomes equal to <paramref name="other"/>, taking on its size; tile sizes must agree.</summary>
    public void CopyFrom(TileMap other)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(other.TileSize, TileSize);
        if (other.Size != Size)
            Resize(other.Size);
        other.Words.CopyTo(Words);
    }

    /// <summary>The columns set in <paramref name="row"/>, for <c>foreach</c>.</summary>
    public SetColumns RowOf(int row) => new(Words.Slice(row * WordsPerRow, WordsPerRow));

    /// <summary>Enumerates the set bits of one row from left to right.</summary>
    public ref struct SetColumns
    {
        private readonly ReadOnlySpan<ulong> _words;
        private int _word = -1;
        private ulong _left;

        internal SetColumns(ReadOnlySpan<ulong> words) => _words = words;

        /// <summary>The column found last.</summary>
        public int Current { get; private set; }

        /// <summary>Itself.</summary>
        public readonly SetColumns GetEnumerator() => this;

        /// <summary>Goes to the next set column; false behind the last.</summary>
        public bool MoveNext()
        {
            while (_left == 0)
            {
                if (++_word >= _words.Length)
                    return false;
                _left = _words[_word];
            }

            Current = _word * 64 + BitOperations.TrailingZeroCount(_left);
            _left &= _left - 1;
            return true;
        }
    }

    private void SetRun(int row, int firstColumn, int lastColumn)
    {
        Span<ulong> words = Words.Slice(row * WordsPerRow, WordsPerRow);
        int firstWord = firstColumn >> 6, lastWord = lastColumn >> 6;
        for (int word = firstWord; word <= lastWord; word++)
        {
            ulong mask = ulong.MaxValue;
            if (word == firstWord)
                mask &= ulong.MaxValue << (firstColumn & 63);
            if (word == lastWord)
                mask &= ulong.MaxValue >> (63 - (lastColumn & 63));
            words[word] |= mask;
        }
    }

    private void ThrowIfOtherGeometry(TileMap other)
    {
        if (other.Size != Size || other.TileSize != TileSize)
            throw new ArgumentException($"A map of {other.Size}/{other.TileSize} does not fit one of {Size}/{TileSize}.", nameof(other));
    }
}
