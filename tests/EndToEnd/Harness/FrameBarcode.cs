namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>The frame's number in the picture itself: sixteen cells of 32×32 in the top left corner, Gray code, highest bit first.</summary>
internal static class FrameBarcode
{
    /// <summary>The same in the page: of what was drawn on a canvas of at least 512×32, given its context.</summary>
    public const string Script = """
        context => {
          const cells = context.getImageData(0, 16, 512, 1).data;
          let value = 0, bit = 0;
          for (let cell = 0; cell < 16; cell++) {
            bit ^= cells[(cell * 32 + 16) * 4 + 1] >= 128 ? 1 : 0;
            value = value << 1 | bit;
          }
          return value;
        }
        """;

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
