namespace QemuZeroCopy.Pipeline.Convert.Cpu;

/// <summary>
/// The numbers of the conversion: full-range RGB to BT.709 Y'CbCr, limited range (ITU-R BT.709-6, 3.2 to 3.5).
/// A sample is <c>(factors · RGB + bias) * scale &gt;&gt; 16</c>: sums fit in 16 bits and factors in a signed
/// byte, which is what the vector instructions want. Every CPU kernel gives exactly these values; they are
/// within ±1 of <see cref="Exact"/>, as those of any other converter must be.
/// </summary>
/// <remarks>
/// For 4:2:0 the chroma of a block of 2 × 2 is that of its mean colour, which is taken like the vector
/// instructions do: vertically, then horizontally, rounding up each time. The factors were found by searching
/// all scales for the smallest error: 0.27 of a step for Y, 0.05 for Cb and 0.04 for Cr.
/// </remarks>
internal static class Bt709
{
    public const int LumaScale = 411, LumaBias = 2631;
    public const int LumaR = 29, LumaG = 98, LumaB = 10;

    public const int ChromaScale = 264, ChromaBias = 31899;
    public const int CbR = -25, CbG = -84, CbB = 109;
    public const int CrR = 109, CrG = -99, CrB = -10;

    public static byte Luma(int r, int g, int b) => (byte)((LumaR * r + LumaG * g + LumaB * b + LumaBias) * LumaScale >> 16);

    public static byte Cb(int r, int g, int b) => (byte)((CbR * r + CbG * g + CbB * b + ChromaBias) * ChromaScale >> 16);

    public static byte Cr(int r, int g, int b) => (byte)((CrR * r + CrG * g + CrB * b + ChromaBias) * ChromaScale >> 16);

    /// <summary>The mean of four samples of one channel.</summary>
    public static int Mean(int topLeft, int topRight, int bottomLeft, int bottomRight) =>
        ((topLeft + bottomLeft + 1 >> 1) + (topRight + bottomRight + 1 >> 1) + 1) >> 1;

    /// <summary>The real-valued samples that the standard defines, before rounding.</summary>
    public static (double Y, double Cb, double Cr) Exact(double r, double g, double b)
    {
        const double kr = 0.2126, kb = 0.0722;
        double luma = kr * r + (1 - kr - kb) * g + kb * b;
        return (16 + 219.0 / 255 * luma, 128 + 224.0 / 255 * (b - luma) / (2 * (1 - kb)), 128 + 224.0 / 255 * (r - luma) / (2 * (1 - kr)));
    }
}
