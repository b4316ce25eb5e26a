using System.Buffers.Binary;

namespace QemuZeroCopy.Pipeline.Audio;

/// <summary>Between QEMU's sample formats and stereo floats of ±1.</summary>
internal static class SampleConverter
{
    private const float Centre = 0.7071f;

    /// <summary>
    /// What each channel adds to left and right, by the number of channels; the order is that of WAVE and ALSA: front left
    /// and right, centre, low frequencies (left out, as ITU-R BS.775 has it), back, side.
    /// </summary>
    private static readonly (float Left, float Right)[][] s_mixes =
    [
        [(1, 1)],
        [(1, 0), (0, 1)],
        [(1, 0), (0, 1), (Centre, Centre)],
        [(1, 0), (0, 1), (Centre, 0), (0, Centre)],
        [(1, 0), (0, 1), (Centre, Centre), (Centre, 0), (0, Centre)],
        [(1, 0), (0, 1), (Centre, Centre), (0, 0), (Centre, 0), (0, Centre)],
        [(1, 0), (0, 1), (Centre, Centre), (0, 0), (Centre / 2, Centre / 2), (Centre, 0), (0, Centre)],
        [(1, 0), (0, 1), (Centre, Centre), (0, 0), (Centre, 0), (0, Centre), (Centre, 0), (0, Centre)],
    ];

    /// <summary>Turns whole frames into stereo, mixed down so that full scale on all channels stays full scale.</summary>
    public static void ToStereo(in AudioFormat format, ReadOnlySpan<byte> frames, Span<float> stereo)
    {
        (float Left, float Right)[] mix = s_mixes[format.Channels - 1];
        float scale = 0;
        foreach ((float share, _) in mix)
            scale += share;
        scale = 1 / scale;
        int sample = 0, bytes = format.BytesPerSample;
        for (int i = 0; i < frames.Length / format.BytesPerFrame; i++)
        {
            float left = 0, right = 0;
            foreach ((float toLeft, float toRight) in mix)
            {
                float value = Read(format, frames[sample..]);
                sample += bytes;
                left += value * toLeft;
                right += value * toRight;
            }

            stereo[2 * i] = left * scale;
            stereo[(2 * i) + 1] = right * scale;
        }
    }

    /// <summary>Turns stereo into whole frames; a mono voice gets the mean, further channels stay silent.</summary>
    public static void FromStereo(in AudioFormat format, ReadOnlySpan<float> stereo, Span<byte> frames)
    {
        int sample = 0, bytes = format.BytesPerSample;
        for (int i = 0; i < frames.Length / format.BytesPerFrame; i++)
        {
            float left = stereo[2 * i], right = stereo[(2 * i) + 1];
            for (int channel = 0; channel < format.Channels; channel++)
            {
                float value = format.Channels == 1 ? (left + right) / 2 : channel == 0 ? left : channel == 1 ? right : 0;
                Write(format, frames[sample..], value);
                sample += bytes;
            }
        }
    }

    private static float Read(in AudioFormat format, ReadOnlySpan<byte> at)
    {
        switch (format.Bits)
        {
            case 8:
                return (format.IsSigned ? (sbyte)at[0] : at[0] - 128) / 128f;
            case 16:
                int word = format.IsBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(at) : BinaryPrimitives.ReadUInt16LittleEndian(at);
                return (format.IsSigned ? (short)word : word - 32768) / 32768f;
            default:
                uint bits = format.IsBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(at) : BinaryPrimitives.ReadUInt32LittleEndian(at);
                if (!format.IsFloat)
                    return (int)(format.IsSigned ? bits : bits ^ 0x8000_0000) / 2147483648f;
                // What is not a number would poison the filters behind this.
                float value = BitConverter.UInt32BitsToSingle(bits);
                return float.IsNaN(value) ? 0 : Math.Clamp(value, -1, 1);
        }
    }

    private static void Write(in AudioFormat format, Span<byte> at, float value)
    {
        value = Math.Clamp(value, -1, 1);
        switch (format.Bits)
        {
            case 8:
                int small = Math.Min(127, (int)MathF.Round(value * 128));
                at[0] = (byte)(format.IsSigned ? small : small + 128);
                break;
            case 16:
                int word = Math.Min(32767, (int)MathF.Round(value * 32768));
                ushort plain = (ushort)(format.IsSigned ? word : word + 32768);
                if (format.IsBigEndian)
                    BinaryPrimitives.WriteUInt16BigEndian(at, plain);
                else
                    BinaryPrimitives.WriteUInt16LittleEndian(at, plain);
                break;
            default:
                uint bits = format.IsFloat ? BitConverter.SingleToUInt32Bits(value)
                    : (uint)(int)Math.Clamp(value * 2147483648d, int.MinValue, int.MaxValue) ^ (format.IsSigned ? 0 : 0x8000_0000);
                if (format.IsBigEndian)
                    BinaryPrimitives.WriteUInt32BigEndian(at, bits);
                else
                    BinaryPrimitives.WriteUInt32LittleEndian(at, bits);
                break;
        }
    }
}
