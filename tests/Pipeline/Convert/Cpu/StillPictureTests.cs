using QemuZeroCopy.Pipeline.Convert.Cpu;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Pipeline.Tests.Encode;

namespace QemuZeroCopy.Pipeline.Tests.Convert.Cpu;

public sealed class StillPictureTests
{
    [Theory]
    [InlineData(1280, 800)]
    [InlineData(1366, 768)]
    [InlineData(641, 479)]
    [InlineData(17, 33)]
    [InlineData(1, 1)]
    public void A_still_shows_what_stands_on_the_screen(int width, int height)
    {
        CopiedScanout scanout = Draw(new PictureSize(width, height), PixelFormat.Xrgb8888, Gradient);
        Assert.InRange(Psnr(scanout, Gradient), 36, double.PositiveInfinity);
        scanout.Release();
    }

    [Theory]
    [InlineData(PixelFormat.Argb8888)]
    [InlineData(PixelFormat.Xbgr8888)]
    [InlineData(PixelFormat.Rgbx8888)]
    [InlineData(PixelFormat.Bgrx8888)]
    [InlineData(PixelFormat.Rgb888)]
    [InlineData(PixelFormat.Bgr888)]
    [InlineData(PixelFormat.Rgb565)]
    [InlineData(PixelFormat.Xrgb2101010)]
    public void Every_format_has_its_colours_right(PixelFormat format)
    {
        CopiedScanout scanout = Draw(new PictureSize(320, 200), format, Gradient);
        Assert.InRange(Psnr(scanout, Gradient), 32, double.PositiveInfinity);
        scanout.Release();
    }

    [Fact]
    public void Fine_detail_and_all_colours_survive()
    {
        // Levels that alternate from pixel to pixel give the longest codes; grey, because colour has half the detail.
        static (int R, int G, int B) Stripes(int x, int y) => ((x ^ y) & 1) == 0 ? (255, 255, 255) : (0, 0, 0);
        CopiedScanout stripes = Draw(new PictureSize(640, 480), PixelFormat.Xrgb8888, Stripes);
        Assert.InRange(Psnr(stripes, Stripes), 30, double.PositiveInfinity);
        stripes.Release();

        static (int R, int G, int B) Cubes(int x, int y) => (x / 32 % 8 * 36, y / 32 % 8 * 36, (x / 32 + y / 32) % 8 * 36);
        CopiedScanout cubes = Draw(new PictureSize(640, 480), PixelFormat.Xrgb8888, Cubes);
        Assert.InRange(Psnr(cubes, Cubes), 30, double.PositiveInfinity);
        cubes.Release();
    }

    [Fact]
    public void Noise_is_a_whole_file_too_or_none()
    {
        int seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        (int R, int G, int B) Noise(int x, int y) => (random.Next(256), random.Next(256), random.Next(256));
        CopiedScanout small = Draw(new PictureSize(800, 600), PixelFormat.Xrgb8888, Noise);
        byte[] jpeg = StillPicture.Encode(small)!;
        Assert.Equal(800 * 600 * 4, Decode(jpeg).Length);
        small.Release();

        CopiedScanout large = Draw(new PictureSize(3840, 2160), PixelFormat.Xrgb8888, Noise);
        Assert.Null(StillPicture.Encode(large));
        large.Release();
    }

    private static (int R, int G, int B) Gradient(int x, int y) => (Wave(x), Wave(y), Wave((x + y) / 8));

    /// <summary>Up to 255 and down again, without a jump.</summary>
    private static int Wave(int at) => Math.Abs(at % 510 - 255);

    private static double Psnr(CopiedScanout scanout, Func<int, int, (int R, int G, int B)> draw)
    {
        byte[] decoded = Decode(StillPicture.Encode(scanout)!);
        byte[] expected = new byte[scanout.Size.Width * scanout.Size.Height * 4];
        Assert.Equal(expected.Length, decoded.Length);
        for (int i = 0; i < expected.Length; i += 4)
        {
            (int r, int g, int b) = draw(i / 4 % scanout.Size.Width, i / 4 / scanout.Size.Width);
            (expected[i], expected[i + 1], expected[i + 2], expected[i + 3]) = ((byte)b, (byte)g, (byte)r, decoded[i + 3]);
        }

        return ReferenceDecoder.Psnr(decoded, expected);
    }

    private static byte[] Decode(byte[] jpeg) => ReferenceDecoder.Run("ffmpeg", "-v error -xerror -f mjpeg -i - -f rawvideo -pix_fmt bgr0 -", jpeg);

    private static CopiedScanout Draw(PictureSize size, PixelFormat format, Func<int, int, (int R, int G, int B)> draw)
    {
        var scanout = new CopiedScanout(size, format);
        for (int y = 0; y < size.Height; y++)
        {
            Span<byte> row = scanout.Row(new PixelRect(0, 0, size.Width, size.Height), y);
            for (int x = 0; x < size.Width; x++)
                Pack(format, draw(x, y), row.Slice(x * scanout.BytesPerPixel, scanout.BytesPerPixel));
        }

        return scanout;
    }

    private static void Pack(PixelFormat format, (int R, int G, int B) colour, Span<byte> pixel)
    {
        (int r, int g, int b) = colour;
        uint word = format switch
        {
            PixelFormat.Xrgb8888 or PixelFormat.Argb8888 or PixelFormat.Rgb888 => (uint)(r << 16 | g << 8 | b),
            PixelFormat.Xbgr8888 or PixelFormat.Bgr888 => (uint)(b << 16 | g << 8 | r),
            PixelFormat.Rgbx8888 => (uint)r << 24 | (uint)(g << 16 | b << 8),
            PixelFormat.Bgrx8888 => (uint)b << 24 | (uint)(g << 16 | r << 8),
            PixelFormat.Rgb565 => (uint)(r >> 3 << 11 | g >> 2 << 5 | b >> 3),
            PixelFormat.Xrgb2101010 => (uint)(r << 22 | g << 12 | b << 2),
            _ => throw new ArgumentOutOfRangeException(nameof(format)),
        };
        for (int i = 0; i < pixel.Length; i++)
            pixel[i] = (byte)(word >> 8 * i);
    }
}
