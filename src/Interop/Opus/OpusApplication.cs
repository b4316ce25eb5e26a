namespace QemuZeroCopy.Interop.Opus;

/// <summary>What an encoder is made for; it cannot be changed once something was encoded (opus_defines.h).</summary>
public enum OpusApplication
{
    /// <summary>Sound of any kind, with in-band FEC and DTX, 6.5 ms behind.</summary>
    Audio,

    /// <summary>The same without either, 2.5 ms behind.</summary>
    LowDelay,
}
