using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.X264;

/// <summary>Twin of <c>struct qzc_x264_config</c> (native/x264/shim.h).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct X264Config
{
    /// <summary>Visible width in pixels.</summary>
    public int Width;

    /// <summary>Visible height in pixels.</summary>
    public int Height;

    /// <summary>Nominal frame rate, for the level and the VUI.</summary>
    public int FramesPerSecond;

    /// <summary>profile_idc: 66, 77, 100 or 244.</summary>
    public int Profile;

    /// <summary>0: NV12; 1: planar 4:4:4.</summary>
    public int IsPlanar444;

    /// <summary>Slices encoded at the same time, at least 1.</summary>
    public int Threads;

    /// <summary>0: each picture brings its quantizer. Else x264's rate control aims at this quality, bounded by the two rates.</summary>
    public int Crf;

    /// <summary>VBV rate, in 1000 bits per second; only with <see cref="Crf"/>.</summary>
    public int KbitPerSecond;

    /// <summary>VBV buffer, in 1000 bits; only with <see cref="Crf"/>.</summary>
    public int VbvKbit;

    /// <summary>See <see cref="X264Encoder.SetEffort"/>; opened with 2, it can be 0 to 2 later, else 0 to 1.</summary>
    public int Effort;

    /// <summary>1: <see cref="X264Picture.Unchanged"/> is looked at.</summary>
    public int UseMacroblockInfo;
}

/// <summary>Twin of <c>struct qzc_x264_picture</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct X264Picture
{
    /// <summary>Y.</summary>
    public byte* Plane0;

    /// <summary>CbCr interleaved, or Cb.</summary>
    public byte* Plane1;

    /// <summary>Cr, for 4:4:4.</summary>
    public byte* Plane2;

    /// <summary>Bytes between rows of plane 0.</summary>
    public int Stride0;

    /// <summary>Bytes between rows of plane 1.</summary>
    public int Stride1;

    /// <summary>Bytes between rows of plane 2.</summary>
    public int Stride2;

    /// <summary>Quantizer of this picture, 10 to 51; ignored with x264's own rate control.</summary>
    public int Qp;

    /// <summary>1: an IDR picture.</summary>
    public int IsKeyFrame;

    /// <summary>Counts up by one.</summary>
    public long Pts;

    /// <summary>For each macroblock in raster order, 1 where it equals the previous picture's; or null.</summary>
    public byte* Unchanged;
}

/// <summary>Twin of <c>struct qzc_x264_unit</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct X264Unit
{
    /// <summary>Annex B byte stream; valid until the next call.</summary>
    public byte* Data;

    /// <summary>Bytes in <see cref="Data"/>.</summary>
    public int Length;

    /// <summary>1: starts with parameter sets and an IDR picture.</summary>
    public int IsKeyFrame;

    /// <summary>What a decoder makes of it, plane by plane as in <see cref="X264Picture"/>; valid until the next call.</summary>
    public byte* Plane0;

    /// <summary>CbCr interleaved, or Cb.</summary>
    public byte* Plane1;

    /// <summary>Cr, for 4:4:4.</summary>
    public byte* Plane2;

    /// <summary>Bytes between rows of plane 0.</summary>
    public int Stride0;

    /// <summary>Bytes between rows of plane 1.</summary>
    public int Stride1;

    /// <summary>Bytes between rows of plane 2.</summary>
    public int Stride2;
}
