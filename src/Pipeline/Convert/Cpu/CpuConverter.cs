using System.Numerics;
using System.Runtime.InteropServices;
using QemuZeroCopy.Interop.Convert;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Pipeline.Convert.Cpu;

/// <summary>
/// Converts on the CPU, at the speed of memory: one pass reads the damaged tiles, makes the samples, compares
/// them with those of the previous picture and writes only what differs.
/// </summary>
public sealed unsafe class CpuConverter : IFrameConverter
{
    private readonly ConvertLevel _level;
    private uint* _unpacked;
    private nuint _unpackedBytes;

    /// <summary>With the best kernel for this CPU.</summary>
    public CpuConverter()
        : this(ConvertKernels.BestLevel)
    {
    }

    internal CpuConverter(ConvertLevel level) => _level = level;

    /// <summary>Frees the memory when nobody disposed of the converter.</summary>
    ~CpuConverter() => Free();

    /// <inheritdoc/>
    public string Name => _level switch
    {
        ConvertLevel.Avx512Vnni => "cpu-avx512-vnni",
        ConvertLevel.Avx512 => "cpu-avx512",
        ConvertLevel.Avx2 => "cpu-avx2",
        _ => "cpu-portable",
    };

    /// <inheritdoc/>
    public long CpuReadBytes { get; private set; }

    /// <inheritdoc/>
    public ConvertOutcome Convert(Scanout scanout, TileMap damage, PictureTarget target, TileMap changed)
    {
        ArgumentNullException.ThrowIfNull(damage);
        ArgumentNullException.ThrowIfNull(changed);
        changed.Clear();
        if (scanout is not CpuScanout source || target is not (HostPicture or HostPicture444))
            return ConvertOutcome.Unsupported;
        int bytesPerPixel = PixelFormats.BytesPerPixel(source.Format);
        if (bytesPerPixel == 0)
            return ConvertOutcome.Unsupported;
        if (source.Size != target.Size || source.Pixels == 0 || Math.Abs((long)source.Stride) < (long)source.Size.Width * bytesPerPixel)
            return ConvertOutcome.BadScanout;
        CheckGeometry(source.Size, damage, changed);
        bool isDirect = PixelLayout.TryGet(source.Format, out PixelLayout layout);
        if (!isDirect)
            ReserveUnpacked(source.Size.Width);

        var strip = new ConvertStrip { WordsPerRow = changed.WordsPerRow, Coefficients = Factors(layout) };
        fixed (ulong* words = changed.Words)
        {
            for (int row = 0, below; row < damage.Rows; row = below)
            {
                ReadOnlySpan<ulong> tiles = RowOf(damage, row);
                for (below = row + 1; below < damage.Rows && tiles.SequenceEqual(RowOf(damage, below));)
                    below++;
                for (int column = 0; NextRun(tiles, damage.Columns, ref column, out int end); column = end)
                {
                    Aim(ref strip, source.Size, target, row, below, column, end);
                    CpuReadBytes += (long)strip.Width * strip.Height * bytesPerPixel;
                    strip.Changed = words + (nint)row * (damage.TileSize / changed.TileSize) * changed.WordsPerRow;
                    if (isDirect)
                        ConvertDirect(ref strip, source, row, column, target);
                    else
                        ConvertUnpacked(ref strip, source, row, column, bytesPerPixel, target);
                }
            }
        }

        ClearBeyondEdge(changed);
        return ConvertOutcome.Converted;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private static void CheckGeometry(PictureSize size, TileMap damage, TileMap changed)
    {
        if (damage.Size != size || damage.TileSize != DamageRegion.TileSize)
            throw new ArgumentException($"Damage of {damage.Size} does not fit a scanout of {size}.", nameof(damage));
        if (changed.Size != size || changed.TileSize != PictureTarget.MacroblockSize)
            throw new ArgumentException($"A map of {changed.Size} does not fit a scanout of {size}.", nameof(changed));
    }

    private static ReadOnlySpan<ulong> RowOf(TileMap tiles, int row) => tiles.Words.Slice(row * tiles.WordsPerRow, tiles.WordsPerRow);

    // The next run of set tiles at or after column.
    private static bool NextRun(ReadOnlySpan<ulong> tiles, int columns, ref int column, out int end)
    {
        column = Scan(tiles, column, columns, 0);
        end = column < columns ? Scan(tiles, column, columns, ulong.MaxValue) : columns;
        return column < columns;
    }

    // The first column from start on whose bit differs from those of background.
    private static int Scan(ReadOnlySpan<ulong> tiles, int start, int columns, ulong background)
    {
        while (start < columns)
        {
            ulong word = (tiles[start >> 6] ^ background) >> (start & 63);
            if (word != 0)
                return Math.Min(columns, start + BitOperations.TrailingZeroCount(word));
            start = (start | 63) + 1;
        }

        return columns;
    }

    private static ConvertStrip.Factors Factors(PixelLayout layout)
    {
        ConvertStrip.Factors factors = default;
        Span<sbyte> all = factors;
        (all[layout.R], all[layout.G], all[layout.B]) = (Bt709.LumaR, Bt709.LumaG, Bt709.LumaB);
        (all[4 + layout.R], all[4 + layout.G], all[4 + layout.B]) = (Bt709.CbR, Bt709.CbG, Bt709.CbB);
        (all[8 + layout.R], all[8 + layout.G], all[8 + layout.B]) = (Bt709.CrR, Bt709.CrG, Bt709.CrB);
        return factors;
    }

    // Points a strip at the tiles [column, end) of the rows [row, below). Planes have whole chunks and macroblocks: see the pictures' padding.
    private static void Aim(ref ConvertStrip strip, PictureSize size, PictureTarget target, int row, int below, int column, int end)
    {
        int x = column * DamageRegion.TileSize, y = row * DamageRegion.TileSize;
        strip.FirstChunk = column;
        strip.Width = Math.Min(end * DamageRegion.TileSize, size.Width) - x;
        strip.Height = Math.Min(below * DamageRegion.TileSize, size.Height) - y;
        strip.Rows = (strip.Height + PictureTarget.MacroblockSize - 1) & -PictureTarget.MacroblockSize;
        if (target is HostPicture nv12)
        {
            strip.Stride = nv12.Stride;
            strip.Plane0 = nv12.Luma + (nint)y * nv12.Stride + x;
            strip.Plane1 = nv12.Chroma + (nint)y / 2 * nv12.Stride + x;
        }
        else
        {
            var planar = (HostPicture444)target;
            nint at = (nint)y * planar.Stride + x;
            strip.Stride = planar.Stride;
            strip.Plane0 = planar.Y + at;
            strip.Plane1 = planar.Cb + at;
            strip.Plane2 = planar.Cr + at;
        }
    }

    private void ConvertDirect(ref ConvertStrip strip, CpuScanout source, int row, int column, PictureTarget target)
    {
        strip.Source = (byte*)source.Pixels + (nint)row * DamageRegion.TileSize * source.Stride + (nint)column * DamageRegion.TileSize * 4;
        strip.SourceStride = source.Stride;
        Run(strip, target);
    }

    // Sixteen rows at a time, which stay in the cache between being unpacked and being converted.
    private void ConvertUnpacked(ref ConvertStrip strip, CpuScanout source, int row, int column, int bytesPerPixel, PictureTarget target)
    {
        const int band = PictureTarget.MacroblockSize;
        int height = strip.Height;
        var from = (byte*)source.Pixels + (nint)row * DamageRegion.TileSize * source.Stride + (nint)column * DamageRegion.TileSize * bytesPerPixel;
        strip.Source = (byte*)_unpacked;
        strip.SourceStride = (nint)strip.Width * 4;
        strip.Rows = band;
        for (int y = 0; y < height; y += band)
        {
            strip.Height = Math.Min(band, height - y);
            for (int line = 0; line < strip.Height; line++)
            {
                var packed = new ReadOnlySpan<byte>(from + (nint)(y + line) * source.Stride, strip.Width * bytesPerPixel);
                RowUnpacker.Unpack(source.Format, packed, new Span<uint>(_unpacked + (nint)line * strip.Width, strip.Width));
            }

            Run(strip, target);
            strip.Plane0 += band * strip.Stride;
            strip.Plane1 += (target is HostPicture ? band / 2 : band) * strip.Stride;
            strip.Plane2 += target is HostPicture ? 0 : band * strip.Stride;
            strip.Changed += strip.WordsPerRow;
        }
    }

    private void Run(in ConvertStrip strip, PictureTarget target)
    {
        bool nv12 = target is HostPicture;
        if (_level == ConvertLevel.None && nv12)
            PortableKernel.Nv12(strip);
        else if (_level == ConvertLevel.None)
            PortableKernel.Yuv444(strip);
        else if (nv12)
            ConvertKernels.ToNv12(_level, strip);
        else
            ConvertKernels.ToYuv444(_level, strip);
    }

    // The last chunk of a row may reach over macroblocks that the picture does not have.
    private static void ClearBeyondEdge(TileMap changed)
    {
        if ((changed.Columns & 63) == 0)
            return;
        ulong inside = ulong.MaxValue >> (64 - (changed.Columns & 63));
        Span<ulong> words = changed.Words;
        for (int last = changed.WordsPerRow - 1; last < words.Length; last += changed.WordsPerRow)
            words[last] &= inside;
    }

    private void ReserveUnpacked(int width)
    {
        nuint bytes = (nuint)width * 4 * PictureTarget.MacroblockSize;
        if (bytes <= _unpackedBytes)
            return;
        _unpacked = (uint*)NativeMemory.AlignedRealloc(_unpacked, bytes, 64);
        _unpackedBytes = bytes;
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_unpacked);
        _unpacked = null;
        _unpackedBytes = 0;
    }
}
