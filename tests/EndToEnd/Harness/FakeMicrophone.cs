using System.Buffers.Binary;

namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>What Chromium's fake capture device plays, over and over: a whole number of periods of one tone.</summary>
internal static class FakeMicrophone
{
    public const int ToneHz = 700;

    private const int Rate = 48_000;

    /// <summary>Writes one second of it as a WAVE file.</summary>
    public static async Task<string> WriteAsync(string folder)
    {
        byte[] file = new byte[44 + (Rate * 2)];
        "RIFF"u8.CopyTo(file);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4), file.Length - 8);
        "WAVEfmt "u8.CopyTo(file.AsSpan(8));
        foreach ((int place, int value) in new[] { (16, 16), (20, 1 | 1 << 16), (24, Rate), (28, Rate * 2), (32, 2 | 16 << 16), (40, Rate * 2) })
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(place), value);
        "data"u8.CopyTo(file.AsSpan(36));
        for (int i = 0; i < Rate; i++)
            BinaryPrimitives.WriteInt16LittleEndian(file.AsSpan(44 + (2 * i)), (short)(16_000 * Math.Sin(2 * Math.PI * ToneHz * i / Rate)));
        string path = Path.Combine(folder, "microphone.wav");
        await File.WriteAllBytesAsync(path, file);
        return path;
    }
}
