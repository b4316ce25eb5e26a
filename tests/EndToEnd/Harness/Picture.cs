using System.Text;

namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>Decoded pixels, RGBA, four bytes each, rows without padding.</summary>
internal sealed class Picture(int width, int height, byte[] rgba)
{
    public int Width { get; } = width;

    public int Height { get; } = height;

    public byte[] Rgba { get; } = rgba;

    public (byte R, byte G, byte B) this[int x, int y]
    {
        get
        {
            int at = (y * Width + x) * 4;
            return (Rgba[at], Rgba[at + 1], Rgba[at + 2]);
        }
    }

    public static Picture From(int width, int height, Func<int, int, (int R, int G, int B)> pixel)
    {
        byte[] rgba = new byte[width * height * 4];
        for (int y = 0, at = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++, at += 4)
            {
                (int r, int g, int b) = pixel(x, y);
                (rgba[at], rgba[at + 1], rgba[at + 2], rgba[at + 3]) = ((byte)r, (byte)g, (byte)b, 255);
            }
        }

        return new Picture(width, height, rgba);
    }

    /// <summary>Binary PPM (P6) with 255 levels, as QEMU's screendump writes it.</summary>
    public static Picture FromPpm(byte[] file)
    {
        int at = 0;
        string[] header = [Word(), Word(), Word(), Word()];
        if (header[0] != "P6" || header[3] != "255")
            throw new InvalidDataException($"Not a P6 file with 255 levels: {string.Join(' ', header)}");
        // QEMU pads each row to four bytes, against the format.
        int width = int.Parse(header[1]), height = int.Parse(header[2]), start = at, stride = (file.Length - start) / height;
        return From(width, height, (x, y) => (file[start + y * stride + x * 3], file[start + y * stride + x * 3 + 1], file[start + y * stride + x * 3 + 2]));

        string Word()
        {
            var word = new StringBuilder();
            while (!char.IsWhiteSpace((char)file[at]))
                word.Append((char)file[at++]);
            at++;
            return word.ToString();
        }
    }

    /// <summary>Peak signal-to-noise ratio over R, G and B in dB; infinite for equal pictures.</summary>
    public double Psnr(Picture other) => Psnr(other, 0, 0, Width, Height);

    public double Psnr(Picture other, int left, int top, int width, int height)
    {
        if (other.Width != Width || other.Height != Height)
            return 0;
        double sum = 0;
        for (int y = top; y < top + height; y++)
        {
            for (int at = (y * Width + left) * 4, end = at + width * 4; at < end; at += 4)
            {
                for (int c = 0; c < 3; c++)
                {
                    int difference = Rgba[at + c] - other.Rgba[at + c];
                    sum += difference * difference;
                }
            }
        }

        return sum == 0 ? double.PositiveInfinity : 10 * Math.Log10(255.0 * 255.0 / (sum / (3.0 * width * height)));
    }

    /// <summary>The average colour of a rectangle.</summary>
    public (double R, double G, double B) Mean(int left, int top, int width, int height)
    {
        double r = 0, g = 0, b = 0;
        for (int y = top; y < top + height; y++)
        {
            for (int x = left; x < left + width; x++)
            {
                (byte red, byte green, byte blue) = this[x, y];
                (r, g, b) = (r + red, g + green, b + blue);
            }
        }

        double count = (double)width * height;
        return (r / count, g / count, b / count);
    }

    public void SavePpm(string path)
    {
        using FileStream file = File.Create(path);
        file.Write(Encoding.ASCII.GetBytes($"P6\n{Width} {Height}\n255\n"));
        byte[] row = new byte[Width * 3];
        for (int y = 0; y < Height; y++)
        {
            for (int x = 0; x < Width; x++)
                Rgba.AsSpan((y * Width + x) * 4, 3).CopyTo(row.AsSpan(x * 3));
            file.Write(row);
        }
    }
}
