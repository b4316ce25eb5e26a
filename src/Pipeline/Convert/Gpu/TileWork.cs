using System.Numerics;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert.Gpu;

/// <summary>Turns tile maps into the list of work groups of a dispatch, and their answers back into macroblocks.</summary>
internal static class TileWork
{
    private const int BlocksPerTile = DamageRegion.TileSize / PictureTarget.MacroblockSize;

    /// <summary>Upper bound of a dispatch that every driver takes (maxComputeWorkGroupCount is at least 65535).</summary>
    public const int MaxTiles = 65535;

    /// <summary>Number of tiles of a picture.</summary>
    public static int CountFor(PictureSize size) =>
        ((size.Width + DamageRegion.TileSize - 1) / DamageRegion.TileSize) * ((size.Height + DamageRegion.TileSize - 1) / DamageRegion.TileSize);

    /// <summary>
    /// Writes the numbers (row × columns + column) of the tiles set in <paramref name="damage"/> or
    /// <paramref name="stale"/>, which must be of one geometry, and returns how many they are.
    /// </summary>
    public static int List(TileMap damage, TileMap stale, Span<uint> tiles)
    {
        ReadOnlySpan<ulong> first = damage.Words, second = stale.Words;
        int count = 0;
        for (int row = 0; row < damage.Rows; row++)
        {
            for (int word = 0; word < damage.WordsPerRow; word++)
            {
                int index = row * damage.WordsPerRow + word;
                for (ulong bits = first[index] | second[index]; bits != 0; bits &= bits - 1)
                    tiles[count++] = (uint)(row * damage.Columns + word * 64 + BitOperations.TrailingZeroCount(bits));
            }
        }

        return count;
    }

    /// <summary>
    /// Sets in <paramref name="changed"/> the macroblocks whose bit (row × 4 + column) is set in the tile's mask.
    /// Bits outside the picture are dropped.
    /// </summary>
    public static void Report(ReadOnlySpan<uint> tiles, ReadOnlySpan<uint> masks, int tileColumns, TileMap changed)
    {
        for (int i = 0; i < tiles.Length; i++)
        {
            int left = (int)tiles[i] % tileColumns * BlocksPerTile, top = (int)tiles[i] / tileColumns * BlocksPerTile;
            for (uint mask = masks[i] & 0xffff; mask != 0; mask &= mask - 1)
            {
                int bit = BitOperations.TrailingZeroCount(mask);
                int column = left + bit % BlocksPerTile, row = top + bit / BlocksPerTile;
                if (column < changed.Columns && row < changed.Rows)
                    changed.Set(column, row);
            }
        }
    }
}
