using System.Runtime.InteropServices;
using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Interop.X264;
using QemuZeroCopy.Pipeline.Convert;

namespace QemuZeroCopy.Pipeline.Encode.X264;

/// <summary>
/// Keeps blocks as they were sent while others are coded more finely. x264 has one quantizer for a picture; when that
/// falls, it codes every coarser block again, changed or not. For the call such a block shows what decoders have of it
/// already, in which there is nothing to code; then its own samples come back.
/// </summary>
internal sealed unsafe class HeldBlocks : IDisposable
{
    private const int Side = PictureTarget.MacroblockSize;

    private readonly int _columns;
    private readonly int _rows;
    private readonly nuint _savedBytes;
    private byte* _hold;
    private byte* _saved;
    private bool _isDisposed;

    /// <summary>
    /// For pictures of so many blocks. Its memory, as much as a picture's, is taken with the first mask, when the first picture of
    /// a mode has gone out: pages that are touched for the first time are dear.
    /// </summary>
    public HeldBlocks(int columns, int rows, bool planar444)
    {
        (_columns, _rows) = (columns, rows);
        _savedBytes = (nuint)columns * (nuint)rows * Side * Side * (planar444 ? 6u : 3u) / 2;
    }

    /// <summary>Frees the memory when nobody disposed of this.</summary>
    ~HeldBlocks() => Free();

    /// <summary>One for each block in raster order, not 0 where it is held; the caller writes it.</summary>
    public Span<byte> Mask
    {
        get
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_hold == null)
            {
                _hold = (byte*)NativeMemory.AlignedAlloc((nuint)_columns * (nuint)_rows, 64);
                _saved = PictureMemory.Allocate(_savedBytes);
            }

            return new(_hold, _columns * _rows);
        }
    }

    /// <summary>Shows the held blocks of <paramref name="picture"/> as they stand in <paramref name="sent"/>.</summary>
    public void Hold(in X264Picture picture, in X264Unit sent) => Walk(picture, sent, isHolding: true);

    /// <summary>Gives the held blocks of <paramref name="picture"/> their own samples back.</summary>
    public void Restore(in X264Picture picture) => Walk(picture, default, isHolding: false);

    /// <inheritdoc/>
    public void Dispose()
    {
        _isDisposed = true;
        Free();
        GC.SuppressFinalize(this);
    }

    private void Walk(in X264Picture picture, in X264Unit sent, bool isHolding)
    {
        if (_hold == null)
            return;
        byte* saved = _saved;
        bool planar = picture.Plane2 is not null;
        for (int row = 0; row < _rows; row++)
        {
            ReadOnlySpan<byte> mask = new(_hold + (nint)row * _columns, _columns);
            for (int column = 0; NextRun(mask, ref column, out int end); column = end)
            {
                int x = column * Side, bytes = (end - column) * Side;
                saved = Move(picture.Plane0 + (nint)row * Side * picture.Stride0 + x, picture.Stride0, sent.Plane0 + (nint)row * Side * sent.Stride0 + x, sent.Stride0, Side, bytes, saved, isHolding);
                int chroma = planar ? Side : Side / 2;
                saved = Move(picture.Plane1 + (nint)row * chroma * picture.Stride1 + x, picture.Stride1, sent.Plane1 + (nint)row * chroma * sent.Stride1 + x, sent.Stride1, chroma, bytes, saved, isHolding);
                if (planar)
                    saved = Move(picture.Plane2 + (nint)row * Side * picture.Stride2 + x, picture.Stride2, sent.Plane2 + (nint)row * Side * sent.Stride2 + x, sent.Stride2, Side, bytes, saved, isHolding);
            }
        }
    }

    // Planes hold whole macroblocks, here and in x264.
    private static byte* Move(byte* at, int stride, byte* sent, int sentStride, int rows, int bytes, byte* saved, bool isHolding)
    {
        for (int y = 0; y < rows; y++, at += stride, sent += sentStride, saved += bytes)
        {
            if (isHolding)
            {
                NativeMemory.Copy(at, saved, (nuint)bytes);
                NativeMemory.Copy(sent, at, (nuint)bytes);
            }
            else
            {
                NativeMemory.Copy(saved, at, (nuint)bytes);
            }
        }

        return saved;
    }

    private static bool NextRun(ReadOnlySpan<byte> mask, ref int column, out int end)
    {
        int skip = mask[column..].IndexOfAnyExcept((byte)0);
        column = skip < 0 ? mask.Length : column + skip;
        int length = mask[column..].IndexOf((byte)0);
        end = length < 0 ? mask.Length : column + length;
        return column < mask.Length;
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_hold);
        PictureMemory.Free(_saved);
        _hold = null;
        _saved = null;
    }
}
