using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.Convert;

/// <summary>The twin of <c>struct qzc_strip</c> in native/convert/convert.h: what one call converts.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct ConvertStrip
{
    /// <summary>First pixel of the top row, 4 bytes each.</summary>
    public byte* Source;

    /// <summary>Bytes between two rows of the source.</summary>
    public nint SourceStride;

    /// <summary>Y.</summary>
    public byte* Plane0;

    /// <summary>CbCr interleaved, or Cb.</summary>
    public byte* Plane1;

    /// <summary>Cr; unused for NV12.</summary>
    public byte* Plane2;

    /// <summary>Bytes between two rows of every plane.</summary>
    public nint Stride;

    /// <summary>Words of the strip's first row of macroblocks; a bit is set for each block that changed.</summary>
    public ulong* Changed;

    /// <summary>Words between two rows of macroblocks.</summary>
    public int WordsPerRow;

    /// <summary>The strip's first column, in chunks of 64 pixels.</summary>
    public int FirstChunk;

    /// <summary>Pixels that the source has in a row; the last one is repeated up to a whole chunk.</summary>
    public int Width;

    /// <summary>Rows that the source has; the last one is repeated.</summary>
    public int Height;

    /// <summary>Rows to make, a multiple of 16.</summary>
    public int Rows;

    /// <summary>Signed factors of Y, Cb and Cr for the four bytes of a pixel.</summary>
    public Factors Coefficients;

    /// <summary>Twelve signed factors.</summary>
    [InlineArray(12)]
    public struct Factors
    {
        private sbyte _first;
    }
}

/// <summary>Which instructions the kernels use.</summary>
public enum ConvertLevel
{
    /// <summary>None of the native kernels runs on this CPU.</summary>
    None = 0,

    /// <summary>AVX2, 256 bits.</summary>
    Avx2 = 1,

    /// <summary>AVX-512 BW, 512 bits.</summary>
    Avx512 = 2,

    /// <summary>AVX-512 with VNNI's dot product.</summary>
    Avx512Vnni = 3,
}

/// <summary>The native conversion kernels (native/convert).</summary>
public static unsafe partial class ConvertKernels
{
    /// <summary>Pixels of a row that are converted at once; planes must have room for whole chunks.</summary>
    public const int ChunkPixels = 64;

    /// <summary>The best level that this CPU has.</summary>
    public static ConvertLevel BestLevel => qzc_convert_level();

    /// <summary>Converts a strip to NV12. The caller has checked that source and planes hold it.</summary>
    public static void ToNv12(ConvertLevel level, in ConvertStrip strip) => qzc_convert_nv12(level, in strip);

    /// <summary>Converts a strip to planar 4:4:4. The caller has checked that source and planes hold it.</summary>
    public static void ToYuv444(ConvertLevel level, in ConvertStrip strip) => qzc_convert_yuv444(level, in strip);

    [LibraryImport("qzcnative")]
    private static partial ConvertLevel qzc_convert_level();

    [LibraryImport("qzcnative")]
    private static partial void qzc_convert_nv12(ConvertLevel level, in ConvertStrip strip);

    [LibraryImport("qzcnative")]
    private static partial void qzc_convert_yuv444(ConvertLevel level, in ConvertStrip strip);
}
