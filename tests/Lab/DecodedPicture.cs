using System.Diagnostics;

namespace QemuZeroCopy.Lab.Tests;

/// <summary>The last picture of a stream, decoded by ffmpeg, held against what it should be.</summary>
internal static class DecodedPicture
{
    /// <summary>PSNR in dB over luma and chroma of the last picture in <paramref name="stream"/> against one of 3 bytes a pixel.</summary>
    public static double Psnr(string stream, int width, int height, byte[] rgb)
    {
        byte[] expected = ToNv12(width, height, rgb);
        byte[] decoded = DecodeLast(stream, expected.Length);
        double squares = 0;
        for (int i = 0; i < expected.Length; i++)
            squares += Math.Pow(expected[i] - decoded[i], 2);
        return squares == 0 ? 99 : 10 * Math.Log10(255 * 255 / (squares / expected.Length));
    }

    private static byte[] DecodeLast(string stream, int pictureBytes)
    {
        string raw = stream + ".nv12";
        using var ffmpeg = Process.Start(new ProcessStartInfo("ffmpeg", ["-v", "error", "-y", "-i", stream, "-f", "rawvideo", "-pix_fmt", "nv12", raw]) { RedirectStandardError = true })!;
        string errors = ffmpeg.StandardError.ReadToEnd();
        ffmpeg.WaitForExit();
        Assert.True(ffmpeg.ExitCode == 0 && errors.Length == 0, $"ffmpeg on {stream}: {errors}");
        using FileStream file = File.OpenRead(raw);
        Assert.True(file.Length >= pictureBytes && file.Length % pictureBytes == 0, $"{stream} decodes to {file.Length} bytes, pictures of {pictureBytes}.");
        file.Seek(-pictureBytes, SeekOrigin.End);
        byte[] last = new byte[pictureBytes];
        file.ReadExactly(last);
        file.Dispose();
        File.Delete(raw);
        return last;
    }

    // BT.709 limited range from its definition; sizes here are even.
    private static byte[] ToNv12(int width, int height, byte[] rgb)
    {
        byte[] nv12 = new byte[width * height * 3 / 2];
        for (int y = 0; y < height; y += 2)
        {
            for (int x = 0; x < width; x += 2)
            {
                double red = 0, green = 0, blue = 0;
                for (int i = 0; i < 4; i++)
                {
                    int at = ((y + i / 2) * width + x + i % 2) * 3;
                    (double r, double g, double b) = (rgb[at], rgb[at + 1], rgb[at + 2]);
                    nv12[(y + i / 2) * width + x + i % 2] = (byte)Math.Round(16 + 219 / 255.0 * ((0.2126 * r) + (0.7152 * g) + (0.0722 * b)));
                    (red, green, blue) = (red + r / 4, green + g / 4, blue + b / 4);
                }

                double luma = (0.2126 * red) + (0.7152 * green) + (0.0722 * blue);
                int chroma = width * height + y / 2 * width + x;
                nv12[chroma] = (byte)Math.Round(128 + 224 / 255.0 * (blue - luma) / 1.8556);
                nv12[chroma + 1] = (byte)Math.Round(128 + 224 / 255.0 * (red - luma) / 1.5748);
            }
        }

        return nv12;
    }
}
