using System.Runtime.InteropServices;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode.X264;

/// <summary>
/// Recognises that part of a picture moved up or down: rows of 64 samples in strips 256 apart are hashed, and eight rows
/// that stood elsewhere before, and only there, vote for their distance. One row would not do: the stems of letters
/// repeat from row to row.
/// </summary>
internal sealed unsafe class ScrollFinder
{
    private const int Block = PictureTarget.MacroblockSize;
    private const int StripWidth = 64, StripDistance = 256;

    // Fewer rows may agree by chance: a line of text that occurs twice.
    private const int LeastVotes = 24;

    private const int MostProbes = 16;
    private const int Context = 8;

    private readonly int _rows;
    private readonly int _strips;
    private readonly ulong[] _seen;
    private readonly ulong[] _now;
    private readonly ulong[] _places;
    private readonly int[] _votes;
    private readonly int[] _slots;
    private readonly TileMap _missed;
    private bool _isBehind;

    /// <summary>For pictures of <paramref name="size"/>.</summary>
    public ScrollFinder(PictureSize size)
    {
        _missed = new TileMap(size, Block);
        _rows = _missed.Rows * Block;
        int width = _missed.Columns * Block;
        _strips = width < StripWidth ? 0 : (width - StripWidth) / StripDistance + 1;
        _seen = new ulong[_strips * _rows];
        _now = new ulong[_rows];
        _places = new ulong[_rows];
        _votes = new int[2 * _rows];
        _slots = new int[(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)_rows * 2)];
    }

    /// <summary>
    /// By how many rows most of what changed has moved up (down where negative) since these places were looked at last; 0 where
    /// nothing is recognised. The planes must hold whole macroblocks.
    /// </summary>
    public int Find(byte* luma, int stride, TileMap changed)
    {
        _votes.AsSpan().Clear();
        for (int strip = 0; strip < _strips; strip++)
        {
            Span<ulong> seen = _seen.AsSpan(strip * _rows, _rows);
            seen.CopyTo(_now);
            if (!Look(luma, stride, changed, strip, _now))
                continue;
            Vote(seen);
            _now.CopyTo(seen);
        }

        int best = 0;
        for (int i = 0; i < _votes.Length; i++)
        {
            if (_votes[i] > _votes[best])
                best = i;
        }

        return _votes.Length > 0 && _votes[best] >= LeastVotes ? best - _rows : 0;
    }

    /// <summary>
    /// This has changed, and is not looked at before <see cref="CatchUp"/>, without which a move of it is not recognised:
    /// while everything moves, each look would be at what the next picture replaces.
    /// </summary>
    public void Miss(TileMap changed)
    {
        _missed.UnionWith(changed);
        _isBehind = true;
    }

    /// <summary>Looks at what was missed, as it stands now.</summary>
    public void CatchUp(byte* luma, int stride)
    {
        if (!_isBehind)
            return;
        for (int strip = 0; strip < _strips; strip++)
            Look(luma, stride, _missed, strip, _seen.AsSpan(strip * _rows, _rows));
        _missed.Clear();
        _isBehind = false;
    }

    // Renews the hashes of a strip's rows that changed; false where none has.
    private static bool Look(byte* luma, int stride, TileMap changed, int strip, Span<ulong> hashes)
    {
        int first = strip * StripDistance / Block;
        luma += strip * StripDistance;
        bool any = false;
        for (int row = 0; row < changed.Rows; row++)
        {
            // Strips start at whole words' quarters: their four blocks are in one word.
            ulong blocks = changed.Words[row * changed.WordsPerRow + (first >> 6)] >> (first & 63) & 0xf;
            if (blocks == 0)
                continue;
            any = true;
            for (int y = row * Block; y < (row + 1) * Block; y++)
                hashes[y] = Hash(luma + (nint)y * stride);
        }

        return any;
    }

    private void Vote(ReadOnlySpan<ulong> seen)
    {
        for (int y = 0; y < _rows; y++)
            _places[y] = Together(seen, y);
        Index();
        for (int y = 0; y < _rows; y++)
        {
            ulong place = Together(_now, y);
            if (place != _places[y] && Lookup(place) is var was and >= 0)
                _votes[was - y + _rows]++;
        }
    }

    // Of a row and those below it; with fewer than that at the bottom edge.
    private static ulong Together(ReadOnlySpan<ulong> hashes, int y)
    {
        ulong all = 0;
        foreach (ulong hash in hashes.Slice(y, Math.Min(Context, hashes.Length - y)))
            all = (all ^ hash) * 0x9e3779b97f4a7c15;
        return all ^ all >> 31;
    }

    // An open hash table of where everything stood; what occurs more than once is marked, and does not vote.
    private void Index()
    {
        _slots.AsSpan().Clear();
        for (int y = 0; y < _places.Length; y++)
        {
            ref int slot = ref _slots[Slot(_places[y])];
            slot = slot == 0 ? y + 1 : -Math.Abs(slot);
        }
    }

    private int Lookup(ulong hash)
    {
        int slot = _slots[Slot(hash)];
        return slot > 0 && _places[slot - 1] == hash ? slot - 1 : -1;
    }

    // Where this hash stands, or the free slot in which it would; after a few others whatever comes, so that a picture
    // made for it cannot hold the encode thread up.
    private int Slot(ulong hash)
    {
        int mask = _slots.Length - 1, at = (int)(hash >> 32) & mask;
        for (int i = 0; i < MostProbes && _slots[at] != 0 && _places[Math.Abs(_slots[at]) - 1] != hash; i++)
            at = at + 1 & mask;
        return at;
    }

    private static ulong Hash(byte* row)
    {
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(new ReadOnlySpan<byte>(row, StripWidth));
        ulong a = 0x9e3779b97f4a7c15, b = 0xc2b2ae3d27d4eb4f;
        for (int i = 0; i < words.Length; i += 2)
        {
            a = (a ^ words[i]) * 0xff51afd7ed558ccd;
            b = (b ^ words[i + 1]) * 0xc4ceb9fe1a85ec53;
            a ^= a >> 32;
            b ^= b >> 29;
        }

        a = (a ^ b) * 0x9fb21c651e98df25;
        return a ^ a >> 28;
    }
}
