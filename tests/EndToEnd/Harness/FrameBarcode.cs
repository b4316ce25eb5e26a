namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>The frame's number in the picture itself: sixteen cells of 32×32 in the top left corner, Gray code, highest bit first.</summary>
internal static class FrameBarcode
{
    public static bool CellIsWhite(int number, int cell) => ((number ^ (number >> 1)) >> (15 - cell) & 1) != 0;

    /// <summary>The number modulo 65536; null when a cell is neither clearly white nor clearly black.</summary>
    public static int? Read(Picture picture)
    {
        if (picture.Width < 512 || picture.Height < 32)
            return null;
        int number = 0;
        for (int cell = 0, bit = 0; cell < 16; cell++)
        {
            double level = picture.Mean(cell * 32 + 10, 10, 12, 12).G;
            if (level is > 80 and < 176)
                return null;
            // A Gray bit says whether the binary bit differs from the one before it.
            bit ^= level >= 176 ? 1 : 0;
            number = number << 1 | bit;
        }

        return number;
    }
}
