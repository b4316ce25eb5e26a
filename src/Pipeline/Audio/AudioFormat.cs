using System.Globalization;

namespace QemuZeroCopy.Pipeline.Audio;

/// <summary>How QEMU lays out samples (audio/audio.h, struct audio_pcm_info): interleaved frames of one sample for each channel.</summary>
internal readonly record struct AudioFormat
{
    /// <summary>More than any card that QEMU has; 7.1 is its most.</summary>
    public const int MaxChannels = 8;

    /// <summary>Telephones have 8,000, no converter in use is above 384,000.</summary>
    public const int MinRate = 1_000, MaxRate = 384_000;

    private AudioFormat(int bits, bool isSigned, bool isFloat, bool isBigEndian, int rate, int channels) =>
        (Bits, IsSigned, IsFloat, IsBigEndian, Rate, Channels) = (bits, isSigned, isFloat, isBigEndian, rate, channels);

    /// <summary>Of one sample: 8, 16 or 32.</summary>
    public int Bits { get; }

    public bool IsSigned { get; }

    public bool IsFloat { get; }

    public bool IsBigEndian { get; }

    /// <summary>Frames per second.</summary>
    public int Rate { get; }

    public int Channels { get; }

    public int BytesPerSample => Bits / 8;

    public int BytesPerFrame => BytesPerSample * Channels;

    /// <summary>Checks what an Init announces; false for a format that cannot be or that contradicts itself.</summary>
    public static bool TryCreate(int bits, bool isSigned, bool isFloat, uint rate, int channels, uint bytesPerFrame, bool isBigEndian, out AudioFormat format)
    {
        format = default;
        if (bits is not (8 or 16 or 32) || (isFloat && bits != 32) || rate is < MinRate or > MaxRate || channels is < 1 or > MaxChannels)
            return false;
        format = new AudioFormat(bits, isSigned, isFloat, isBigEndian, (int)rate, channels);
        return bytesPerFrame == format.BytesPerFrame;
    }

    /// <summary>As QEMU's options name it: "s16le, 44100 Hz, 2 channels".</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{(IsFloat ? 'f' : IsSigned ? 's' : 'u')}{Bits}{(Bits == 8 ? "" : IsBigEndian ? "be" : "le")}, {Rate} Hz, {Channels} channel{(Channels == 1 ? "" : "s")}");
}
