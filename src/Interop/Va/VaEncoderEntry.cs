namespace QemuZeroCopy.Interop.Va;

/// <summary>The profiles of VAProfile (va.h) that matter to a browser. A driver may report others.</summary>
public enum VaProfile
{
    /// <summary>VAProfileH264Main.</summary>
    H264Main = 6,

    /// <summary>VAProfileH264High.</summary>
    H264High = 7,

    /// <summary>VAProfileH264ConstrainedBaseline.</summary>
    H264ConstrainedBaseline = 13,

    /// <summary>VAProfileHEVCMain.</summary>
    HevcMain = 17,

    /// <summary>VAProfileAV1Profile0.</summary>
    Av1Profile0 = 32,
}

/// <summary>One thing that a driver can encode.</summary>
/// <param name="Profile">The profile; values outside the enum are a driver's other profiles.</param>
/// <param name="IsLowPower">VAEntrypointEncSliceLP: the fixed-function encoder of Intel GPUs.</param>
public readonly record struct VaEncoderEntry(VaProfile Profile, bool IsLowPower);

/// <summary>What a driver's encoder takes of regions of interest (VAConfigAttribValEncROI).</summary>
/// <param name="MaxRegions">Regions in one picture; 0 where it knows none.</param>
/// <param name="WithRateControl">Whether it takes quantizer offsets where it controls the rate, and not with constant quantizers alone.</param>
public readonly record struct VaRegionSupport(int MaxRegions, bool WithRateControl);
