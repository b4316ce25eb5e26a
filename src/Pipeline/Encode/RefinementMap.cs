using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Encode;

/// <summary>
/// Which macroblocks are due for more sharpness: a block that has been at rest for
/// <see cref="RestNs"/> is encoded again, finer, and so on for <see cref="LastStep"/> steps, whatever moves
/// elsewhere in the picture. In portions, a block takes all its steps at once, a picture takes so many blocks, and few
/// blocks wait a little for more.
/// Time is passed in.
/// </summary>
public sealed class RefinementMap
{
    /// <summary>Rest before a block's first step.</summary>
    public const long RestNs = 100_000_000;

    /// <summary>Between two steps; with <see cref="LastStep"/> steps all is done 300 ms after the last change.</summary>
    public const long StepNs = 100_000_000;

    /// <summary>The step that leaves nothing to see.</summary>
    public const int LastStep = 3;

    // In portions, few blocks wait so long for others: a picture costs its time and its packet, however little it sharpens.
    private const int GatherMs = 100;

    // Blocks of one picture, or of two in a row, are due together.
    private const int TogetherMs = 20;

    // Of so many blocks, one is few.
    private const int FewOf = 64;

    private readonly byte[] _reached;
    private readonly byte[] _due;
    private readonly uint[] _changedMs;
    private readonly int _columns;
    private readonly int _rows;
    private readonly bool _inPortions;
    private readonly int _few;
    private int _next;
    private long _nextNs = long.MaxValue;
    private long _zeroNs = long.MinValue;

    /// <summary>For pictures of <paramref name="size"/>, all of them sharp. See <see cref="IVideoEncoder.RefinementPortion"/> for portions.</summary>
    public RefinementMap(PictureSize size, bool inPortions = false)
    {
        Size = size;
        _inPortions = inPortions;
        _columns = (size.Width + PictureTarget.MacroblockSize - 1) / PictureTarget.MacroblockSize;
        _rows = (size.Height + PictureTarget.MacroblockSize - 1) / PictureTarget.MacroblockSize;
        _reached = new byte[_columns * _rows];
        _few = _reached.Length / FewOf;
        _due = new byte[_columns * _rows];
        _changedMs = new uint[_columns * _rows];
        _reached.AsSpan().Fill(LastStep);
    }

    /// <summary>Size of the picture in pixels.</summary>
    public PictureSize Size { get; }

    /// <summary>
    /// For each macroblock in raster order the step that the picture being encoded shall bring it to; 0 where
    /// nothing is due.
    /// </summary>
    public ReadOnlySpan<byte> Steps => _due;

    /// <summary>The highest of <see cref="Steps"/>; 0 when nothing is due.</summary>
    public int HighestStep { get; private set; }

    /// <summary>How many of <see cref="Steps"/> are not 0.</summary>
    public int PlannedBlocks { get; private set; }

    /// <summary>Takes over what <paramref name="other"/>, of the same size, has planned for its picture; not when each block was at rest.</summary>
    internal void CopyPlan(RefinementMap other)
    {
        other._due.CopyTo(_due, 0);
        (HighestStep, PlannedBlocks) = (other.HighestStep, other.PlannedBlocks);
    }

    /// <summary>
    /// When the next block will be due, in ns; in portions, when that is worth a picture. <see cref="long.MaxValue"/> when all are sharp.
    /// </summary>
    public long NextNs => _nextNs;

    /// <summary>
    /// Finds what is due now, the highest step of it. <paramref name="changed"/> blocks are not: they move. In portions,
    /// no more than <paramref name="most"/> blocks, from where the last portion ended.
    /// </summary>
    public int Plan(TileMap changed, long nowNs, int most = int.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(changed);
        HighestStep = 0;
        uint nowMs = ToMs(nowNs);
        _due.AsSpan().Clear();
        int left = _inPortions ? most : int.MaxValue, from = _inPortions ? _next : 0;
        for (int n = 0; n < _due.Length && left > 0; n++)
        {
            int i = from + n < _due.Length ? from + n : from + n - _due.Length;
            int next = _reached[i] + 1;
            if (next > LastStep || nowMs - _changedMs[i] < DueAfterMs(next))
                continue;
            _due[i] = (byte)(_inPortions ? LastStep : next);
            _next = i + 1 < _due.Length ? i + 1 : 0;
            left--;
        }

        ForgetMoving(changed);
        foreach (byte step in _due)
            HighestStep = Math.Max(HighestStep, step);
        PlannedBlocks = _due.Length - _due.AsSpan().Count((byte)0);
        return HighestStep;
    }

    /// <summary>
    /// A picture was encoded: <paramref name="changed"/> blocks are coarse again, and with
    /// <paramref name="refinementStep"/> above 0 those planned for have taken their step. With <paramref name="isSharp"/>
    /// nothing is left to sharpen in what changed.
    /// </summary>
    public void Commit(TileMap changed, bool isKeyFrame, int refinementStep, long nowNs, bool isSharp = false)
    {
        ArgumentNullException.ThrowIfNull(changed);
        uint nowMs = ToMs(nowNs);
        if (refinementStep > 0)
        {
            for (int i = 0; i < _due.Length; i++)
            {
                if (_due[i] != 0)
                    _reached[i] = _due[i];
            }
        }

        if (isKeyFrame)
        {
            _reached.AsSpan().Clear();
            _changedMs.AsSpan().Fill(nowMs);
        }
        else
        {
            MarkChanged(changed, nowMs, isSharp ? (byte)LastStep : (byte)0);
        }

        FindNext(nowMs);
    }

    private static uint DueAfterMs(int step) => (uint)((RestNs + (step - 1) * StepNs) / 1_000_000);

    // Milliseconds since the first call: 49 days in 32 bits, and differences survive the wrap.
    private uint ToMs(long nowNs)
    {
        if (_zeroNs == long.MinValue)
            _zeroNs = nowNs;
        return (uint)((nowNs - _zeroNs) / 1_000_000);
    }

    private void ForgetMoving(TileMap changed)
    {
        for (int row = 0; row < _rows; row++)
        {
            foreach (int column in changed.RowOf(row))
                _due[row * _columns + column] = 0;
        }
    }

    private void MarkChanged(TileMap changed, uint nowMs, byte reached)
    {
        for (int row = 0; row < _rows; row++)
        {
            foreach (int column in changed.RowOf(row))
            {
                int i = row * _columns + column;
                _reached[i] = reached;
                _changedMs[i] = nowMs;
            }
        }
    }

    private void FindNext(uint nowMs)
    {
        long firstMs = long.MaxValue;
        for (int i = 0; NextCoarse(ref i); i++)
            firstMs = Math.Min(firstMs, LeftMs(i, nowMs));
        if (firstMs == long.MaxValue)
        {
            _nextNs = long.MaxValue;
            return;
        }

        long waitMs = Math.Max(firstMs, 0);
        if (_inPortions && !AreManyDue(nowMs, waitMs + TogetherMs))
            waitMs = Math.Max(firstMs + GatherMs, 0);
        // A whole millisecond later: times here are cut to milliseconds, and being early would be a wake-up for nothing.
        _nextNs = _zeroNs + (nowMs + waitMs + 1) * 1_000_000;
    }

    private bool AreManyDue(uint nowMs, long withinMs)
    {
        int due = 0;
        for (int i = 0; due <= _few && NextCoarse(ref i); i++)
            due += LeftMs(i, nowMs) <= withinMs ? 1 : 0;
        return due > _few;
    }

    // The first block at or after i that is not sharp.
    private bool NextCoarse(ref int i)
    {
        int skip = _reached.AsSpan(i).IndexOfAnyExcept((byte)LastStep);
        i += skip;
        return skip >= 0;
    }

    // Until this block's next step is due; negative when it has been for so long.
    private long LeftMs(int i, uint nowMs) => (long)DueAfterMs(_reached[i] + 1) - (nowMs - _changedMs[i]);
}
